// Reads one item of a watch request into a channel, with Zoho's refusals; it stores nothing.
import { listOf, objectOf } from './bulk-criteria';
import type { Channel, Channels, FieldSelection } from './channels';
import type { Crm } from './crm';
import type { User, Value } from './types';

type Item = Readonly<Record<string, Value>>;
export type Parsed =
  | { readonly kind: 'channel'; readonly channel: Channel }
  | { readonly kind: 'refused'; readonly code: string; readonly field: string };

const LONGEST_TOKEN = 50;
const MOST_CONDITION_FIELDS = 10;

/** `base` is what PATCH keeps; POST and PUT start from nothing. */
export function parseChannel(
  item: Item,
  from: { channels: Channels; crm: Crm; user: User; base: Channel | null },
): Parsed {
  const { channels, crm, user, base } = from;
  const id = text(item.channel_id);
  if (id === null) return refused('MANDATORY_NOT_FOUND', 'channel_id');
  if (!/^\d{1,19}$/.test(id)) return refused('INVALID_DATA', 'channel_id');
  const events = item.events === undefined && base ? base.events : (listOf(item.events) ?? []).map(String);
  if (events.length === 0) return refused('MANDATORY_NOT_FOUND', 'events');
  if (!events.every((event) => isEvent(event, crm, channels))) return refused('INVALID_DATA', 'events');
  const notifyUrl = text(item.notify_url) ?? base?.notifyUrl ?? null;
  if (notifyUrl === null) return refused('MANDATORY_NOT_FOUND', 'notify_url');
  if (!URL.canParse(notifyUrl) || !/^https?:/.test(notifyUrl)) return refused('INVALID_DATA', 'notify_url');
  const token = item.token === undefined ? (base?.token ?? null) : text(item.token);
  if (token !== null && token.length > LONGEST_TOKEN) return refused('INVALID_DATA', 'token');
  const conditions =
    item.notification_condition === undefined
      ? (base?.conditions ?? {})
      : parseConditions(item.notification_condition);
  if (conditions === null) return refused('INVALID_DATA', 'notification_condition');
  const asked = text(item.channel_expiry);
  const channel: Channel = {
    id,
    user,
    events,
    expiresMs: asked === null && base ? base.expiresMs : channels.expiry(asked),
    token,
    notifyUrl,
    returnValues: flag(item.return_affected_field_values, base?.returnValues ?? false),
    relatedActions: flag(item.notify_on_related_action, base?.relatedActions ?? true),
    conditions,
  };
  return { kind: 'channel', channel };
}

function isEvent(event: string, crm: Crm, { notNotified }: Channels): boolean {
  const [module = '', action = ''] = event.split('.');
  return (
    crm.find(module)?.module.apiSupported === true &&
    !notNotified.has(module) &&
    ['create', 'edit', 'delete', 'all'].includes(action)
  );
}

function parseConditions(given: Value): Record<string, FieldSelection> | null {
  if (given === null) return {};
  const conditions: Record<string, FieldSelection> = {};
  for (const entry of listOf(given) ?? []) {
    const object = objectOf(entry);
    const module = objectOf(object?.module)?.api_name;
    const selection = parseSelection(object?.field_selection);
    if (typeof module !== 'string' || !selection || countFields(selection) > MOST_CONDITION_FIELDS)
      return null;
    conditions[module] = selection;
  }
  return conditions;
}

function parseSelection(given: Value | undefined): FieldSelection | null {
  const object = objectOf(given);
  const name = objectOf(object?.field)?.api_name;
  if (typeof name === 'string') return { kind: 'field', name };
  const group = listOf(object?.group);
  // More than two must be nested in pairs.
  if (!group || group.length === 0 || group.length > 2) return null;
  const members = group.map(parseSelection).filter((member) => member !== null);
  if (members.length !== group.length) return null;
  return { kind: 'group', operator: object?.group_operator === 'and' ? 'and' : 'or', members };
}

function countFields(selection: FieldSelection): number {
  if (selection.kind === 'field') return 1;
  return selection.members.reduce((sum, member) => sum + countFields(member), 0);
}

function text(value: Value | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function flag(value: Value | undefined, fallback: boolean): boolean {
  return typeof value === 'boolean' ? value : fallback;
}

function refused(code: string, field: string): Parsed {
  return { kind: 'refused', code, field };
}
