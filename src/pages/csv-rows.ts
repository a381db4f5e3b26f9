// CSV text, in pieces as it comes, to rows of cells (RFC 4180). Strict about quotes, and never quotes what it read.
// Cells are cut out of the piece they are in, which costs a third of what a general parser does.
import { PageError } from './page';

/** A cell of 32,000 characters is the longest that Zoho stores; a record of this size is not a record. */
const maxRecordChars = 16 * 1024 * 1024;

const quote = 34;
const comma = 44;
const lineFeed = 10;
const carriageReturn = 13;

type Code = 'CSV_MAX_RECORD_SIZE' | 'CSV_QUOTE_NOT_CLOSED' | 'CSV_STRAY_QUOTE' | 'CSV_STRAY_TEXT';
const unreadable = (code: Code): PageError => new PageError('CSV', `The CSV cannot be read (${code})`);

export class CsvRows {
  /** The beginning of a record whose end has not come yet. */
  private readonly waiting: string[] = [];
  private waitingChars = 0;
  /** What must come before it is worth looking at that record again. */
  private sign: '"' | '\n' | undefined;
  private text = '';
  private at = 0;

  /** The rows that end in this piece. Blank lines are no rows. */
  *push(piece: string): Generator<string[]> {
    this.waiting.push(piece);
    this.waitingChars += piece.length;
    if (this.sign !== undefined && !piece.includes(this.sign)) return this.refuseEndless();
    yield* this.rows(false);
  }

  /** The last row may have no line end. */
  *end(): Generator<string[]> {
    yield* this.rows(true);
  }

  private *rows(last: boolean): Generator<string[]> {
    this.text = this.waiting.length === 1 ? this.waiting[0]! : this.waiting.join('');
    this.at = 0;
    this.sign = undefined;
    let from = 0;
    for (;;) {
      const row = this.row(last);
      if (row === undefined) break;
      from = this.at;
      if (row.length > 1 || row[0] !== '') yield row;
    }
    this.waiting.length = 0;
    this.waiting.push(this.text.slice(from));
    this.waitingChars = this.text.length - from;
    this.text = '';
    this.refuseEndless();
  }

  private refuseEndless(): void {
    if (this.waitingChars > maxRecordChars) throw unreadable('CSV_MAX_RECORD_SIZE');
  }

  /** Undefined when no whole row is left. */
  private row(last: boolean): string[] | undefined {
    const { text } = this;
    if (this.at >= text.length) return undefined;
    const cells: string[] = [];
    for (;;) {
      const cell = text.charCodeAt(this.at) === quote ? this.quoted(last) : this.plain(last);
      if (cell === undefined) return undefined;
      cells.push(cell);
      const separator = text.charCodeAt(this.at);
      this.at += 1;
      if (separator !== comma) return cells;
    }
  }

  /** Ends at the comma, the line feed or the end of the text. */
  private plain(last: boolean): string | undefined {
    const { text } = this;
    const from = this.at;
    for (let at = from; at < text.length; at += 1) {
      const unit = text.charCodeAt(at);
      if (unit === comma) return this.cell(from, at, at);
      if (unit === lineFeed)
        return this.cell(from, text.charCodeAt(at - 1) === carriageReturn && at > from ? at - 1 : at, at);
      if (unit === quote) throw unreadable('CSV_STRAY_QUOTE');
    }
    if (last) return this.cell(from, text.length, text.length);
    this.sign = '\n';
    return undefined;
  }

  private cell(from: number, to: number, end: number): string {
    this.at = end;
    return from === to ? '' : this.text.slice(from, to);
  }

  private quoted(last: boolean): string | undefined {
    const { text } = this;
    const from = this.at + 1;
    let doubled = false;
    let end = text.indexOf('"', from);
    while (end >= 0 && text.charCodeAt(end + 1) === quote) {
      doubled = true;
      end = text.indexOf('"', end + 2);
    }
    if (end < 0 || (!last && end + 2 >= text.length)) {
      if (last) throw unreadable('CSV_QUOTE_NOT_CLOSED');
      // A quote at the very end may be the first of two, or the carriage return's line feed is still to come.
      this.sign = end < 0 ? '"' : undefined;
      return undefined;
    }
    this.at = end + 1;
    if (text.charCodeAt(this.at) === carriageReturn && text.charCodeAt(this.at + 1) === lineFeed)
      this.at += 1;
    const next = text.charCodeAt(this.at);
    if (this.at < text.length && next !== comma && next !== lineFeed) throw unreadable('CSV_STRAY_TEXT');
    const cell = text.slice(from, end);
    return doubled ? cell.replaceAll('""', '"') : cell;
  }
}
