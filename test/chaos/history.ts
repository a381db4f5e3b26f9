// One history from its first beat to the verdict: never miss a change, never resurrect, never lie.
import { setTimeout as delay } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import {
  queries,
  TASK_QUEUE,
  updates,
  workflowIds,
  workflowTypes,
  type LoadStatus,
  type Status,
} from '../../src/contracts';
import { eventually } from '../support/eventually';
import { drawStory, type Story } from './draw';
import { acceptedHints } from './hints';
import { MirrorFile } from './mirror-file';
import { Stage } from './stage';
import { Witness, type Failure } from './witness';
import { moduleName, rulesOf, World, type Product } from './world';

export interface Outcome {
  seed: number;
  failures: Failure[];
  faults: number;
  kills: number;
  changes: number;
  seconds: number;
  /** What was drawn and what came of it, in order, with times. */
  story: string[];
  /** Where logs and databases are, if anything failed. */
  folder?: string;
}

const lookEveryMs = 150;
const patienceMs = 90_000;
const resumeEveryMs = 5_000;

export async function playHistory(
  seed: number,
  options: { product: Product; template: string; tell?: (line: string) => void },
): Promise<Outcome> {
  const began = Date.now();
  const story = drawStory(seed);
  const lines: string[] = [];
  const tell = (line: string): void => {
    lines.push(`${String(Date.now() - began).padStart(6)} ms  ${line}`);
    options.tell?.(lines.at(-1)!);
  };
  tell(`seed ${seed}: ${JSON.stringify(story.world)}`);
  const world = await World.open(story.world, options.product, options.template);
  const file = new MirrorFile(world.databasePath, moduleName);
  const stage = new Stage(world, tell);
  const witness = new Witness(stage.chronicle, file, rulesOf(story.world));
  let struck = 0;
  try {
    await watched(witness, async () => {
      await beats(story, { world, stage, witness, tell });
      await stage.calm();
      struck = world.sim.faults.list().reduce((sum, fault) => sum + fault.struck, 0);
      world.sim.faults.clear();
      await world.allUp();
      tell('the faults have stopped, everything runs');
      if (witness.failures.length === 0) await ending(story, { world, stage, witness, tell });
    });
  } catch (error) {
    witness.fail('the history comes to its end', error instanceof Error ? reasonOf(error) : String(error));
  }
  for (const { rule, detail } of witness.failures) tell(`FAILED: ${rule}: ${detail}`);
  const failed = witness.failures.length > 0;
  file.close();
  await world.close({ keep: failed });
  return {
    seed,
    failures: witness.failures,
    faults: struck + stage.faults,
    kills: stage.kills,
    changes: stage.chronicle.changes,
    seconds: Math.round((Date.now() - began) / 100) / 10,
    story: lines,
    ...(failed ? { folder: world.folder } : {}),
  };
}

const reasonOf = (error: Error): string =>
  error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;

/** Looks all the time while `work` is done; a failure that is seen ends it. */
async function watched(witness: Witness, work: () => Promise<void>): Promise<void> {
  let done = false;
  const looking = (async () => {
    while (!done && witness.failures.length === 0) {
      witness.look();
      await delay(lookEveryMs);
    }
  })();
  await work().finally(() => (done = true));
  await looking;
}

interface Play {
  world: World;
  stage: Stage;
  witness: Witness;
  tell: (line: string) => void;
}

async function beats(story: Story, { world, stage, witness, tell }: Play): Promise<void> {
  const began = Date.now();
  const until = (atMs: number): Promise<void> => delay(Math.max(0, began + atMs - Date.now()));
  let begun = false;
  for (const { atMs, ...act } of [...story.beats, { kind: 'catch-up', atMs: Infinity } as const]) {
    if (!begun && atMs >= story.syncAtMs) {
      await until(story.syncAtMs);
      begun = true;
      await eventually('Temporal to take InitialSync', () => startInitialSync(world.client));
      tell('InitialSync is started');
    }
    if (witness.failures.length > 0 || atMs === Infinity) return;
    await until(atMs);
    stage.play(act);
  }
}

const startInitialSync = (client: Client): Promise<WorkflowHandle> =>
  client.workflow.start(workflowTypes.initialSync, {
    taskQueue: TASK_QUEUE,
    workflowId: workflowIds.initialSync(moduleName),
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [{ module: moduleName }],
  });

async function ending(story: Story, play: Play): Promise<void> {
  const { world, stage, witness, tell } = play;
  const { sim } = world;
  await finished<LoadStatus>(play, workflowIds.initialSync(moduleName));
  tell('InitialSync is done');
  await byHintsAlone(play);

  // A catch-up ends before the second in which it starts: what happens in that one is the next one's.
  sim.clock.advance(2_000);
  const before = sim.clock.now() - 1_000;
  await eventually('Temporal to take CatchUpSync', () => stage.catchUp());
  const { watermark } = await finished<LoadStatus>(play, workflowIds.catchUp(moduleName));
  const caughtUp = witness.look();
  tell(`CatchUpSync is done, the watermark is ${watermark}`);
  if (Date.parse(watermark ?? '') < before)
    witness.fail('a catch-up moves the watermark to its start', `${watermark}`);
  const visible = witness.missing(caughtUp, ({ hidden }) => !hidden);
  witness.blame('a catch-up alone brings every change', visible);

  await repair(story, play);
  const end = witness.look();
  const reloaded = story.reload;
  witness.blame(
    'in the end the table equals the CRM',
    witness.missing(end, () => true, { formulasToo: reloaded }),
  );
  witness.blame('a row shows the formulas of its reading', witness.lateFormulas(end, stage.formulaMs));
  witness.rejects(end);
  tell(
    `${end.rows.size} rows, ${stage.chronicle.liveIds().length} live records, ${end.rejects.length} open rejects, ${witness.looks} looks`,
  );
}

/** What only a comparison of both sides can see, a silent restoration, is repaired by a complete load. */
async function repair(story: Story, play: Play): Promise<void> {
  const moment = play.witness.look();
  if (!story.reload && play.witness.missing(moment, () => true).length === 0) return;
  play.tell('loading again');
  await eventually('Temporal to take InitialSync', () => startInitialSync(play.world.client));
  await finished<LoadStatus>(play, workflowIds.initialSync(moduleName));
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
