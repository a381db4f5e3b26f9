// Records the histories that replay.test.ts replays, when asked to: RECORD_HISTORIES=all, or the names of scenarios joined by commas.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { play, scenarios } from './scenarios';

const folder = join(__dirname, 'histories');
const asked = process.env.RECORD_HISTORIES ?? '';
const names = Object.keys(scenarios).filter((name) => asked === 'all' || asked.split(',').includes(name));

/** Names of machines and paths of files are nobody's business and no part of a decision. */
function withoutMachine(key: string, value: unknown): unknown {
  if (['stackTrace', 'identity', 'workerVersion'].includes(key)) return undefined;
  // A worker's own task queue: process id and host.
  return typeof value === 'string' && /^\d+@/.test(value) ? 'worker' : value;
}

test('every scenario has been recorded', () => {
  if (asked) return;
  const missing = Object.keys(scenarios).filter((name) => !existsSync(join(folder, `${name}.json`)));
  expect(missing).toEqual([]);
});

function recording(): void {
  let temporal: TestTemporal;
  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    temporal = await startTemporal();
  });
  afterAll(() => temporal.close());

  test.each(names)('%s', async (name) => {
    const { server } = scenarios[name]!;
    const own = server ? await startTemporal(server) : undefined;
    const from = own ?? temporal;
    const { workflowId, firstExecutionRunId } = await play(name, from);
    const history = await from.client.workflow.getHandle(workflowId, firstExecutionRunId).fetchHistory();
    await own?.close();
    const json = JSON.stringify(JSON.parse(historyToJSON(history)), withoutMachine);
    writeFileSync(join(folder, `${name}.json`), `${json}\n`);
  });
}

if (names.length > 0) describe('recording', recording);
