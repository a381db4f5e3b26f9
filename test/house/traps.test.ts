// Zoho has twenty known traps for whoever mirrors it; each has tests that carry its number.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..');
const traps = [
  'a channel expiry over a week, or none, silently becomes one hour',
  'an expired channel dies without a word',
  'notifications are lost, doubled and out of order',
  'an export is older than the edits that happen during it',
  'a converted lead vanishes from lists',
  'events are subscribed by other words than they are reported by',
  'one notification carries many ids',
  'no affected fields means everything',
  'resource_uri and server_time are not what they seem',
  'ten token refreshes in ten minutes, fifteen live tokens',
  'OAuth fails inside HTTP 200, and throttles with HTTP 400',
  'a page token is bound to its user and its day, and stands alone in its request',
  'the words for the state of a job are an open set',
  'creating a job is not repeatable',
  'one unsupported field fails the whole job',
  'the CSV names, quotes and orders things in its own way',
  'lists are cut down',
  '204 has no body and means "nothing"',
  'deletions are listed for a while only, 200 a page',
  'ids have 19 digits, times have offsets, 429 names no wait',
];

const titles = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts') && !file.endsWith('traps.test.ts'))
  .flatMap((file) => readFileSync(join(root, file), 'utf8').match(/'trap \d+: [^\n]+/g) ?? []);

test.each(traps.map((trap, index) => [index + 1, trap] as const))('trap %i has a test: %s', (number) => {
  expect(titles.filter((title) => title.startsWith(`'trap ${number}: `))).not.toEqual([]);
});

test('no test carries the number of a trap that is not listed', () => {
  const numbers = titles.map((title) => Number(/\d+/.exec(title)?.[0]));
  expect(numbers.filter((number) => number < 1 || number > traps.length)).toEqual([]);
});
