// `zoho-mirror status`: how every module stands, and what needs a person.
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { errorTypes } from '../contracts';
import { openDatabase } from '../db';
import { requireTables } from './database';
import { complain, reachTemporal, requireModule, runCommand, type ExitCode } from './frame';
import { readMirror, type MirrorState, type ModuleHealth, type ModuleState } from '../overview';
import { paint, printAnswer, printLine, span, table, type Cell } from './print';

interface StatusOptions {
  json: boolean;
  watch: boolean;
}

const watchEveryMs = 3_000;

export const addStatus = (program: Command): void =>
  void program
    .command('status')
    .description('How every module stands; exit code 1 when one is degraded')
    .argument('[module]', 'API name of the module; default: all')
    .option('--json', 'print one JSON object', false)
    .option('--watch', 'look again every few seconds until Ctrl-C', false)
    .addHelpText(
      'after',
      `
The same with the Temporal CLI and T-SQL (on SQLite the tables are called zoho_mirror_sync_state and so on, and TOP 1 is LIMIT 1):
  temporal workflow list --query 'MirrorHealth="degraded" AND ExecutionStatus="Running"'
  temporal workflow query --workflow-id channel-renewal/Leads --type status
  SELECT watermark FROM zoho_mirror.sync_state WHERE module = 'Leads'
  SELECT TOP 1 * FROM zoho_mirror.sync_run WHERE module = 'Leads' ORDER BY started_at DESC
  SELECT count(*) FROM zoho_mirror.rejected_record WHERE module = 'Leads' AND resolved_at IS NULL`,
    )
    .action((module: string | undefined, options: StatusOptions) =>
      runCommand(async (frame) => {
        if (module !== undefined) requireModule(frame, module);
        const modules = module === undefined ? Object.keys(frame.config.modules) : [module];
        const db = await openDatabase(frame.config.legacyDb);
        const look = async (): Promise<MirrorState> => {
          await reachTemporal(frame);
          await requireTables(db);
          return readMirror({ ...frame, db }, { modules, closely: true });
        };
        try {
          return await (options.watch ? watch(look, options) : show(await look(), options));
        } finally {
          await db.close();
        }
      }),
    );

function show(state: MirrorState, options: StatusOptions): ExitCode {
  printAnswer(state, describe(state), options);
  return state.health === 'ok' ? 0 : 1;
}

/** Ends with Ctrl-C alone, and the exit code of what was last seen: what cannot be looked at now is what it is watched for. */
async function watch(look: () => Promise<MirrorState>, options: StatusOptions): Promise<ExitCode> {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const stopping = stop.signal;
  let code: ExitCode = 0;
  while (!stopping.aborted) {
    try {
      const state = await look();
      if (process.stdout.isTTY && !options.json) process.stdout.write('\x1b[2J\x1b[H');
      code = show(state, options);
    } catch (error) {
      code = complain(error);
    }
    if (!options.json) printLine(paint('dim', `${new Date().toISOString()}, Ctrl-C ends`));
    await delay(watchEveryMs, undefined, { signal: stopping }).catch(() => undefined);
  }
  return code;
}

const head = [
  'MODULE',
  'HEALTH',
  'WATERMARK',
  'LAG',
  'LAST RUN',
  'LIVE',
  'DELETED',
  'REJECTS',
  'CHANNEL',
] as const;

/** Lines for people. */
export function describe(state: MirrorState, nowMs = Date.now()): string[] {
  return [
    ...table(
      head,
      state.modules.map((module) => row(module, nowMs)),
    ),
    '',
    ...table(
      ['WORKFLOW', 'PHASE'],
      state.modules.flatMap(({ workflows }) =>
        workflows.map(({ workflowId, phase, paused, waiting, retrying }) => [
          workflowId,
          [paused && phase !== 'paused' ? `${phase}, paused` : phase, waiting, retrying]
            .filter((part) => part !== undefined)
            .join(': '),
        ]),
      ),
    ),
    '',
    `workers ${state.workers} · ${credits(state)}`,
    ...state.modules.flatMap((module) => needs(module, state)),
  ];
}

const colours: Record<ModuleHealth, 'green' | 'red' | 'yellow'> = {
  ok: 'green',
  degraded: 'red',
  'no worker': 'red',
  'not started': 'yellow',
};

function row(module: ModuleState, nowMs: number): (string | Cell)[] {
  const { health, watermark, lagSeconds, lastRun, rows, openRejects, channelExpiresAt } = module;
  const ago = (iso: string): string => `${span(nowMs - Date.parse(iso))} ago`;
  return [
    module.module,
    { text: health, style: colours[health] },
    watermark ?? '-',
    lagSeconds === undefined ? '-' : span(lagSeconds * 1_000),
    lastRun === undefined ? '-' : `${lastRun.workflow} ${lastRun.outcome} ${ago(lastRun.endedAt)}`,
    rows === undefined ? '-' : `${rows.live}`,
    rows === undefined ? '-' : `${rows.deleted}`,
    `${openRejects}`,
    channelExpiresAt === undefined ? '-' : until(channelExpiresAt, nowMs),
  ];
}

const until = (iso: string, nowMs: number): string =>
  Date.parse(iso) > nowMs ? `expires in ${span(Date.parse(iso) - nowMs)}` : 'expired';

function credits({ credits: { spentToday, left, daily } }: MirrorState): string {
  const of = daily === undefined ? '' : ` of ${daily}`;
  return `API credits of the last 24 h: ${spentToday}${of} spent${left === undefined ? '' : `, ${left} left`}`;
}

/** What a person must do, trouble by trouble. */
function needs(seen: ModuleState, { workers }: MirrorState): string[] {
  const { module, health, workflows, openRejects, lastRun } = seen;
  const lines = workflows.flatMap(({ workflowId, lastError, lastErrorType }) =>
    lastError === undefined
      ? []
      : ['', paint('red', `${workflowId}: ${lastError}`), `  ${whatToDo(lastErrorType)}`],
  );
  lines.push(...paused(seen));
  if (lastRun?.outcome === 'failed')
    lines.push('', `${module}: the last run failed${lastRun.detail ? `: ${lastRun.detail}` : ''}`);
  if (health === 'no worker')
    lines.push(
      '',
      workers === 0
        ? `${module}: no worker answers. Start one: zoho-mirror start, or npm run worker`
        : `${module}: a worker is there, but not all of its workflows answer. Look again, then at the worker's log`,
    );
  if (health === 'not started')
    lines.push('', `${module}: not loaded yet. Load it: zoho-mirror sync ${module}`);
  if (openRejects > 0)
    lines.push(
      '',
      `${module}: ${openRejects} rows could not go in. See them: zoho-mirror rejects list ${module}; once mended: zoho-mirror rejects replay ${module}`,
    );
  return lines;
}

/** A module that was paused as a whole is one thing to let go on. */
function paused({ module, workflows, pausedSchedules = [] }: ModuleState): string[] {
  const ids = workflows.filter((workflow) => workflow.paused).map(({ workflowId }) => workflowId);
  const ours = pausedSchedules.filter((schedule) => schedule.ours).map(({ scheduleId }) => scheduleId);
  const all = [...ids, ...ours.map((scheduleId) => `schedule ${scheduleId}`)].join(', ');
  const whole = [`${module} is paused: ${all}. Let it go on: zoho-mirror resume ${module}`];
  const one = ids.map((id) => `${id} is paused. Let it go on: zoho-mirror resume ${id}`);
  const others = pausedSchedules
    .filter((schedule) => !schedule.ours)
    .map(
      ({ scheduleId, note }) =>
        `The schedule ${scheduleId} is paused${note ? ` (${note})` : ''} and starts nothing. ` +
        `Let it go on: temporal schedule toggle --schedule-id ${scheduleId} --unpause`,
    );
  return [...(ours.length > 0 ? whole : one), ...others].flatMap((line) => ['', line]);
}

const whatToDo = (type: string | undefined): string =>
  type !== undefined && type in errorTypes
    ? errorTypes[type as keyof typeof errorTypes].operator
    : 'See docs/operations.md.';
