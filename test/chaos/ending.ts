// How a history ends: the faults have stopped. First notifications alone, then one catch-up, then Reconcile must have brought everything.
import { setTimeout as delay } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import {
  queries,
  TASK_QUEUE,
  updates,
  workflowIds,
  workflowTypes,
  type LoadStatus,
  type ReconcileStatus,
  type Status,
} from '../../src/contracts';
import { eventually } from '../support/eventually';
import type { Story } from './draw';
import { acceptedHints } from './hints';
import type { Stage } from './stage';
import type { Difference, Differing, Witness } from './witness';
import { moduleName, type World } from './world';

export interface Play {
  world: World;
  stage: Stage;
  witness: Witness;
  tell: (line: string) => void;
}

const patienceMs = 90_000;
const resumeEveryMs = 5_000;

export const startInitialSync = (client: Client): Promise<WorkflowHandle> =>
  client.workflow.start(workflowTypes.initialSync, {
    taskQueue: TASK_QUEUE,
    workflowId: workflowIds.initialSync(moduleName),
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [{ module: moduleName }],
  });

export async function ending(story: Story, play: Play): Promise<void> {
  const { stage, witness, tell } = play;
  await finished<LoadStatus>(play, workflowIds.initialSync(moduleName));
  tell('InitialSync is done');
  await byHintsAlone(play);
  await byCatchUpAlone(play);
  if (story.reload) await reload(play);
  await lastActs(story, play);
  await byComparing(story, play);

  const end = witness.look();
  witness.blame(
    'in the end the table equals the CRM',
    witness.missing(end, () => true, { formulasToo: story.fields }),
  );
  const made = [...witness.differences(end, story.fields)].filter(([, kinds]) => kinds.includes('extra'));
  witness.blame(
    'in the end the table has nothing that the CRM does not have',
    made.map(([id]) => id),
  );
  witness.blame('a row shows the formulas of its reading', witness.lateFormulas(end, stage.formulaMs));
  witness.rejects(end);
  tell(
    `${end.rows.size} rows, ${stage.chronicle.liveIds().length} live records, ${end.rejects.length} open rejects, ${witness.looks} looks`,
  );
}

async function byCatchUpAlone(play: Play): Promise<void> {
  const { world, stage, witness, tell } = play;
  const { clock } = world.sim;
  // A catch-up ends before the second in which it starts: what happens in that one is the next one's.
  clock.advance(2_000);
  const before = clock.now() - 1_000;
  await eventually('Temporal to take CatchUpSync', () => stage.catchUp());
  const { watermark } = await finished<LoadStatus>(play, workflowIds.catchUp(moduleName));
  const caughtUp = witness.look();
  tell(`CatchUpSync is done, the watermark is ${watermark}`);
  if (Date.parse(watermark ?? '') < before)
    witness.fail('a catch-up moves the watermark to its start', `${watermark}`);
  const visible = witness.missing(caughtUp, ({ hidden }) => !hidden);
  witness.blame('a catch-up alone brings every change', visible);
}

/** Everything anew, over a table that is full. */
async function reload(play: Play): Promise<void> {
  const { world, witness, tell } = play;
  tell('loading again');
  await eventually('Temporal to take InitialSync', () => startInitialSync(world.client));
  await finished<LoadStatus>(play, workflowIds.initialSync(moduleName));
  const wrong = witness.missing(witness.look(), () => true, { formulasToo: true });
  witness.blame('a complete load leaves nothing as it was', wrong);
}

/** Here at the latest there is something to find that notifications and catch-ups do not show. */
async function lastActs({ last, silent }: Story, { world, stage, witness }: Play): Promise<void> {
  world.sim.notifier.enabled = !silent;
  for (const act of last) {
    stage.play(act);
    witness.forgive(stage.tampered);
  }
  await stage.calm();
  world.sim.notifier.enabled = true;
}

/** Reported first, then repaired; and once repaired, there is nothing left to report. */
async function byComparing({ fields, last }: Story, play: Play): Promise<void> {
  const found = await reconcile(play, { repair: false, fields });
  if (found === 0 && last.length === 0) return;
  await reconcile(play, { repair: true, fields });
  const left = await reconcile(play, { repair: false, fields });
  if (left > 0) play.witness.fail('after a repair a second comparison is clean', `${left} differ`);
}

/** Answers how many records it found to differ. */
async function reconcile(play: Play, how: { repair: boolean; fields: boolean }): Promise<number> {
  const { world, witness, tell } = play;
  const workflowId = workflowIds.reconcile(moduleName);
  const seen = witness.look();
  const before = witness.differences(seen, how.fields);
  await eventually('Temporal to take Reconcile', () =>
    world.client.workflow.start(workflowTypes.reconcile, {
      taskQueue: TASK_QUEUE,
      workflowId,
      workflowIdConflictPolicy: 'USE_EXISTING',
      args: [{ module: moduleName, ...how }],
    }),
  );
  const report = await finished<ReconcileStatus>(play, workflowId);
  const { compared, missing, extra, stale, foreign, rejected, repaired, pending } = report;
  tell(
    `Reconcile ${JSON.stringify(how)}: ${JSON.stringify({ compared, missing, extra, stale, foreign, rejected, repaired, pending })}`,
  );
  witness.blame(
    'Reconcile reports what differs, and nothing else',
    wrongIn(report, before, witness.differences(witness.look(), how.fields)),
  );
  if (foreign !== seen.foreign.size)
    witness.fail(
      'Reconcile counts the rows that the mirror never wrote',
      `${foreign} instead of ${seen.foreign.size}`,
    );
  return missing + extra + stale;
}

const mostSamples = 20;
const differences: readonly Difference[] = ['missing', 'extra', 'stale', 'rejected'];

/** The CRM is quiet, but what was notified may still arrive: what differed before may be mended while Reconcile runs. */
function wrongIn(report: ReconcileStatus, before: Differing, after: Differing): string[] {
  const { repair, repaired, pending, samples } = report;
  const said = differences.flatMap((kind) => samples[kind].map((id) => [id, kind] as const));
  const named = new Set(said.map(([id]) => id));
  const whole = differences.every((kind) => report[kind] <= mostSamples);
  const found = report.missing + report.extra + report.stale;
  return [
    ...said
      .filter(([id, kind]) => before.get(id)?.includes(kind) !== true)
      .map(([id, kind]) => `${id} is ${before.get(id)?.join(' or ') ?? 'as it should be'}, not ${kind}`),
    ...[...after]
      .filter(([id]) => whole && !named.has(id))
      .map(([id, kinds]) => `${id} is ${kinds.join(' or ')}, and it does not say so`),
    ...differences
      .filter((kind) => samples[kind].length !== Math.min(report[kind], mostSamples))
      .map((kind) => `${report[kind]} are ${kind}, and it names ${samples[kind].length}`),
    ...(repaired === (repair ? found : 0) ? [] : [`${found} differ, and ${repaired} are repaired`]),
    ...(pending === 0 ? [] : [`${pending} are pending, and nothing changes any more`]),
  ];
}

/** Without any catch-up: whatever Temporal was told of after its last change is in the table. */
async function byHintsAlone({ world, stage, witness, tell }: Play): Promise<void> {
  if (!world.api) return;
  await eventually('the last notification', () => world.sim.notifier.idle());
  const { delivered } = world.sim.notifier.counts;
  let { count, lastMs } = await acceptedHints(world.client);
  // Runs are listed a little after they have begun.
  await eventually('Temporal to list every run', async () => {
    ({ count, lastMs } = await acceptedHints(world.client));
    return count >= delivered;
  }).catch(() => undefined);
  tell(`${delivered} notifications were answered 200, Temporal has ${count} of them`);
  if (count < delivered)
    witness.fail('200 only for what Temporal has taken', `${delivered} answered 200, ${count} taken`);
  const hinted = (): string[] =>
    witness.missing(
      witness.look(),
      ({ changedHereMs }, id) => changedHereMs > 0 && (lastMs.get(id) ?? 0) > changedHereMs,
    );
  try {
    await eventually('the notified records', () => hinted().length === 0, 40_000);
  } catch {
    witness.blame('what was notified arrives', hinted());
  }
  const told = [...stage.chronicle.lives].filter(
    ([id, { changedHereMs }]) => (lastMs.get(id) ?? 0) > changedHereMs,
  );
  tell(`${told.length} records have arrived by notifications`);
}

/** The result of a workflow. Where it is degraded an operator says `resume`. */
async function finished<T>({ world, witness, tell }: Play, workflowId: string): Promise<T> {
  const handle = world.client.workflow.getHandle(workflowId);
  const deadline = Date.now() + patienceMs;
  const result = handle.result() as Promise<T>;
  result.catch(() => undefined);
  for (let rounds = 1; ; rounds += 1) {
    const ended = await Promise.race([result.then((value) => ({ value })), delay(resumeEveryMs)]);
    if (ended) return ended.value;
    if (witness.failures.length > 0) throw new Error(`${workflowId} is not waited for any more`);
    const { phase, health, lastError } = await handle.query<Status>(queries.status);
    tell(`${workflowId}: ${phase}, ${health}${lastError === undefined ? '' : `, ${lastError}`}`);
    if (Date.now() > deadline) throw new Error(`${workflowId} is still ${phase} (${health}: ${lastError})`);
    if (health === 'degraded') await handle.executeUpdate(updates.resume);
  }
}
