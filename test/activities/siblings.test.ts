// What one workflow of a module is told when another does not do what it is asked.
import { ApplicationFailure } from '@temporalio/common';
import { WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createSiblingActivities } from '../../src/activities/siblings';
import type { Deps } from '../../src/activities/deps';

const asked = (answer: () => Promise<unknown>): Promise<unknown> => {
  const temporal = {
    withAbortSignal: (_signal: AbortSignal, work: () => Promise<unknown>) => work(),
    workflow: { executeUpdateWithStart: answer },
  } as unknown as Client;
  const { ensureChannel } = createSiblingActivities({ temporal } as Deps);
  return new MockActivityEnvironment().run(ensureChannel, 'Leads');
};

test('a ChannelRenewal that is paused needs a person, who is told what to do', async () => {
  const refusal = ApplicationFailure.nonRetryable(
    'the renewal of the channel is paused: resume it first',
    'ChannelPaused',
  );
  const failed = new WorkflowUpdateFailedError('Workflow Update failed', refusal);
  await expect(asked(() => Promise.reject(failed))).rejects.toMatchObject({
    type: 'ChannelPaused',
    message:
      'Leads has no channel that is known to be alive: the renewal of the channel is paused: resume it first',
  });
});

test('a Temporal that cannot be reached is no matter of a person: the error stays as it is', async () => {
  const away = new Error('14 UNAVAILABLE');
  await expect(asked(() => Promise.reject(away))).rejects.toBe(away);
});
