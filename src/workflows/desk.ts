// Where a workflow meets people: the status query, the details in the Web UI, pause and resume, and what happens when a person must act.
import {
  ActivityFailure,
  ApplicationFailure,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  isCancellation,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import {
  queries,
  searchAttributes,
  signals,
  updates,
  type CarriedStatus,
  type ErrorType,
  type ModuleSettings,
  type Retrying,
  type Status,
} from '../contracts';
import { quick } from './activities';
import { details } from './details';
import { isObject } from './input';

const status = defineQuery<Status>(queries.status);
const pause = defineUpdate<Status>(updates.pause);
const resume = defineUpdate<Status>(updates.resume);
const tryAgain = defineSignal(signals.tryAgain);
const stillTrying = defineSignal<[Retrying]>(signals.stillTrying);
const moduleKey = defineSearchAttributeKey(searchAttributes.module, 'KEYWORD');
const healthKey = defineSearchAttributeKey(searchAttributes.health, 'KEYWORD');

const tryAgainAfter = '1h';
/** News may mean that Zoho can be reached again, but not a hundred times a second. */
const newsAfter = '1m';
const restAfterNews = '59m';

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

/** Who has asked for a try since one began to listen. */
export type Asked = () => 'resume' | 'sibling' | undefined;

export class Desk<S extends Status> {
  private paused = false;
  private triesByItself = true;
  /** What is wrong now, by whose trouble it is. */
  private readonly troubles = new Map<object, ApplicationFailure>();
  /** Which steps wait for API credits. */
  private readonly waits = new Map<object, string>();
  /** How often an operator has said `resume`. */
  resumes = 0;
  /** How often another workflow of the module has told that it works again. */
  private nudges = 0;
  private knowsSearchAttributes = false;

  /**
   * @param facts what a manager reads in the Web UI beside phase and trouble.
   * @param carried from the run before; its trouble is this desk's own until `recovered()`.
   */
  constructor(
    private readonly state: S,
    private readonly facts: (state: S) => string[],
    carried: CarriedStatus = {},
  ) {
    this.setPaused(carried.paused ?? false);
    if (carried.lastError !== undefined) {
      const failure = ApplicationFailure.nonRetryable(carried.lastError, carried.lastErrorType);
      this.troubles.set(this, failure);
      Object.assign(this.state, { health: 'degraded', ...said(failure) });
    }
    setHandler(status, () => this.read(), { description: 'Phase, health and counts' });
    setHandler(pause, () => (this.setPaused(true), this.read()), {
      description: 'Stops before the next step',
    });
    setHandler(resume, () => (this.setPaused(false), (this.resumes += 1), this.read()), {
      description: 'Goes on after pause, and tries at once what is degraded',
    });
    setHandler(tryAgain, () => void (this.nudges += 1), {
      description:
        'Another workflow of the module works again: tries what is degraded, unless a person must decide',
    });
    setHandler(stillTrying, (report) => this.noteRetries(report), {
      description: 'An activity keeps failing and is retried',
    });
    this.show({});
  }

  /** For the run that follows this one. */
  carry(): CarriedStatus {
    const [failure] = this.troubles.values();
    return { ...(this.paused ? { paused: true } : {}), ...(failure ? said(failure) : {}) };
  }

  get isPaused(): boolean {
    return this.paused;
  }

  private setPaused(paused: boolean): void {
    this.paused = paused;
    if (paused) this.state.paused = true;
    else delete this.state.paused;
  }

  /** Whether, from now on, somebody asks for a try: an operator, or a sibling of a degraded workflow. */
  listen(): Asked {
    const { resumes, nudges } = this;
    return () => {
      if (this.resumes > resumes) return 'resume';
      return this.nudges > nudges && this.state.health === 'degraded' ? 'sibling' : undefined;
    };
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
    if (!this.knowsSearchAttributes) {
      const summary = `${this.state.module}: search attributes`;
      this.settle({
        searchAttributes: await quick.knowsSearchAttributes.executeWithOptions({ summary }, []),
      });
    }
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
   * @param news a number that grows when something happens that is worth a try before the hour is over.
   */
  async persist<T>(step: () => Promise<T>, { news }: { news?: () => number } = {}): Promise<T> {
    const trouble = {};
    let nudged = false;
    for (;;) {
      await this.gate();
      // From before the step: who says `resume` while it is under way has seen something that it may not have seen.
      const asked = this.listen();
      try {
        const result = await step();
        const wasDegraded = this.recovered(trouble);
        if (wasDegraded && !nudged) await this.spread();
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
        nudged = (await this.retryLater(failure, trouble, { news, asked })) === 'nudged';
      }
    }
  }

  /** Says what is wrong without waiting. Steps run side by side, so each has a trouble of its own. */
  troubled(failure: ApplicationFailure, trouble: object = this): void {
    this.troubles.set(trouble, failure);
    if (this.waits.delete(trouble)) this.sayWaiting();
    this.show({ health: 'degraded', ...said(failure) } as Partial<S>);
  }

  /** Something works: whether it had been in trouble. */
  recovered(trouble: object = this): boolean {
    if (this.waits.delete(trouble)) this.sayWaiting();
    if (this.state.retrying !== undefined) {
      delete this.state.retrying;
      this.show({});
    }
    if (!this.troubles.delete(trouble)) return false;
    const [other] = this.troubles.values();
    if (other !== undefined) this.show(said(other) as Partial<S>);
    else {
      delete this.state.lastError;
      delete this.state.lastErrorType;
      this.show({ health: 'ok' } as Partial<S>);
    }
    return true;
  }

  /**
   * This workflow works again, so the module's others probably can too. Only who was not told so itself tells it: two of them never
   * wake each other in turns.
   */
  async spread(): Promise<void> {
    const { module } = this.state;
    await quick.wakeSiblings
      .executeWithOptions({ summary: `${module}: wake what is degraded`, scheduleToCloseTimeout: '1m' }, [
        module,
      ])
      .catch((error: unknown) => {
        if (isCancellation(error)) throw error;
      });
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

  /** Degraded for an hour, until `resume`, or until a sibling or the news make a try worthwhile; the next success ends it. */
  async retryLater(
    failure: ApplicationFailure,
    trouble: object = this,
    { news, asked = this.listen() }: { news?: (() => number) | undefined; asked?: Asked } = {},
  ): Promise<'nudged' | 'by itself'> {
    this.troubled(failure, trouble);
    const heard = news?.() ?? 0;
    const summary = `${this.state.module}: try again`;
    if (!news) await condition(() => asked() !== undefined, tryAgainAfter, { summary });
    else if (!(await condition(() => asked() !== undefined, newsAfter, { summary })))
      await condition(() => asked() !== undefined || news() > heard, restAfterNews, { summary });
    return asked() === 'sibling' ? 'nudged' : 'by itself';
  }

  private noteRetries(report: unknown): void {
    if (!isObject(report)) return;
    const { activity, attempts, reason } = report as Partial<Retrying>;
    this.show({ retrying: `${activity} has failed ${attempts} times: ${reason}` } as Partial<S>);
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
    return details(this.state, { facts: this.facts(this.state), triesByItself: this.triesByItself });
  }
}

const said = ({ message, type }: ApplicationFailure): Pick<Status, 'lastError' | 'lastErrorType'> => ({
  lastError: message,
  ...(type ? { lastErrorType: type } : {}),
});
