// `zoho-mirror rejects list|replay`: what could not go in, and another try at it. Shows no record's contents unless asked to.
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import { workflowIds, type NotificationSyncStatus } from '../contracts';
import type { Database, OpenReject } from '../db';
import { toIsoMs } from '../mirror';
import { sendHints, statusOf } from '../temporal';
import { withDatabase } from './database';
import { noWorkerAnswers } from './follow';
import { reachTemporal, requireModule, runCommand, type ExitCode, type Frame } from './frame';
import { printAnswer, printProgress, table } from './print';

interface ListOptions {
  id?: string[];
  limit: string;
  raw: boolean;
  json: boolean;
}

interface ReplayOptions {
  id?: string[];
  json: boolean;
}

export function addRejects(program: Command): void {
  const rejects = program
    .command('rejects')
    .description('Records that the table could not take: lists them, or tries them again');
  addList(rejects);
  addReplay(rejects);
}

const addList = (rejects: Command): void =>
  void rejects
    .command('list')
    .description('Lists the open rejects, newest first')
    .argument('[module]', 'API name of the module; default: all that are configured')
    .option('--id <id...>', 'only these records')
    .option('--limit <n>', 'at most so many a module', '100')
    .option('--raw', "show each record's contents too: personal data", false)
    .option('--json', 'print one JSON object', false)
    .addHelpText(
      'after',
      `
The same with SQL:
  SELECT id, column_name, reason, rejected_at FROM zoho_mirror.rejected_record
   WHERE module = 'Leads' AND resolved_at IS NULL ORDER BY rejected_at DESC
On SQLite the table is called zoho_mirror_rejected_record.`,
    )
    .action((module: string | undefined, options: ListOptions) =>
      runCommand(async (frame) => {
        if (module !== undefined) requireModule(frame, module);
        const modules = module === undefined ? Object.keys(frame.config.modules) : [module];
        return withDatabase(frame.config, (db) => list(db, modules, options));
      }),
    );

async function list(db: Database, modules: readonly string[], options: ListOptions): Promise<ExitCode> {
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1)
    throw new Error(`--limit ${options.limit} is not valid. Allowed: a whole number from 1`);
  const found: (Omit<OpenReject, 'rejectedAt'> & { module: string; rejectedAt: string })[] = [];
  let open = 0;
  for (const module of modules) {
    open += await db.openRejects(module);
    const query = { limit, raw: options.raw, ...(options.id ? { ids: options.id } : {}) };
    for (const reject of await db.listRejects(module, query))
      found.push({ module, ...reject, rejectedAt: toIsoMs(reject.rejectedAt) });
  }
  const head = ['MODULE', 'RECORD', 'COLUMN', 'WHEN', 'REASON', ...(options.raw ? ['CONTENTS'] : [])];
  const rows = found.map(({ module, id = '-', column = '-', rejectedAt, reason, raw = '' }) => [
    module,
    id,
    column,
    rejectedAt,
    reason,
    ...(options.raw ? [raw] : []),
  ]);
  const more = open > found.length ? [`${found.length} of ${open}`] : [];
  printAnswer(
    { open, rejects: found },
    found.length === 0 ? ['none'] : [...table(head, rows), ...more],
    options,
  );
  return 0;
}

const addReplay = (rejects: Command): void =>
  void rejects
    .command('replay')
    .description(
      'Reads rejected records from Zoho again and merges them; exit code 1 when some are refused again',
    )
    .argument('[module]', 'API name of the module', 'Leads')
    .option('--id <id...>', 'only these records')
    .option('--json', 'print one JSON object', false)
    .addHelpText(
      'after',
      `
It reads them as if Zoho had notified them. The same with the Temporal CLI:
  temporal workflow signal-with-start --task-queue zoho-mirror --type NotificationSync \\
    --workflow-id notification-sync/Leads --input '{"module":"Leads"}' --signal-name recordsChanged \\
    --signal-input '{"ids":["4876876000000001001"],"operation":"unknown","receivedAt":"2026-01-31T08:00:00Z"}'`,
    )
    .action((module: string, options: ReplayOptions) =>
      runCommand(async (frame) => {
        requireModule(frame, module);
        await reachTemporal(frame);
        return withDatabase(frame.config, (db) => replay(frame, db, module, options));
      }),
    );

/** Far from what makes NotificationSync drop ids for a catch-up, also beside what it is notified of meanwhile. */
const idsAtATime = 500;

async function replay(frame: Frame, db: Database, module: string, options: ReplayOptions): Promise<ExitCode> {
  const open = await db.listRejects(module, options.id ? { ids: options.id } : {});
  const ids = [...new Set(open.flatMap(({ id }) => (id === undefined ? [] : [id])))];
  const unknown = (options.id ?? []).filter((id) => !ids.includes(id));
  if (unknown.length > 0) throw new Error(`${module} has no open reject of ${unknown.join(', ')}`);
  const again: OpenReject[] = [];
  for (let at = 0; at < ids.length; at += idsAtATime) {
    const some = ids.slice(at, at + idsAtATime);
    again.push(...(await tryAgain(frame.temporal, db, module, some)));
    printProgress(`${module}: ${Math.min(at + idsAtATime, ids.length)} of ${ids.length} read again`);
  }
  const left = new Set(again.map(({ id }) => id)).size;
  const withoutId = open.filter(({ id }) => id === undefined).length;
  printAnswer(
    {
      module,
      replayed: ids.length,
      settled: ids.length - left,
      rejected: left,
      withoutId,
      rejects: again.map((reject) => ({ ...reject, rejectedAt: toIsoMs(reject.rejectedAt) })),
    },
    [
      `${module}: ${ids.length} records read again, ${ids.length - left} settled, ${left} refused again`,
      ...again.map(
        ({ id, column, reason }) => `  ${id}: ${column === undefined ? '' : `${column}: `}${reason}`,
      ),
      ...(withoutId > 0 ? [`  ${withoutId} rows without a readable id cannot be read again`] : []),
    ],
    options,
  );
  return left === 0 ? 0 : 1;
}

const lookEveryMs = 500;

/** Answers what is refused again, once every one of the records has been merged or refused anew. */
async function tryAgain(
  temporal: Client,
  db: Database,
  module: string,
  ids: readonly string[],
): Promise<OpenReject[]> {
  const before = new Map((await db.listRejects(module, { ids })).map((reject) => [keyOf(reject), reject]));
  const receivedAt = new Date().toISOString();
  await sendHints(temporal, module, { ids: [...ids], operation: 'unknown', receivedAt });
  const waiting = new Waiting(temporal, module);
  for (;;) {
    const now = await db.listRejects(module, { ids });
    if (!now.some((reject) => before.has(keyOf(reject)))) return now;
    // A reject of the same observation stays as it is: then it is the workflow that says when it has been through.
    if (await waiting.isOver()) return db.listRejects(module, { ids });
    await delay(lookEveryMs);
  }
}

const keyOf = ({ id, column, rejectedAt }: OpenReject): string => `${id} ${column} ${rejectedAt}`;

/** Says on standard error what NotificationSync waits for; it is over when it has nothing left to read. */
class Waiting {
  private said = '';

  constructor(
    private readonly temporal: Client,
    private readonly module: string,
  ) {}

  async isOver(): Promise<boolean> {
    const workflowId = workflowIds.notificationSync(this.module);
    const status = await statusOf<NotificationSyncStatus>(this.temporal, workflowId);
    const { lastError, waiting, retrying, phase } = status ?? {};
    this.say(
      status === undefined
        ? noWorkerAnswers(workflowId)
        : lastError !== undefined
          ? `needs you: ${lastError}`
          : (waiting ?? retrying ?? (phase === 'paused' ? `paused: zoho-mirror resume ${this.module}` : '')),
    );
    return status !== undefined && status.pending === 0 && phase !== 'starting';
  }

  private say(line: string): void {
    if (line !== '' && line !== this.said) printProgress((this.said = line));
  }
}
