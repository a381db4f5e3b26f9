// Looks for canaries in everything that an installation tells anybody: Temporal, commands, metrics and logs.
import type { Client } from '@temporalio/client';
import { zohoMirror } from '../cli/commands';

/** Where something was told, and what. */
export type Told = ReadonlyMap<string, string>;

/** The text itself, and however it begins inside of base64. */
function forms(canary: string): string[] {
  const encoded = [0, 1, 2].map((offset) => {
    const base64 = Buffer.from(' '.repeat(offset) + canary).toString('base64');
    return base64.slice(offset === 0 ? 0 : 4, -4);
  });
  return [canary, encodeURIComponent(canary), ...encoded];
}

export function leaksIn(told: Told, canaries: Readonly<Record<string, string>>): string[] {
  const found: string[] = [];
  for (const [where, text] of told) {
    for (const [name, canary] of Object.entries(canaries))
      if (forms(canary).some((form) => text.includes(form))) found.push(`${name} in ${where}`);
    // An access token as the pretended Zoho makes them.
    if (/1000\.[0-9a-f]{32}\.[0-9a-f]{32}/.test(text)) found.push(`an access token in ${where}`);
  }
  return found;
}

/** Every text in a message of Temporal's, payloads as the text that they hold. */
export function textsIn(node: unknown): string {
  if (typeof node === 'string') return node;
  if (ArrayBuffer.isView(node)) return Buffer.from(node.buffer, node.byteOffset, node.byteLength).toString();
  if (typeof node !== 'object' || node === null) return '';
  return Object.values(node).map(textsIn).join('\n');
}

/** Histories, descriptions and statuses of every workflow, and every schedule. */
export async function toldByTemporal(client: Client): Promise<Told> {
  const told = new Map<string, string>();
  for await (const { workflowId, runId } of client.workflow.list()) {
    const handle = client.workflow.getHandle(workflowId, runId);
    const description = await handle.describe();
    told.set(`${workflowId} ${runId}`, textsIn([await handle.fetchHistory(), description.raw]));
    if (description.status.name === 'RUNNING')
      told.set(`status of ${workflowId}`, JSON.stringify(await handle.query('status')));
  }
  for await (const { scheduleId } of client.schedule.list())
    told.set(`schedule ${scheduleId}`, textsIn((await client.schedule.getHandle(scheduleId).describe()).raw));
  return told;
}

const commands: readonly (readonly string[])[] = [
  ['status'],
  ['status', '--json'],
  ['check'],
  ['schema', 'check', 'Leads'],
  ['schema', 'print', 'Leads'],
  ['rejects', 'list', 'Leads'],
  ['rejects', 'list', 'Leads', '--json'],
  ['sync', 'Leads', '--dry-run'],
];

/** What the commands that only look print, whatever they find. */
export async function toldByCommands(env: Readonly<Record<string, string>>): Promise<Told> {
  const told = new Map<string, string>();
  for (const command of commands) {
    const { code, out, err } = await zohoMirror(command, { env });
    expect([command, code === 0 || code === 1]).toEqual([command, true]);
    told.set(`zoho-mirror ${command.join(' ')}`, out + err);
  }
  return told;
}
