// Heals every gap: reads everything modified or deleted since the watermark. Runs on a schedule and whenever somebody asks.
import {
  ApplicationFailure,
  continueAsNew,
  defineSignal,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { noCounts, signals, type CatchUpInput, type CatchUpRequest, type LoadStatus } from '../contracts';
import { quick } from './activities';
import { Desk } from './desk';
import { PageExport } from './export-pages';
import { followChanges } from './follow-changes';
import { checkInput, isInstant, isObject } from './input';
import { open } from './open';
import { recorded } from './run-record';

const catchUpAgain = defineSignal<[CatchUpRequest]>(signals.catchUpAgain);

export async function CatchUpSync(input: CatchUpInput): Promise<LoadStatus> {
  const { module, since, carried } = checkInput('CatchUpSync', input, {
    module: 'module',
    since: 'instant',
    carried: 'carried',
  });
  // The signal that starts it carries the same request as its input: the first round serves both.
  let asked: CatchUpRequest[] = [];
  setHandler(
    catchUpAgain,
    (request) => {
      if (isObject(request) && isInstant(request.since)) asked.push(request);
    },
    { description: 'Go round once more' },
  );
  const desk = new Desk<LoadStatus>(
    { module, phase: 'starting', health: 'ok', counts: noCounts(), pages: 0 },
    describe,
  );
  const pages = new PageExport(desk, module);
  const ended = await endOf(desk, module, async () => {
    const settings = await open(desk, module);
    asked.push(...(carried ?? [{ ...(since ? { since } : {}) }]));
    while (asked.length > 0 && !workflowInfo().continueAsNewSuggested) {
      const requests = asked;
      asked = [];
      await followChanges(desk, settings, pages, await earliest(desk, module, requests));
    }
  });
  // Asked while it was ending, however it ended: nobody else knows of that request.
  if (asked.length > 0) await continueAsNew<typeof CatchUpSync>({ module, carried: asked });
  if ('error' in ended) throw ended.error;
  return ended.status;
}

/** A run that is cancelled ends at once; any other end leaves room for what was asked meanwhile. */
const endOf = (
  desk: Desk<LoadStatus>,
  module: string,
  work: () => Promise<void>,
): Promise<{ status: LoadStatus } | { error: unknown }> =>
  recorded(desk, module, work).then(
    (status) => ({ status }),
    (error: unknown) => {
      if (isCancellation(error)) throw error;
      return { error };
    },
  );

/** The watermark, or what was asked for; of several requests the one that reaches back furthest. */
async function earliest(
  desk: Desk<LoadStatus>,
  module: string,
  requests: readonly CatchUpRequest[],
): Promise<string> {
  const watermark = await desk.persist(() => quick.readWatermark(module));
  const wanted = requests.map(({ since }) => since ?? watermark).filter((since) => since !== undefined);
  const oldest = wanted.sort((a, b) => Date.parse(a) - Date.parse(b))[0];
  if (oldest) return oldest;
  throw ApplicationFailure.nonRetryable(
    `${module} has no complete load yet, so there is no watermark to catch up from. Start InitialSync, or give "since"`,
    'InvalidInput',
  );
}

const describe = ({ counts, since, watermark, route }: LoadStatus): string[] => [
  ...(since
    ? [
        `Everything since ${since}${route ? `, by ${route === 'coql' ? 'COQL and re-reads' : 'Bulk Read'}` : ''}`,
      ]
    : []),
  `${counts.read} read: ${counts.inserted} inserted, ${counts.updated} updated, ${counts.deleted} deleted, ${counts.unchanged} unchanged`,
  ...(watermark ? [`Complete up to ${watermark}`] : []),
];
