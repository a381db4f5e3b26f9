// The commands that README.md and docs/ show: the lines of their code blocks for a shell, and those within a sentence.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(__dirname, '..', '..');
export const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'simulator/README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

export interface Documented {
  page: string;
  command: string;
  /** Why no test runs it, where the page says so: `<!-- not run: … -->` before the block. */
  notRun?: string;
}

const block = /(?:<!-- not run: ([^>]+) -->\s*)?^ *```(\w*)\n([\s\S]*?)^ *```$/gm;

const forAShell = new Set(['', 'sh', 'bash', 'shell', 'powershell']);

export const documentedCommands = (): Documented[] =>
  pages.flatMap((page) =>
    [...readFileSync(join(root, page), 'utf8').matchAll(block)].flatMap(([, notRun, language, text]) =>
      (forAShell.has(language!) ? commandsOf(text!) : []).map((command) => ({
        page,
        command,
        ...(notRun ? { notRun } : {}),
      })),
    ),
  );

/** The SQL that a page shows: its blocks, in their order. */
export const documentedSql = (page: string): string[] =>
  [...readFileSync(join(root, page), 'utf8').matchAll(block)].flatMap(([, , language, text]) =>
    language === 'sql' ? [text!] : [],
  );

/** One a line, without comments; a line that ends in a backslash goes on in the next. */
export const commandsOf = (text: string): string[] =>
  text
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.replace(/(^|\s)#\s.*$/, '').trim())
    .filter((line) => line !== '')
    .flatMap((line) => line.split(' && '));

const program = /^(?:zoho-mirror|npm|npx|node|temporal|docker|curl|sudo|systemctl|openssl)\s/;

/** Commands within a sentence, such as `npm run demo`. */
export const mentionedCommands = (): Documented[] =>
  pages.flatMap((page) =>
    [
      ...readFileSync(join(root, page), 'utf8')
        .replace(block, '')
        .matchAll(/`([^`\n]+)`/g),
    ]
      .flatMap(([, text]) => commandsOf(text!))
      .filter((command) => program.test(command))
      .map((command) => ({ page, command })),
  );
