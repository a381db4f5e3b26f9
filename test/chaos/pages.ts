// Histories of one page of an export: random rows in a zip that is cut, flipped, patched or short on its way. Whatever happens to it, it
// must never pass for whole, and no row may be taken for another. No Zoho, no database, no chance but the seed's.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { below, pick, randomFor, shuffle, type Random } from '../../simulator/random';
import { instant, toIsoSeconds } from '../../src/mirror/instant';
import { planMapping } from '../../src/mirror';
import type { LiveObservation } from '../../src/mirror/observation';
import { observationsOf, PageError, parsePage, type PageBatch, type PagePlan } from '../../src/pages';
import { leadFields } from '../support/leads';
import { inPieces, zipped } from '../support/zip';

const start = Date.UTC(2026, 2, 1, 10);
const patienceMs = 10_000;
const names = ['id', 'Last_Name', 'Modified_Time'];
const mapping = planMapping(
  'Leads',
  leadFields.filter(({ apiName }) => names.includes(apiName)),
  { columns: {}, values: {} },
);
const at = mapping.fields.findIndex(({ field }) => field.apiName === 'Last_Name');

interface Row {
  id: string;
  name: string;
  modifiedAt: number;
}

/** What became of the page on its way. */
interface Damage {
  csv: readonly Row[];
  /** Ids of rows that have lost their last cell. */
  torn: ReadonlySet<string>;
  spoil?: (zip: Buffer) => Buffer;
  /** Bytes are not what they were: only at the end of the archive can that be known. */
  altered?: boolean;
}

/** Throws an AssertionError that tells what was taken for whole. */
export async function playPage(seed: number): Promise<void> {
  const random = randomFor(seed, 2, 99);
  const rows = Array.from({ length: below(random, 40) }, (_, n) => drawRow(random, n));
  const damage = drawDamage(random, rows);
  const zip = await zipOf(random, damage);
  const skipRows = random() < 0.3 ? below(random, rows.length + 1) : 0;
  const { batches, error } = await read(random, damage.spoil?.(zip) ?? zip, {
    mapping,
    observedAt: instant(start),
    expectedRows: rows.length,
    skipRows,
    batchRows: 1 + below(random, 12),
  });
  const whole = batches.at(-1)?.last === true;
  if (error !== undefined) assert.ok(error instanceof PageError, inspect(error));
  assert.equal(whole, error === undefined, 'the last batch goes out when all is well, and only then');
  const sound = damage.spoil === undefined && damage.csv.length === rows.length;
  assert.ok(whole || !sound, `a page that arrived as it was is refused: ${inspect(error)}`);
  if (damage.altered && !whole) return;

  const rejects = batches.flatMap((batch) => batch.rejects);
  const given = rows.slice(skipRows, whole ? undefined : (batches.at(-1)?.to ?? skipRows));
  const fit = given.filter(({ id }) => !damage.torn.has(id));
  assert.deepEqual(batches.flatMap(observationsOf).map(rowOf), fit, 'the rows that are taken');
  assert.equal(rejects.length, given.length - fit.length, 'the rows that are refused');
}

async function read(
  random: Random,
  zip: Buffer,
  plan: PagePlan,
): Promise<{ batches: PageBatch[]; error?: unknown }> {
  const batches: PageBatch[] = [];
  const reading = (async () => {
    for await (const batch of parsePage(inPieces(zip, 1 + below(random, 3_000)), plan)) batches.push(batch);
    return undefined;
  })().catch((error: unknown) => ({ error }));
  const late = delay(patienceMs, { error: new Error('it is read for ever') }, { ref: false });
  return { batches, ...(await Promise.race([reading, late])) };
}

function zipOf(random: Random, { csv, torn }: Damage): Promise<Buffer> {
  const header = shuffle(random, ['Id', 'Last_Name', 'Modified_Time']);
  const line = (row: Row): string => {
    const cells = header.map((column) => cellOf(row, column));
    return (torn.has(row.id) ? cells.slice(0, -1) : cells).join(',');
  };
  const text = [header.join(','), ...csv.map(line)].join('\r\n');
  return zipped(text + pick(random, ['\r\n', '']), '1000.csv', random() < 0.5);
}

const drawRow = (random: Random, n: number): Row => ({
  id: `57257670000${String(n).padStart(8, '0')}`,
  name: Array.from({ length: 1 + below(random, 12) }, () =>
    pick(random, ['a', 'Z', 'é', '😀', ',', '"', '\n']),
  ).join(''),
  modifiedAt: start + below(random, 1_000) * 1_000,
});

function cellOf({ id, name, modifiedAt }: Row, column: string): string {
  if (column === 'Id') return id;
  return column === 'Last_Name' ? `"${name.replaceAll('"', '""')}"` : toIsoSeconds(instant(modifiedAt));
}

function drawDamage(random: Random, rows: readonly Row[]): Damage {
  // What makes it a zip is at its end.
  const placeIn = ({ length }: Buffer): number =>
    random() < 0.5 ? below(random, length) : Math.max(0, length - 1 - below(random, 120));
  const whole: Damage = { csv: rows, torn: new Set() };
  const damages: readonly (() => Damage)[] = [
    () => whole,
    () => ({ ...whole, csv: rows.slice(0, below(random, rows.length + 1)) }),
    () => ({ ...whole, csv: [...rows, ...rows.slice(0, below(random, 3))] }),
    () => ({ ...whole, torn: new Set(rows.filter(() => random() < 0.2).map(({ id }) => id)) }),
    () => ({ ...whole, spoil: (zip) => zip.subarray(0, placeIn(zip)) }),
    () => ({ ...whole, spoil: (zip) => flipped(zip, placeIn(zip), 1 + below(random, 255)), altered: true }),
    () => ({ ...whole, spoil: (zip) => patched(zip, placeIn(zip), placeIn(zip)), altered: true }),
  ];
  return pick(random, damages)();
}

function flipped(zip: Buffer, at: number, bits: number): Buffer {
  const copy = Buffer.from(zip);
  copy[at] = (copy[at] ?? 0) ^ bits;
  return copy;
}

/** What is between two places is lost, or comes twice. */
const patched = (zip: Buffer, to: number, from: number): Buffer =>
  Buffer.concat([zip.subarray(0, to), zip.subarray(from)]);

const rowOf = ({ id, values, modifiedAt }: LiveObservation): Row => ({
  id,
  name: String(values[at]),
  modifiedAt,
});
