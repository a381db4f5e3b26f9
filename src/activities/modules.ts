// A module before anything is written: is it configured, does Zoho have it, can its table take it.
import { cancellationSignal, log } from '@temporalio/activity';
import type { ModuleSettings } from '../contracts';
import type { Finding, TargetTable } from '../db';
import type { Mapping } from '../mirror';
import type { Deps } from './deps';
import { loadFingerprint } from './loaded-as';

export const createModuleActivities = (deps: Deps) => activitiesOf(deps, new Map());

/** @param told what has been said of each module, so that it is said once and not with every run. */
const activitiesOf = (deps: Deps, told: Map<string, string>) => ({
  /**
   * Makes the module's table ready and answers the settings that a workflow works by. Fails with InvalidInput for a module
   * that cannot be mirrored, with SchemaMismatch for a table that cannot take it. Whoever loads wants the fields as they are now (1
   * credit); for the others those of the last ten minutes will do.
   */
  async openModule(module: string, { fresh = true }: { fresh?: boolean } = {}): Promise<ModuleSettings> {
    const { mapping, table, notes } = await deps.catalog.plan(module, {
      fresh,
      signal: cancellationSignal(),
    });
    const remarks = remarksOf(mapping, notes);
    if (remarks.length > 0 && told.get(module) !== remarks.join())
      log.info('remarks on the module', { remarks });
    told.set(module, remarks.join());
    return settingsOf(deps, { mapping, table, remarks });
  },

  /** For a workflow that must be found in trouble before it has its settings. */
  knowsSearchAttributes: (): Promise<boolean> => deps.searchAttributes(),
});

/** What a person may want to know about the fields and the table. */
export const remarksOf = ({ skipped }: Mapping, notes: readonly Finding[]): string[] => [
  ...skipped.map(({ field, reason }) => `${field} is not mirrored: ${reason}`),
  ...notes.map(({ text, statements }) => [text, ...statements].join('. To mend it: ')),
];

export async function settingsOf(
  { config, searchAttributes }: Deps,
  { mapping, table, remarks }: { mapping: Mapping; table: TargetTable; remarks: string[] },
): Promise<ModuleSettings> {
  return {
    module: mapping.module,
    polling: config.publicUrl === undefined,
    searchAttributes: await searchAttributes(),
    renewEveryMs: config.channel.renewEveryMs,
    pollFirstMs: config.timings.pollFirstMs,
    pollMaxMs: config.timings.pollMaxMs,
    notificationWindowMs: config.timings.notificationWindowMs,
    fingerprint: loadFingerprint({ mapping, table }),
    skipped: [...mapping.skipped],
    ...(remarks.length > 0 ? { remarks } : {}),
    ...((table.match ?? []).length > 0 ? { match: true as const } : {}),
  };
}
