// What SQL Server's error numbers mean for the mirror. Its own texts are never passed on: they quote values.
import type { Verdict } from '../dialect';
import { whyUnreachable } from './unreachable';

type Meaning = Omit<Verdict, 'code'>;
const each = (numbers: readonly number[], meaning: Meaning): Record<string, Meaning> =>
  Object.fromEntries(numbers.map((number) => [number, meaning]));

const verdicts: Readonly<Record<string, Meaning>> = {
  ...each([922, 927, 952, 6005, 17142, 17147, 18401, 18451, 18461], {
    kind: 'retry',
    means: 'the server or the database is starting, stopping or being restored',
  }),
  ...each([976, 978, 982, 983, 3906, 40143, 40197, 40540, 40613, 49918, 49919, 49920], {
    kind: 'retry',
    means: 'the database is moving to another server',
  }),
  ...each([10928, 10929, 40501, 40544], {
    kind: 'retry',
    means: 'the server is too busy, or its quota is used up',
  }),
  ...each([596, 64, 121, 233, 10053, 10054, 10060], { kind: 'retry', means: 'the connection was cut' }),
  ...each([1204, 8645, 8651], { kind: 'retry', means: 'the server is out of memory' }),
  ...each([18452, 18470, 18486, 18487, 18488], {
    kind: 'permanent',
    means: 'the login is disabled, locked, expired or of a domain that the server does not trust',
  }),
  ...each([40615, 47073], { kind: 'permanent', means: "Azure's firewall keeps this machine out" }),
  ...each([230, 297, 300, 2760, 15247], { kind: 'permanent', means: 'a right is missing' }),
  ...each([916, 40532], { kind: 'permanent', means: 'the login may not use the database' }),
  1205: { kind: 'retry', means: 'chosen as the victim of a deadlock' },
  1222: { kind: 'retry', means: 'waited too long for a lock' },
  3960: { kind: 'retry', means: 'a snapshot transaction met another writer' },
  1105: { kind: 'retry', means: 'a file group is full' },
  9002: { kind: 'retry', means: 'the transaction log is full' },
  701: { kind: 'retry', means: 'the server is out of memory' },
  4060: { kind: 'permanent', means: 'the database does not exist or may not be opened' },
  18456: { kind: 'permanent', means: 'the login was refused' },
  229: { kind: 'permanent', means: 'a right is missing' },
  262: { kind: 'permanent', means: 'a right is missing' },
  207: { kind: 'permanent', means: 'a column is missing' },
  208: { kind: 'permanent', means: 'a table is missing' },
  ...each([3609, 3616, 3930, 3998], { kind: 'row', means: 'a trigger that ended the transaction' }),
  2627: { kind: 'row', means: 'a unique constraint of the table' },
  2601: { kind: 'row', means: 'a unique index of the table' },
  547: { kind: 'row', means: 'a check or foreign key constraint of the table' },
  515: { kind: 'row', means: 'a column that does not take NULL' },
  550: { kind: 'row', means: 'the check option of a view' },
  2628: { kind: 'row', means: 'a column that is too short' },
  8152: { kind: 'row', means: 'a column that is too short' },
  8114: { kind: 'row', means: 'the type of a column' },
  8115: { kind: 'row', means: 'the range of a column' },
  220: { kind: 'row', means: 'the range of a column' },
  241: { kind: 'row', means: 'the type of a column' },
  242: { kind: 'row', means: 'the range of a column' },
  245: { kind: 'row', means: 'the type of a column' },
  248: { kind: 'row', means: 'the range of a column' },
  ELOGIN: { kind: 'permanent', means: 'the login was refused' },
  ESOCKET: { kind: 'retry', means: 'the connection failed' },
  ECONNCLOSED: { kind: 'retry', means: 'the connection was closed' },
  ECANCEL: { kind: 'retry', means: 'the request was cancelled' },
  EINVALIDSTATE: { kind: 'retry', means: 'the connection is no longer usable' },
};

const connectionLost =
  /connection (?:lost|was terminated|to server)|not connected|Final state|LoggedIn state/i;

/** What RAISERROR and THROW say, whatever number a trigger chose; not every T-SQL server keeps its own numbers below. */
const isRaised = (number: number): boolean => number >= 50_000 && number < 33_554_432;

/** Not every T-SQL server has numbers of its own for these. */
const inWords: readonly (readonly [RegExp, string])[] = [
  [/deadlock detected/i, '1205'],
  [/lock timeout|could not obtain lock/i, '1222'],
  [/permission denied|must be owner/i, '229'],
];

const numberOf = (told: string, message: string): string =>
  told in verdicts || isRaised(Number(told))
    ? told
    : (inWords.find(([words]) => words.test(message))?.[1] ?? told);

/** By its properties alone: an error of Node's own may be of another `Error` than the one known here. */
const factsOf = (error: unknown): { name: string; message: string; code: string; number?: string } => {
  const { name = 'unknown', message = '', code = '', number } = (error ?? {}) as Record<string, unknown>;
  return {
    name: String(name),
    message: String(message),
    code: String(code),
    ...(typeof number === 'number' ? { number: numberOf(String(number), String(message)) } : {}),
  };
};

/** 515 and 547 name the column where one alone is at fault; of a foreign key it is the other table's. English texts only. */
const columnIn = (number: string | undefined, message: string): string | undefined => {
  if (number === '515') return /into column '([^']{1,128})', table/.exec(message)?.[1];
  return number === '547' ? /CHECK constraint .* column '([^']{1,128})'/s.exec(message)?.[1] : undefined;
};

export function classifyMssql(error: unknown): Verdict {
  const { name, message, code, number } = factsOf(error);
  const why = number === undefined ? whyUnreachable(error) : undefined;
  if (why !== undefined) return why;
  const verdict = verdicts[number ?? code];
  const column = columnIn(number, message);
  if (verdict !== undefined)
    return { ...verdict, code: number ?? code, ...(column === undefined ? {} : { column }) };
  if (number !== undefined && isRaised(Number(number)))
    return { kind: 'row', means: 'a trigger of the table', code: number };
  if (name === 'KnexTimeoutError') return { kind: 'retry', means: 'no connection in time', code: 'timeout' };
  if (number === undefined && connectionLost.test(message))
    return { kind: 'retry', means: 'the connection was lost', code: code || 'connection' };
  return { kind: 'permanent', means: 'unexpected', code: (number ?? code) || name };
}
