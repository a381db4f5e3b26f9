// Which server answers, and whether it knows the T-SQL that the mirror speaks.
import type { Knex } from 'knex';
import { DatabaseError } from '../errors';

/** SQL Server 2012. */
const oldestMajor = 11;

export interface ServerFacts {
  /** `@@VERSION`; its first line begins with the product. */
  banner: string;
  /** `12.0.2000.8` */
  version: string;
  edition: string;
}

export async function server(knex: Knex): Promise<string> {
  const property = (name: string): string => `CONVERT(nvarchar(128), SERVERPROPERTY('${name}'))`;
  const [facts] = (await knex.raw(
    `SELECT @@VERSION AS banner, ${property('ProductVersion')} AS version, ${property('Edition')} AS edition`,
  )) as [ServerFacts];
  return serverName(facts);
}

/** As it calls itself. Throws when it is too old. */
export function serverName({ banner, version, edition }: ServerFacts): string {
  const product = banner.split(/\r?\n| - /)[0]!.trim();
  const name = `${product} ${version}, ${edition}`;
  if (!(Number.parseInt(version, 10) < oldestMajor)) return name;
  throw new DatabaseError('permanent', `${name} is too old: the mirror needs SQL Server 2012 or a later one`);
}
