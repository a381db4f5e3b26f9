// What activities are built from. Everything from outside comes in here, so tests give their own.
import type { Client } from '@temporalio/client';
import type { Config } from '../config';
import type { Database } from '../db';
import type { PageBatch, PagePlan } from '../pages';
import type { Zoho } from '../zoho';
import type { Readable } from 'node:stream';
import type { Catalog } from './catalog';

export interface Deps {
  config: Config;
  zoho: Zoho;
  db: Database;
  temporal: Client;
  catalog: Catalog;
  /** `readPage` in production; a test may parse on its own thread. */
  readPage: (zip: Readable, plan: PagePlan) => AsyncGenerator<PageBatch>;
  /** Whether the namespace knows the mirror's search attributes. */
  searchAttributes: () => Promise<boolean>;
}
