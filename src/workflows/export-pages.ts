// The loop over Bulk Read pages: create the job, wait on a durable timer that Zoho's callback cuts short, load the page, go on.
// Page n+1 is exported while page n loads. 1,000 pages fit one history with room to spare, so it never continues as new.
import { ApplicationFailure, condition, defineSignal, setHandler } from '@temporalio/workflow';
import {
  addCounts,
  noCounts,
  signals,
  type Counts,
  type ErrorType,
  type ExportJob,
  type JobFinished,
  type JobReport,
  type ModuleSettings,
  type LoadStatus,
  type Paid,
  type Phase,
} from '../contracts';
import type { LoadedPage, LoadPage } from '../activities';
import { loading, quick } from './activities';
import type { Desk } from './desk';
import { failureOf, isFailure } from './failure';
import { counted } from './details';
import { isObject } from './input';

const jobFinished = defineSignal<[JobFinished]>(signals.jobFinished);

/** Longer than any export seen: a job that says "in progress" for this long is taken for lost. */
const jobDeadlineMs = 6 * 3_600_000;
const failuresBeforeHelp = 3;

export interface ExportTotals {
  pages: number;
  counts: Counts;
  /** ISO: `created_time` of the chain's first job; every row carries it. */
  observedAt: string;
}

/** Of a desk what the loop needs: whose status it is does not matter. */
type PageDesk = Pick<Desk<LoadStatus>, 'show' | 'read' | 'untilDone' | 'retryLater' | 'markRecovered'>;

/** What is exported, and what becomes of its rows: without a word more they are merged. */
export interface ExportPlan {
  /** ISO; only what was modified at or after it. */
  modifiedSince?: string;
  compare?: { fields: boolean };
  /** They are kept for matching old rows with them. */
  match?: true;
  /** They are counted. */
  dryRun?: true;
}

export class PageExport {
  /** Jobs that Zoho has called about. It may call before we know the job's id. */
  private readonly called = new Set<string>();

  /** What Zoho's price list says of the steps so far. */
  credits = 0;

  constructor(
    private readonly desk: PageDesk,
    private readonly module: string,
  ) {
    setHandler(
      jobFinished,
      (report) => {
        if (isObject(report)) this.called.add(report.jobId);
      },
      {
        description: "Zoho's callback: look at the job now",
      },
    );
  }

  /** Loads every page of a complete chain. A broken chain starts again at page 1. */
  async run(settings: ModuleSettings, plan: ExportPlan = {}): Promise<ExportTotals> {
    const before = this.desk.read().counts;
    for (let failures = 1; ; failures += 1) {
      try {
        return await this.chain(settings, plan);
      } catch (error) {
        if (!isFailure(error, 'ChainExpired')) throw error;
        this.desk.show({ counts: before, pages: 0 });
        if (failures % failuresBeforeHelp === 0) await this.askForHelp(failureOf(error)!);
        // The module may have other fields by now.
        if (!plan.dryRun)
          await this.desk.untilDone(() =>
            quick.openModule.executeWithOptions({ summary: `${this.module}: settings` }, [this.module]),
          );
      }
    }
  }

  private async chain(settings: ModuleSettings, plan: ExportPlan): Promise<ExportTotals> {
    const create = (page: number, pageToken?: string): Promise<ExportJob> =>
      this.paid(() =>
        quick.createExport.executeWithOptions({ summary: `${this.module}: export page ${page}` }, [
          {
            module: this.module,
            page,
            ...(pageToken ? { pageToken } : {}),
            ...(plan.modifiedSince ? { modifiedSince: plan.modifiedSince } : {}),
            ...(plan.compare && !plan.compare.fields ? { idsOnly: true } : {}),
            ...(plan.match ? { matchOnly: true } : {}),
            ...(plan.dryRun ? { dryRun: true } : {}),
          },
        ]),
      );
    let totals: ExportTotals | undefined;
    let page: PageRef | undefined = { number: 1 };
    this.show('exporting');
    let job: Outcome<ExportJob> = await outcome(create(1));
    while (page) {
      const { number, token }: PageRef = page;
      const again = (): Promise<ExportJob> => create(number, token);
      this.show('exporting');
      const { current, report } = await this.ready(settings, unwrap(job), again);
      totals ??= { pages: 0, counts: noCounts(), observedAt: current.createdAt };
      const next = nextPage(number, report);
      const nextJob: Promise<Outcome<ExportJob>> | undefined =
        next && outcome(create(next.number, next.token));
      const began = Date.now();
      const loaded = await this.load(settings, plan, { job: current, report }, totals.observedAt, again);
      const seconds = Math.max(1, Date.now() - began) / 1_000;
      totals = { ...totals, pages: number, counts: addCounts(totals.counts, loaded) };
      this.desk.show({
        counts: addCounts(this.desk.read().counts, loaded),
        pages: number,
        rowsPerSecond: Math.round(loaded.read / seconds),
      });
      if (nextJob) job = await nextJob;
      page = next;
    }
    return totals!;
  }

  /** Waits until the job is completed; a failed or lost one is created again. */
  private async ready(
    settings: ModuleSettings,
    job: ExportJob,
    again: () => Promise<ExportJob>,
  ): Promise<{ current: ExportJob; report: JobReport }> {
    let current = job;
    for (let failures = 0; ;) {
      const report = await this.waitFor(settings, current);
      if (report?.state === 'completed') return { current, report };
      failures += 1;
      if (failures % failuresBeforeHelp === 0) await this.askForHelp(this.failedOften(report));
      current = await again();
    }
  }

  private failedOften(report: JobReport | undefined): ApplicationFailure {
    const what = report
      ? `Zoho reports ${report.stateText}`
      : `no end after ${jobDeadlineMs / 3_600_000} hours`;
    const message = `The export of ${this.module} failed ${failuresBeforeHelp} times: ${what}`;
    return ApplicationFailure.nonRetryable(message, 'ZohoPermanent');
  }

  /** A failing export costs 50 credits a try, so after a few a person decides, or an hour passes. */
  private async askForHelp(failure: ApplicationFailure): Promise<void> {
    await this.desk.retryLater(failure);
    this.desk.markRecovered();
  }

  /** The job's last report, or undefined if it was lost. */
  private async waitFor(settings: ModuleSettings, job: ExportJob): Promise<JobReport | undefined> {
    const deadline = Date.now() + jobDeadlineMs;
    let delayMs = settings.pollFirstMs;
    while (Date.now() < deadline) {
      await condition(() => this.called.has(job.jobId), delayMs, {
        summary: `${this.module}: wait for the export of page ${job.page}`,
      });
      this.called.delete(job.jobId);
      try {
        const report = await this.paid(() =>
          quick.readExport.executeWithOptions({ summary: `${this.module}: is page ${job.page} ready?` }, [
            job.jobId,
          ]),
        );
        if (report.state !== 'running') return report;
      } catch (error) {
        if (isFailure(error, 'ExportGone')) return undefined;
        throw error;
      }
      delayMs = Math.min(delayMs * 2, settings.pollMaxMs);
    }
    return undefined;
  }

  /**
   * Loads the page; if Zoho has lost the file, the page is exported once more. Not so page 1: no token leads back to it, and rows
   * have no order, so another page 1 begins another chain, which may put any row on any page.
   */
  private async load(
    settings: ModuleSettings,
    plan: ExportPlan,
    first: { job: ExportJob; report: JobReport },
    observedAt: string,
    again: () => Promise<ExportJob>,
  ): Promise<Counts> {
    const { job } = first;
    let current = first;
    for (let failures = 1; ; failures += 1) {
      const { rows = 0, downloadPath = '' } = current.report;
      this.show(phaseOf(plan), { number: job.page, rows });
      try {
        const page = { module: this.module, jobId: current.job.jobId, downloadPath, rows, observedAt };
        const loaded = await this.paid(() => this.take(plan, page, job.page));
        return loaded.counts;
      } catch (error) {
        if (!isFailure(error, 'ExportGone')) throw error;
        if (job.page === 1) throw otherChain();
        if (failures % failuresBeforeHelp === 0) await this.askForHelp(failureOf(error)!);
        const exported = await this.ready(settings, await again(), again);
        current = { job: exported.current, report: exported.report };
      }
    }
  }

  private take(plan: ExportPlan, page: LoadPage, number: number): Promise<LoadedPage> {
    const summary = `${this.module}: ${verbs[phaseOf(plan)]} page ${number} (${counted(page.rows, 'row')})`;
    if (plan.compare)
      return loading.comparePage.executeWithOptions({ summary }, [
        { ...page, page: number, ...plan.compare },
      ]);
    if (plan.match) return loading.offerPage.executeWithOptions({ summary }, [{ ...page, page: number }]);
    if (plan.dryRun) return loading.previewPage.executeWithOptions({ summary }, [{ ...page, page: number }]);
    return loading.loadPage.executeWithOptions({ summary }, [page]);
  }

  private async paid<T extends Paid>(step: () => Promise<T>): Promise<T> {
    const result = await this.desk.untilDone(step);
    this.credits += result.credits ?? 0;
    return result;
  }

  private show(phase: Phase, page?: { number: number; rows: number }): void {
    this.desk.show({ phase, ...(page ? { page } : {}) });
  }
}

const verbs = { loading: 'load', comparing: 'compare', matching: 'match' } as const;

function phaseOf({ compare, match, dryRun }: ExportPlan): keyof typeof verbs {
  if (match) return 'matching';
  return compare || dryRun ? 'comparing' : 'loading';
}

const otherChain = (): ApplicationFailure =>
  ApplicationFailure.nonRetryable(
    'Zoho no longer has the file of page 1',
    'ChainExpired' satisfies ErrorType,
  );

/** A page of a chain; API versions before 7 know numbers only. */
interface PageRef {
  number: number;
  token?: string;
}

const nextPage = (number: number, { moreRecords, nextPageToken }: JobReport): PageRef | undefined =>
  moreRecords ? { number: number + 1, ...(nextPageToken ? { token: nextPageToken } : {}) } : undefined;

type Outcome<T> = { value: T } | { error: unknown };

/** A promise that is awaited later must not reject unobserved meanwhile. */
const outcome = <T>(promise: Promise<T>): Promise<Outcome<T>> =>
  promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );

function unwrap<T>(settled: Outcome<T>): T {
  if ('error' in settled) throw settled.error;
  return settled.value;
}
