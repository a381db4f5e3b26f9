// Sends what channels want to hear, late, unsigned and once, as Zoho does; it never retries.
import type { Channel, Channels } from './channels';
import type { Clock } from './clock';
import type { Crm } from './crm';
import { postKinds, type Faults } from './faults';
import type { SimulatorOptions } from './options';
import type { Post } from './poster';
import { jsonOf } from './render';
import type { Change } from './types';
import type { Zone } from './zone';

const POSTS_AT_ONCE = 20;
const REORDER_MS = 200;

export interface NotifierParts {
  readonly options: SimulatorOptions;
  readonly clock: Clock;
  readonly crm: Crm;
  readonly channels: Channels;
  readonly faults: Faults;
  readonly zone: Zone;
  readonly post: Post;
  readonly url: () => string;
}

interface Waiting {
  readonly channel: Channel;
  readonly changes: Change[];
}

export class Notifier {
  readonly counts = { queued: 0, sent: 0, delivered: 0, failed: 0, dropped: 0 };
  readonly #waiting = new Map<string, Waiting>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #ready: { channel: Channel; body: string }[] = [];
  #posting = 0;
  enabled: boolean;
  batch: number;
  delayMs: number;

  constructor(readonly parts: NotifierParts) {
    this.enabled = parts.options.notify;
    this.batch = parts.options.notifyBatch;
    this.delayMs = parts.options.notifyDelayMs;
    parts.crm.onChange((change) => this.#hear(change));
  }

  /** Nothing waits and nothing is on its way. */
  idle(): boolean {
    return (
      this.#waiting.size === 0 && this.#timers.size === 0 && this.#ready.length === 0 && this.#posting === 0
    );
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#waiting.clear();
    this.#ready = [];
  }

  reset(): void {
    this.stop();
    Object.assign(this.counts, { queued: 0, sent: 0, delivered: 0, failed: 0, dropped: 0 });
  }

  #hear(change: Change): void {
    if (!this.enabled) return;
    for (const channel of this.parts.channels.wanting(change)) {
      const key = `${channel.id} ${change.module.apiName} ${change.operation}`;
      const waiting = this.#waiting.get(key);
      if (waiting && waiting.changes.length < this.batch) {
        waiting.changes.push(change);
        continue;
      }
      const fresh: Waiting = { channel, changes: [change] };
      this.#waiting.set(key, fresh);
      this.#later(this.delayMs, () => {
        if (this.#waiting.get(key) === fresh) this.#waiting.delete(key);
        this.#launch(fresh);
      });
    }
  }

  #launch(waiting: Waiting): void {
    const body = this.#body(waiting);
    this.counts.queued += 1;
    const fault = this.parts.faults.take(
      { route: 'notification', url: waiting.channel.notifyUrl },
      postKinds,
    );
    const send = (): void => this.#enqueue(waiting.channel, body);
    switch (fault?.kind) {
      case 'drop':
        this.counts.dropped += 1;
        return;
      case 'double':
        send();
        return send();
      case 'delay':
        return this.#later(fault.delayMs ?? 1000, send);
      // Whatever comes in the meantime overtakes this one.
      case 'reorder':
        return this.#later(fault.delayMs ?? REORDER_MS, send);
      default:
        return send();
    }
  }

  #later(ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, ms);
    this.#timers.add(timer);
  }

  #enqueue(channel: Channel, body: string): void {
    this.#ready.push({ channel, body });
    this.#pump();
  }

  #pump(): void {
    while (this.#posting < POSTS_AT_ONCE) {
      const next = this.#ready.shift();
      if (!next) return;
      this.#posting += 1;
      this.counts.sent += 1;
      void this.parts.post(next.channel.notifyUrl, next.body).then((taken) => {
        this.#posting -= 1;
        if (taken) this.counts.delivered += 1;
        else this.counts.failed += 1;
        this.#pump();
      });
    }
  }

  #body({ channel, changes }: Waiting): string {
    const first = changes[0];
    if (!first) throw new Error('a notification without changes');
    const { apiName } = first.module;
    const touched = changes.filter((change) => change.fields.length > 0);
    const lists = touched.map((change) => ({ [change.row.id]: change.fields }));
    const values = touched.map((change) => this.#values(change));
    const withValues = channel.returnValues && values.length > 0;
    // By hand, because a value may be a number that a double cannot hold.
    return (
      `{"server_time":${this.parts.clock.now()},` +
      (withValues ? `"affected_values":[${values.join(',')}],` : '') +
      `"query_params":${JSON.stringify(queryOf(channel.notifyUrl))},"module":${JSON.stringify(apiName)},` +
      `"resource_uri":${JSON.stringify(`${this.parts.url()}/crm/v2/${apiName}`)},` +
      `"ids":${JSON.stringify([...new Set(changes.map((change) => change.row.id))])},"affected_fields":${JSON.stringify(lists)},` +
      `"operation":"${first.operation}","channel_id":${JSON.stringify(channel.id)},` +
      `"token":${JSON.stringify(channel.token)}}`
    );
  }

  #values(change: Change): string {
    const { read } = this.parts.crm.table(change.module.apiName);
    const shown = change.fields.map((name) => {
      const field = change.module.byName.get(name);
      if (change.operation === 'delete' && name === 'Record_Status__s') return '"Record_Status__s":0';
      if (!field) return `${JSON.stringify(name)}:null`;
      const value = read(change.row, field);
      return `${JSON.stringify(name)}:${jsonOf(field, value, { zone: this.parts.zone, cut: true, ownerEmail: true })}`;
    });
    return `{"record_id":"${change.row.id}","values":{${shown.join(',')}}}`;
  }
}

function queryOf(url: string): Record<string, string> {
  return Object.fromEntries(new URL(url).searchParams);
}
