// The baseline: unzip, csv-parse, one prepared insert a row, large transactions. No typing, no law, no checkpoint, no checks.
import { createReadStream } from 'node:fs';
import Database from 'better-sqlite3';
import { parse } from 'csv-parse';
import { ParseOne } from 'unzipper';

const rowsPerTransaction = 10_000;

/** Loads the zip's CSV into a new SQLite file as text. Answers rows and seconds. */
export async function loadRaw(
  zipPath: string,
  databasePath: string,
): Promise<{ rows: number; seconds: number }> {
  const began = process.hrtime.bigint();
  const db = new Database(databasePath);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = NORMAL');
  const parser = createReadStream(zipPath).pipe(ParseOne()).pipe(parse());
  let insert: Database.Statement<string[]> | undefined;
  let rows = 0;
  let batch: string[][] = [];
  const flush = db.transaction((cells: string[][]): void => {
    for (const row of cells) insert!.run(...row);
  });
  parser.on('readable', () => {
    for (let row = parser.read() as string[] | null; row !== null; row = parser.read() as string[] | null) {
      if (!insert) {
        insert = createTable(db, row);
        continue;
      }
      batch.push(row);
      rows += 1;
      if (batch.length < rowsPerTransaction) continue;
      flush(batch);
      batch = [];
    }
  });
  await new Promise<void>((resolve, reject) => parser.on('end', resolve).on('error', reject));
  flush(batch);
  db.close();
  return { rows, seconds: Number(process.hrtime.bigint() - began) / 1e9 };
}

function createTable(db: Database.Database, header: readonly string[]): Database.Statement<string[]> {
  const columns = header.map((name) => (name === 'Id' ? '"Id" INTEGER PRIMARY KEY' : `"${name}" TEXT`));
  db.exec(`CREATE TABLE raw (${columns.join(', ')})`);
  return db.prepare<string[]>(`INSERT INTO raw VALUES (${header.map(() => '?').join(', ')})`);
}
