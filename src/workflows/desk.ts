// Where a workflow meets people: the status query, the details in the Web UI, pause and resume, and what happens when a person must act.
import {
  ActivityFailure,
  ApplicationFailure,
  condition,
  defineQuery,
  defineUpdate,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import {
  queries,
  searchAttributes,
  updates,
  type ErrorType,
  type ModuleSettings,
  type Status,
} from '../contracts';
import { quick } from './activities';

const status = defineQuery<Status>(queries.status);
const pause = defineUpdate<Status>(updates.pause);
const resume = defineUpdate<Status>(updates.resume);
const moduleKey = defineSearchAttributeKey(searchAttributes.module, 'KEYWORD');
const healthKey = defineSearchAttributeKey(searchAttributes.health, 'KEYWORD');

const tryAgainAfter = '1h';

/** Types after which only a person can help: degraded, not failed. */
const needsPerson: ReadonlySet<string> = new Set<ErrorType>([
  'ZohoPermanent',
  'SchemaMismatch',
  'DatabasePermanent',
  'Bug',
]);

/** The typed failure inside whatever an activity call threw. */
export function failureOf(error: unknown): ApplicationFailure | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure ? cause : undefined;
}

export const isFailure = (error: unknown, type: ErrorType): boolean => failureOf(error)?.type === type;

export class Desk<S extends Status> {
  private paused = false;
  private triesByItself = true;
  /** What is wrong now, by whose trouble it is. */
  private readonly troubles = new Map<object, ApplicationFailure>();
  /** Which steps wait for API credits. */
  private readonly waits = new Map<object, string>();
  /** How often an operator has said `resume`. */
  resumes = 0;
  private knowsSearchAttributes = false;

  /** @param lines what a manager reads in the Web UI, Markdown, beside phase and health. */
  constructor(
    private readonly state: S,
    private readonly lines: (state: S) => string[],
  ) {
    setHandler(status, () => this.read(), { description: 'Phase, health and counts' });
    setHandler(pause, () => ((this.paused = true), this.read()), {
      description: 'Stops before the next step',
    });
    setHandler(resume, () => ((this.paused = false), (this.resumes += 1), this.read()), {
      description: 'Goes on after pause, and tries at once what is degraded',
    });
    this.show({});
  }

  get isPaused(): boolean {
    return this.paused;
  }

  read(): S {
    return { ...this.state };
  }

  show(change: Partial<S>): void {
    const before = this.state.health;
    Object.assign(this.state, change);
    setCurrentDetails(this.details());
    if (this.knowsSearchAttributes && before !== this.state.health) this.tag();
  }

  /** Search attributes may be used only where the namespace knows them: an unknown one blocks the workflow. */
  settle({ searchAttributes: known }: Pick<ModuleSettings, 'searchAttributes'>): void {
    this.knowsSearchAttributes = known;
    if (known) this.tag();
  }

  /** Trouble before the settings are known must be found by the list filter too. */
  private async learnToTag(): Promise<void> {
    if (!this.knowsSearchAttributes) this.settle({ searchAttributes: await quick.knowsSearchAttributes() });
  }

  /** Waits while an operator wants it to. */
  async gate(): Promise<void> {
    if (!this.paused) return;
    const { phase } = this.state;
    this.show({ phase: 'paused' } as Partial<S>);
    await condition(() => !this.paused);
    this.show({ phase } as Partial<S>);
  }

  /**
   * Does a step until it works. Where a person must act it is degraded, tries again hourly and at once on `resume`;
   * other failures (bad input, a broken chain) are the caller's.
   */
  async persist<T>(step: () => Promise<T>): Promise<T> {
    const trouble = {};
    for (;;) {
      await this.gate();
      try {
        const result = await step();
        this.recovered(trouble);
        return result;
      } catch (error) {
        const failure = failureOf(error);
        if (failure?.type === ('CreditsReserved' satisfies ErrorType)) {
          await this.waitForCredits(failure, trouble);
          continue;
        }
        if (!failure || !needsPerson.has(failure.type ?? '')) {
          this.recovered(trouble);
          throw error;
        }
        await this.learnToTag();
        await this.retryLater(failure, trouble);
      }
    }
  }

  /** Says what is wrong without waiting. Steps run side by side, so each has a trouble of its own. */
  troubled(failure: ApplicationFailure, trouble: object = this): void {
    this.troubles.set(trouble, failure);
    if (this.waits.delete(trouble)) this.sayWaiting();
    this.show({ health: 'degraded', ...said(failure) } as Partial<S>);
  }

  recovered(trouble: object = this): void {
    if (this.waits.delete(trouble)) this.sayWaiting();
    if (!this.troubles.delete(trouble)) return;
    const [other] = this.troubles.values();
    if (other !== undefined) return this.show(said(other) as Partial<S>);
    delete this.state.lastError;
    delete this.state.lastErrorType;
    this.show({ health: 'ok' } as Partial<S>);
  }

  /** Degraded until an operator says so, however long it takes. */
  async untilResumed(failure: ApplicationFailure): Promise<void> {
    this.triesByItself = false;
    this.troubled(failure);
    const seen = this.resumes;
    await condition(() => this.resumes > seen);
    this.triesByItself = true;
    this.recovered();
  }

  /** Degraded for an hour, or until `resume`; the next success ends it. */
  async retryLater(failure: ApplicationFailure, trouble: object = this): Promise<void> {
    this.troubled(failure, trouble);
    const seen = this.resumes;
    await condition(() => this.resumes > seen, tryAgainAfter, { summary: `${this.state.module}: try again` });
  }

  /** Until credits have come back, or until `resume`. Nobody is needed, so nothing is degraded. */
  private async waitForCredits(failure: ApplicationFailure, step: object): Promise<void> {
    const [waitMs] = failure.details ?? [];
    this.waits.set(step, failure.message);
    this.sayWaiting();
    const seen = this.resumes;
    await condition(() => this.resumes > seen, typeof waitMs === 'number' ? waitMs : tryAgainAfter, {
      summary: `${this.state.module}: wait for API credits`,
    });
  }

  private sayWaiting(): void {
    const [waiting] = this.waits.values();
    if (waiting === undefined) delete this.state.waiting;
    this.show((waiting === undefined ? {} : { waiting }) as Partial<S>);
  }

  private tag(): void {
    upsertSearchAttributes([
      { key: moduleKey, value: this.state.module },
      { key: healthKey, value: this.state.health },
    ]);
  }

  private details(): string {
    const { module, phase, health, lastError, waiting } = this.state;
    const next = this.triesByItself
      ? 'It tries again every hour, and at once on the update `resume`.'
      : 'It waits for the update `resume`.';
    const trouble = lastError ? [`**Needs you:** ${lastError}`, next] : [];
    const patience = waiting ? [`**${waiting}**`] : [];
    return [`### ${module}: ${phase} (${health})`, ...trouble, ...patience, ...this.lines(this.state)].join(
      '\n\n',
    );
  }
}

const said = ({ message, type }: ApplicationFailure): Pick<Status, 'lastError' | 'lastErrorType'> => ({
  lastError: message,
  ...(type ? { lastErrorType: type } : {}),
});
