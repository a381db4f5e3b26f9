// The door of the simulator: starts a pretended Zoho CRM in this process; nothing of the product passes through it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Channels } from './channels';
import { Clock } from './clock';
import type { Context } from './context';
import { Credits } from './credits';
import { Crm } from './crm';
import { Faults, postKinds } from './faults';
import { jobStatus } from './job-json';
import { Jobs, type Job } from './jobs';
import { Notifier } from './notifications';
import { OAuth } from './oauth';
import { defaultOptions, type SimulatorOptions } from './options';
import { PageTokens } from './page-tokens';
import { createPoster } from './poster';
import { resetAll } from './reset';
import { statistics } from './routes/control';
import { buildServer } from './server';
import { Stats } from './stats';
import { truthPage, type TruthPage } from './truth';
import { Zone } from './zone';

export { defaultOptions, type SimulatorOptions } from './options';
export type { FaultKind, FaultRule, Faults } from './faults';
export type { Clock } from './clock';
export type { Crm, Table } from './crm';
export type { Channels, Channel } from './channels';
export type { Credits, Limits } from './credits';
export type { Jobs, Job, JobState } from './jobs';
export type { Notifier } from './notifications';
export type { OAuth } from './oauth';
export type { Stats } from './stats';
export type { TruthPage } from './truth';
export type { Field, Module, Row, Value } from './types';
export { mutate, type Mutation, type Touched } from './mutate';

export interface Simulator {
  readonly url: string;
  readonly crm: Crm;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly jobs: Jobs;
  readonly channels: Channels;
  readonly oauth: OAuth;
  readonly credits: Credits;
  readonly notifier: Notifier;
  readonly stats: Stats;
  /** The same as `GET /__sim/stats`. */
  statistics(): Record<string, unknown>;
  /** All live records of a module in canonical form, and the ids of the deleted. */
  truth(module: string): TruthPage;
  reset(): void;
  /** Resolves when the port is free again and the files are gone. */
  close(): Promise<void>;
}

export async function startSimulator(given: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  const options: SimulatorOptions = { ...defaultOptions, ...given };
  const directory = mkdtempSync(join(tmpdir(), 'zoho-simulator-'));
  let url = '';
  const context = assemble(options, directory, () => url);
  const app = buildServer(context);
  url = await app.listen({ host: options.host, port: options.port });
  const { crm, clock, faults, jobs, channels, oauth, credits, notifier, stats } = context;
  return {
    url,
    crm,
    clock,
    faults,
    jobs,
    channels,
    oauth,
    credits,
    notifier,
    stats,
    statistics: () => statistics(context),
    truth: (module) => truthPage(crm.table(module), { limit: Number.MAX_SAFE_INTEGER }),
    reset: () => resetAll(context),
    close: async () => {
      notifier.stop();
      jobs.reset();
      await app.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function assemble(options: SimulatorOptions, directory: string, url: () => string): Context {
  const clock = new Clock();
  const zone = new Zone(options.timeZone);
  const crm = new Crm(options, clock);
  const faults = new Faults(options.seed);
  const channels = new Channels(clock);
  const post = createPoster(options.notifyTimeoutMs);
  const stats = new Stats();
  const notifier = new Notifier({ options, clock, crm, channels, faults, zone, post, url });
  const callBack = (job: Job, again = true): void => {
    if (job.callbackUrl === null) return;
    const fault = again
      ? faults.take({ route: 'bulk.callback', url: job.callbackUrl }, postKinds)
      : undefined;
    if (fault?.kind === 'drop') {
      stats.callbacks.dropped += 1;
      return;
    }
    if (fault?.kind === 'delay' || fault?.kind === 'reorder') {
      setTimeout(() => callBack(job, false), fault.delayMs ?? 1000).unref();
      return;
    }
    if (fault?.kind === 'double') callBack(job, false);
    void post(job.callbackUrl, jobStatus(job, zone)).then((taken) => {
      stats.callbacks[taken ? 'delivered' : 'failed'] += 1;
    });
  };
  const jobs = new Jobs({ options, clock, crm, faults, zone, directory, onEnd: callBack });
  const oauth = new OAuth(options, clock);
  const credits = new Credits(options, clock);
  const pageTokens = new PageTokens(clock);
  return {
    options,
    clock,
    zone,
    crm,
    oauth,
    credits,
    faults,
    jobs,
    channels,
    notifier,
    pageTokens,
    stats,
    url,
  };
}
