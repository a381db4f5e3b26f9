// What a demo makes of a database that is not empty: the same on any.
import { prepareTarget } from '../../demo/target';
import { openDatabase, type Database } from '../../src/db';
import { aTable, live, merge } from '../integration/database-kit';

export interface Target {
  url: string;
  sql: (statement: string) => Promise<unknown>;
}

const leads = { ...aTable(), module: 'Leads', table: 'Leads' };

export function describeTarget(open: () => Promise<Target>): void {
  let target: Target;
  beforeEach(async () => (target = await open()));

  const prepared = (): Promise<unknown> =>
    prepareTarget(target.url).then(
      () => 'ready',
      (error: unknown) => String(error),
    );
  async function withDatabase(work: (db: Database) => Promise<unknown>): Promise<void> {
    const db = await openDatabase(target.url);
    await work(db);
    await db.close();
  }
  const anEarlierRun = (id = '5725767000000000001'): Promise<void> =>
    withDatabase(async (db) => {
      await db.migrate();
      await db.ensureTable(leads);
      await merge(db, leads, [live(id, '10:00', '10:00')], {
        checkpoint: { jobId: '1', from: 0, to: 1, complete: true },
      });
    });

  test('a second run meets nothing of the first', async () => {
    expect(await prepared()).toBe('ready');
    await anEarlierRun();
    expect(await prepared()).toBe('ready');
    await withDatabase(async (db) => {
      await db.migrate();
      expect(await db.checkpoint('1')).toBeUndefined();
    });
  });

  test('a table of another application is never dropped', async () => {
    await target.sql('CREATE TABLE Leads (id int)');
    const refused = /has .*leads.* not all of it is of an earlier demo/i;
    expect(await prepared()).toMatch(refused);
    await withDatabase((db) => db.migrate());
    expect(await prepared()).toMatch(refused);
    await target.sql('SELECT id FROM Leads');
  });

  test('nor is what a mirror of other modules needs', async () => {
    await anEarlierRun();
    await withDatabase((db) => db.setLoaded('Contacts', 'abc', undefined));
    expect(await prepared()).toMatch(/not all of it is of an earlier demo/);
  });

  test('nor are the records of a real CRM', async () => {
    await anEarlierRun('5725768000000000001');
    expect(await prepared()).toMatch(/not all of it is of an earlier demo/);
  });
}
