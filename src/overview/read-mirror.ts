// How the mirror stands, for `status` and the worker's gauges: gathered from Temporal and the database. Reads only, and never asks Zoho: looking costs no credits.
import type { Client } from '@temporalio/client';
import { knownTable } from '../activities';
import type { Config } from '../config';
import type { ChannelStatus, Counts, Phase } from '../contracts';
import {
  SchemaMismatchError,
  type Database,
  type OpenCounts,
  type RecordedRun,
  type TargetTable,
} from '../db';
import { instant, toIsoMs } from '../mirror';
import {
  pausedSchedulesOf,
  runningWorkflows,
  workersSeen,
  type PausedSchedule,
  type RunningWorkflow,
} from '../temporal';
import { lastTold, leftIn, spentIn, type CreditMinute } from '../zoho';

/** `no worker`: nobody answers, so nothing is known and nothing goes on. `not started`: never loaded, and not being loaded. */
export type ModuleHealth = 'ok' | 'degraded' | 'no worker' | 'not started';

export interface WorkflowState {
  workflowId: string;
  phase: Phase | 'no worker';
  paused?: true;
  health?: 'ok' | 'degraded';
  lastError?: string;
  lastErrorType?: string;
  waiting?: string;
  retrying?: string;
}

export interface ModuleState {
  module: string;
  health: ModuleHealth;
  workflows: WorkflowState[];
  pausedSchedules?: PausedSchedule[];
  watermark?: string;
  lagSeconds?: number;
  lastRun?: { workflow: string; outcome: string; endedAt: string; counts: Counts; detail?: string };
  rows?: { live: number; deleted: number };
  openRejects: number;
  channelExpiresAt?: string;
}

export interface MirrorState {
  health: 'ok' | 'degraded';
  workers: number;
  /** `left`: of the day's credits, by our count and Zoho's last word. */
  credits: { spentToday: number; left?: number; daily?: number };
  modules: ModuleState[];
}

const dayMs = 86_400_000;

export interface Looking {
  /** Default: all that are configured. */
  modules?: readonly string[];
  /** Counts rows too, which reads the whole table, and looks at the schedules. */
  closely: boolean;
}

export async function readMirror(
  { config, temporal, db }: { config: Config; temporal: Client; db: Database },
  { modules = Object.keys(config.modules), closely }: Looking,
): Promise<MirrorState> {
  const [running, seen, spent] = await Promise.all([
    runningWorkflows(temporal),
    workersSeen(temporal),
    db.readSpent(instant(Date.now() - dayMs)),
  ]);
  // One that was killed is seen for a while, but answers nothing.
  const silent = running.length > 0 && running.every(({ status }) => status === undefined);
  const workers = silent ? 0 : seen.count;
  const states: ModuleState[] = [];
  for (const module of modules) {
    const own = running.filter((workflow) => workflow.module === module);
    const table = closely ? knownTable(module, config.modules[module]!) : undefined;
    const state = stateOf({ module, own, workers, stored: await readStored(db, module, table) });
    const pausedSchedules = closely ? await pausedSchedulesOf(temporal, module) : [];
    states.push({ ...state, ...(pausedSchedules.length > 0 ? { pausedSchedules } : {}) });
  }
  return {
    health: states.every(({ health }) => health === 'ok') ? 'ok' : 'degraded',
    workers,
    credits: creditsOf(spent, config.limits?.dailyCredits),
    modules: states,
  };
}

function creditsOf(spent: readonly CreditMinute[], daily: number | undefined): MirrorState['credits'] {
  const now = instant(Date.now());
  const left = daily === undefined ? lastTold(spent)?.remaining : leftIn(spent, daily, now);
  return {
    spentToday: spentIn(spent, now),
    ...(left === undefined ? {} : { left }),
    ...(daily === undefined ? {} : { daily }),
  };
}

interface Stored {
  watermark: number | undefined;
  run: RecordedRun | undefined;
  counts: OpenCounts | undefined;
  openRejects: number;
}

async function readStored(db: Database, module: string, table: TargetTable | undefined): Promise<Stored> {
  const { watermark } = await db.state(module);
  const [run] = await db.lastRuns(module, 1);
  const counts = table && (await countRows(db, table));
  return { watermark, run, counts, openRejects: await db.openRejects(module) };
}

async function countRows(db: Database, table: TargetTable): Promise<OpenCounts | undefined> {
  try {
    return await db.count(table);
  } catch (error) {
    // The table is made by the first load.
    if (error instanceof SchemaMismatchError) return undefined;
    throw error;
  }
}

function stateOf(seen: {
  module: string;
  own: readonly RunningWorkflow[];
  workers: number;
  stored: Stored;
}): ModuleState {
  const { module, own, workers, stored } = seen;
  const { watermark, run, counts, openRejects } = stored;
  const expiresAt = own
    .map(({ status }) => (status as Partial<ChannelStatus> | undefined)?.expiresAt)
    .find((at) => at !== undefined);
  return {
    module,
    health: healthOf({ own, workers, loaded: watermark !== undefined, run }),
    workflows: own.map(workflowState),
    ...(watermark === undefined
      ? {}
      : {
          watermark: toIsoMs(instant(watermark)),
          lagSeconds: Math.max(0, Math.round((Date.now() - watermark) / 1_000)),
        }),
    ...(run === undefined ? {} : { lastRun: lastRun(run) }),
    ...(counts === undefined ? {} : { rows: { live: counts.live, deleted: counts.deleted } }),
    openRejects,
    ...(expiresAt === undefined ? {} : { channelExpiresAt: expiresAt }),
  };
}

function healthOf(seen: {
  own: readonly RunningWorkflow[];
  workers: number;
  loaded: boolean;
  run: RecordedRun | undefined;
}): ModuleHealth {
  const { own, workers, loaded, run } = seen;
  if (own.some(({ status }) => status?.health === 'degraded')) return 'degraded';
  if (workers === 0 || own.some(({ status }) => status === undefined)) return 'no worker';
  // No workflow is left to say so of itself.
  if (run?.outcome === 'failed') return 'degraded';
  return own.length === 0 && !loaded ? 'not started' : 'ok';
}

function workflowState({ workflowId, status }: RunningWorkflow): WorkflowState {
  if (status === undefined) return { workflowId, phase: 'no worker' };
  const { phase, health, paused, lastError, lastErrorType, retrying } = status;
  const waiting = status.waiting ?? (status as Partial<ChannelStatus>).notNotified;
  return {
    workflowId,
    phase,
    health,
    ...(paused ? { paused } : {}),
    ...(lastError === undefined ? {} : { lastError }),
    ...(lastErrorType === undefined ? {} : { lastErrorType }),
    ...(waiting === undefined ? {} : { waiting }),
    ...(retrying === undefined ? {} : { retrying }),
  };
}

const lastRun = ({
  workflow,
  outcome,
  updatedAt,
  counts,
  detail,
}: RecordedRun): NonNullable<ModuleState['lastRun']> => ({
  workflow,
  outcome,
  endedAt: toIsoMs(updatedAt),
  counts,
  ...(detail === undefined ? {} : { detail }),
});
