// `zoho-mirror status` against a whole installation: healthy, degraded, without a worker, without Temporal.
import { noCounts, workflowIds } from '../../src/contracts';
import { eventually } from '../support/eventually';
import { TcpProxy } from '../support/tcp-proxy';
import { Town } from '../end-to-end/town';
import { endlessly, zohoMirror } from './commands';

let town: Town;
beforeAll(async () => {
  town = await Town.open({ simulator: { records: 40, pageRows: 20, downloadsPerMinute: 100 } });
});
afterAll(async () => town?.close());

const status = (...args: string[]) => zohoMirror(['status', ...args], { env: town.env });

interface Json {
  health: string;
  workers: number;
  credits: { spentToday: number };
  modules: {
    health: string;
    workflows: { workflowId: string; phase: string; health?: string; lastErrorType?: string }[];
  }[];
}

test('a module that was never loaded is not started, and the first load makes it ok', async () => {
  const before = await status('--json');
  expect(before.code).toBe(1);
  expect(before.json()).toMatchObject({
    workers: 1,
    modules: [{ module: 'Leads', health: 'not started', workflows: [] }],
  });

  expect((await zohoMirror(['sync', 'Leads', '--json'], { env: town.env })).code).toBe(0);
  const after = await eventually('the catch-up after the load', async () => {
    const ran = await status('Leads', '--json');
    return (ran.json() as Json).modules[0]!.workflows.length === 1 && ran;
  });
  expect(after.code).toBe(0);
  const seen = after.json() as Json;
  expect(seen).toMatchObject({
    health: 'ok',
    workers: 1,
    modules: [
      {
        module: 'Leads',
        health: 'ok',
        workflows: [{ workflowId: 'channel-renewal/Leads', phase: 'waiting', health: 'ok' }],
        watermark: expect.stringMatching(/Z$/),
        lagSeconds: expect.any(Number),
        lastRun: { outcome: 'done', endedAt: expect.stringMatching(/Z$/) },
        rows: { live: 40, deleted: 0 },
        openRejects: 0,
        channelExpiresAt: expect.stringMatching(/Z$/),
      },
    ],
  });
  // Two export pages of 50 credits.
  expect(seen.credits.spentToday).toBeGreaterThanOrEqual(100);

  const lines = (await status()).out.split('\n');
  expect(lines[0]).toMatch(
    /^MODULE {2}HEALTH {2}WATERMARK .* LAG .* LAST RUN .* LIVE {2}DELETED {2}REJECTS {2}CHANNEL/,
  );
  expect(lines[1]).toMatch(/^Leads {3}ok .* done .* ago {2}40 .*expires in 5d 23h/);
  // Colours are for terminals.
  expect(lines.join('')).not.toContain('\x1b');
});

const watched = (env: Readonly<Record<string, string>>) => endlessly(['status', '--watch'], { env });

test('--watch looks again and again until Ctrl-C, and ends with what was last seen', async () => {
  const watch = await watched(town.env);
  await eventually('two looks', () => watch.said().split('Ctrl-C ends').length > 2);
  expect(await watch.end()).toBe(0);
  // No cursor moves where nobody sits.
  expect(watch.said()).not.toContain('\x1b');
});

test('--watch outlives what it is watched for: it says what is wrong, and shows the table when that is over', async () => {
  const { port } = new URL(`http://${town.env.TEMPORAL_ADDRESS}`);
  const proxy = await TcpProxy.open({ host: '127.0.0.1', port: Number(port) });
  const watch = await watched({ ...town.env, TEMPORAL_ADDRESS: `127.0.0.1:${proxy.port}` });
  await eventually('a look', () => watch.said().includes('HEALTH'));
  await proxy.down();
  await eventually('the trouble', () => watch.said().includes('cannot be reached'));
  const sofar = watch.said().length;
  await proxy.up();
  await eventually('a look after it', () => watch.said().slice(sofar).includes('HEALTH'));
  expect(await watch.end()).toBe(0);
  await proxy.down();
});

test('a run that failed is not ok until one ends well', async () => {
  const run = { workflow: 'CatchUpSync', module: 'Leads', counts: noCounts() };
  await town.db.recordRun({ ...run, runId: 'a', outcome: 'failed', detail: 'no right' });
  const failed = await status();
  expect([failed.code, failed.out]).toEqual([
    1,
    expect.stringContaining('Leads: the last run failed: no right'),
  ]);
  expect((await status('--json')).json()).toMatchObject({
    health: 'degraded',
    modules: [{ health: 'degraded' }],
  });
  await town.db.recordRun({ ...run, runId: 'b', outcome: 'done' });
  expect((await status()).code).toBe(0);
});

test('a revoked token shows as degraded, with what is wrong and what to do', async () => {
  town.sim.oauth.revoke({ refreshTokens: true });
  await town.client.workflow.getHandle(workflowIds.channelRenewal('Leads')).executeUpdate('renewNow');
  const ran = await status('--json');
  expect(ran.code).toBe(1);
  expect(ran.json()).toMatchObject({
    health: 'degraded',
    modules: [{ health: 'degraded', workflows: [{ health: 'degraded', lastErrorType: 'ZohoPermanent' }] }],
  });
  const text = (await status()).out;
  expect(text).toMatch(/channel-renewal\/Leads: .*invalid_code/);
  expect(text).toContain('Mend it in Zoho, then `resume`');
});

test('a worker that is down is said, and hangs nothing', async () => {
  await town.stop('SIGKILL');
  const ran = await status('--json');
  expect(ran.code).toBe(1);
  expect(ran.json()).toMatchObject({
    // Temporal still names the one that was killed.
    workers: 0,
    modules: [{ health: 'no worker', workflows: [{ phase: 'no worker' }], rows: { live: 40 } }],
  });
  expect((await status()).out).toMatch(/^workers 0 ·[^]*^Leads: no worker answers\. Start one/m);
});

test('what cannot run says why in one line, with exit code 2', async () => {
  const unknown = await status('Nobody');
  expect([unknown.code, unknown.err]).toEqual([
    2,
    'zoho-mirror: The module Nobody is not configured. Configured: Leads\n',
  ]);
  const noTables = await zohoMirror(['status'], { env: { ...town.env, LEGACY_DB: 'sqlite::memory:' } });
  expect(noTables.code).toBe(2);
  expect(noTables.err).toContain("The mirror's own tables are not there yet");
  const noTemporal = await zohoMirror(['status'], { env: { ...town.env, TEMPORAL_ADDRESS: '127.0.0.1:9' } });
  expect(noTemporal.code).toBe(2);
  expect(noTemporal.err).toContain('Temporal at 127.0.0.1:9 cannot be reached');
});
