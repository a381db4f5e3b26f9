// What a load would do, counted before the first write: the table is looked at as it is, and nothing is made ready for it.
import { cancellationSignal, log } from '@temporalio/activity';
import { type DryRunStatus, type ModuleSettings, noCounts, type Previewed } from '../contracts';
import { observationsOf } from '../pages';
import { countingCredits } from '../zoho';
import { readBatches, type LoadedPage } from './load-page';
import type { Deps } from './deps';
import type { OfferPage } from './match';
import { remarksOf, settingsOf } from './modules';
import { thisRun } from './this-run';

export interface Inspected {
  settings: ModuleSettings;
  table: string;
  ready: boolean;
  findings: NonNullable<DryRunStatus['findings']>;
}

export const createDryRunActivities = (deps: Deps) => ({
  /** Fails with InvalidInput for a module that cannot be mirrored; what is wrong with the table is answered. */
  async inspectModule(module: string): Promise<Inspected> {
    const { catalog, db } = deps;
    const { mapping, table } = await catalog.draft(module, cancellationSignal());
    const { mode, findings } = await db.inspectTable(table);
    const remarks = remarksOf(mapping, []);
    if (remarks.length > 0) log.info('remarks on the module', { remarks });
    return {
      settings: await settingsOf(deps, { mapping, table, remarks }),
      table: table.table,
      ready: findings.every(({ blocks, kind }) => !blocks || (mode === 'extend' && kind !== 'person')),
      findings: findings.map(({ text, statements, blocks }) => ({ text, statements, blocks })),
    };
  },

  async previewPage(page: OfferPage): Promise<LoadedPage> {
    const signal = cancellationSignal();
    const { mapping, table } = await deps.catalog.draft(page.module, signal);
    return countingCredits(() =>
      readBatches(deps, { page, mapping, signal }, async (batch) => {
        const { rejects, from, to, last } = batch;
        await deps.db.preview.keep(table, {
          runId: thisRun(),
          first: page.page === 1 && from === 0,
          observations: observationsOf(batch),
          rejects,
          checkpoint: { jobId: page.jobId, from, to, complete: last },
          signal,
        });
        return { ...noCounts(), read: to - from };
      }),
    );
  },

  async endPreview(module: string): Promise<Previewed> {
    const { table } = await deps.catalog.draft(module, cancellationSignal());
    return deps.db.preview.end(table, thisRun());
  },
});
