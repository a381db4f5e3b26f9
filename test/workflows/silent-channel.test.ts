// Whether a channel is doubted, by what has been notified lately: the clients' side, on a real Temporal server.
import type { WorkflowHandle } from '@temporalio/client';
import type { Activities } from '../../src/activities';
import {
  TASK_QUEUE,
  workflowIds,
  workflowTypes,
  type ChannelStatus,
  type NotificationSyncStatus,
} from '../../src/contracts';
import { doubtSilentChannel, sendHints } from '../../src/temporal';
import { eventually } from '../support/eventually';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { fakes, hourMs } from './fakes';
import { reaches } from './reaches';

let temporal: TestTemporal;

beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.close());

type Channel = WorkflowHandle<() => Promise<ChannelStatus>>;
const hintedAt = '2026-03-01T10:00:00.000Z';
const after = (ms: number): number => Date.parse(hintedAt) + ms;

/** A channel that has not been doubted for years; `doubts` tells of each renewal whether it was for a doubt. */
async function channelOf(
  module: string,
  act: (stage: { doubts: boolean[]; channel: Channel }) => Promise<void>,
): Promise<void> {
  const doubts: boolean[] = [];
  const renewChannel: Activities['renewChannel'] = async (_module, known) => {
    doubts.push(known?.doubted ?? false);
    return {
      channelId: '1',
      expiresAt: '2026-03-07T10:00:00.000Z',
      expiresInMs: 144 * hourMs,
      subscribedAnew: false,
    };
  };
  await temporal.withWorker(
    fakes(temporal.client, { renewChannel }).activities,
    async () => {
      const channel: Channel = await temporal.client.workflow.start(workflowTypes.channelRenewal, {
        taskQueue: TASK_QUEUE,
        workflowId: workflowIds.channelRenewal(module),
        args: [{ module, carried: { renewals: 0, doubtedAt: '2020-01-01T00:00:00.000Z' } }],
      });
      await reaches(channel, 'a renewal', ({ renewals }) => renewals === 1);
      await act({ doubts, channel });
    },
    { taskQueue: TASK_QUEUE },
  );
}

const hinted = async (module: string): Promise<void> => {
  await sendHints(temporal.client, module, { ids: ['1'], operation: 'update', receivedAt: hintedAt });
  const handle: WorkflowHandle<() => Promise<NotificationSyncStatus>> = temporal.client.workflow.getHandle(
    workflowIds.notificationSync(module),
  );
  await reaches(handle, 'the hint', ({ hints }) => hints === 1);
};

test('a module of which nothing was ever notified: its channel is subscribed anew', async () => {
  await channelOf('Contacts', async ({ doubts }) => {
    await doubtSilentChannel(temporal.client, 'Contacts', Date.now());
    await eventually('a renewal', () => doubts.length === 2);
    expect(doubts).toEqual([false, true]);
  });
});

test('an hour of silence is a doubt, a minute less is none', async () => {
  await channelOf('Leads', async ({ doubts, channel }) => {
    await hinted('Leads');
    await doubtSilentChannel(temporal.client, 'Leads', after(hourMs - 60_000));
    // A renewal that is asked for anyway: signals are heard in order, so a doubt would be known by then.
    await channel.executeUpdate('renewNow');
    expect(doubts).toEqual([false, false]);
    await doubtSilentChannel(temporal.client, 'Leads', after(hourMs));
    await eventually('a renewal', () => doubts.length === 3);
    expect(doubts).toEqual([false, false, true]);
  });
});

test('without a channel nobody is told, and that is no error', async () => {
  await expect(doubtSilentChannel(temporal.client, 'Accounts', Date.now())).resolves.toBeUndefined();
});
