// Canaries: secrets and values of records that must show up nowhere but in the tables. A whole installation lives through every kind
// of trouble, and then everything that it has told anybody is searched.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporal as proto } from '@temporalio/proto';
import Sqlite from 'better-sqlite3';
import { startChild } from '../../dev/child';
import { freePort } from '../../dev/ports';
import { workflowIds, workflowTypes, TASK_QUEUE, type Status } from '../../src/contracts';
import { callbackUrl, channelToken } from '../../src/webhook';
import { zohoMirror } from '../cli/commands';
import { eventually } from '../support/eventually';
import { leaksIn, textsIn, toldByCommands, toldByTemporal, type Told } from './leaks';
import { Town } from './town';

const secrets = {
  clientId: 'canaryClientId7Q',
  clientSecret: 'canaryClientSecret7Q',
  refreshToken: '1000.canaryRefreshToken7Q',
  webhookSecret: 'canaryWebhookSecret7Q',
  databasePassword: 'canaryDatabasePassword7Q',
};
const values = {
  Last_Name: 'CanaryName7Q',
  Email: 'canarymail7q@example.com',
  Phone: '+49 555 0199 7277',
  Description: 'CanaryDescription7Q',
};
/** What strangers and a failing Zoho say; a log that repeats it can be made to hold anything. */
const strange = { said: 'CanarySaid7Q', sent: 'CanarySent7Q' };
const canaries: Record<string, string> = {
  ...secrets,
  ...values,
  ...strange,
  channelToken: channelToken(secrets.webhookSecret),
};

const yaml = `
modules:
  Leads:
    schema: extend
    values: { Lead_Source: { Cold Call: C } }
`;

let town: Town;
let path: string;

beforeAll(async () => {
  town = await Town.open({
    simulator: {
      records: 60,
      pageRows: 30,
      downloadsPerMinute: 100,
      refreshesPerTenMinutes: 1_000,
      clientId: secrets.clientId,
      clientSecret: secrets.clientSecret,
      refreshToken: secrets.refreshToken,
    },
    yaml,
    env: {
      ZOHO_CLIENT_ID: secrets.clientId,
      ZOHO_CLIENT_SECRET: secrets.clientSecret,
      ZOHO_REFRESH_TOKEN: secrets.refreshToken,
      WEBHOOK_SECRET: secrets.webhookSecret,
      LOG_LEVEL: 'trace',
    },
  });
  path = town.env.LEGACY_DB!.replace('sqlite:', '');
});
afterAll(() => town?.close());

/** Past the product, as another application of the same database would. */
function sql(statement: string): unknown[] {
  const db = new Sqlite(path);
  try {
    const prepared = db.prepare(statement);
    return prepared.reader ? prepared.all() : [prepared.run()];
  } finally {
    db.close();
  }
}

const statusOf = (workflowId: string): Promise<Status> =>
  town.client.workflow.getHandle(workflowId).query<Status>('status');

async function post(url: string, body: string): Promise<number> {
  return (await fetch(url, { method: 'POST', body })).status;
}

test('a load with damaged downloads, a failing Zoho and refused rows ends well', async () => {
  const { sim, client } = town;
  const ids = sim.crm.table('Leads').ids();
  for (const id of ids.slice(0, 20)) sim.crm.edit('Leads', id, values);
  const answer = JSON.stringify({
    code: 'INTERNAL_ERROR',
    status: 'error',
    message: `${strange.said} ${values.Email}`,
    details: { value: values.Last_Name, api_name: 'Email' },
  });
  sim.faults.add({ kind: 'status', route: 'bulk.create', status: 500, body: answer });
  sim.faults.add({ kind: 'status', route: 'bulk.status', status: 400, body: `<h1>${strange.said}</h1>` });
  sim.faults.add({ kind: 'corrupt', route: 'bulk.download' });
  sim.faults.add({ kind: 'cut', route: 'bulk.download' });
  sim.faults.add({ kind: 'unauthorized', route: 'settings.fields' });
  const handle = await client.workflow.start(workflowTypes.initialSync, {
    taskQueue: TASK_QUEUE,
    workflowId: workflowIds.initialSync('Leads'),
    args: [{ module: 'Leads' }],
  });
  const done = eventually(
    'the end of the load',
    async () => {
      const { status } = await handle.describe();
      if (status.name !== 'RUNNING') return true;
      if ((await statusOf(handle.workflowId)).health === 'degraded') await handle.executeUpdate('resume');
      return false;
    },
    60_000,
  );
  await done;
  expect(await handle.result()).toMatchObject({ phase: 'done', health: 'ok' });
  expect(sim.faults.list().filter(({ left }) => left > 0)).toEqual([]);
  // The canaries are where they belong, or nothing would be proved.
  expect(sql(`SELECT id FROM Leads WHERE Last_Name = '${values.Last_Name}'`).length).toBeGreaterThan(0);
  expect(
    sql(`SELECT id FROM zoho_mirror_rejected_record WHERE raw LIKE '%${values.Email}%'`).length,
  ).toBeGreaterThan(0);
});

test('notifications go on over rows that the table refuses, and over a table that is gone', async () => {
  const { sim } = town;
  const [one, two] = (
    sql(`SELECT CAST(id AS TEXT) AS id FROM Leads WHERE Last_Name <> '${values.Last_Name}' LIMIT 2`) as {
      id: string;
    }[]
  ).map(({ id }) => id);
  sql("CREATE UNIQUE INDEX one_mail ON Leads (Email) WHERE Email LIKE '%second%'");
  const mail = { ...values, Email: `second.${values.Email}` };
  sim.crm.edit('Leads', one!, mail);
  sim.crm.edit('Leads', two!, mail);
  await eventually('a row that the index refuses', () => {
    const raw = sql("SELECT id FROM zoho_mirror_rejected_record WHERE raw LIKE '%second.%'");
    return raw.length > 0;
  });
  sql('ALTER TABLE Leads RENAME TO Elsewhere');
  sim.crm.edit('Leads', one!, values);
  const id = workflowIds.notificationSync('Leads');
  await eventually('a workflow that cannot write', async () => (await statusOf(id)).lastError !== undefined);
  sql('ALTER TABLE Elsewhere RENAME TO Leads');
  await town.client.workflow
    .getHandle(id)
    .executeUpdate('resume')
    .catch(() => undefined);
});

test('strangers and forged senders are refused', async () => {
  const notifications = `${town.env.PUBLIC_URL}/zoho/notifications`;
  const token = channelToken(secrets.webhookSecret);
  const wrong = { token: strange.sent, module: 'Leads', ids: ['1'] };
  expect(await post(notifications, JSON.stringify(wrong))).toBe(401);
  expect(await post(notifications, `{"token": "${strange.sent}`)).toBe(400);
  expect(
    await post(notifications, JSON.stringify({ token, module: strange.sent, ids: [strange.sent] })),
  ).toBe(400);
  expect(await post(notifications, JSON.stringify({ token, module: strange.sent, ids: ['1'] }))).toBe(200);
  expect(await post(notifications, strange.sent.repeat(100_000))).toBe(413);
  const told = { token, module: 'Leads', ids: ['7'], operation: strange.sent, affected_values: [values] };
  expect(await post(notifications, JSON.stringify(told))).toBe(200);
  expect(await post(`${town.env.PUBLIC_URL}/${strange.sent}?x=${strange.sent}`, '')).toBe(404);
  expect(await post(callbackUrl(town.env.PUBLIC_URL!, strange.sent, strange.sent), '{}')).toBe(200);
  for (let times = 0; times < 61; times += 1) await post(notifications, JSON.stringify(wrong));
  expect(await post(notifications, JSON.stringify(wrong))).toBe(429);
});

let printed: Told;
test('commands that look print rejects, tables and what a load would do', async () => {
  printed = await toldByCommands(town.env);
  // They do speak of what holds the canaries.
  expect(printed.get('zoho-mirror rejects list Leads')).toMatch(/no code is configured/);
  expect(printed.get('zoho-mirror sync Leads --dry-run')).toMatch(/reject/i);
}, 120_000);

test('a revoked token degrades, and says nothing of it', async () => {
  const { sim, client } = town;
  sim.oauth.revoke({ refreshTokens: true });
  const handle = client.workflow.getHandle(workflowIds.channelRenewal('Leads'));
  expect(await handle.executeUpdate('renewNow')).toMatchObject({ health: 'degraded' });
});

test('nothing that anybody was told holds a secret or a value of a record', async () => {
  const { client, env } = town;
  const told = new Map<string, string>();
  for (const plus of [0, 1]) {
    const url = `http://127.0.0.1:${Number(env.METRICS_PORT) + plus}/metrics`;
    told.set(url, await (await fetch(url)).text());
  }
  for (const [where, text] of [...printed, ...(await toldByTemporal(client))]) told.set(where, text);
  told.set('status of a mirror in trouble', (await zohoMirror(['status'], { env })).out);
  told.set('start with a database that is away', await databaseAway());
  told.set('start with a wrong configuration', await wrongConfiguration());
  await town.stop();
  told.set('log', logOf(town));

  expect(told.size).toBeGreaterThan(10);
  // The search itself finds what it is to find.
  const planted = new Map([['here', `x${Buffer.from(`..${secrets.clientSecret}..`).toString('base64')}`]]);
  expect(leaksIn(planted, canaries)).toEqual(['clientSecret in here']);
  const payload = proto.api.common.v1.Payload.create({ data: Buffer.from(JSON.stringify(values)) });
  expect(leaksIn(new Map([['payload', textsIn({ payload })]]), canaries)).toHaveLength(4);

  expect(leaksIn(told, canaries)).toEqual([]);
});

const sqlServer = (port: number): string =>
  `mssql://canary:${secrets.databasePassword}@127.0.0.1:${port}/Legacy`;

const logOf = ({ folder }: Town): string => readFileSync(join(folder, 'zoho-mirror.log'), 'utf8');

test('every line of the log is one event, with the module of its workflow, and tells of the life that was lived', () => {
  const lines = logOf(town)
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const odd = lines.filter(
    ({ time, msg, workflowId, module, taskToken, stack, error }) =>
      typeof time !== 'string' ||
      typeof msg !== 'string' ||
      [taskToken, stack, error].some((key) => key !== undefined) ||
      (typeof workflowId === 'string' && workflowId.includes('/Leads') && module !== 'Leads'),
  );
  expect(odd).toEqual([]);
  const events = lines.filter(({ module, level }) => module === 'Leads' && Number(level) >= 30);
  expect(events.map(({ msg }) => msg)).toEqual(
    expect.arrayContaining([
      'load begun',
      'page loaded',
      'run done',
      'channel subscribed',
      'degraded',
      'works again',
    ]),
  );
  const page = events.find(({ msg }) => msg === 'page loaded');
  expect(page).toMatchObject({ workflowId: 'initial-sync/Leads', activityType: 'loadPage' });
});

async function databaseAway(): Promise<string> {
  const logFile = join(town.folder, 'away.log');
  const child = await startChild({
    name: 'zoho-mirror without its database',
    command: process.execPath,
    args: [join(__dirname, '..', '..', 'dist', 'src', 'worker.js')],
    env: { ...town.env, LEGACY_DB: sqlServer(await freePort()), METRICS_PORT: `${await freePort()}` },
    logFile,
    ready: /waiting for the database/,
  });
  await child.kill('SIGTERM');
  return readFileSync(logFile, 'utf8');
}

async function wrongConfiguration(): Promise<string> {
  const first = await town.refusal({
    LEGACY_DB: `x${secrets.databasePassword}`,
  });
  const second = await town.refusal({
    LEGACY_DB: `mssql://canary:${secrets.databasePassword}%ZZ@127.0.0.1/x`,
  });
  expect([first.code, second.code]).toEqual([2, 2]);
  return [...first.lines, ...second.lines].join('\n');
}
