// Canaries on SQL Server, whose own messages quote values: of duplicate keys, failed conversions, cut texts, and what a trigger says.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { queries, TASK_QUEUE, workflowIds, workflowTypes, type Status } from '../../src/contracts';
import { zohoMirror } from '../cli/commands';
import { beside, emptyDatabase, testUrl, type Beside } from '../integration/mssql-server';
import { eventually } from '../support/eventually';
import { leaksIn, toldByCommands, toldByTemporal } from './leaks';
import { Town } from './town';

const values = {
  Last_Name: 'CanaryName8Q',
  Email: 'canarymail8q@example.com',
  Phone: '+49 555 0188 8277',
  Company: 'CanaryCompany8Q',
};

const told = new Map<string, string>();
let town: Town;
let direct: Beside;
beforeAll(async () => {
  direct = beside();
  await emptyDatabase(['Leads']);
  town = await Town.open({
    simulator: { records: 40, pageRows: 40, downloadsPerMinute: 100 },
    env: { LEGACY_DB: testUrl(), LOG_LEVEL: 'trace' },
  });
}, 90_000);
afterAll(async () => {
  await town?.close();
  await direct?.close();
});

const load = () =>
  town.client.workflow.start(workflowTypes.initialSync, {
    taskQueue: TASK_QUEUE,
    workflowId: workflowIds.initialSync('Leads'),
    args: [{ module: 'Leads' }],
  });

const rejects = async (): Promise<{ id: string; reason: string; raw: string }[]> =>
  (await direct.sql(
    'SELECT id, reason, raw FROM zoho_mirror.rejected_record WHERE resolved_at IS NULL',
  )) as never;

/** Changes a record in the CRM and waits until the table has refused it for this reason. */
async function refused(id: string, change: Record<string, string>, reason: RegExp): Promise<void> {
  town.sim.crm.edit('Leads', id, change);
  await eventually(
    `${String(reason)} of ${id}`,
    async () => (await rejects()).some((one) => one.id === id && reason.test(one.reason)),
    30_000,
  );
}

/** The server itself quotes the value that it refuses; else nothing would be proved. */
const messageOf = (statement: string): Promise<string> =>
  direct.sql(statement).then(
    () => 'nothing was refused',
    (error: unknown) => String(error),
  );

test('what the server says of a duplicate key, a trigger, a column too short and a failed conversion is told to nobody', async () => {
  expect(await (await load()).result()).toMatchObject({ phase: 'done', health: 'ok' });
  const ids = town.sim.crm.table('Leads').ids();
  const [one, two, three, four] = ids;

  // A duplicate key.
  await direct.sql(`UPDATE Leads SET Email = CONCAT(N'mail', id)`);
  await direct.sql('CREATE UNIQUE INDEX one_mail ON Leads (Email)');
  town.sim.crm.edit('Leads', one!, values);
  await eventually(
    'the first of both',
    async () => (await direct.sql(`SELECT id FROM Leads WHERE Email = N'${values.Email}'`)).length === 1,
  );
  expect(await messageOf(`UPDATE Leads SET Email = N'${values.Email}' WHERE id = ${two}`)).toMatch(
    /duplicate|unique/i,
  );
  await refused(two!, values, /a unique index|a unique constraint/);
  await direct.sql('DROP INDEX one_mail ON Leads');

  // A trigger that says what it has seen.
  await direct.sql(`CREATE TRIGGER Leads_said ON Leads AFTER UPDATE AS
    IF EXISTS (SELECT 1 FROM inserted WHERE Company = N'${values.Company}' AND id = ${three})
    BEGIN
      DECLARE @said nvarchar(200);
      SELECT @said = N'no ' + Last_Name + N' ' + Email FROM inserted WHERE id = ${three};
      RAISERROR(@said, 16, 1);
    END`);
  const asTheMirrorDoes = `UPDATE Leads SET Company = N'${values.Company}', Email = N'${values.Email}' WHERE id = ${three}`;
  expect(await messageOf(`BEGIN TRANSACTION; ${asTheMirrorDoes}; ROLLBACK TRANSACTION`)).toContain(
    values.Email,
  );
  await refused(three!, values, /a trigger/);
  const { out } = await zohoMirror(['rejects', 'list', 'Leads'], { env: town.env });
  expect(out).toMatch(/refused by a trigger/);
  told.set('the rejects of then', out);
  await direct.sql('DROP TRIGGER Leads_said');

  // Another application changes a column under the worker, which still takes it for what it was: the server has to refuse.
  const handle = town.client.workflow.getHandle(workflowIds.notificationSync('Leads'));
  const says = (type: RegExp): Promise<boolean> =>
    eventually(
      'the refusal',
      async () => {
        const { lastError = '' } = await handle.query<Status>(queries.status);
        return (
          type.test(lastError) || (await rejects()).some(({ id, reason }) => id === four && type.test(reason))
        );
      },
      30_000,
    );
  await direct.sql('UPDATE Leads SET Phone = NULL');
  await direct.sql('ALTER TABLE Leads ALTER COLUMN Phone nvarchar(4)');
  town.sim.crm.edit('Leads', four!, values);
  await says(/Phone|too (short|long)/);
  await direct.sql('UPDATE Leads SET Phone = NULL');
  await direct.sql('ALTER TABLE Leads ALTER COLUMN Phone int');
  town.sim.crm.edit('Leads', four!, { ...values, Last_Name: `${values.Last_Name} again` });
  await says(/Phone/);
  expect((await rejects()).some(({ raw }) => raw.includes(values.Email))).toBe(true);
}, 180_000);

test('nothing that anybody was told holds a value of a record', async () => {
  for (const [where, text] of [...(await toldByCommands(town.env)), ...(await toldByTemporal(town.client))])
    told.set(where, text);
  const metrics = `http://127.0.0.1:${town.env.METRICS_PORT}/metrics`;
  told.set(metrics, await (await fetch(metrics)).text());
  await town.stop();
  told.set('log', readFileSync(join(town.folder, 'zoho-mirror.log'), 'utf8'));
  expect(leaksIn(told, values)).toEqual([]);
}, 180_000);
