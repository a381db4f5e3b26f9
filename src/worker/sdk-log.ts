// What the SDK, workflows and activities log, in our shape: one line an event, with workflow and module, and nothing that only the SDK needs.
import { ApplicationFailure } from '@temporalio/common';
import type { Logger, LogLevel } from '@temporalio/worker';
import { isWorthTelling } from '../activities';
import { errorTypes, type ErrorType } from '../contracts';
import type { Log } from '../process';
import { moduleOf } from '../temporal';

type Meta = Record<string | symbol, unknown>;
type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** The runtime's logger: everything goes where our own lines go. */
export function sdkLogger(log: Log): Logger {
  const say =
    (level: Level) =>
    (message: string, meta: Meta = {}): void =>
      log[levelOf(level, meta)](factsOf(meta), message);
  const levels: Record<LogLevel, ReturnType<typeof say>> = {
    TRACE: say('trace'),
    DEBUG: say('debug'),
    INFO: say('info'),
    WARN: say('warn'),
    ERROR: say('error'),
  };
  return {
    log: (level, message, meta) => levels[level](message, meta),
    trace: levels.TRACE,
    debug: levels.DEBUG,
    info: levels.INFO,
    warn: levels.WARN,
    error: levels.ERROR,
  };
}

const typeOf = (error: unknown): ErrorType | undefined => {
  const type = error instanceof ApplicationFailure ? error.type : undefined;
  return type != null && type in errorTypes ? (type as ErrorType) : undefined;
};

/** A failed attempt that is tried again is told at first and then ever more rarely, as the status tells it. */
function levelOf(level: Level, { error, attempt }: Meta): Level {
  if (error === undefined || typeof attempt !== 'number') return level;
  const type = typeOf(error);
  const isRetried = type === undefined || errorTypes[type].retry;
  if (isRetried && attempt > 1 && !isWorthTelling(attempt)) return 'debug';
  return type === undefined && level === 'warn' ? 'error' : level;
}

function factsOf(meta: Meta): object {
  const {
    // Whose it is stands in workflowId and activityType.
    taskToken: _token,
    namespace: _namespace,
    taskQueue: _queue,
    isLocal: _local,
    activityId: _activity,
    sdkComponent: _component,
    workflowRunId,
    runId = workflowRunId,
    error,
    ...facts
  } = meta;
  const module = typeof meta.workflowId === 'string' ? moduleOf(meta.workflowId) : undefined;
  return {
    ...(module === undefined ? {} : { module }),
    ...facts,
    ...(runId === undefined ? {} : { runId }),
    ...(error === undefined ? {} : troubleOf(error)),
  };
}

/** What we have classified says all in a sentence. Of anything else the message may quote a value: Temporal's history has it. */
function troubleOf(error: unknown): object {
  const cause = innermost(error);
  const type = typeOf(cause);
  if (type !== undefined) return { type, reason: (cause as Error).message };
  if (!(cause instanceof Error)) return { type: typeof cause };
  const frames = (cause.stack ?? '').split('\n').filter((line) => /^ +at /.test(line));
  return { type: cause.name, at: frames.slice(0, framesShown).map((line) => line.trim()) };
}

const framesShown = 8;

const innermost = (error: unknown): unknown =>
  typeOf(error) === undefined && error instanceof Error && error.cause instanceof Error
    ? innermost(error.cause)
    : error;
