// `zoho-mirror setup`: from nothing to a checked configuration. Asks in a terminal; elsewhere it takes flags and variables. Never writes over
// a zoho-mirror.yaml, and loses no line of a file of variables.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describeVariables, envFile, loadConfig, type Config } from '../../config';
import { createTemporalClient, inTime, registerSearchAttributes } from '../../temporal';
import { createZoho, exchangeGrant, type ZohoModule } from '../../zoho';
import { describe, tellAll } from '../check';
import { mirrorable, refusalOf } from '../checks';
import { messageOf, runGuarded, type ExitCode } from '../frame';
import { printLine } from '../print';
import { Answers, type Flags, type Values } from './answers';
import { askIn, askNobody, onlyTheUnknown } from './ask';
import { explainClient, explainGrant } from './explain';
import { hiddenBy, textOf, withValues, writeEnvFile } from './files';
import { aboutTheRest, aboutZoho, grantToken, modules } from './questions';

const registerWithinMs = 5_000;
const questions = [...aboutZoho, grantToken, ...aboutTheRest, modules];
/** The file that the mirror reads, whether it is there yet or not. */
const yamlFile = (): string => process.env.MIRROR_CONFIG || 'zoho-mirror.yaml';

export function addSetup(program: Command): void {
  const command = program
    .command('setup')
    .description(
      'Asks for what the mirror needs, gets a refresh token, writes .env and zoho-mirror.yaml, and checks them',
    )
    .option('--token-only', 'get a new refresh token, and change nothing else', false)
    .option(
      '--force',
      'change the .env that is there: other lines stay, and a copy is kept as .env.bak',
      false,
    )
    .option('--yes', 'ask nothing: take flags, the environment and defaults', false);
  for (const { flag, message } of questions) if (flag) command.option(`${flag} <text>`, message);
  command
    .addHelpText(
      'after',
      `
A zoho-mirror.yaml that is there stays as it is.

Secrets are no flags, since those are shown to every user of the machine: ZOHO_CLIENT_SECRET, ZOHO_GRANT_TOKEN (or ZOHO_REFRESH_TOKEN) and
LEGACY_DB come from the environment or are asked for. WEBHOOK_SECRET is made up, if there is none.

The same by hand:
  curl -X POST https://accounts.zoho.com/oauth/v2/token -d grant_type=authorization_code \\
    -d client_id=… -d client_secret=… -d code=…
  install -m 0600 .env.example .env, and fill it in`,
    )
    .action((flags: Flags) => runGuarded(() => setUp(flags)));
}

async function setUp(flags: Flags): Promise<ExitCode> {
  const somebody = process.stdin.isTTY && flags.yes !== true;
  const tokenOnly = flags.tokenOnly === true;
  const ask = somebody ? askIn({}) : askNobody;
  const answers = new Answers(flags, tokenOnly ? onlyTheUnknown(ask) : ask);
  const tell = (lines: readonly string[]): void => {
    if (somebody) for (const line of lines) printLine(line);
  };
  if (tokenOnly) refuseMore(answers);
  else {
    refuseToOverwrite(flags);
    tell(explainClient());
  }
  const values = tokenOnly ? await answers.all(aboutZoho) : await allValues(answers);
  const makesYaml = !tokenOnly && !existsSync(yamlFile());
  // Once there is a token they are held against what Zoho has; a name that is none is refused before.
  if (answers.given([modules]).length > 0) await answers.one(modules);
  const old = textOf(envFile());
  // What cannot be read or written is said before the one use of the code.
  const toBeHad = { ...values, ZOHO_REFRESH_TOKEN: 'to-be-had' };
  const { zoho } = configured(
    { ...process.env, ...toBeHad },
    makesYaml ? yamlOf(modules.fallback!) : undefined,
  );
  withValues(old, toBeHad);
  // Last of all: the code is good for minutes.
  values.ZOHO_REFRESH_TOKEN =
    (tokenOnly ? undefined : tokenAtHand()) ?? (await newToken(answers, zoho, () => tell(explainGrant())));
  writeEnvFile(envFile(), withValues(old, values));
  printLine(`written: ${envFile()} (for you alone)`);
  for (const name of hiddenBy(process.env, old, values))
    printLine(
      `! ${name} has another value in the environment, and that wins: change it there, or take it out`,
    );
  Object.assign(process.env, values);
  if (makesYaml) {
    writeFileSync(yamlFile(), yamlOf(await nameModules(answers, tell)));
    printLine(`written: ${yamlFile()}`);
  }
  return check(tokenOnly);
}

async function nameModules(answers: Answers, tell: (lines: readonly string[]) => void): Promise<string> {
  const known = await modulesOf(configured(process.env, yamlOf(modules.fallback!)));
  tell(known.length > 0 ? ['', `Zoho has: ${mirrorable(known).join(', ')}`] : []);
  try {
    return await answers.one({
      ...modules,
      check: (text) =>
        modules.check?.(text) ?? namesOf(text).flatMap((name) => refusalOf(name, known) ?? [])[0],
    });
  } catch (error) {
    throw new Error(
      `${messageOf(error)} (the token is kept: zoho-mirror setup --force asks for no other code)`,
    );
  }
}

/** None where Zoho does not list them: then the names are taken as they are, and the check says what is wrong. */
async function modulesOf(config: Config): Promise<ZohoModule[]> {
  const zoho = createZoho(config.zoho);
  try {
    return await zoho.modules();
  } catch {
    return [];
  } finally {
    await zoho.close();
  }
}

const namesOf = (text: string): string[] => text.split(',').map((name) => name.trim());

function refuseMore(answers: Answers): void {
  const [flag] = answers.given([...aboutTheRest, modules]);
  if (flag !== undefined)
    throw new Error(`--token-only changes the token alone, and ${flag} not: leave it out`);
}

function refuseToOverwrite({ force, modules: named }: Flags): void {
  if (existsSync(yamlFile()) && named !== undefined)
    throw new Error(
      `${yamlFile()} is there and stays as it is, so --modules would change nothing: add the modules to that file`,
    );
  if (existsSync(envFile()) && force !== true)
    throw new Error(
      `${envFile()} is there. With --force its settings are changed, other lines stay, and a copy is kept; ` +
        'a new token alone: --token-only',
    );
}

async function allValues(answers: Answers): Promise<Values> {
  const values = { ...kept(), ...(await answers.all(aboutZoho)), ...(await answers.all(aboutTheRest)) };
  values.WEBHOOK_SECRET = process.env.WEBHOOK_SECRET || randomBytes(32).toString('hex');
  // Where PUBLIC_URL has to lead, in plain sight.
  if (values.PUBLIC_URL) values.PORT ??= portByDefault;
  return values;
}

const portByDefault = describeVariables().find(({ name }) => name === 'PORT')!.fallback!;

/** How this machine reaches Temporal and Azure, if the environment says so. */
const alsoKept = /^(TEMPORAL_(API_KEY|TLS|PROFILE|CONFIG_FILE|GRPC_META)|MIRROR_CONFIG$|AZURE_)/;

/** Variables that are set but not asked for, such as ZOHO_API_URL, stay as they are. */
function kept(): Values {
  const asked = new Set(questions.map(({ variable }) => variable));
  const own = new Set(describeVariables().map(({ name }) => name));
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] =>
        Boolean(entry[1]) && !asked.has(entry[0]) && (own.has(entry[0]) || alsoKept.test(entry[0])),
    ),
  );
}

const yamlOf = (names: string): string =>
  [
    '# Which modules are mirrored. Tables, columns, code lists and all else: docs/configuration.md',
    'modules:',
    ...namesOf(names).map((name) => `  ${name}:`),
    '',
  ].join('\n');

/** Throws a ConfigError before anything is written, and before the one use of the code. */
function configured(values: NodeJS.ProcessEnv, yaml: string | undefined): Config {
  if (yaml === undefined) return loadConfig(values);
  const folder = mkdtempSync(join(tmpdir(), 'zoho-mirror-setup-'));
  try {
    const file = join(folder, 'zoho-mirror.yaml');
    writeFileSync(file, yaml);
    return loadConfig({ ...values, MIRROR_CONFIG: file });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Kept, unless a code is given that makes a new one. */
const tokenAtHand = (): string | undefined =>
  process.env.ZOHO_GRANT_TOKEN ? undefined : process.env.ZOHO_REFRESH_TOKEN || undefined;

async function newToken(answers: Answers, zoho: Config['zoho'], explain: () => void): Promise<string> {
  explain();
  return exchangeGrant({ ...zoho, grantToken: await answers.one(grantToken) });
}

async function check(tokenOnly: boolean): Promise<ExitCode> {
  const config = loadConfig(process.env);
  const temporal = createTemporalClient(config.payloadKeys);
  // Where Temporal is away, or does not allow it, the check says so.
  await inTime(temporal, registerWithinMs, () => registerSearchAttributes(temporal)).catch(() => undefined);
  const good = await tellAll({ config, temporal, running: false }, (verdict) => {
    for (const line of describe(verdict)) printLine(line);
  });
  const { publicUrl, port } = config;
  printLine('');
  if (publicUrl) printLine(`${publicUrl} must lead to the API, which listens on port ${port} (PORT)`);
  printLine(good ? next(config, tokenOnly) : 'Something is missing: mend it, then: zoho-mirror check');
  return good ? 0 : 1;
}

function next({ modules: configuredModules }: Config, tokenOnly: boolean): string {
  if (tokenOnly) return 'Next: restart the worker; it resumes by itself what the old token had stopped';
  const [first = 'Leads'] = Object.keys(configuredModules);
  return `Next: zoho-mirror start, and in another terminal: zoho-mirror sync ${first}`;
}
