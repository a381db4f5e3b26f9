// Writes docs/errors.md, docs/configuration.md and docs/metrics.md from what the code declares. A test fails when they are not current.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeVariables } from '../src/config';
import { errorTypes, metrics, type Metric } from '../src/contracts';

/** A Markdown table as Prettier would leave it: every cell as wide as its column. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, i) => Math.max(3, ...all.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  const [first = [], ...others] = all;
  return [line(first), rule, ...others.map(line)].join('\n');
}

const code = (text: string): string => `\`${text}\``;
const notice = '<!-- Made by scripts/generate-docs.ts from the source. Change it there. -->';

export function errorsPage(): string {
  const rows = Object.entries(errorTypes).map(([type, { retry, means, operator, healed }]) => [
    code(type),
    retry ? 'yes' : 'no',
    means,
    operator,
    healed,
  ]);
  return `# Errors

${notice}

Every error leaves an activity with one of these types. The Temporal Web UI shows it as the type of the failure; a workflow that
waits for you shows its message as \`lastError\` in the \`status\` query. Messages name modules, columns, codes and counts, never a
record's contents or a secret.

_Retried_ means: Temporal tries the activity again, after 1 s, 2 s, 4 s and so on up to 15 s, for as long as it takes, or after the
wait that Zoho asked for. What is not retried either goes another way by itself or needs a person; the last column says which. An
error of any other type (\`TypeError\`, say) was not foreseen: it is retried too, and worth reporting.

A workflow that needs a person is _degraded_: it keeps its place, tries again every hour and at once on the update \`resume\`
(\`zoho-mirror resume Leads\`).

${table(['Type', 'Retried', 'What it means', 'What you do', 'Healed when'], rows)}

What to look at and which command to type, event by event: [operations.md](operations.md); for each alarm: [runbook.md](runbook.md).
`;
}

interface Key {
  key: string;
  /** As one would write it in YAML; absent: none. */
  fallback?: string;
  about: string;
}

/** Under each module's name. */
export const moduleKeys: readonly Key[] = [
  { key: 'table', about: "Target table, `table` or `schema.table`; default: the module's name" },
  {
    key: 'deletes',
    fallback: 'soft',
    about: '`soft` keeps the row and sets `zoho_deleted_at` and `deletedFlag`; `hard` removes it',
  },
  {
    key: 'schema',
    about:
      '`extend` adds and widens columns; `check` refuses and names the SQL to run. Default: `extend` for a table that the mirror made, `check` for any other',
  },
  {
    key: 'bookkeeping',
    fallback: 'columns',
    about:
      "`columns`: the mirror's three columns are in the table; `side-table`: in `zoho_mirror.bookkeeping`, by module and id. Then `deletes` is `hard`, or `deletedFlag` shows a deletion",
  },
  {
    key: 'bookkeepingColumns',
    about:
      'Names of the three columns in the table: `modifiedAt`, `observedAt`, `deletedAt`; default `zoho_modified_at`, `zoho_observed_at`, `zoho_deleted_at`',
  },
  {
    key: 'deletedFlag',
    fallback: '{}',
    about:
      'Column to the value that says "deleted", as `{ IsDeleted: 1 }` (live is then `0`) or `{ State: { deleted: X, live: A } }`; a text alone has NULL as its other side. The mirror writes both values',
  },
  { key: 'key', fallback: 'id', about: 'Column that holds the Zoho id' },
  {
    key: 'constants',
    fallback: '{}',
    about: 'Column to value, written on insert only, into columns that are not mapped',
  },
  {
    key: 'values',
    fallback: '{}',
    about: "Field to code list (Zoho's value to your code); a value without a code is rejected",
  },
  { key: 'fields', about: 'Fields to mirror, by API name; default: every field that Bulk Read can export' },
  { key: 'columns', fallback: '{}', about: 'Field to column; default: the same name' },
  {
    key: 'names',
    fallback: '{}',
    about:
      'Lookup or owner field to a column for the name of what it refers to, beside or instead of its id: `{ Owner: OwnerName }`',
  },
  {
    key: 'match',
    fallback: '[]',
    about:
      'Up to four mirrored fields, as `[Email]`: before the first load, old rows without a Zoho id get that of the one record with the same values. [existing-tables.md](existing-tables.md#old-rows-without-a-zoho-id)',
  },
];

export const sectionKeys: readonly Key[] = [
  {
    key: 'schedules.catchUp',
    fallback: '15m',
    about: 'How often CatchUpSync runs; without `PUBLIC_URL` at least every two minutes',
  },
  {
    key: 'schedules.reconcile',
    fallback: '7d',
    about: 'How often Reconcile compares both sides by itself, and repairs',
  },
  {
    key: 'channel.renewEvery',
    fallback: '23h55m',
    about: 'How long ChannelRenewal sleeps between renewals, if the channel lives that long',
  },
  {
    key: 'channel.lifetime',
    fallback: '6d',
    about:
      'Lifetime that Zoho is asked for; at most `6d23h`, because Zoho turns more than a week into one hour',
  },
  {
    key: 'loading.batchRows',
    about: 'Rows of an export a transaction, 10 to 50000; default: 10,000 on SQL Server, 2,000 on SQLite',
  },
  {
    key: 'limits.dailyCredits',
    about:
      'API credits that Zoho gives the org in 24 hours, or the share of them that the mirror may use. Without it nothing is held back',
  },
  {
    key: 'limits.reserve',
    about:
      'Credits that loads, catch-ups and comparisons leave untouched: they wait, while notified records are re-read and channels renewed. Default: a tenth of `dailyCredits`',
  },
  { key: 'timings.pollFirst', fallback: '30s', about: 'First wait before looking at an export job' },
  {
    key: 'timings.pollMax',
    fallback: '5m',
    about: "Longest wait between two looks; it doubles until then, and Zoho's callback cuts it short",
  },
  {
    key: 'timings.notificationWindow',
    fallback: '1s',
    about: 'How long NotificationSync gathers changed ids before it reads them',
  },
];

const keyTable = (keys: readonly Key[]): string =>
  table(
    ['Key', 'Default', 'Meaning'],
    keys.map(({ key, fallback, about }) => [code(key), fallback === undefined ? '' : code(fallback), about]),
  );

export function configurationPage(): string {
  const variables = describeVariables().map(({ name, about, fallback, required }) => [
    code(name),
    required ? '**required**' : fallback === undefined ? '' : code(fallback),
    about,
  ]);
  return `# Configuration

${notice}

Settings come from the environment and from one YAML file. Both are read once, at start. What is wrong stops the process before it
does anything: one line a problem, with the key, the value (never a secret's) and what is allowed.

## Environment

An empty variable counts as unset. Whatever the environment does not say is read from the file \`.env\` of the working folder, or from the one that
\`MIRROR_ENV_FILE\` names (\`zoho-mirror --env\`): by every \`zoho-mirror\` command, worker, API and codec server alike. The environment wins.

${table(['Variable', 'Default', 'Meaning'], variables)}

What is served on \`METRICS_PORT\`: [metrics.md](metrics.md). Read elsewhere than in this table:

- \`MIRROR_ENV_FILE\`: path of the file of variables. Default \`./.env\` if it is there.
- \`MIRROR_CONFIG\`: path of the YAML file. Default \`./zoho-mirror.yaml\` if it is there, else the module Leads with defaults.
- \`TEMPORAL_ADDRESS\`, \`TEMPORAL_NAMESPACE\`, \`TEMPORAL_API_KEY\`, \`TEMPORAL_TLS…\`, \`TEMPORAL_PROFILE\`: as every Temporal tool
  reads them (\`@temporalio/envconfig\`); default \`localhost:7233\`, \`default\`.

Forms of \`LEGACY_DB\`: [sql-server.md](sql-server.md). Where the \`ZOHO_\` values come from: [zoho-setup.md](zoho-setup.md).

## YAML file

Unknown keys are refused, so that a typo is not a silent default. A duration is a number with \`ms\`, \`s\`, \`m\`, \`h\` or \`d\`, or
several in a row: \`23h55m\`.

\`\`\`yaml
modules:
  Leads:
    table: dbo.Leads
    fields: [Last_Name, Company, Email, Lead_Status, Email_Opt_Out]
    columns: { Last_Name: LastName, Email_Opt_Out: OptOut }
    values:
      Lead_Status: { Open: O, Closed: C }
      Email_Opt_Out: { true: J, false: N }
    constants: { Source: ZOHO }
  Contacts: # everything by default
schedules: { catchUp: 15m }
channel: { renewEvery: 23h55m, lifetime: 6d }
limits: { dailyCredits: 50000, reserve: 5000 }
\`\`\`

Under \`modules\`, each module by its API name (default: \`Leads\`):

${keyTable(moduleKeys)}

The other sections:

${keyTable(sectionKeys)}

How these go together for a table of an old application, as a worked example: [existing-tables.md](existing-tables.md).

A change of fields, columns, types or code lists takes effect when the worker starts again; it then loads the module anew, so that
old rows get the new columns too.
`;
}

export function metricsPage(): string {
  const of = (process: Metric['process']): string =>
    table(
      ['Metric', 'Kind', 'Labels', 'Meaning'],
      Object.values<Metric>(metrics)
        .filter((metric) => metric.process === process)
        .map(({ name, kind, labels, about }) => [code(name), kind, labels.map(code).join(', '), about]),
    );
  return `# Metrics

${notice}

For Prometheus, at \`/metrics\` of \`BIND_ADDRESS\` and \`METRICS_PORT\`: by default 9464 for the worker and 9465 for the API. With
\`npm start\`, which is both, the API's port is the one after the worker's. Alert rules and a Grafana dashboard over these metrics are in
[deploy](../deploy); how to put them up: [production.md](production.md).

## Worker

${of('worker')}

The SDK adds \`namespace\`, \`taskQueue\` and \`activityType\` to what activities count, and serves metrics of its own (\`temporal_…\`)
at the same address. Gauges are read once a minute; every worker shows them, so take \`max by (module)\` or \`min by (module)\`.

## API

${of('api')}

Beside them are Node's own, such as \`process_cpu_seconds_total\` and \`nodejs_heap_size_used_bytes\`.
`;
}

if (require.main === module) {
  const docs = join(__dirname, '..', '..', 'docs');
  writeFileSync(join(docs, 'errors.md'), errorsPage());
  writeFileSync(join(docs, 'configuration.md'), configurationPage());
  writeFileSync(join(docs, 'metrics.md'), metricsPage());
}
