// How commands answer: lines for people, or one JSON object on the last line for programs.

import { styleText } from 'node:util';

export interface PrintOptions {
  json: boolean;
}

export const printLine = (line: string): void => void process.stdout.write(`${line}\n`);

/** On standard error, so that standard output stays one answer. */
export const printProgress = (line: string): void => void process.stderr.write(`${line}\n`);

export const printAnswer = (answer: object, lines: readonly string[], { json }: PrintOptions): void => {
  if (json) printLine(JSON.stringify(answer));
  else for (const line of lines) printLine(line);
};

type Style = Parameters<typeof styleText>[0];

/** Colours are for terminals, and for those who want them. */
export const paint = (style: Style, text: string): string =>
  process.stdout.isTTY && !process.env.NO_COLOR ? styleText(style, text) : text;

export interface Cell {
  text: string;
  style?: Style;
}

/** Columns as wide as their widest cell, two blanks apart. */
export function table(head: readonly string[], rows: readonly (readonly (string | Cell)[])[]): string[] {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'string' ? { text: cell } : cell)));
  const widths = head.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i]!.text.length)));
  const line = (row: readonly Cell[]): string =>
    row
      .map(({ text, style }, i) => {
        const wide = i === row.length - 1 ? text : text.padEnd(widths[i]!);
        return style === undefined ? wide : paint(style, wide);
      })
      .join('  ');
  return [line(head.map((text) => ({ text, style: 'bold' as const }))), ...cells.map(line)];
}

/** `6d 1h`, `4m`, `12s`: two units at most, for people. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first === -1) return '0s';
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join(' ');
}
