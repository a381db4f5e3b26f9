// Exit code 2: it could not run. What 1 means is tested with each command.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zohoMirror } from './commands';

const needed = {
  ZOHO_CLIENT_ID: 'x',
  ZOHO_CLIENT_SECRET: 'x',
  ZOHO_REFRESH_TOKEN: 'x',
  WEBHOOK_SECRET: 'a-secret-of-the-webhook',
};

test.each([
  ['no command', [], {}, 'Usage: zoho-mirror'],
  ['an unknown command', ['mirror'], {}, "unknown command 'mirror'"],
  ['an unknown option', ['status', '--wach'], {}, "unknown option '--wach'"],
  ['a missing argument', ['pause'], {}, "missing required argument 'target'"],
  ['too many arguments', ['check', 'Leads'], {}, 'too many arguments'],
  ['an unknown option of the simulator', ['simulator', '--recods', '1'], {}, "unknown option '--recods'"],
  ['a wrong option of the demo', ['demo', '--kills', 'many'], {}, 'give a whole number'],
  ['a target of the demo that is no address', ['demo', '--target', 'foo://x'], {}, 'neither a URL nor'],
  ['a wrong setting', ['status'], {}, 'ZOHO_CLIENT_ID is not set'],
  ['a wrong setting of a process', ['start', 'worker'], {}, 'ZOHO_CLIENT_ID is not set'],
  ['a file of variables that is not there', ['check', '--env', 'nowhere'], {}, 'nowhere does not exist'],
])(
  '%s',
  async (_what, args, env, said) => {
    const ran = await zohoMirror(args, { env });
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining(said)]);
  },
  60_000,
);

test('help is fine', async () => {
  const ran = await zohoMirror(['--help'], { env: {} });
  expect([ran.code, ran.err]).toEqual([0, '']);
  expect(ran.out).toContain('Exit codes: 0 fine, 1 it ran and the answer is bad news, 2 it could not run.');
});

test('--env names another file than .env, before or behind the command', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'zoho-mirror-env-'));
  writeFileSync(join(cwd, '.env'), 'PORT=from-dot-env\n');
  writeFileSync(join(cwd, 'other.env'), 'PORT=from-other\n');
  const problems = async (...args: string[]): Promise<string> =>
    (await zohoMirror(args, { env: needed, cwd })).err;
  expect(await problems('status')).toContain('PORT=from-dot-env is not valid');
  expect(await problems('status', '--env', 'other.env')).toContain('PORT=from-other is not valid');
  // What it starts reads that file too, and only that.
  expect(await problems('--env', 'other.env', 'start', 'api')).toContain('PORT=from-other is not valid');
});
