// `zoho-mirror check`: looks at everything that the mirror rests on, and says what to do about what is missing.
import type { Command } from 'commander';
import { ConfigError, loadConfig } from '../config';
import { createTemporalClient } from '../temporal';
import { checkAll, failed, ok, type Checking, type Verdict } from './checks';
import { runGuarded, type ExitCode } from './frame';
import { paint, printAnswer, printLine } from './print';

interface CheckOptions {
  json: boolean;
}

export const addCheck = (program: Command): void =>
  void program
    .command('check')
    .description('Looks at everything that the mirror rests on; exit code 1 when something is missing')
    .option('--json', 'print one JSON object', false)
    .addHelpText(
      'after',
      `
It reads from Zoho (some 10 API credits). Tables that are there it only looks at: nothing in them is written, locked or changed. Those that
a first start would make are made in a transaction that is taken back. Parts of it by hand:
  temporal operator cluster health
  temporal operator namespace describe --namespace default
  temporal task-queue describe --task-queue zoho-mirror
  curl $PUBLIC_URL/healthz
  sqlcmd -Q "SELECT * FROM fn_my_permissions(NULL, 'DATABASE')"`,
    )
    .action((options: CheckOptions) => runGuarded(() => check(options)));

async function check(options: CheckOptions): Promise<ExitCode> {
  const verdicts: Verdict[] = [];
  const tell = (verdict: Verdict): void => {
    verdicts.push(verdict);
    if (!options.json) for (const line of describe(verdict)) printLine(line);
  };
  try {
    const config = loadConfig(process.env);
    tell(ok('configuration', `modules ${Object.keys(config.modules).join(', ')}`));
    await tellAll({ config, temporal: createTemporalClient(config.payloadKeys), running: true }, tell);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const line of error.lines)
      tell(failed('configuration', line, 'Mend it: docs/configuration.md, or zoho-mirror setup'));
  }
  const good = verdicts.every(({ verdict }) => verdict === 'ok' || verdict === 'warning');
  if (options.json) printAnswer({ ok: good, checks: verdicts }, [], options);
  return good ? 0 : 1;
}

/** Answers whether nothing has failed. */
export async function tellAll(checking: Checking, tell: (verdict: Verdict) => void): Promise<boolean> {
  let good = true;
  for await (const verdict of checkAll(checking)) {
    tell(verdict);
    good &&= verdict.verdict === 'ok' || verdict.verdict === 'warning';
  }
  return good;
}

const signs = {
  ok: () => paint('green', '✓'),
  warning: () => paint('yellow', '!'),
  failed: () => paint('red', '✗'),
  skipped: () => paint('dim', '-'),
};

export const describe = ({ check: name, verdict, detail, fix }: Verdict): string[] => [
  `${signs[verdict]()} ${name}: ${detail}`,
  ...(fix === undefined ? [] : [`    ${fix}`]),
];
