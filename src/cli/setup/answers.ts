// Where the answers come from: flags first, then what is known, then a person, then defaults.
import type { Ask } from './ask';
import type { Question } from './questions';

export type Flags = Readonly<Record<string, string | boolean | undefined>>;
export type Values = Record<string, string>;

export class Answers {
  constructor(
    private readonly flags: Flags,
    private readonly ask: Ask,
  ) {}

  /** Flags that somebody has given. */
  given(asked: readonly Question[]): string[] {
    return asked.flatMap(({ flag }) => (flag && this.flags[camel(flag)] !== undefined ? [flag] : []));
  }

  async one(question: Question): Promise<string> {
    const { variable, flag, fallback, check: wrong } = question;
    const given = flag && this.flags[camel(flag)];
    const answer =
      typeof given === 'string' ? given : await this.ask(question, process.env[variable] || fallback);
    const problem = answer === '' ? undefined : wrong?.(answer);
    if (problem) throw new Error(`${flag ?? variable}: ${problem}`);
    return answer;
  }

  /** An empty answer is one only where it takes something away. */
  async all(asked: readonly Question[]): Promise<Values> {
    const values: Values = {};
    for (const question of asked) {
      const answer = await this.one(question);
      if (answer !== '' || process.env[question.variable]) values[question.variable] = answer;
    }
    return values;
  }
}

const camel = (flag: string): string =>
  flag.slice(2).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
