// Payload encryption on a real Temporal server: nothing readable is kept, keys can be changed, and the plain CLI still starts workflows.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { Client } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import { findTemporalBinary } from '../../dev/temporal-binary';
import { queries, workflowTypes, type LoadStatus } from '../../src/contracts';
import { createDataConverter, createPayloadCodec, type PayloadKey } from '../../src/temporal';
import { eventually } from '../support/eventually';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { fail, fakes } from '../workflows/fakes';

const aKey = (id: string): PayloadKey => ({ id, key: randomBytes(32) });
const [first, second] = [aKey('2025'), aKey('2026')];
const json = (value: unknown): Payload => ({
  metadata: { encoding: Buffer.from('json/plain') },
  data: Buffer.from(JSON.stringify(value)),
});

describe('codec', () => {
  test('a payload comes back as it was, and its closed form shows nothing of it', async () => {
    const codec = createPayloadCodec([first]);
    const [closed] = await codec.encode([json({ jobId: '4150868000001234567' })]);
    expect(Buffer.from(closed!.data!).toString('latin1')).not.toContain('4150868000001234567');
    expect(await codec.decode([closed!])).toMatchObject([json({ jobId: '4150868000001234567' })]);
  });

  test('what is not encrypted passes', async () => {
    expect(await createPayloadCodec([first]).decode([json(1)])).toEqual([json(1)]);
    expect(await createPayloadCodec([]).encode([json(1)])).toEqual([json(1)]);
  });

  test('a new key in front encrypts, the old one behind it still decrypts', async () => {
    const old = await createPayloadCodec([first]).encode([json('old')]);
    const rotated = createPayloadCodec([second, first]);
    expect(await rotated.decode(old)).toMatchObject([json('old')]);
    const [fresh] = await rotated.encode([json('new')]);
    expect(Buffer.from(fresh!.metadata!['encryption-key-id']!).toString()).toBe('2026');
  });

  test('a key that is missing or another one is named in the error, its value is not', async () => {
    const closed = await createPayloadCodec([first]).encode([json(1)]);
    const reading = (keys: PayloadKey[]) => createPayloadCodec(keys).decode(closed);
    await expect(reading([])).rejects.toThrow(
      'A payload is encrypted with the key "2025", which PAYLOAD_KEYS does not have. Add it behind the others, and restart',
    );
    await expect(reading([{ id: '2025', key: second.key }])).rejects.toThrow(
      'The key "2025" of PAYLOAD_KEYS does not open a payload that names it. Give the key that was used, and restart',
    );
  });

  test('an altered payload is refused', async () => {
    const [closed] = await createPayloadCodec([first]).encode([json(1)]);
    closed!.data![14]! ^= 1;
    await expect(createPayloadCodec([first]).decode([closed!])).rejects.toThrow('does not open');
  });
});

describe('on a server', () => {
  let temporal: TestTemporal;
  beforeAll(async () => {
    temporal = await startTemporal();
  });
  afterAll(() => temporal.close());

  const clientWith = (...keys: PayloadKey[]): Client =>
    new Client({ connection: temporal.client.connection, dataConverter: createDataConverter(keys) });

  const load = (client: Client, taskQueue: string, workflowId: string) =>
    client.workflow.start<() => Promise<LoadStatus>>(workflowTypes.initialSync, {
      taskQueue,
      workflowId,
      args: [{ module: 'Leads' }],
      staticSummary: 'Loads the canary',
    } as never);

  const working = <T>(keys: PayloadKey[], act: (taskQueue: string) => Promise<T>): Promise<T> =>
    temporal.withWorker(fakes(clientWith(...keys)).activities, act, {
      dataConverter: createDataConverter(keys),
    });

  test('a whole run keeps no readable payload, and its clients read it', async () => {
    const client = clientWith(first);
    const status = await working([first], async (taskQueue) => {
      const handle = await load(client, taskQueue, 'encrypted');
      const result = await handle.result();
      expect(await handle.query<LoadStatus>(queries.status)).toMatchObject({ phase: 'done' });
      return result;
    });
    expect(status).toMatchObject({ module: 'Leads', phase: 'done', counts: { inserted: 2 } });
    const { events } = await temporal.client.workflow.getHandle('encrypted').fetchHistory();
    const payloads = payloadsIn(events);
    expect(payloads.length).toBeGreaterThan(20);
    expect(new Set(payloads.map(({ metadata }) => Buffer.from(metadata!.encoding!).toString()))).toEqual(
      new Set(['binary/encrypted']),
    );
  });

  test('keys are changed under a running load: the new one is added behind, then comes to the front', async () => {
    const taskQueue = 'rotation';
    const handle = await load(clientWith(first), taskQueue, 'rotated');
    await temporal.withWorker(
      fakes(clientWith(first, second), {
        loadPage: async () => {
          throw fail('DatabaseTransient', 'the database cannot be reached');
        },
      }).activities,
      async () => {
        await eventually('a load that waits', async () => {
          const { raw } = await handle.describe();
          return raw.pendingActivities?.some(({ attempt }) => Number(attempt) > 1);
        });
      },
      { taskQueue, dataConverter: createDataConverter([first, second]) },
    );
    const client = clientWith(second, first);
    const result = await temporal.withWorker(
      fakes(client).activities,
      async () => client.workflow.getHandle('rotated').result() as Promise<LoadStatus>,
      { taskQueue, dataConverter: createDataConverter([second, first]) },
    );
    expect(result).toMatchObject({ phase: 'done', health: 'ok' });
  });

  test('a workflow that the plain Temporal CLI starts works', async () => {
    const binary = await findTemporalBinary();
    await working([first], async (taskQueue) => {
      const args = ['workflow', 'start', '--address', temporal.address, '--task-queue', taskQueue];
      await promisify(execFile)(binary, [
        ...args,
        ...['--type', 'InitialSync', '--workflow-id', 'by-cli', '--input', '{"module":"Leads"}'],
      ]);
      const result: unknown = await clientWith(first).workflow.getHandle('by-cli').result();
      expect(result).toMatchObject({ module: 'Leads', phase: 'done' });
    });
  });

  test('a client without the key says which one it lacks', async () => {
    const reading = clientWith(second).workflow.getHandle('encrypted').result();
    await expect(reading).rejects.toThrow('encrypted with the key "2025", which PAYLOAD_KEYS does not have');
  });
});

/** Everything in a history that is a payload, search attributes apart. */
function payloadsIn(node: unknown): Payload[] {
  if (typeof node !== 'object' || node === null || ArrayBuffer.isView(node)) return [];
  if ('metadata' in node && typeof node.metadata === 'object' && 'data' in node) return [node as Payload];
  return Object.entries(node).flatMap(([name, child]) =>
    /searchAttributes/i.test(name) ? [] : payloadsIn(child),
  );
}
