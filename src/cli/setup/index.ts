// `zoho-mirror setup`: from nothing to a checked configuration. Asks in a terminal; elsewhere it takes flags and variables.
import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describeVariables, loadConfig, type Config } from '../../config';
import { createTemporalClient, inTime, registerSearchAttributes } from '../../temporal';
import { exchangeGrant } from '../../zoho';
import { describe, tellAll } from '../check';
import { envFile, writeEnvFile } from '../env-file';
import { runGuarded, type ExitCode } from '../frame';
import { printLine } from '../print';
import { askInTerminal, askNobody, type Ask } from './ask';
import { explainClient, explainGrant } from './explain';
import { aboutTheRest, aboutZoho, grantToken, modules, type Question } from './questions';

type Flags = Readonly<Record<string, string | boolean | undefined>>;
type Values = Record<string, string>;

const yamlFile = 'zoho-mirror.yaml';
const registerWithinMs = 5_000;
const questions = [...aboutZoho, grantToken, ...aboutTheRest, modules];

export function addSetup(program: Command): void {
  const command = program
    .command('setup')
    .description(
      'Asks for what the mirror needs, gets a refresh token, writes .env and zoho-mirror.yaml, and checks them',
    )
    .option('--force', 'write over .env and zoho-mirror.yaml; the old ones are kept as .bak', false)
    .option('--yes', 'ask nothing: take flags, the environment and defaults', false);
  for (const { flag, message } of questions) if (flag) command.option(`${flag} <text>`, message);
  command
    .addHelpText(
      'after',
      `
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
  refuseToOverwrite(flags);
  const somebody = process.stdin.isTTY && flags.yes !== true;
  const answers = new Answers(flags, somebody ? askInTerminal : askNobody);
  const tell = (lines: readonly string[]): void => {
    if (somebody) for (const line of lines) printLine(line);
  };
  tell(explainClient());
  const values = { ...kept(), ...(await answers.all(aboutZoho)), ...(await answers.all(aboutTheRest)) };
  values.WEBHOOK_SECRET = process.env.WEBHOOK_SECRET || randomBytes(32).toString('hex');
  const yaml = yamlOf(await answers.one(modules));
  const { zoho } = configured({ ...values, ZOHO_REFRESH_TOKEN: 'to be had' }, yaml);
  // Last of all: the code is good for minutes.
  values.ZOHO_REFRESH_TOKEN = await refreshToken(answers, zoho, () => tell(explainGrant()));
  write(values, yaml);
  return check(values);
}

function refuseToOverwrite({ force }: Flags): void {
  const there = [envFile, yamlFile].filter((file) => existsSync(file));
  if (there.length > 0 && force !== true)
    throw new Error(
      `${there.join(' and ')} would be written over. Look first, then use --force: the old ones are kept`,
    );
}

/** Flags first, then what is known, then a person, then defaults. */
class Answers {
  constructor(
    private readonly flags: Flags,
    private readonly ask: Ask,
  ) {}

  async one(question: Question): Promise<string> {
    const { variable, flag, fallback, check: wrong } = question;
    const given = flag && this.flags[camel(flag)];
    const answer =
      typeof given === 'string' ? given : await this.ask(question, process.env[variable] || fallback);
    const problem = answer === '' ? undefined : wrong?.(answer);
    if (problem) throw new Error(`${flag ?? variable}: ${problem}`);
    return answer;
  }

  async all(asked: readonly Question[]): Promise<Values> {
    const values: Values = {};
    for (const question of asked) {
      const answer = await this.one(question);
      if (answer !== '') values[question.variable] = answer;
    }
    return values;
  }
}

const camel = (flag: string): string =>
  flag.slice(2).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

/** Variables that are set but not asked for, such as ZOHO_API_URL, stay as they are. */
function kept(): Values {
  const asked = new Set(questions.map(({ variable }) => variable));
  return Object.fromEntries(
    describeVariables().flatMap(({ name }) => {
      const value = process.env[name];
      return value && !asked.has(name) ? [[name, value]] : [];
    }),
  );
}

const yamlOf = (names: string): string =>
  [
    '# Which modules are mirrored. Tables, columns, code lists and all else: docs/configuration.md',
    'modules:',
    ...names.split(',').map((name) => `  ${name.trim()}:`),
    '',
  ].join('\n');

/** Throws a ConfigError before anything is written, and before the one use of the code. */
function configured(values: Values, yaml: string): Config {
  const folder = mkdtempSync(join(tmpdir(), 'zoho-mirror-setup-'));
  try {
    const file = join(folder, yamlFile);
    writeFileSync(file, yaml);
    return loadConfig({ ...values, MIRROR_CONFIG: file });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A code that is given makes a new token; without one the token at hand is kept. */
async function refreshToken(answers: Answers, zoho: Config['zoho'], explain: () => void): Promise<string> {
  const known = process.env.ZOHO_REFRESH_TOKEN;
  if (known && !process.env.ZOHO_GRANT_TOKEN) return known;
  explain();
  return exchangeGrant({ ...zoho, grantToken: await answers.one(grantToken) });
}

function write(values: Values, yaml: string): void {
  for (const file of [envFile, yamlFile]) if (existsSync(file)) copyFileSync(file, `${file}.bak`);
  writeEnvFile(values);
  writeFileSync(yamlFile, yaml);
  printLine(`written: ${envFile} (for you alone), ${yamlFile}`);
}

async function check(values: Values): Promise<ExitCode> {
  Object.assign(process.env, values);
  const config = loadConfig({ ...values, MIRROR_CONFIG: yamlFile });
  const temporal = createTemporalClient(config.payloadKeys);
  // Where Temporal is away, or does not allow it, the check says so.
  await inTime(temporal, registerWithinMs, () => registerSearchAttributes(temporal)).catch(() => undefined);
  const good = await tellAll({ config, temporal, running: false }, (verdict) => {
    for (const line of describe(verdict)) printLine(line);
  });
  const [first = 'Leads'] = Object.keys(config.modules);
  printLine('');
  printLine(
    good
      ? `Next: zoho-mirror start, and in another terminal: zoho-mirror sync ${first}`
      : 'The files are written, but something is missing: mend it, then: zoho-mirror check',
  );
  return good ? 0 : 1;
}
