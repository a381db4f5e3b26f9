// What a workflow shows of itself: the status query, the details and tags in the Web UI, and who has said pause, resume or try again.
// Waits for nothing and calls no activity.
import {
  ApplicationFailure,
  defineQuery,
  defineSignal,
  defineUpdate,
  log,
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
  type ModuleSettings,
  type Retrying,
  type Status,
} from '../contracts';
import { details } from './details';
import { isObject } from './input';

const status = defineQuery<Status>(queries.status);
const pause = defineUpdate<Status>(updates.pause);
const resume = defineUpdate<Status>(updates.resume);
const tryAgain = defineSignal(signals.tryAgain);
const stillTrying = defineSignal<[Retrying]>(signals.stillTrying);
const moduleKey = defineSearchAttributeKey(searchAttributes.module, 'KEYWORD');
const healthKey = defineSearchAttributeKey(searchAttributes.health, 'KEYWORD');

/** Who has asked for a try since one began to listen. */
export type Asked = () => 'resume' | 'sibling' | undefined;

export class StatusBoard<S extends Status> {
  /** How often an operator has said `resume`. */
  resumes = 0;
  /** Not while a person has to decide. */
  protected triesByItself = true;
  protected knowsSearchAttributes = false;
  private paused = false;
  /** How often another workflow of the module has told that it works again. */
  private nudges = 0;
  /** What is wrong now, by whose trouble it is. */
  private readonly troubles = new Map<object, ApplicationFailure>();
  /** Which steps wait for API credits. */
  private readonly waits = new Map<object, string>();

  /**
   * @param facts what a manager reads in the Web UI beside phase and trouble.
   * @param carried from the run before; its trouble is this board's own until `markRecovered()`.
   */
  constructor(
    protected readonly state: S,
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
    if (paused !== this.paused) log.info(paused ? 'paused by an operator' : 'resumed by an operator');
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
    const { triesByItself } = this;
    setCurrentDetails(details(this.state, { facts: this.facts(this.state), triesByItself }));
    if (this.knowsSearchAttributes && before !== this.state.health) this.tag();
  }

  /** Only where the namespace knows them: an unknown one blocks the workflow. */
  useSearchAttributes({ searchAttributes: known }: Pick<ModuleSettings, 'searchAttributes'>): void {
    this.knowsSearchAttributes = known;
    if (known) this.tag();
  }

  /** Says what is wrong without waiting. Steps run side by side, so each has a trouble of its own. */
  markDegraded(failure: ApplicationFailure, trouble: object = this): void {
    this.troubles.set(trouble, failure);
    this.endWait(trouble);
    const { message, type } = failure;
    if (this.state.lastError !== message) log.warn('degraded', { type, reason: message });
    this.show({ health: 'degraded', ...said(failure) } as Partial<S>);
  }

  /** Something works: whether it had been in trouble. */
  markRecovered(trouble: object = this): boolean {
    this.endWait(trouble);
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
      log.info('works again');
      this.show({ health: 'ok' } as Partial<S>);
    }
    return true;
  }

  /** A step waits for something that comes by itself: nothing is degraded. */
  protected markWaiting(step: object, why: string): void {
    this.waits.set(step, why);
    this.showWaits();
  }

  private endWait(step: object): void {
    if (this.waits.delete(step)) this.showWaits();
  }

  private showWaits(): void {
    const [waiting] = this.waits.values();
    if (waiting === undefined) delete this.state.waiting;
    this.show((waiting === undefined ? {} : { waiting }) as Partial<S>);
  }

  private noteRetries(report: unknown): void {
    if (!isObject(report)) return;
    const { activity, attempts, reason } = report as Partial<Retrying>;
    this.show({ retrying: `${activity} has failed ${attempts} times: ${reason}` } as Partial<S>);
  }

  private tag(): void {
    upsertSearchAttributes([
      { key: moduleKey, value: this.state.module },
      { key: healthKey, value: this.state.health },
    ]);
  }
}

const said = ({ message, type }: ApplicationFailure): Pick<Status, 'lastError' | 'lastErrorType'> => ({
  lastError: message,
  ...(type ? { lastErrorType: type } : {}),
});
