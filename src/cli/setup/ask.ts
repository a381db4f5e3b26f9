// How a person is asked. Prompts are for terminals; everything else is told what to give by flag or variable.
import type { Question } from './questions';

export type Ask = (question: Question, fallback: string | undefined) => Promise<string>;

export interface Terminal {
  input?: NodeJS.ReadableStream;
  output?: NodeJS.WritableStream;
}

/** What is typed for a secret is not shown, and neither is the one at hand. */
export const askIn =
  (terminal: Terminal): Ask =>
  async (question, fallback) => {
    // Loaded only when somebody is there to be asked.
    const { input, password, select } = await import('@inquirer/prompts');
    const { message, choices, secret, optional, check } = question;
    const known = fallback === undefined ? {} : { default: fallback };
    const validate = (text: string): true | string =>
      text === '' ? optional === true || fallback !== undefined || 'Needed' : (check?.(text) ?? true);
    if (choices) return select({ message, choices: [...choices], ...known }, terminal);
    if (!secret) return input({ message, validate, ...known }, terminal);
    const shown = message + whatEnterDoes(question, fallback);
    return (await password({ message: shown, mask: '*', validate }, terminal)) || (fallback ?? '');
  };

function whatEnterDoes(question: Question, fallback: string | undefined): string {
  if (fallback === undefined) return '';
  return fallback === question.fallback ? ` (Enter: ${fallback})` : ' (Enter keeps the one at hand)';
}

/** Refuses, naming every way to give the answer. */
export const askNobody: Ask = async ({ variable, flag, optional }, fallback) => {
  if (fallback !== undefined) return fallback;
  if (optional) return '';
  throw new Error(`${variable} is not known. Give ${flag ? `${flag}, or ` : ''}the variable ${variable}`);
};

/** Asks only for what is not known yet. */
export const onlyTheUnknown =
  (ask: Ask): Ask =>
  async (question, fallback) =>
    process.env[question.variable] || ask(question, fallback);
