// Heals every gap: reads everything modified or deleted since the watermark. Runs on a schedule and whenever somebody asks.
import {
  ApplicationFailure,
  continueAsNew,
  defineSignal,
  isCancellation,
  setHandler,
} from '@temporalio/workflow';
import {
  noCounts,
  signals,
  type CatchUpInput,
  type CatchUpRequest,
  type LoadStatus,
  type ModuleSettings,
} from '../contracts';
import { quick, watermarkOf } from './activities';
import { Desk } from './desk';
import { progress, upTo } from './details';
import { PageExport } from './export-pages';
import { followChanges } from './follow-changes';
import { checkInput, isInstant, isObject } from './input';
import { open } from './open';
import { RunLimits } from './run-limits';
import { recorded } from './run-record';

const catchUpAgain = defineSignal<[CatchUpRequest]>(signals.catchUpAgain);

export async function CatchUpSync(input: CatchUpInput): Promise<LoadStatus> {
  const { module, since, carried } = checkInput('CatchUpSync', input, {
    module: 'module',
    since: 'instant',
    carried: 'carried',
  });
  const limits = new RunLimits();
  const requests = new Requests(carried?.asked ?? []);
  setHandler(
    catchUpAgain,
    (request) => {
      limits.signals += 1;
      if (isObject(request) && isInstant(request.since)) requests.add(request);
    },
    { description: 'Go round once more' },
  );
  const desk = new Desk<LoadStatus>(
    { module, phase: 'starting', health: 'ok', counts: noCounts(), pages: 0 },
    describe,
    carried,
  );
  const pages = new PageExport(desk, module);
  const ended = await limits.within(() =>
    endOf(desk, module, async () => {
      const settings = await opened(desk, module, requests);
      // The signal that starts it carries the same request as its input: the first round serves both.
      if (!carried) requests.add({ ...(since ? { since } : {}) });
      for (let round = requests.take(); round.length > 0; round = limits.reached ? [] : requests.take()) {
        await followChanges(desk, settings, pages, await earliest(desk, module, round));
        requests.settle();
        if (desk.markRecovered()) await desk.wakeSiblings();
      }
      if (!settings.polling && hasWritten(desk.read())) await doubtChannel(module);
    }),
  );
  if (ended === 'exceeded') return startAfresh(desk, module, requests);
  if ('error' in ended) requests.settle();
  // Asked while it was ending, however it ended: nobody else knows of that request.
  if (requests.open.length > 0) return startAfresh(desk, module, requests);
  if ('error' in ended) throw ended.error;
  return ended.status;
}

const startAfresh = (desk: Desk<LoadStatus>, module: string, requests: Requests): Promise<never> =>
  continueAsNew<typeof CatchUpSync>({ module, carried: { asked: requests.open, ...desk.carry() } });

/** What cannot even be opened fails for everybody who has asked so far. */
const opened = (desk: Desk<LoadStatus>, module: string, requests: Requests): Promise<ModuleSettings> =>
  open(desk, module).catch((error: unknown) => {
    requests.clear();
    throw error;
  });

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

const doubtChannel = (module: string): Promise<void> =>
  quick.doubtSilentChannel.executeWithOptions({ summary: `${module}: has the channel been silent?` }, [
    module,
  ]);

/** Notifications should have brought it before. */
const hasWritten = ({ counts }: LoadStatus): boolean => counts.inserted + counts.updated + counts.deleted > 0;

/** What has been asked for; requests from the same instant are one. */
class Requests {
  private waiting = new Map<string, CatchUpRequest>();
  private inHand: CatchUpRequest[] = [];

  constructor(asked: readonly CatchUpRequest[]) {
    for (const request of asked) this.add(request);
  }

  get open(): CatchUpRequest[] {
    return [...this.inHand, ...this.waiting.values()];
  }

  add({ since }: CatchUpRequest): void {
    this.waiting.set(since ?? '', since === undefined ? {} : { since });
  }

  take(): readonly CatchUpRequest[] {
    this.inHand = [...this.waiting.values()];
    this.waiting.clear();
    return this.inHand;
  }

  settle(): void {
    this.inHand = [];
  }

  clear(): void {
    this.inHand = [];
    this.waiting.clear();
  }
}

/** The watermark, or what was asked for; of several requests the one that reaches back furthest. */
async function earliest(
  desk: Desk<LoadStatus>,
  module: string,
  requests: readonly CatchUpRequest[],
): Promise<string> {
  const watermark = await desk.untilDone(() => watermarkOf(module));
  const wanted = requests.map(({ since }) => since ?? watermark).filter((since) => since !== undefined);
  const oldest = wanted.sort((a, b) => Date.parse(a) - Date.parse(b))[0];
  if (oldest) return oldest;
  throw ApplicationFailure.nonRetryable(
    `${module} was never loaded completely, so it is not known since when. Load it: zoho-mirror sync ${module}; or give "since"`,
    'InvalidInput',
  );
}

const why = {
  coql: 'Few records changed since then, so each is re-read: cheaper than an export',
  'bulk-read': 'Many records changed since then, so they are exported: cheaper than re-reads',
} as const;

const describe = (status: LoadStatus): string[] => [
  ...(status.since ? [`Reads everything since ${upTo(status.since, Date.now())}`] : []),
  ...(status.route ? [why[status.route]] : []),
  ...progress(status),
];
