// What several benches do alike: run a load, fetch its file, read memory, refuse to time what went wrong.
import { createWriteStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { request } from 'undici';
import { z } from 'zod';
import type { House } from '../demo/house';
import { Catalog, type ModulePlan } from '../src/activities';
import { loadConfig } from '../src/config';
import { queries, TASK_QUEUE, workflowIds, workflowTypes, type LoadStatus } from '../src/contracts';
import { openDatabase, type Database } from '../src/db';
import { createZoho } from '../src/zoho';
import { loadTimes, type LoadTimes } from './history';

export const round = (value: number, places = 0): number => Math.round(value * 10 ** places) / 10 ** places;

/** Runs a whole InitialSync of the leads. */
export async function sync(client: Client): Promise<{ status: LoadStatus; times: LoadTimes }> {
  const workflowId = workflowIds.initialSync('Leads');
  const handle = await client.workflow.start(workflowTypes.initialSync, {
    taskQueue: TASK_QUEUE,
    workflowId,
    args: [{ module: 'Leads' }],
  });
  const done = new AbortController();
  const [status] = await Promise.all([
    handle.result().finally(() => done.abort()) as Promise<LoadStatus>,
    untilDegraded(() => handle.query<LoadStatus>(queries.status), done.signal),
  ]);
  return { status, times: await loadTimes(client, workflowId, handle.firstExecutionRunId) };
}

/** A degraded load waits for a person, and nobody is there. */
async function untilDegraded(look: () => Promise<LoadStatus>, done: AbortSignal): Promise<void> {
  while (!done.aborted) {
    const { health, lastError } = await look();
    if (health === 'degraded') throw new Error(`the load is degraded: ${lastError ?? 'for no reason given'}`);
    await delay(1_000, undefined, { signal: done }).catch(() => undefined);
  }
}

/** The product's own view of the house: its database, its plan of the leads, and the first page that was exported, fetched once more. */
export async function withProduct<T>(
  house: House,
  work: (product: { db: Database; plan: ModulePlan; zipPath: string }) => Promise<T>,
): Promise<T> {
  const config = loadConfig(house.env);
  const db = await openDatabase(config.legacyDb);
  const tokenStore = {
    read: () => db.readToken('zoho'),
    write: (sealed: string) => db.writeToken('zoho', sealed),
  };
  const zoho = createZoho({ ...config.zoho, tokenStore });
  try {
    const plan = await new Catalog({ config, zoho, db }).plan('Leads');
    const zipPath = join(house.folder, 'page.zip');
    const path = `/crm/bulk/v8/read/${await firstJob(house.crmUrl)}/result`;
    await pipeline(await zoho.download(path), createWriteStream(zipPath));
    return await work({ db, plan, zipPath });
  } finally {
    await zoho.close();
    await db.close();
  }
}

async function firstJob(crmUrl: string): Promise<string> {
  const { body } = await request(`${crmUrl}/__sim/jobs`);
  const { jobs } = z.object({ jobs: z.array(z.object({ id: z.string() })) }).parse(await body.json());
  return jobs[0]!.id;
}

/** Megabytes; the kernel's own high-water mark where there is one. */
export function peakRss(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return round(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024);
}

export function expectEqual(actual: number, expected: number, what: string): void {
  if (actual !== expected)
    throw new Error(`${what}: ${actual} instead of ${expected}; a wrong load is not worth timing`);
}

export function print(report: object, json: boolean): void {
  if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else
    for (const [name, value] of Object.entries(report))
      process.stdout.write(
        `${name.padEnd(24)}${typeof value === 'object' ? JSON.stringify(value) : String(value)}\n`,
      );
}

/** A bench as a process: fails with one line. */
export function runBench(main: () => Promise<void>): void {
  main().catch((error: unknown) => {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
