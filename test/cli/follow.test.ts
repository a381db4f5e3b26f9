// What a person sees who starts something while nobody is there to do it, or who does not wait for its end.
import { Town } from '../end-to-end/town';
import { eventually } from '../support/eventually';
import { endlessly, zohoMirror } from './commands';

let town: Town;
beforeAll(async () => {
  town = await Town.open({ simulator: { records: 40, pageRows: 20, downloadsPerMinute: 100 } });
  await town.stop('SIGKILL');
});
afterAll(async () => town?.close());

const unattended = (id: string): string =>
  `no worker answers: ${id} waits in Temporal, and goes on by itself as soon as one does. Start one: zoho-mirror start`;

test.each([
  ['sync', 'initial-sync/Leads'],
  ['catch-up', 'catch-up/Leads'],
  ['reconcile', 'reconcile/Leads'],
])(
  '%s without a worker says so in seconds; Ctrl-C says that it goes on, and how to see, hold and end it',
  async (command, id) => {
    const ran = await endlessly([command, 'Leads'], { env: town.env });
    await eventually('a word', () => ran.said() !== '', 15_000);
    expect(ran.said()).toBe(`${unattended(id)}\n`);
    expect(await ran.end()).toBe(130);
    expect(ran.said()).toContain(
      `${id} goes on without this command. See it: zoho-mirror status Leads; hold it: zoho-mirror pause ${id}; ` +
        `end it: temporal workflow cancel --workflow-id ${id}\n`,
    );
    expect((await town.client.workflow.getHandle(id).describe()).status.name).toBe('RUNNING');
  },
);

test('sync joins what is running and says so, with --detach too; once a worker is there, it ends', async () => {
  const detached = await zohoMirror(['sync', '--detach'], { env: town.env });
  expect([detached.code, detached.out]).toEqual([
    0,
    'initial-sync/Leads is running already; nothing was started\n',
  ]);
  const rehearsal = await zohoMirror(['sync', '--dry-run', '--detach'], { env: town.env });
  expect([rehearsal.code, rehearsal.out]).toEqual([0, 'started dry-run/Leads\n']);
  const followed = zohoMirror(['sync'], { env: town.env });
  await town.start();
  const { code, err } = await followed;
  expect([code, err]).toEqual([
    0,
    expect.stringMatching(/^initial-sync\/Leads is running already: following it\n/),
  ]);
});
