// The CSV reader beside csv-parse, which it stands for: the same text in the same pieces, cells only.
import { Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { startSimulator } from '../simulator';
import { CsvRows } from '../src/pages';
import { parseCsvOptions } from './options';

interface Report {
  records: number;
  columns: number;
  ownRowsPerSecond: number;
  csvParseRowsPerSecond: number;
  /** How many times as fast as csv-parse. */
  ratio: number;
}

const pieceChars = 64 * 1024;
const rounds = 5;

async function main(): Promise<void> {
  const { records, json } = parseCsvOptions(process.argv);
  const pieces = await pagePieces(records);
  const own: number[] = [];
  const theirs: number[] = [];
  let columns = 0;
  for (let round = 0; round < rounds; round += 1) {
    const [first, second] = [ownReader(pieces), await csvParse(pieces)];
    if (first.rows !== second.rows || first.chars !== second.chars)
      throw new Error('The two readers do not find the same cells');
    own.push(first.rows / first.seconds);
    theirs.push(second.rows / second.seconds);
    columns = first.columns;
  }
  const [ownRowsPerSecond, csvParseRowsPerSecond] = [median(own), median(theirs)];
  const ratio = Math.round((ownRowsPerSecond / csvParseRowsPerSecond) * 100) / 100;
  const report: Report = { records, columns, ownRowsPerSecond, csvParseRowsPerSecond, ratio };
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : lines(report));
}

/** The page as Zoho would send it, in pieces as they come out of the zip. */
async function pagePieces(records: number): Promise<string[]> {
  const sim = await startSimulator({ records, notify: false, jobDelayMs: 1 });
  try {
    const { records: rows } = sim.truth('Leads');
    const names = Object.keys(rows[0] ?? {});
    const cell = (value: unknown): string => {
      const text = typeof value === 'string' ? value : JSON.stringify(value ?? '');
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    };
    const text = [names, ...rows.map((row) => Object.values(row))]
      .map((cells) => cells.map(cell).join(','))
      .join('\n');
    return Array.from({ length: Math.ceil(text.length / pieceChars) }, (_, i) =>
      text.slice(i * pieceChars, (i + 1) * pieceChars),
    );
  } finally {
    await sim.close();
  }
}

interface Found {
  rows: number;
  columns: number;
  chars: number;
  seconds: number;
}

class Tally {
  private readonly began = process.hrtime.bigint();
  rows = 0;
  columns = 0;
  chars = 0;

  add(cells: readonly string[]): void {
    this.rows += 1;
    this.columns = cells.length;
    for (const cell of cells) this.chars += cell.length;
  }

  found(): Found {
    const { rows, columns, chars } = this;
    return { rows, columns, chars, seconds: Number(process.hrtime.bigint() - this.began) / 1e9 };
  }
}

function ownReader(pieces: readonly string[]): Found {
  const tally = new Tally();
  const reader = new CsvRows();
  for (const piece of pieces) for (const cells of reader.push(piece)) tally.add(cells);
  for (const cells of reader.end()) tally.add(cells);
  return tally.found();
}

async function csvParse(pieces: readonly string[]): Promise<Found> {
  const tally = new Tally();
  const parser = Readable.from(pieces).pipe(parse());
  for await (const cells of parser) tally.add(cells as string[]);
  return tally.found();
}

const median = (values: readonly number[]): number =>
  Math.round([...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!);

const lines = ({ records, columns, ownRowsPerSecond, csvParseRowsPerSecond, ratio }: Report): string =>
  [
    `${records} rows of ${columns} columns, the median of ${rounds} rounds`,
    `  csv-parse    ${csvParseRowsPerSecond} rows/s`,
    `  own reader   ${ownRowsPerSecond} rows/s, ${ratio} times as fast`,
    '',
  ].join('\n');

main().catch((error: unknown) => {
  process.stderr.write(`bench:csv: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
