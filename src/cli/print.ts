// How commands answer: lines for people, or one JSON object on the last line for programs.

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
