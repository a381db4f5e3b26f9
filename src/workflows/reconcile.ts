// Compares a module with its table, record by record, and says what differs; with `repair` it writes just that.
// What is only an edit on its way is told apart by looking again; what a re-read does not show is no difference.
import { ApplicationFailure, CancellationScope, condition } from '@temporalio/workflow';
import {
  addCounts,
  noCounts,
  type ModuleSettings,
  type Paid,
  type ReconcileInput,
  type ReconcileStatus,
} from '../contracts';
import type { Compared } from '../activities';
import { quick, reading, watermarkOf } from './activities';
import { Desk } from './desk';
import { failureOf, isFailure } from './failure';
import { counted, grouped, pageInHand } from './details';
import { PageExport } from './export-pages';
import { followChanges } from './follow-changes';
import { checkInput } from './input';
import { open } from './open';
import { recorded } from './run-record';

/** How long a difference may be an edit on its way: so many windows in which NotificationSync gathers. Then it is looked at again. */
const windowsBeforeLook = [2, 5, 10] as const;
const windowsInAll = 17;

export async function Reconcile(input: ReconcileInput): Promise<ReconcileStatus> {
  const { module, repair, fields } = checkInput('Reconcile', input, {
    module: 'module',
    repair: 'flag',
    fields: 'flag',
  });
  const began = Date.now();
  const desk = new Desk<ReconcileStatus>(
    { ...nothingYet(), module, repair: repair ?? false, fields: fields ?? false },
    describe,
  );
  const run = new Run(desk, module, began);
  return recorded(
    desk,
    module,
    async () => {
      const settings = await open(desk, module);
      const watermark = await loadedUpTo(desk, module);
      try {
        await run.compare(settings);
        await run.check(settings, watermark);
        if (desk.read().repair) await run.repair();
      } finally {
        await run.drop();
      }
    },
    (status) => summary(status),
  );
}

const nothingYet = (): Omit<ReconcileStatus, 'module' | 'repair' | 'fields'> => ({
  phase: 'starting',
  health: 'ok',
  counts: noCounts(),
  pages: 0,
  compared: 0,
  missing: 0,
  extra: 0,
  stale: 0,
  foreign: 0,
  rejected: 0,
  repaired: 0,
  pending: 0,
  samples: { missing: [], extra: [], stale: [], foreign: [], rejected: [] },
  credits: 0,
  seconds: 0,
});

/** A table that was never loaded differs in everything, and a load is the cheaper way to mend it. */
async function loadedUpTo(desk: Desk<ReconcileStatus>, module: string): Promise<string> {
  const watermark = await desk.untilDone(() => watermarkOf(module));
  if (watermark) return watermark;
  throw ApplicationFailure.nonRetryable(
    `${module} was never loaded completely, so there is nothing to compare. Load it: zoho-mirror sync ${module}`,
    'InvalidInput',
  );
}

class Run {
  private readonly pages: PageExport;
  private spent = 0;
  private open = 0;
  private checkedAt = '';

  constructor(
    private readonly desk: Desk<ReconcileStatus>,
    private readonly module: string,
    private readonly began: number,
  ) {
    this.pages = new PageExport(desk, module);
  }

  /** One export of id and Modified_Time, or of every mapped field, kept beside the table. */
  async compare(settings: ModuleSettings): Promise<void> {
    const { fields } = this.desk.read();
    const { observedAt, counts } = await this.pages.run(settings, { compare: { fields } });
    this.show({ phase: 'comparing' });
    const found = await this.end(observedAt, counts.read);
    this.open = found.open;
    this.checkedAt = found.checkedAt;
    const { samples } = this.desk.read();
    this.show({ foreign: found.foreign, samples: { ...samples, foreign: found.foreignSamples } });
  }

  private async end(before: string, rows: number): Promise<Compared> {
    for (let confirmed = false; ; confirmed = true) {
      try {
        return await this.paid(() =>
          reading.compareEnd.executeWithOptions(
            { summary: `${this.module}: rows that the export did not show` },
            [{ module: this.module, before, rows, ...(confirmed ? { confirmed } : {}) }],
          ),
        );
      } catch (error) {
        if (!isFailure(error, 'TooManyUnseen')) throw error;
        this.show({ phase: 'asking' });
        await this.desk.untilResumed(failureOf(error)!);
      }
    }
  }

  /** Until nothing is open any more, or there is nothing left to wait for. */
  async check(settings: ModuleSettings, watermark: string): Promise<void> {
    this.show({ phase: 'checking' });
    const windowMs = settings.notificationWindowMs;
    if (this.open > 0 && settings.polling) await this.catchUp(settings, watermark);
    else if (this.open > 0) {
      const quiet = new Date(Date.parse(this.checkedAt) - windowsInAll * windowMs).toISOString();
      await this.look(quiet, false);
      for (const windows of windowsBeforeLook) {
        if (this.open === 0) break;
        await this.pause(windows * windowMs);
        const last = windows === windowsBeforeLook.at(-1);
        await this.look(last ? this.checkedAt : quiet, last);
      }
    }
    await this.report();
  }

  /** Without notifications an edit is on its way until the next catch-up: this is it. */
  private async catchUp(settings: ModuleSettings, watermark: string): Promise<void> {
    await followChanges(this.desk, settings, this.pages, watermark);
    this.show({ phase: 'checking' });
    await this.look(this.checkedAt, true);
  }

  private async pause(ms: number): Promise<void> {
    const seen = this.desk.resumes;
    await condition(() => this.desk.resumes > seen, ms, {
      summary: `${this.module}: edits may be on their way`,
    });
  }

  private async look(settledUpTo: string, last: boolean): Promise<void> {
    const { fields } = this.desk.read();
    let after: string | undefined;
    this.open = 0;
    do {
      const from: string | undefined = after;
      const part = await this.paid(() =>
        reading.checkDifferences.executeWithOptions({ summary: `${this.module}: re-read what differs` }, [
          { module: this.module, fields, settledUpTo, last, ...(from ? { after: from } : {}) },
        ]),
      );
      this.open += part.open;
      after = part.after;
    } while (after);
  }

  async repair(): Promise<void> {
    const { missing, extra, stale, rejected, fields } = this.desk.read();
    if (missing + extra + stale + rejected === 0) return;
    this.show({ phase: 'repairing' });
    let after: string | undefined;
    do {
      const from: string | undefined = after;
      const part = await this.paid(() =>
        reading.repairDifferences.executeWithOptions({ summary: `${this.module}: repair what differs` }, [
          { module: this.module, fields, ...(from ? { after: from } : {}) },
        ]),
      );
      this.show({ counts: addCounts(this.desk.read().counts, part.counts) });
      after = part.after;
    } while (after);
    await this.report();
  }

  /** What the run kept is of no use to anybody else, however it ended. */
  async drop(): Promise<void> {
    await CancellationScope.nonCancellable(() =>
      quick.dropComparison.executeWithOptions(
        { summary: `${this.module}: tidy up`, scheduleToCloseTimeout: '1m' },
        [],
      ),
    ).catch(() => undefined);
    this.show({});
  }

  private async report(): Promise<void> {
    const { samples, ...numbers } = await this.desk.untilDone(() =>
      quick.reportDifferences.executeWithOptions({ summary: `${this.module}: what differs` }, []),
    );
    this.show({ ...numbers, samples: { ...this.desk.read().samples, ...samples } });
  }

  private async paid<T extends Paid>(step: () => Promise<T>): Promise<T> {
    const result = await this.desk.untilDone(step);
    this.spent += result.credits ?? 0;
    this.show({});
    return result;
  }

  private show(change: Partial<ReconcileStatus>): void {
    const seconds = Math.round((Date.now() - this.began) / 100) / 10;
    this.desk.show({ ...change, credits: this.spent + this.pages.credits, seconds });
  }
}

const figures = ['compared', 'missing', 'extra', 'stale', 'foreign', 'rejected', 'repaired'] as const;

const summary = (status: ReconcileStatus): string =>
  figures.map((name) => `${name} ${status[name]}`).join(', ');

const describe = (status: ReconcileStatus): string[] => {
  const { phase, fields, repair, credits, seconds, pending, samples } = status;
  const found = figures.filter((name) => status[name] > 0);
  const named = Object.entries(samples).filter(([, ids]) => ids.length > 0);
  return [
    `Compares ${fields ? 'every mapped field' : 'id and Modified_Time'}; ${repair ? 'repairs what differs' : 'only reports'}`,
    ...pageInHand(status),
    ...(found.length > 0 ? [found.map((name) => `${grouped(status[name])} ${name}`).join(', ')] : []),
    ...(phase === 'done' && found.length === 1 ? ['No difference'] : []),
    ...(pending > 0 ? [`${grouped(pending)} changed while they were looked at`] : []),
    ...named.map(([kind, ids]) => `${kind}: ${ids.join(', ')}`),
    `${counted(credits, 'API credit')}, ${seconds} s`,
  ];
};
