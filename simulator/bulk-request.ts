// Reads the body of a Bulk Read request into what the job needs, with Zoho's refusals; it starts nothing.
import { listOf, objectOf, parseCriteria } from './bulk-criteria';
import type { Condition } from './conditions';
import type { Crm } from './crm';
import { ZohoError } from './errors';
import type { Field, Module, Value } from './types';

export interface Column {
  readonly header: string;
  readonly field: Field;
  /** What a dotted name asks of the lookup's other side. */
  readonly part: string | null;
}

export interface FirstRequest {
  readonly kind: 'query';
  readonly module: Module;
  readonly columns: readonly Column[];
  /** Without a list of fields the order of the columns is not promised. */
  readonly shuffled: boolean;
  readonly condition: Condition;
  readonly page: number;
  readonly callbackUrl: string | null;
}
export type BulkRequest =
  FirstRequest | { readonly kind: 'token'; readonly token: string; readonly callbackUrl: string | null };

const MOST_PAGES = 500;
const REFUSED_MODULES = new Set(['Notes', 'Attachments', 'Emails']);

export function parseBulkRequest(body: Value, from: { crm: Crm; version: string }): BulkRequest {
  const object = objectOf(body);
  if (!object) throw refusal('REQUEST_BODY_NOT_READABLE');
  const query = objectOf(object.query);
  if (!query) throw refusal('INVALID_REQUEST', { api_name: 'query' });
  checkFileType(object.file_type ?? query.file_type);
  const callbackUrl = parseCallback(object.callback);
  if (query.page_token !== undefined) {
    if (from.version === 'v6') throw refusal('QUERY_NOT_SUPPORTED', { api_name: 'page_token' });
    if (Object.keys(query).length > 1 || typeof query.page_token !== 'string')
      throw refusal('INVALID_DATA', { api_name: 'page_token' });
    return { kind: 'token', token: query.page_token, callbackUrl };
  }
  const module = parseModule(query.module, from.crm);
  const condition = parseCriteria(module, query.criteria);
  const names = listOf(query.fields);
  const columns = names && names.length > 0 ? names.map((name) => column(module, name)) : allColumns(module);
  const page = parsePage(query.page);
  return {
    kind: 'query',
    module,
    columns,
    shuffled: !names || names.length === 0,
    condition,
    page,
    callbackUrl,
  };
}

function parseModule(given: Value | undefined, crm: Crm): Module {
  const name = objectOf(given)?.api_name;
  if (typeof name !== 'string') throw refusal('INVALID_REQUEST', { api_name: 'module' });
  if (REFUSED_MODULES.has(name)) throw refusal('MODULE_NOT_SUPPORTED', { api_name: name });
  const module = crm.find(name)?.module;
  if (!module) throw refusal('MODULE_NOT_AVAILABLE', { api_name: name });
  if (!module.apiSupported) throw refusal('MODULE_NOT_SUPPORTED', { api_name: name });
  return module;
}

function column(module: Module, given: Value): Column {
  const header = String(given);
  const [name = '', part = null] = header.split('.');
  const field = module.byName.get(name);
  const details = { api_name: header, module: module.apiName };
  if (!field) throw refusal('FIELD_NOT_AVAILABLE', details);
  if (!field.exportable) throw refusal('FIELD_NOT_SUPPORTED', details);
  if (part !== null && !field.dataType.endsWith('lookup')) throw refusal('FIELD_NOT_AVAILABLE', details);
  if (header.split('.').length > 2) throw refusal('JOIN_LIMIT_EXCEEDED', details);
  return { header, field, part };
}

function allColumns(module: Module): Column[] {
  return module.fields
    .filter((field) => field.exportable)
    .map((field) => ({ header: field.apiName, field, part: null }));
}

function parsePage(given: Value | undefined): number {
  if (given === undefined || given === null) return 1;
  const page = Number(given);
  if (!Number.isInteger(page) || page < 1) throw refusal('INVALID_DATA', { api_name: 'page' });
  if (page > MOST_PAGES) throw refusal('PAGE_RANGE_EXCEEDED', { max_limit: MOST_PAGES });
  return page;
}

function parseCallback(given: Value | undefined): string | null {
  if (given === undefined || given === null) return null;
  const callback = objectOf(given);
  if (String(callback?.method).toLowerCase() !== 'post') throw refusal('INVALID_CALLBACK_METHOD');
  const url = callback?.url;
  if (typeof url !== 'string' || !URL.canParse(url) || !/^https?:/.test(url))
    throw refusal('INVALID_CALLBACK_URL');
  return url;
}

function checkFileType(given: Value | undefined): void {
  if (given !== undefined && given !== null && given !== 'csv')
    throw refusal('QUERY_NOT_SUPPORTED', { api_name: 'file_type' });
}

export function refusal(code: string, details: Readonly<Record<string, unknown>> = {}): ZohoError {
  return new ZohoError({ status: 400, code, message: code.toLowerCase().replaceAll('_', ' '), details });
}
