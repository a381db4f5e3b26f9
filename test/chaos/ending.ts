// How a history ends: the faults have stopped. First notifications alone, then one catch-up, also after days in which nobody was there,
// then Reconcile must have brought everything.
import { setTimeout as delay } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import {
  queries,
  scheduleIds,
  TASK_QUEUE,
  updates,
  workflowIds,
  workflowTypes,
  type LoadStatus,
  type ReconcileStatus,
  type Status,
} from '../../src/contracts';
import { eventually } from '../support/eventually';
import type { Life } from './chronicle';
import type { Act, Story } from './draw';
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
const lookEveryMs = 1_000;
const dayMs = 86_400_000;

export async function ending(story: Story, play: Play): Promise<void> {
  const { stage, witness, tell } = play;
  await finished<LoadStatus>(play, workflowIds.initialSync(moduleName));
  tell('InitialSync is done');
  await quietHour(story, play);
  await byHintsAlone(play);
  await byCatchUpAlone(play);
  await absence(story, play);
  await reload(story, play);
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

/** Life goes on, API and Temporal may die, and what is notified has nobody but NotificationSync. */
async function quietHour({ quiet }: Story, { world, stage, witness, tell }: Play): Promise<void> {
  if (quiet.length === 0) return;
  // A channel that was killed is only missed in its next renewal, days later: a person asks for it.
  const renewal = world.client.workflow.getHandle(workflowIds.channelRenewal(moduleName));
  if (world.sim.channels.live().length === 0) await renewal.executeUpdate(updates.renewNow);
  await stage.perform(quiet, () => witness.failures.length > 0);
  world.sim.faults.clear();
  await world.allUp();
  tell('from here on nothing changes');
}

async function byCatchUpAlone(play: Play): Promise<void> {
  const { witness } = play;
  const { watermark, asked } = await catchUp(play);
  if (watermark < asked)
    witness.fail('a catch-up moves the watermark to its start', new Date(watermark).toISOString());
  const visible = witness.missing(witness.look(), ({ hidden }) => !hidden);
  witness.blame('a catch-up alone brings every change', visible);
}

async function catchUp(play: Play): Promise<{ watermark: number; asked: number }> {
  const { world, stage, tell } = play;
  const { clock } = world.sim;
  // A catch-up ends before the second in which it starts: what happens in that one is the next one's.
  clock.advance(2_000);
  const asked = clock.now() - 1_000;
  await eventually('Temporal to take CatchUpSync', () => stage.catchUp());
  const { watermark = '' } = await finished<LoadStatus>(play, workflowIds.catchUp(moduleName));
  tell(`CatchUpSync is done, the watermark is ${watermark}`);
  return { watermark: Date.parse(watermark), asked };
}

/** The catch-up after it may find that Zoho has forgotten deletions: then a load has begun. */
async function absence({ daysAway, away }: Story, play: Play): Promise<void> {
  if (daysAway === 0) return;
  const { world, stage, witness, tell } = play;
  tell(`nobody is there for ${daysAway} days`);
  await unnoticed(play, away);
  world.sim.clock.advance(daysAway * dayMs);
  const { watermark, asked } = await catchUp(play);
  if (watermark < asked) await finished<LoadStatus>(play, workflowIds.initialSync(moduleName));
  const visible = witness.missing(witness.look(), ({ hidden }) => !hidden);
  witness.blame('after any absence one catch-up, or the load that it begins, brings every change', visible);
  tell(`${stage.chronicle.liveIds().length} records live`);
}

async function unnoticed({ world, stage }: Play, acts: readonly Act[]): Promise<void> {
  world.sim.notifier.enabled = false;
  for (const act of acts) stage.play(act);
  await stage.calm();
  world.sim.notifier.enabled = true;
}

/** Everything anew, over a table that is full; perhaps at first by a user who has lost the right to see it, until a person looks. */
async function reload(story: Story, play: Play): Promise<void> {
  if (story.reload === 'no') return;
  const { world, stage, witness, tell } = play;
  tell(`loading again, ${story.reload}`);
  if (story.reload === 'blind') world.sim.crm.hidden.add(moduleName);
  const handle = await stage.sync();
  if (story.reload === 'blind') {
    await eventually('the load to ask or to end', async () => {
      const { health, phase } = await handle.query<Status>(queries.status);
      return health === 'degraded' || phase === 'done';
    });
    witness.look();
    world.sim.crm.hidden.delete(moduleName);
    await resumed(handle);
  }
  await finished<LoadStatus>(play, workflowIds.initialSync(moduleName));
  // What was not in the table before, an export that shows nothing does not bring either.
  const shown = ({ hidden }: Life): boolean => story.reload === 'seeing' || !hidden;
  const wrong = witness.missing(witness.look(), shown, { formulasToo: true });
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
async function byComparing({ fields, last, weekly }: Story, play: Play): Promise<void> {
  const found = await reconcile(play, { repair: false, fields });
  if (found === 0 && last.length === 0) return;
  await reconcile(play, { repair: true, fields }, weekly);
  const left = await reconcile(play, { repair: false, fields });
  if (left > 0) play.witness.fail('after a repair a second comparison is clean', `${left} differ`);
}

/** Answers how many records it found to differ. */
async function reconcile(
  play: Play,
  how: { repair: boolean; fields: boolean },
  weekly = false,
): Promise<number> {
  const { world, witness, tell } = play;
  // A row that was read in the second of the export may have been made after it.
  world.sim.clock.advance(2_000);
  const seen = witness.look();
  const before = witness.differences(seen, how.fields);
  const workflowId = weekly
    ? await bySchedule(world)
    : await eventually('Temporal to take Reconcile', async () => {
        const { workflowId } = await world.client.workflow.start(workflowTypes.reconcile, {
          taskQueue: TASK_QUEUE,
          workflowId: workflowIds.reconcile(moduleName),
          workflowIdConflictPolicy: 'USE_EXISTING',
          args: [{ module: moduleName, ...how }],
        });
        return workflowId;
      });
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

/** As the mirror itself does every week. */
async function bySchedule({ client }: World): Promise<string> {
  const schedule = client.schedule.getHandle(scheduleIds.reconcile(moduleName));
  await schedule.trigger();
  return eventually('the schedule to start Reconcile', async () => {
    const { info } = await schedule.describe();
    return info.recentActions.at(-1)?.action.workflow.workflowId;
  });
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
  for (const idOf of [workflowIds.channelRenewal, workflowIds.notificationSync])
    await resumed(world.client.workflow.getHandle(idOf(moduleName))).catch(() => undefined);
  await eventually('the last notification', () => world.sim.notifier.idle());
  const { delivered } = world.sim.notifier.counts;
  let { count, runs, lastMs } = await acceptedHints(world.client);
  // Runs are listed a little after they have begun.
  await eventually('Temporal to list every run', async () => {
    ({ count, runs, lastMs } = await acceptedHints(world.client));
    return count >= delivered;
  }).catch(() => undefined);
  tell(`${delivered} notifications were answered 200, Temporal has ${count} of them, in ${runs} runs`);
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
  const waiting = new AbortController();
  const result = world.client.withAbortSignal(waiting.signal, () => handle.result() as Promise<T>);
  result.catch(() => undefined);
  const giveUp = (why: string): never => {
    waiting.abort();
    throw new Error(`${workflowId} ${why}`);
  };
  for (;;) {
    const ended = await Promise.race([result.then((value) => ({ value })), delay(lookEveryMs)]);
    if (ended) return ended.value;
    if (witness.failures.length > 0) giveUp('is not waited for any more');
    const { phase, health, lastError } = await handle.query<Status>(queries.status);
    if (Date.now() > deadline) giveUp(`is still ${phase} (${health}: ${lastError})`);
    if (health !== 'degraded') continue;
    tell(`${workflowId}: ${phase}, degraded, ${lastError}: resume`);
    await handle.executeUpdate(updates.resume);
  }
}

/** What a person does who has mended what was wrong. */
async function resumed(handle: WorkflowHandle): Promise<void> {
  const { health } = await handle.query<Status>(queries.status);
  if (health === 'degraded') await handle.executeUpdate(updates.resume);
}
