// Every dependency, in the order in which they rest on each other. Each is looked at even when another has failed.
import type { Client } from '@temporalio/client';
import { Catalog, sharedStores } from '../../activities';
import type { Config } from '../../config';
import { openDatabase } from '../../db';
import { createZoho } from '../../zoho';
import { checkChanges, checkReach, checkTables } from './database';
import { checkPublicUrl } from './public-url';
import { checkTemporal } from './temporal';
import { skipped, type Verdict } from './verdict';
import { checkZoho } from './zoho';

export { mirrorable, refusalOf } from './modules';
export { failed, ok, type Verdict } from './verdict';
export { scopes } from './zoho';

export interface Checking {
  config: Config;
  temporal: Client;
  /** Whether worker and API are expected to run. */
  running: boolean;
}

/** Gives each verdict as soon as it is known. */
export async function* checkAll({ config, temporal, running }: Checking): AsyncGenerator<Verdict> {
  const db = await openDatabase(config.legacyDb);
  const reach = await checkReach(db);
  // With the shared token where it is, so that looking does not use up refreshes.
  const tables = reach.verdict === 'ok' && (await db.pendingMigrations().catch(() => ['?'])).length === 0;
  const zoho = createZoho({ ...config.zoho, ...(tables ? sharedStores(db) : {}) });
  try {
    const { verdicts, mappings } = await checkZoho(zoho, config);
    yield* verdicts;
    yield reach;
    if (reach.verdict === 'ok') yield* await checkTables(db, config, mappings);
    else yield skipped("the mirror's tables", 'the database is not reached');
    if (tables) yield* await checkChanges(db, new Catalog({ config, zoho, db }), [...mappings.keys()]);
    yield* await checkTemporal(temporal, { worker: running, modules: Object.keys(config.modules) });
    if (running) yield await checkPublicUrl(config.publicUrl, config.webhookSecret);
  } finally {
    await zoho.close();
    await db.close();
  }
}
