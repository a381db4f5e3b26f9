// Zoho: the token, its scopes, the modules and their fields, the clock. Costs a handful of API credits and writes nothing.
import type { Config, ModuleConfig } from '../../config';
import { instant, MappingError, planMapping, recordId, type Mapping } from '../../mirror';
import { channelId } from '../../webhook';
import { ZohoError, type Zoho, type ZohoModule } from '../../zoho';
import { refusalOf } from './modules';
import { failed, ok, reasonOf, skipped, warning, type Verdict } from './verdict';

export const scopes = [
  'ZohoCRM.bulk.READ',
  'ZohoCRM.modules.READ',
  'ZohoCRM.coql.READ',
  'ZohoCRM.settings.fields.READ',
  'ZohoCRM.settings.modules.READ',
  'ZohoCRM.notifications.ALL',
] as const;

const newToken =
  'Make a new refresh token with all scopes: zoho-mirror setup --token-only, or docs/zoho-setup.md';

export interface ZohoFindings {
  verdicts: Verdict[];
  /** By module; those that can be mirrored. */
  mappings: Map<string, Mapping>;
}

export async function checkZoho(zoho: Zoho, config: Config): Promise<ZohoFindings> {
  const verdicts: Verdict[] = [];
  const mappings = new Map<string, Mapping>();
  let modules: ZohoModule[];
  try {
    modules = await zoho.modules();
    verdicts.push(ok('Zoho token', `accepted by ${config.zoho.apiUrl}`));
  } catch (error) {
    verdicts.push(failed('Zoho token', reasonOf(error), fixFor(error)));
    for (const check of ['Zoho scopes', 'modules and fields', 'clock'])
      verdicts.push(skipped(check, 'Zoho gives no access'));
    return { verdicts, mappings };
  }
  const [first = 'Leads'] = Object.keys(config.modules);
  verdicts.push(await checkScopes(zoho, first, config.publicUrl));
  for (const [module, settings] of Object.entries(config.modules)) {
    const seen = await checkModule(zoho, modules, { module, settings });
    verdicts.push(seen.verdict);
    if (seen.mapping) mappings.set(module, seen.mapping);
  }
  verdicts.push(await checkClock(zoho));
  return { verdicts, mappings };
}

const fixFor = (error: unknown): string =>
  error instanceof ZohoError && error.verdict === 'permanent'
    ? newToken
    : 'Look whether this machine reaches the hosts of ZOHO_DC, then try again';

/** One cheap question a scope. What Zoho refuses for another reason (no such job, no such record) it has let through. */
async function checkScopes(zoho: Zoho, module: string, publicUrl: string | undefined): Promise<Verdict> {
  const questions: Record<(typeof scopes)[number], (() => Promise<unknown>) | undefined> = {
    'ZohoCRM.bulk.READ': () => zoho.bulkJob('1'),
    'ZohoCRM.modules.READ': () => zoho.recordById(module, recordId('1'), []),
    'ZohoCRM.coql.READ': () => zoho.hasMoreChanged(module, instant(Date.now()), 0),
    'ZohoCRM.settings.fields.READ': () => zoho.fields(module),
    // The list of modules has just been read.
    'ZohoCRM.settings.modules.READ': undefined,
    'ZohoCRM.notifications.ALL': publicUrl
      ? () => zoho.readChannel(module, channelId(publicUrl, module))
      : undefined,
  };
  const missing: string[] = [];
  let trouble: unknown;
  for (const [scope, ask] of Object.entries(questions)) {
    try {
      await ask?.();
    } catch (error) {
      if (error instanceof ZohoError && error.verdict === 'permanent')
        missing.push(`${scope} (${error.code})`);
      else if (!(error instanceof ZohoError && error.verdict === 'refused')) trouble = error;
    }
  }
  if (missing.length > 0) return failed('Zoho scopes', `refused: ${missing.join(', ')}`, newToken);
  if (trouble !== undefined)
    return warning('Zoho scopes', `not all could be tried: ${reasonOf(trouble)}`, 'Try again in a while');
  return ok(
    'Zoho scopes',
    publicUrl ? 'all are there' : 'all are there but notifications, which polling does without',
  );
}

async function checkModule(
  zoho: Zoho,
  known: readonly ZohoModule[],
  { module, settings }: { module: string; settings: ModuleConfig },
): Promise<{ verdict: Verdict; mapping?: Mapping }> {
  const check = `module ${module}`;
  const refusal = refusalOf(module, known);
  if (refusal !== undefined)
    return { verdict: failed(check, refusal, 'Name another under `modules` in the YAML file') };
  try {
    const mapping = planMapping(module, await zoho.fields(module), settings);
    const skippedFields =
      mapping.skipped.length === 0 ? '' : `, ${mapping.skipped.length} cannot be exported`;
    return { mapping, verdict: ok(check, `${mapping.fields.length} fields are mirrored${skippedFields}`) };
  } catch (error) {
    const fix =
      error instanceof MappingError ? 'Mend `fields`, `columns` or `values` in the YAML file' : fixFor(error);
    return { verdict: failed(check, reasonOf(error), fix) };
  }
}

const toleratedMs = 30_000;

/** The mirror orders by Zoho's clock and does not rest on this one; logs and leases do. */
async function checkClock(zoho: Zoho): Promise<Verdict> {
  try {
    const differenceMs = (await zoho.receivedDate()) - Date.now();
    const seconds = Math.round(Math.abs(differenceMs) / 1_000);
    const detail = `${seconds} s ${differenceMs > 0 ? 'behind' : 'ahead of'} Zoho's`;
    return seconds * 1_000 <= toleratedMs
      ? ok('clock', seconds <= 1 ? "agrees with Zoho's" : detail)
      : warning('clock', detail, "Set this machine's clock by NTP");
  } catch (error) {
    return warning('clock', reasonOf(error), 'Try again in a while');
  }
}
