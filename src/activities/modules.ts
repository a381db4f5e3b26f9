// A module before anything is written: is it configured, does Zoho have it, can its table take it.
import { cancellationSignal } from '@temporalio/activity';
import type { ModuleSettings } from '../contracts';
import type { TableReport } from '../db';
import { toIsoMs } from '../mirror';
import type { Deps } from './deps';

export const createModuleActivities = ({ config, zoho, db, catalog, searchAttributes }: Deps) => ({
  /** The settings that a workflow on this module works by. Fails with InvalidInput for a module that cannot be mirrored. */
  async openModule(module: string): Promise<ModuleSettings> {
    const { mapping } = await catalog.plan(module, { fresh: true, signal: cancellationSignal() });
    return {
      module,
      polling: config.publicUrl === undefined,
      searchAttributes: await searchAttributes(),
      renewEveryMs: config.channel.renewEveryMs,
      pollFirstMs: config.timings.pollFirstMs,
      pollMaxMs: config.timings.pollMaxMs,
      notificationWindowMs: config.timings.notificationWindowMs,
      fingerprint: mapping.fingerprint,
      skipped: [...mapping.skipped],
    };
  },

  /** Zoho's clock as an answer of its shows it, ISO. Watermarks and T0 are made of nothing else. */
  async askZohoTime(): Promise<string> {
    return toIsoMs(await zoho.receivedDate(cancellationSignal()));
  },

  async prepareTable(module: string): Promise<TableReport> {
    const { table } = await catalog.plan(module, { signal: cancellationSignal() });
    return db.ensureTable(table);
  },
});
