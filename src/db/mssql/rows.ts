// Encodes rows as TDS carries them in a bulk load, each value in the type it is staged in. Exact: no value passes through a float.
// tedious would make several small buffers a value; here a batch is one. Pure: it also runs on the thread that parses.
import type { Entry } from '../fold';
import type { ActualColumn } from '../layout';

/** How a column is staged. Text stands for whatever has no exact form of its own. */
export type StagedType =
  | { kind: 'bigint' }
  | { kind: 'bit' }
  | { kind: 'date' }
  | { kind: 'seconds' }
  | { kind: 'decimal'; precision: number; scale: number }
  | { kind: 'text'; length: number | null };

export function stagedType(column: ActualColumn): StagedType {
  const { kind, precision, scale, maxLength } = column;
  if (kind === 'integer') return { kind: 'bigint' };
  if (kind === 'boolean') return { kind: 'bit' };
  if (kind === 'date') return { kind: 'date' };
  if (kind === 'datetime') return { kind: 'seconds' };
  // Not every T-SQL server reads a number of 38 digits as it is sent.
  if (kind === 'decimal' && precision !== undefined && scale !== undefined && precision < 38)
    return { kind: 'decimal', precision, scale };
  if (kind === 'decimal' || kind === 'float') return { kind: 'text', length: 60 };
  return {
    kind: 'text',
    length: kind === 'text' && maxLength !== null && maxLength <= 4000 ? maxLength : null,
  };
}

const rowToken = 0xd1;
const firstBytes = 64 * 1024;

class Bytes {
  view: Buffer<ArrayBuffer>;
  at = 0;

  constructor(memory: ArrayBuffer | undefined) {
    this.view = memory === undefined ? Buffer.allocUnsafeSlow(firstBytes) : Buffer.from(memory);
  }

  room(bytes: number): void {
    if (this.at + bytes <= this.view.length) return;
    const wider = Buffer.allocUnsafeSlow(Math.max(this.view.length * 2, this.at + bytes));
    this.view.copy(wider, 0, 0, this.at);
    this.view = wider;
  }

  byte(value: number): void {
    this.view[this.at++] = value;
  }

  /** Little-endian, `bytes` of them. */
  whole(value: number, bytes: number): void {
    this.at = this.view.writeUIntLE(value, this.at, bytes);
  }

  utf16(text: string): void {
    const { view } = this;
    // A call into native code costs more than a short loop.
    if (text.length > 48) {
      this.at += view.write(text, this.at, 'utf16le');
      return;
    }
    let { at } = this;
    for (let i = 0; i < text.length; i += 1) {
      const unit = text.charCodeAt(i);
      view[at++] = unit & 0xff;
      view[at++] = unit >> 8;
    }
    this.at = at;
  }
}

type Writer = (bytes: Bytes, value: string) => void;
const missing = (bytes: Bytes): void => bytes.byte(0);

function shortText(bytes: Bytes, value: string): void {
  bytes.whole(value.length * 2, 2);
  bytes.utf16(value);
}

/** In chunks whose total length is not told beforehand; here there is one chunk. */
function longText(bytes: Bytes, value: string): void {
  bytes.whole(0xfffffffe, 4);
  bytes.whole(0xffffffff, 4);
  if (value !== '') {
    bytes.whole(value.length * 2, 4);
    bytes.utf16(value);
  }
  bytes.whole(0, 4);
}

function bigint(bytes: Bytes, value: string): void {
  bytes.byte(8);
  bytes.at = bytes.view.writeBigInt64LE(BigInt(value), bytes.at);
}

function bit(bytes: Bytes, value: string): void {
  bytes.byte(1);
  bytes.byte(value === '1' ? 1 : 0);
}

const digits = (text: string, from: number, to: number): number => Number(text.slice(from, to));

/** Days since 0001-01-01 of `YYYY-MM-DD…`, a day of the calendar. */
function dayNumber(text: string): number {
  const month = digits(text, 5, 7);
  // The year begins in March, so that the leap day is its last.
  const year = digits(text, 0, 4) - (month <= 2 ? 1 : 0);
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + digits(text, 8, 10) - 1;
  return (
    365 * year +
    Math.floor(year / 4) -
    Math.floor(year / 100) +
    Math.floor(year / 400) +
    dayOfYear -
    daysBeforeMarchOfYear0
  );
}
const daysBeforeMarchOfYear0 = 306;

function date(bytes: Bytes, value: string): void {
  bytes.byte(3);
  bytes.whole(dayNumber(value), 3);
}

function seconds(bytes: Bytes, value: string): void {
  bytes.byte(6);
  const time =
    value.length > 10 ? digits(value, 11, 13) * 3600 + digits(value, 14, 16) * 60 + digits(value, 17, 19) : 0;
  bytes.whole(time, 3);
  bytes.whole(dayNumber(value), 3);
}

const dayMs = 86_400_000;
const daysBefore1970 = 719_162;

/** An Instant as datetime2(3). */
function milliseconds(bytes: Bytes, at: number | undefined): void {
  if (at === undefined) return missing(bytes);
  const day = Math.floor(at / dayMs);
  bytes.byte(7);
  bytes.whole(at - day * dayMs, 4);
  bytes.whole(day + daysBefore1970, 3);
}

const magnitudeBytes = (precision: number): number =>
  precision <= 9 ? 4 : precision <= 19 ? 8 : precision <= 28 ? 12 : 16;

const word = 0xffffffffn;

function decimal(precision: number, scale: number): Writer {
  const width = magnitudeBytes(precision);
  return (bytes, value) => {
    const negative = value.startsWith('-');
    const dot = value.indexOf('.');
    const whole = value.slice(negative ? 1 : 0, dot < 0 ? undefined : dot);
    // What is cut off here are zeros: the value was checked against its column.
    const places = (dot < 0 ? '' : value.slice(dot + 1)).slice(0, scale).padEnd(scale, '0');
    bytes.byte(width + 1);
    bytes.byte(negative ? 0 : 1);
    const all = whole + places;
    if (all.length <= 15) {
      const magnitude = Number(all);
      bytes.whole(magnitude % 0x1_0000_0000, 4);
      if (width > 4) bytes.whole(Math.floor(magnitude / 0x1_0000_0000), 4);
      for (let at = 8; at < width; at += 4) bytes.whole(0, 4);
      return;
    }
    let magnitude = BigInt(all);
    for (let at = 0; at < width; at += 4) {
      bytes.whole(Number(magnitude & word), 4);
      magnitude >>= 32n;
    }
  };
}

function writerOf(type: StagedType): { write: Writer; writeNull: (bytes: Bytes) => void } {
  switch (type.kind) {
    case 'bigint':
      return { write: bigint, writeNull: missing };
    case 'bit':
      return { write: bit, writeNull: missing };
    case 'date':
      return { write: date, writeNull: missing };
    case 'seconds':
      return { write: seconds, writeNull: missing };
    case 'decimal':
      return { write: decimal(type.precision, type.scale), writeNull: missing };
    case 'text':
      return type.length === null
        ? { write: longText, writeNull: (bytes) => (bytes.whole(0xffffffff, 4), bytes.whole(0xffffffff, 4)) }
        : { write: shortText, writeNull: (bytes) => bytes.whole(0xffff, 2) };
  }
}

/** More than any value but text takes, with its length. */
const cellBytes = 32;

/** What a row is made of: content, an absence, or both. */
interface RowParts {
  id: string;
  modifiedAt?: number;
  observedAt?: number;
  goneAt?: number;
  values: readonly (string | null)[];
}

/** Rows (n, id, m, o, g, values…), each but the first behind its token: that one comes from whoever sends them. */
export class RowEncoder {
  private readonly writers: readonly ReturnType<typeof writerOf>[];
  private readonly bytes: Bytes;
  /** Where each row begins, its token. */
  private readonly begins: number[] = [];

  /** `memory` is written over. */
  constructor(columns: readonly ActualColumn[], memory?: ArrayBuffer) {
    this.writers = columns.map((column) => writerOf(stagedType(column)));
    this.bytes = new Bytes(memory);
  }

  add({ id, modifiedAt, observedAt, goneAt, values }: RowParts): void {
    const { bytes, writers } = this;
    this.begins.push(bytes.at);
    bytes.room((writers.length + 6) * cellBytes);
    bytes.byte(rowToken);
    bytes.byte(4);
    bytes.whole(0, 4);
    bigint(bytes, id);
    milliseconds(bytes, modifiedAt);
    milliseconds(bytes, observedAt);
    milliseconds(bytes, goneAt);
    for (let i = 0; i < writers.length; i += 1) {
      const value = values[i] ?? null;
      if (value === null) {
        writers[i]!.writeNull(bytes);
        continue;
      }
      bytes.room((writers.length - i + 1) * cellBytes + value.length * 2);
      writers[i]!.write(bytes, value);
    }
  }

  /** Numbers the rows and gives them out, without those of these positions. */
  finish(without: ReadonlySet<number> = new Set()): Buffer<ArrayBuffer> {
    const { view } = this.bytes;
    let n = 0;
    let to = 0;
    for (const [row, from] of this.begins.entries()) {
      if (without.has(row)) continue;
      const end = this.begins[row + 1] ?? this.bytes.at;
      if (to !== from) view.copyWithin(to, from, end);
      view.writeUInt32LE(n, to + 2);
      n += 1;
      to += end - from;
    }
    return view.subarray(to === 0 ? 0 : 1, to);
  }
}

export function encodeRows(entries: readonly Entry[], columns: readonly ActualColumn[]): Buffer<ArrayBuffer> {
  const rows = new RowEncoder(columns);
  for (const { id, live, goneAt } of entries)
    rows.add({
      id,
      values: live?.values ?? [],
      ...(live === undefined ? {} : { modifiedAt: live.modifiedAt, observedAt: live.observedAt }),
      ...(goneAt === undefined ? {} : { goneAt }),
    });
  return rows.finish();
}
