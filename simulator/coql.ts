// Parses the part of COQL that readers of records use; it never runs a query.
import { comparators, type Comparator, type Condition } from './conditions';
import { ZohoError } from './errors';
import type { Field, Module } from './types';

export interface Query {
  readonly module: Module;
  readonly fields: readonly Field[];
  readonly where: Condition;
  readonly orderBy: readonly { readonly field: Field; readonly descending: boolean }[];
  readonly limit: number;
  readonly offset: number;
}

const TOKEN = /\s*(?:('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(>=|<=|!=|<>|=|>|<|\(|\)|,)|([^\s'"(),<>=!]+))/y;
const SYMBOLS: Readonly<Record<string, Comparator>> = {
  '=': 'equal',
  '!=': 'not_equal',
  '<>': 'not_equal',
  '>': 'greater_than',
  '>=': 'greater_equal',
  '<': 'less_than',
  '<=': 'less_equal',
};
const DEFAULT_LIMIT = 200;

interface Token {
  readonly text: string;
  readonly quoted: boolean;
}

export function syntaxError(near: string): ZohoError {
  return new ZohoError({
    status: 400,
    code: 'SYNTAX_ERROR',
    message: 'error occured while parsing the query',
    details: { near },
  });
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const trimmed = text.trim().replace(/;$/, '');
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < trimmed.length) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(trimmed);
    if (!match) throw syntaxError(trimmed.slice(from, from + 20));
    const [, quoted, symbol, word] = match;
    if (quoted !== undefined)
      tokens.push({ text: quoted.slice(1, -1).replace(/\\(.)/g, '$1'), quoted: true });
    else tokens.push({ text: symbol ?? word ?? '', quoted: false });
  }
  return tokens;
}

export function parseCoql(text: string, find: (name: string) => Module): Query {
  return new Parser(tokenize(text), find).query();
}

class Parser {
  #at = 0;
  #module: Module | null = null;

  constructor(
    readonly tokens: readonly Token[],
    readonly find: (name: string) => Module,
  ) {}

  query(): Query {
    this.#expect('select');
    const names = this.#names();
    this.#expect('from');
    const module = this.find(this.#next().text);
    this.#module = module;
    const where: Condition = this.#accept('where') ? this.#anyOf() : { kind: 'all' };
    const orderBy = this.#orderBy();
    const { limit, offset } = this.#window();
    if (this.#at < this.tokens.length) throw syntaxError(this.#peek());
    return { module, fields: names.map((name) => this.#field(name)), where, orderBy, limit, offset };
  }

  #names(): string[] {
    const names = [this.#next().text];
    while (this.#accept(',')) names.push(this.#next().text);
    return names;
  }

  #orderBy(): { field: Field; descending: boolean }[] {
    if (!this.#accept('order')) return [];
    this.#expect('by');
    const parts: { field: Field; descending: boolean }[] = [];
    do {
      const field = this.#field(this.#next().text);
      const descending = this.#accept('desc');
      if (!descending) this.#accept('asc');
      parts.push({ field, descending });
    } while (this.#accept(','));
    return parts;
  }

  /** `LIMIT n OFFSET m`, or `LIMIT m, n` as in old queries. */
  #window(): { limit: number; offset: number } {
    if (!this.#accept('limit'))
      return { limit: DEFAULT_LIMIT, offset: this.#accept('offset') ? this.#count() : 0 };
    const first = this.#count();
    if (this.#accept(',')) return { limit: this.#count(), offset: first };
    return { limit: first, offset: this.#accept('offset') ? this.#count() : 0 };
  }

  #count(): number {
    const { text } = this.#next();
    if (!/^\d+$/.test(text)) throw syntaxError(text);
    return Number(text);
  }

  #anyOf(): Condition {
    const members = [this.#allOf()];
    while (this.#accept('or')) members.push(this.#allOf());
    return members.length === 1 && members[0] ? members[0] : { kind: 'group', operator: 'or', members };
  }

  #allOf(): Condition {
    const members = [this.#one()];
    while (this.#accept('and')) members.push(this.#one());
    return members.length === 1 && members[0] ? members[0] : { kind: 'group', operator: 'and', members };
  }

  #one(): Condition {
    if (this.#accept('(')) {
      const inner = this.#anyOf();
      this.#expect(')');
      return inner;
    }
    const field = this.#field(this.#next().text);
    const { comparator, values } = this.#comparison();
    return { kind: 'test', field, comparator, values };
  }

  #comparison(): { comparator: Comparator; values: string[] } {
    const word = this.#next().text.toLowerCase();
    const symbol = SYMBOLS[word];
    if (symbol) return { comparator: symbol, values: [this.#next().text] };
    if (word === 'in') return { comparator: 'in', values: this.#list() };
    if (word === 'not' && this.#accept('in')) return { comparator: 'not_in', values: this.#list() };
    if (word === 'like') return likeToComparison(this.#next().text);
    if (word === 'is') {
      const comparator = this.#accept('not') ? 'not_equal' : 'equal';
      this.#expect('null');
      return { comparator, values: ['${EMPTY}'] };
    }
    if (word === 'between') {
      const low = this.#next().text;
      this.#expect('and');
      return { comparator: 'between', values: [low, this.#next().text] };
    }
    throw syntaxError(word);
  }

  #list(): string[] {
    this.#expect('(');
    const values = this.#names();
    this.#expect(')');
    return values;
  }

  #field(name: string): Field {
    const field = this.#module?.byName.get(name);
    if (field) return field;
    throw new ZohoError({
      status: 400,
      code: 'INVALID_QUERY',
      message: 'invalid query formed',
      details: { reason: 'column given seems to be invalid', column_name: name },
    });
  }

  #next(): Token {
    const token = this.tokens[this.#at];
    if (!token) throw syntaxError('end of query');
    this.#at += 1;
    return token;
  }

  #peek(): string {
    return this.tokens[this.#at]?.text ?? '';
  }

  #accept(word: string): boolean {
    const token = this.tokens[this.#at];
    if (!token || token.quoted || token.text.toLowerCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  #expect(word: string): void {
    if (!this.#accept(word)) throw syntaxError(this.#peek());
  }
}

function likeToComparison(pattern: string): { comparator: Comparator; values: string[] } {
  const values = [pattern.replace(/^%|%$/g, '')];
  if (pattern.startsWith('%') && pattern.endsWith('%')) return { comparator: 'contains', values };
  if (pattern.endsWith('%')) return { comparator: 'starts_with', values };
  return { comparator: pattern.startsWith('%') ? 'ends_with' : 'equal', values };
}

export function isComparator(text: string): text is Comparator {
  return comparators.some((known) => known === text);
}
