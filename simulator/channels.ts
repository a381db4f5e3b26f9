// Watch channels: who wants to hear of which events until when; it never sends anything and knows no HTTP.
import type { Clock } from './clock';
import type { Change, User } from './types';

const HOUR_MS = 3_600_000;
const WEEK_MS = 604_800_000;

/** Fields of which at least one, or all of a group, must be touched. */
export type FieldSelection =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'group'; readonly operator: 'and' | 'or'; readonly members: readonly FieldSelection[] };

export interface Channel {
  readonly id: string;
  readonly user: User;
  /** `Module.create|edit|delete|all` */
  readonly events: readonly string[];
  readonly expiresMs: number;
  readonly token: string | null;
  readonly notifyUrl: string;
  readonly returnValues: boolean;
  readonly relatedActions: boolean;
  readonly conditions: Readonly<Record<string, FieldSelection>>;
}

const EVENT_OF = { insert: 'create', update: 'edit', delete: 'delete' } as const;

export class Channels {
  readonly #channels = new Map<string, Channel>();
  /** Modules that nobody can subscribe to. */
  readonly notNotified = new Set<string>();

  constructor(readonly clock: Clock) {}

  /** What a client asked for, if it is at most a week ahead, else one hour: no error tells the difference. */
  expiry(asked: string | null): number {
    const now = this.clock.now();
    const wanted = asked === null ? Number.NaN : Date.parse(asked);
    const fits = wanted > now && wanted <= now + WEEK_MS;
    return Math.floor((fits ? wanted : now + HOUR_MS) / 1000) * 1000;
  }

  save(channel: Channel): void {
    this.#channels.set(channel.id, channel);
  }

  find(id: string, user: User): Channel | null {
    const channel = this.#channels.get(id);
    return channel && this.#lives(channel) && channel.user.id === user.id ? channel : null;
  }

  live(user?: User): Channel[] {
    const all = [...this.#channels.values()].filter((channel) => this.#lives(channel));
    return user ? all.filter((channel) => channel.user.id === user.id) : all;
  }

  remove(id: string): void {
    this.#channels.delete(id);
  }

  /** As an expiry does: the channel is gone and nobody is told. */
  kill(id?: string): string[] {
    const killed = this.live().filter((channel) => id === undefined || channel.id === id);
    for (const channel of killed) this.#channels.delete(channel.id);
    return killed.map((channel) => channel.id);
  }

  wanting(change: Change): Channel[] {
    const name = change.module.apiName;
    const wanted = [`${name}.${EVENT_OF[change.operation]}`, `${name}.all`];
    return this.live().filter(
      (channel) => channel.events.some((event) => wanted.includes(event)) && conditionHolds(channel, change),
    );
  }

  #lives(channel: Channel): boolean {
    return channel.expiresMs > this.clock.now();
  }
}

/** Only edits name fields; an insert or delete is never held back by a condition on them. */
function conditionHolds(channel: Channel, change: Change): boolean {
  const selection = channel.conditions[change.module.apiName];
  return !selection || change.operation !== 'update' || touched(selection, change.fields);
}

function touched(selection: FieldSelection, fields: readonly string[]): boolean {
  if (selection.kind === 'field') return fields.includes(selection.name);
  const test = (member: FieldSelection): boolean => touched(member, fields);
  return selection.operator === 'and' ? selection.members.every(test) : selection.members.some(test);
}
