// The server under a bench: tables of the bench alone, and an empty database before and after it.
import type { Knex } from 'knex';
import { connectMssql, mssqlSettings, spell } from './product';
import type { Cell } from './rows';

export const openServer = (url: string): Knex => connectMssql(mssqlSettings(url));

export async function emptyDatabase(url: string): Promise<void> {
  const knex = openServer(url);
  const tables = (await knex.raw(
    `SELECT s.name AS own, t.name AS name FROM sys.tables t JOIN sys.schemas s ON s.schema_id = t.schema_id`,
  )) as { own: string; name: string }[];
  for (const { own, name } of tables)
    if (own === 'zoho_mirror' || /^(leads|bench_\w+)$/i.test(name))
      await knex.raw(`DROP TABLE [${own}].[${name}]`);
  await knex.destroy();
}

/** `id`, `m` and the columns; a heap unless the id is to be the key. */
export async function createTable(
  knex: Knex,
  name: string,
  { cells, key }: { cells: readonly Cell[]; key: boolean },
): Promise<void> {
  const columns = cells.map((cell) => `[${cell.name}] ${spell(cell.type)} NULL`).join(', ');
  await knex.raw(
    `CREATE TABLE ${name} (id bigint NOT NULL${key ? ' PRIMARY KEY' : ''}, m datetime2(0) NULL, ${columns})`,
  );
}

export const dropTable = async (knex: Knex, name: string): Promise<void> =>
  void (await knex.raw(`DROP TABLE ${name}`));

export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - began) / 1e9;
}
