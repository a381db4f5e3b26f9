// Checks identifiers that come from Zoho or the configuration; never quotes them, which each dialect does its own way.
import { DatabaseError } from './errors';

const plain = /^[\p{L}_][\p{L}\p{N}_ $#@-]{0,127}$/u;

/** A name that cannot break out of its quotes. */
export function plainName(name: string): string {
  if (plain.test(name)) return name;
  throw new DatabaseError(
    'permanent',
    'A table or column name has characters other than letters, digits, blank, _ $ # @ -; rename it in the configuration',
  );
}

/** A text in a statement. Doubled quotes are all that it needs, in both dialects. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** `dbo.Leads` → schema and table. */
export function splitTable(table: string): { schema?: string; name: string } {
  const at = table.indexOf('.');
  return at < 0
    ? { name: plainName(table) }
    : { schema: plainName(table.slice(0, at)), name: plainName(table.slice(at + 1)) };
}
