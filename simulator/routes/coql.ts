// COQL over HTTP, with its limits and its price by the size of the answer asked for; it never joins modules.
import type { FastifyInstance } from 'fastify';
import { objectOf } from '../bulk-criteria';
import { compareValues, countTests, matches, type Condition } from '../conditions';
import type { Context } from '../context';
import { parseCoql, syntaxError, type Query } from '../coql';
import { ZohoError } from '../errors';
import { jsonBody, sendJson, sendNothing, tableNamed } from '../http';
import { textAt } from '../kinds';
import { rowJson } from '../row-json';
import type { Field, Row, Value } from '../types';
import type { Table } from '../crm';

const MOST_ROWS = 2_000;
const MOST_OFFSET = 100_000;
const MOST_TESTS = 25;
const MOST_IN = 100;
const MOST_FIELDS = 500;
const MOST_ORDERS = 10;

export function coqlRoutes(app: FastifyInstance, context: Context): void {
  app.post('/crm/:version/coql', { config: { name: 'coql', heavy: true } }, async (request, reply) => {
    const text = objectOf(jsonBody(request))?.select_query;
    if (typeof text !== 'string') throw refused('MANDATORY_NOT_FOUND', { api_name: 'select_query' });
    const query = parseCoql(text, (name) => tableNamed(context, name).module);
    check(query);
    // One credit was taken at the door.
    context.credits.spend(query.limit <= 200 ? 0 : query.limit <= 1_000 ? 1 : 2);
    const table = tableNamed(context, query.module.apiName);
    const found = select(table, query);
    const shown = found.slice(query.offset, query.offset + query.limit);
    if (shown.length === 0) return sendNothing(reply);
    const options = {
      fields: query.fields,
      context,
      cut: context.options.coqlCutsRichText,
      ownerEmail: false,
    };
    const rows = shown.map((row) => rowJson(table, row, options));
    const info = { count: shown.length, more_records: found.length > query.offset + query.limit };
    return sendJson(reply, `{"data":[${rows.join(',')}],"info":${JSON.stringify(info)}}`);
  });
}

function check(query: Query): void {
  if (query.limit > MOST_ROWS || query.limit < 1)
    throw refused('LIMIT_EXCEEDED', { limit: MOST_ROWS, clause: 'limit' });
  if (query.offset + query.limit > MOST_OFFSET)
    throw refused('LIMIT_EXCEEDED', { limit: MOST_OFFSET, clause: 'offset' });
  if (query.fields.length > MOST_FIELDS)
    throw refused('LIMIT_EXCEEDED', { limit: MOST_FIELDS, clause: 'select' });
  if (query.orderBy.length > MOST_ORDERS)
    throw refused('LIMIT_EXCEEDED', { limit: MOST_ORDERS, clause: 'order by' });
  if (countTests(query.where) > MOST_TESTS)
    throw refused('LIMIT_EXCEEDED', { limit: MOST_TESTS, clause: 'where' });
  const hidden = query.fields.find((field) => !field.listed || field.dataType === 'address');
  if (hidden) throw refused('INVALID_QUERY', { column_name: hidden.apiName, reason: 'column not supported' });
  checkWhere(query.where);
}

function checkWhere(where: Condition): void {
  if (where.kind === 'group') for (const member of where.members) checkWhere(member);
  if (where.kind !== 'test') return;
  const { field, values } = where;
  if (field.dataType === 'textarea')
    throw refused('INVALID_QUERY', { column_name: field.apiName, reason: 'multi-line text in criteria' });
  if (values.length > MOST_IN) throw refused('LIMIT_EXCEEDED', { limit: MOST_IN, clause: 'in' });
  const badTime =
    field.dataType === 'datetime' &&
    values.some((value) => value !== '${EMPTY}' && Number.isNaN(Date.parse(value)));
  if (badTime) throw syntaxError(values.join(' '));
}

function select(table: Table, query: Query): Row[] {
  const rows: Row[] = [];
  for (const row of table.rows.values()) if (matches(query.where, row, table.read)) rows.push(row);
  return rows.sort((a, b) => order(table, query, [a, b]));
}

function order(table: Table, query: Query, [a, b]: readonly [Row, Row]): number {
  for (const { field, descending } of query.orderBy) {
    const sign = descending ? -1 : 1;
    const difference = compareRows(table, field, [a, b]);
    if (difference !== 0) return sign * difference;
  }
  return a.id < b.id ? -1 : 1;
}

function compareRows(table: Table, field: Field, [a, b]: readonly [Row, Row]): number {
  if (field.apiName === 'Modified_Time') return a.modifiedMs - b.modifiedMs;
  if (field.apiName === 'Created_Time') return a.createdMs - b.createdMs;
  if (field.apiName === 'id') return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
  return compareValues(field, sortText(table.read(a, field)), sortText(table.read(b, field)));
}

function sortText(value: Value): string {
  if (value === null) return '';
  return typeof value === 'object' ? textAt(value, 'id') : String(value);
}

function refused(code: string, details: Readonly<Record<string, unknown>>): ZohoError {
  return new ZohoError({ status: 400, code, message: 'invalid query formed', details });
}
