// One history from its first beat to the verdict: never miss a change, never resurrect, never lie.
import { setTimeout as delay } from 'node:timers/promises';
import { drawStory } from './draw';
import { ending } from './ending';
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
  const rules = rulesOf(story.world);
  const stage = new Stage(world, rules, tell);
  const witness = new Witness(stage.chronicle, file, rules);
  let struck = 0;
  try {
    await watched(witness, async () => {
      await stage.perform(story.beats, () => witness.failures.length > 0);
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
