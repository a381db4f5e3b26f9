// How a person is asked. Prompts are for terminals; everything else is told what to give by flag or variable.
import type { Question } from './questions';

export type Ask = (question: Question, fallback: string | undefined) => Promise<string>;

/** What is typed for a secret is not shown. */
export const askInTerminal: Ask = async (question, fallback) => {
  // Loaded only when somebody is there to be asked.
  const { input, password, select } = await import('@inquirer/prompts');
  const { message, choices, secret, optional, check } = question;
  const validate = (text: string): true | string =>
    text === '' ? optional === true || fallback !== undefined || 'Needed' : (check?.(text) ?? true);
  if (choices) return select({ message, choices: [...choices], ...(fallback ? { default: fallback } : {}) });
  if (!secret) return input({ message, validate, ...(fallback ? { default: fallback } : {}) });
  const hint = fallback === undefined ? '' : ' (Enter keeps the one at hand)';
  return (await password({ message: message + hint, mask: '*', validate })) || (fallback ?? '');
};

/** Refuses, naming every way to give the answer. */
export const askNobody: Ask = async ({ variable, flag, optional }, fallback) => {
  if (fallback !== undefined) return fallback;
  if (optional) return '';
  throw new Error(`${variable} is not known. Give ${flag ? `${flag}, or ` : ''}the variable ${variable}`);
};
