// What SQLite's result codes mean for the mirror. Its own texts are never passed on: they quote names and values.
import type { Verdict } from '../dialect';

const verdicts: Readonly<Record<string, Omit<Verdict, 'code'>>> = {
  SQLITE_BUSY: { kind: 'retry', means: 'another process is writing' },
  SQLITE_LOCKED: { kind: 'retry', means: 'another connection is writing' },
  SQLITE_FULL: { kind: 'retry', means: 'the disk is full' },
  SQLITE_IOERR: { kind: 'retry', means: 'the disk failed' },
  SQLITE_CONSTRAINT: { kind: 'row', means: 'a constraint of the table' },
  SQLITE_CONSTRAINT_CHECK: { kind: 'row', means: 'a check constraint of the table' },
  SQLITE_CONSTRAINT_NOTNULL: { kind: 'row', means: 'a column that does not take NULL' },
  SQLITE_CONSTRAINT_UNIQUE: { kind: 'row', means: 'a unique constraint of the table' },
  SQLITE_CONSTRAINT_PRIMARYKEY: { kind: 'row', means: 'the primary key of the table' },
  SQLITE_CONSTRAINT_FOREIGNKEY: { kind: 'row', means: 'a foreign key of the table' },
  SQLITE_CONSTRAINT_TRIGGER: { kind: 'row', means: 'a trigger of the table' },
  SQLITE_CONSTRAINT_DATATYPE: { kind: 'row', means: 'the type of a column' },
  SQLITE_MISMATCH: { kind: 'row', means: 'the type of a column' },
  SQLITE_TOOBIG: { kind: 'row', means: 'a value larger than SQLite takes' },
  SQLITE_CANTOPEN: { kind: 'permanent', means: 'the file cannot be opened; does its folder exist?' },
  SQLITE_NOTADB: { kind: 'permanent', means: 'the file is not a SQLite database' },
  SQLITE_READONLY: { kind: 'permanent', means: 'the file is read-only' },
  SQLITE_PERM: { kind: 'permanent', means: 'the file may not be used' },
  SQLITE_CORRUPT: { kind: 'permanent', means: 'the file is damaged' },
  SQLITE_ERROR: { kind: 'permanent', means: 'a table or column is missing, or the statement is wrong' },
};

/** The addon makes its errors from the class of whoever loaded it first, so `instanceof` says nothing about them. */
const factsOf = (error: unknown): { name: string; code: string; message: string } => {
  const { name = 'unknown', code = '', message = '' } = (error ?? {}) as Record<string, unknown>;
  return { name: String(name), code: String(code), message: String(message) };
};

/** Where one column alone is at fault, SQLite names it: `UNIQUE constraint failed: Leads.Email`. */
const columnIn = (message: string): string | undefined =>
  /^(?:UNIQUE|NOT NULL) constraint failed: [^,]*\.([^.,]+)$/.exec(message)?.[1];

export function classifySqlite(error: unknown): Verdict {
  const { name, code, message } = factsOf(error);
  if (name === 'KnexTimeoutError')
    return { kind: 'retry', means: 'the connection was busy for too long', code: 'timeout' };
  if (name === 'TypeError' && code === 'ERR_INVALID_ARG_TYPE')
    return { kind: 'permanent', means: 'the file cannot be opened', code };
  const family = code.split('_').slice(0, 2).join('_');
  const verdict = verdicts[code] ?? verdicts[family];
  const column = columnIn(message);
  if (verdict !== undefined) return { ...verdict, code, ...(column === undefined ? {} : { column }) };
  if (name === 'TypeError' && message.includes('directory does not exist'))
    return { kind: 'permanent', means: 'the folder of the file does not exist', code: 'SQLITE_CANTOPEN' };
  return { kind: 'permanent', means: 'unexpected', code: code || name };
}
