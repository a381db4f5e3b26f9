// `npm run docs:screenshots`: the pictures of README.md and docs/, taken from the real Temporal Web UI while a real mirror works.
import { execFile } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { chromium, type Browser, type Locator, type Page } from 'playwright-core';
import { CrmControl } from '../demo/crm';
import { House } from '../demo/house';
import { meddle } from '../demo/outsider';
import { queries, updates, workflowIds, type LoadStatus, type Status } from '../src/contracts';
import { requestCatchUp, startInitialSync, startReconcile } from '../src/temporal';
import { isExecutable, onPath } from '../dev/find-binary';

const folder = join(__dirname, '..', '..', 'docs', 'images');
const records = 20_000;
const pageRows = 5_000;
const patienceMs = 120_000;
const settleMs = 3_000;
/** Without the UI's own navigation. */
const clip = { x: 256, y: 48, width: 1184, height: 712 };
const margin = 24;
const leads = 'Leads';

async function main(): Promise<void> {
  const executablePath = findChromium();
  mkdirSync(folder, { recursive: true });
  const house = await House.open({ records, pageRows, seed: 1, catchUp: '15m', say });
  try {
    const connection = await Connection.connect({ address: house.temporal.address });
    // In a container there is no sandbox to be had, and the only page is ours.
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    try {
      const temporal = new Client({ connection });
      await takeAll(new Photographer(browser, house.temporal.uiUrl, temporal), temporal, house);
    } finally {
      await browser.close();
      await connection.close();
    }
  } finally {
    await house.close({ removeFolder: true });
  }
}

/** A load in the middle, what it leaves behind, a comparison that has found something, and trouble. */
async function takeAll(camera: Photographer, temporal: Client, house: House): Promise<void> {
  const crm = new CrmControl(house.crmUrl);
  const load = workflowIds.initialSync(leads);
  await startInitialSync(temporal, leads, `Loads ${leads}`);
  await until(async () => (await statusOf<LoadStatus>(temporal, load)).pages >= 2);
  await crm.stallNextDownload();
  await until(() => crm.stalled());
  await camera.details('initial-sync', load);
  await crm.clearFaults();
  await temporal.workflow.getHandle(load).result();
  await camera.timeline('initial-sync-timeline', load);

  await meddle(house.env.LEGACY_DB!, { column: 'Company', ...(await twoIds(crm)) });
  await startReconcile(temporal, { module: leads, repair: true, fields: true });
  await temporal.workflow.getHandle(workflowIds.reconcile(leads)).result();
  await camera.details('reconcile', workflowIds.reconcile(leads));

  await crm.revokeTokens();
  await crm.mutate({ creates: 0, edits: 20, deletes: 0, seed: 1 });
  await requestCatchUp(temporal, leads, {});
  await temporal.workflow.getHandle(workflowIds.channelRenewal(leads)).executeUpdate(updates.renewNow);
  for (const idOf of [workflowIds.notificationSync, workflowIds.catchUp])
    await until(() => isDegraded(temporal, idOf(leads)));
  await camera.list('degraded-list', 'MirrorHealth="degraded" AND ExecutionStatus="Running"');
  await camera.details('degraded', workflowIds.channelRenewal(leads));
}

async function twoIds(crm: CrmControl): Promise<{ changed: string; deleted: string }> {
  const ids: string[] = [];
  for await (const { id } of crm.truth()) if (ids.push(String(id)) === 2) break;
  return { changed: ids[0]!, deleted: ids[1]! };
}

const statusOf = <S extends Status>(temporal: Client, workflowId: string): Promise<S> =>
  temporal.workflow.getHandle(workflowId).query<S>(queries.status);

/** Not so before it has started, either. */
const isDegraded = (temporal: Client, workflowId: string): Promise<boolean> =>
  statusOf(temporal, workflowId).then(
    ({ health }) => health === 'degraded',
    () => false,
  );

/** Pictures of one width, each taken when the page shows what it is about. */
class Photographer {
  constructor(
    private readonly browser: Browser,
    private readonly uiUrl: string,
    private readonly temporal: Client,
  ) {}

  /** What the workflow says of itself. The UI shows Markdown in a frame of its own. */
  async details(name: string, workflowId: string): Promise<void> {
    await this.take(
      name,
      `${await this.pathOf(workflowId)}/user-metadata`,
      (page) => page.frameLocator('iframe >> nth=-1').getByRole('heading', { level: 3 }).waitFor(),
      (page) => page.locator('iframe').last(),
    );
  }

  /** What it did and is waiting for, each with its summary. */
  async timeline(name: string, workflowId: string): Promise<void> {
    await this.take(name, `${await this.pathOf(workflowId)}/timeline`, async (page) => {
      const title = page.getByRole('heading', { name: 'Timeline' });
      await title.waitFor();
      await title.evaluate((element: { scrollIntoView(): void }) => element.scrollIntoView());
    });
  }

  async list(name: string, query: string): Promise<void> {
    await this.take(name, `/workflows?query=${encodeURIComponent(query)}`, (page) =>
      page
        .getByRole('link', { name: `/${leads}` })
        .first()
        .waitFor(),
    );
  }

  private async pathOf(workflowId: string): Promise<string> {
    const { runId } = await this.temporal.workflow.getHandle(workflowId).describe();
    return `/workflows/${encodeURIComponent(workflowId)}/${runId}`;
  }

  /** @param last what is empty below it is cut off. */
  private async take(
    name: string,
    path: string,
    shown: (page: Page) => Promise<void>,
    last?: (page: Page) => Locator,
  ): Promise<void> {
    const page = await this.browser.newPage({ viewport: { width: 1440, height: clip.y + clip.height } });
    page.setDefaultTimeout(patienceMs);
    try {
      await page.goto(`${this.uiUrl}/namespaces/default${path}`);
      await shown(page);
      // Fonts, badges and counters come after the content.
      await delay(settleMs);
      const file = join(folder, `${name}.png`);
      const box = await last?.(page).boundingBox();
      const height = box ? Math.min(box.y + box.height + margin - clip.y, clip.height) : clip.height;
      await page.screenshot({ path: file, animations: 'disabled', clip: { ...clip, height } });
      const smaller = onPath('pngquant');
      if (smaller) await promisify(execFile)(smaller, ['--force', '--ext', '.png', '--strip', '64', file]);
      say(`docs/images/${name}.png, ${Math.round(statSync(file).size / 1024)} KB`);
    } finally {
      await page.close();
    }
  }
}

function findChromium(): string {
  const named = process.env.CHROMIUM_PATH;
  if (named && !isExecutable(named)) throw new Error(`CHROMIUM_PATH=${named} is not an executable file`);
  const found = named ?? ['chromium', 'chromium-browser', 'google-chrome'].map(onPath).find(Boolean);
  if (found) return found;
  throw new Error(
    'No Chromium. Install one (apt-get install chromium) so that it is on the PATH, or set CHROMIUM_PATH to its binary',
  );
}

async function until(reached: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await reached())) {
    if (Date.now() > deadline)
      throw new Error('What the picture should show has not happened in two minutes');
    await delay(200);
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    process.stderr.write(`screenshots: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
