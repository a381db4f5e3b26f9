// Watch channels and notifications of the simulator.
import { at, listAt, startReceiver, textAt, until, withSimulator, type Receiver, type World } from './client';

const WATCH = '/crm/v8/actions/watch';

function item(receiver: Receiver, more: Record<string, unknown> = {}): Record<string, unknown> {
  const events = ['Leads.create', 'Leads.edit', 'Leads.delete'];
  return { channel_id: '1000000068001', events, notify_url: `${receiver.url}?k=s`, token: 'hush', ...more };
}

async function subscribe(world: World, watch: Record<string, unknown>): Promise<unknown> {
  return (await world.call('POST', WATCH, { body: { watch: [watch] } })).json;
}

async function withReceiver(test: (receiver: Receiver) => Promise<void>): Promise<void> {
  const receiver = await startReceiver();
  try {
    await test(receiver);
  } finally {
    await receiver.close();
  }
}

test('creates, edits and deletes arrive as insert, update and delete', () =>
  withReceiver((receiver) =>
    withSimulator({ records: 2 }, async (world) => {
      await subscribe(world, item(receiver, { return_affected_field_values: true }));
      const { id } = world.sim.crm.create('Leads');
      await until(
        () => receiver.bodies.length,
        (count) => count === 1,
      );
      await world.control('PATCH', `records/Leads/${id}`, { values: { Mobile: '123' } });
      await until(
        () => receiver.bodies.length,
        (count) => count === 2,
      );
      world.sim.crm.remove('Leads', id);
      await until(
        () => receiver.bodies.length,
        (count) => count === 3,
      );
      const common = {
        module: 'Leads',
        ids: [id],
        channel_id: '1000000068001',
        token: 'hush',
        query_params: { k: 's' },
      };
      expect(receiver.bodies[0]).toMatchObject({ ...common, operation: 'insert', affected_fields: [] });
      expect(receiver.bodies[1]).toMatchObject({
        ...common,
        operation: 'update',
        affected_fields: [{ [id]: ['Mobile'] }],
        affected_values: [{ record_id: id, values: { Mobile: '123' } }],
      });
      expect(receiver.bodies[2]).toMatchObject({ ...common, operation: 'delete' });
      expect(textAt(receiver.bodies[0], 'resource_uri')).toBe(`${world.sim.url}/crm/v2/Leads`);
    }),
  ));

test('more than a week silently becomes one hour, and the channel dies in silence', () =>
  withReceiver((receiver) =>
    withSimulator({ tokenLifetimeSeconds: 1_000_000 }, async (world) => {
      const ask = async (days: number) => {
        const channel_expiry = new Date(world.sim.clock.now() + days * 86_400_000)
          .toISOString()
          .replace(/\.\d+Z/, '+00:00');
        const answer = await subscribe(world, item(receiver, { channel_expiry }));
        return Date.parse(textAt(answer, 'watch.0.details.events.0.channel_expiry')) - world.sim.clock.now();
      };
      expect(await ask(6)).toBeGreaterThan(5 * 86_400_000);
      expect(await ask(8)).toBeLessThanOrEqual(3_600_000);
      expect(listAt((await world.call('GET', WATCH)).json, 'watch')).toMatchObject([
        { channel_id: '1000000068001', token: 'hush' },
      ]);
      world.sim.clock.advance(3_600_001);
      expect((await world.call('GET', WATCH)).status).toBe(204);
      for (const verb of ['PUT', 'PATCH']) {
        const refused = await world.call(verb, WATCH, { body: { watch: [item(receiver)] } });
        expect([refused.status, textAt(refused.json, 'watch.0.code')]).toEqual([400, 'NOT_SUBSCRIBED']);
      }
      world.sim.crm.create('Leads');
      await until(
        () => world.sim.notifier.idle(),
        (idle) => idle,
      );
      expect(receiver.bodies).toEqual([]);
    }),
  ));

test('PUT replaces, PATCH keeps, _delete_events removes, DELETE stops', () =>
  withReceiver((receiver) =>
    withSimulator({}, async (world) => {
      await subscribe(world, item(receiver));
      const shown = async () => at((await world.call('GET', `${WATCH}?module=Leads`)).json, 'watch.0');
      await world.call('PATCH', WATCH, {
        body: { watch: [{ channel_id: '1000000068001', events: ['Leads.create', 'Leads.edit'] }] },
      });
      expect(await shown()).toMatchObject({ token: 'hush', events: ['Leads.create', 'Leads.edit'] });
      await world.call('PATCH', WATCH, {
        body: { watch: [{ channel_id: '1000000068001', events: ['Leads.edit'], _delete_events: true }] },
      });
      expect(await shown()).toMatchObject({ events: ['Leads.create'] });
      await world.call('PUT', WATCH, {
        body: { watch: [{ channel_id: '1000000068001', events: ['Leads.all'], notify_url: receiver.url }] },
      });
      expect(await shown()).toMatchObject({ token: null, events: ['Leads.all'] });
      expect((await world.call('DELETE', `${WATCH}?channel_ids=1000000068001`)).status).toBe(200);
      expect(await shown()).toBeUndefined();
    }),
  ));

test('a numeric channel id of 19 digits comes back whole, as text', () =>
  withReceiver((receiver) =>
    withSimulator({}, async (world) => {
      const body = JSON.stringify({ watch: [item(receiver)] }).replace(
        '"1000000068001"',
        '1745564708612968123',
      );
      const answer = await world.call('POST', WATCH, { body });
      expect(answer.status).toBe(201);
      expect(textAt(answer.json, 'watch.0.details.events.0.channel_id')).toBe('1745564708612968123');
    }),
  ));

test('a token over 50 characters is refused', () =>
  withReceiver((receiver) =>
    withSimulator({}, async (world) => {
      const answer = await subscribe(world, item(receiver, { token: 'x'.repeat(51) }));
      expect(at(answer, 'watch.0')).toMatchObject({ code: 'INVALID_DATA', status: 'error' });
    }),
  ));

test('mass changes are batched when asked, and an unwilling receiver is not asked again', () =>
  withReceiver((receiver) =>
    withSimulator({ records: 30, notifyBatch: 100 }, async (world) => {
      await subscribe(world, item(receiver));
      receiver.status = 503;
      await world.control('POST', 'mutate', { module: 'Leads', creates: 25 });
      await until(
        () => world.sim.notifier.counts.failed,
        (failed) => failed === 1,
      );
      expect(listAt(receiver.bodies[0], 'ids')).toHaveLength(25);
      await until(
        () => world.sim.notifier.idle(),
        (idle) => idle,
      );
      expect(receiver.bodies).toHaveLength(1);
    }),
  ));

test('notifications are dropped, doubled and reordered on demand', () =>
  withReceiver((receiver) =>
    withSimulator({}, async (world) => {
      await subscribe(world, item(receiver));
      for (const kind of ['drop', 'double', 'reorder'] as const)
        world.sim.faults.add({ kind, route: 'notification' });
      const ids = Array.from({ length: 4 }, () => world.sim.crm.create('Leads').id);
      await until(
        () => world.sim.notifier.idle(),
        (idle) => idle,
      );
      const seen = receiver.bodies.map((body) => ids.indexOf(textAt(body, 'ids.0')));
      expect([...seen].sort()).toEqual([1, 1, 2, 3]);
      expect(seen.at(-1)).toBe(2);
      expect(world.sim.notifier.counts.dropped).toBe(1);
    }),
  ));
