// Zoho has twenty known traps for whoever mirrors it. Which tests show that the mirror is in none of them: by what each trap does, the
// beginning of a title.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..');

interface Trap {
  trap: string;
  /** The first of them carry the number of the trap in their titles. */
  tests: Readonly<Record<string, string>>;
}

const traps: readonly Trap[] = [
  {
    trap: 'a channel expiry over a week, or none, silently becomes one hour',
    tests: {
      'an hour is noticed': 'trap 1: where Zoho silently gives an hour, an hour is what comes back',
      'no more than a week is asked for':
        'unknown keys and wrong values of the file are named with their path',
      'not by a wrong clock either': 'a clock %s minutes wrong still gets the longest lifetime',
      'the returned expiry decides':
        'an expiry of an hour is renewed five minutes before its end, all day long',
    },
  },
  {
    trap: 'an expired channel dies without a word',
    tests: {
      'it is subscribed anew': 'trap 2: a channel that expired unseen is subscribed anew, and says so',
      'it is read back': 'is subscribed again where Zoho confirms it and does not list it',
      'the gap is caught up with': 'three days of outage: the channel lapses, is subscribed anew',
    },
  },
  {
    trap: 'notifications are lost, doubled and out of order',
    tests: {
      'the table is right all the same': 'trap 3: whatever is edited, deleted, lost and killed',
      'a repeated one is believed no more than the first': 'a replayed notification is one more hint',
    },
  },
  {
    trap: 'an export is older than the edits that happen during it',
    tests: {
      'the channel comes first': 'trap 4: opens, subscribes, exports, loads, sweeps',
      'a late row resurrects nobody': 'trap 4: a late CSV row does not resurrect a deleted record',
      'a late row overwrites nothing': 'L1: content is replaced only by a greater (m, o), m first',
    },
  },
  {
    trap: 'a converted lead vanishes from lists',
    tests: {
      'it stays': 'trap 5: a converted lead stays live, although lists no longer show it',
      'not returned is not deleted': 'trap 5: a record that a list leaves out is believed gone only when',
      'an export without it is believed no more':
        'converted leads that the export leaves out are neither extra',
    },
  },
  {
    trap: 'events are subscribed by other words than they are reported by',
    tests: { 'either word is heard': 'trap 6: %s is heard as %s, whichever word Zoho uses' },
  },
  {
    trap: 'one notification carries many ids',
    tests: { 'all are handed on': 'trap 7: 1,200 ids travel in signals of 500 at most' },
  },
  {
    trap: 'no affected fields means everything',
    tests: {
      'the record is read whole': 'trap 8: the record is to be read whole, whatever fields are named',
    },
  },
  {
    trap: 'resource_uri and server_time are not what they seem',
    tests: { 'neither is used': 'trap 9: neither the address of another API version' },
  },
  {
    trap: 'ten token refreshes in ten minutes, fifteen live tokens',
    tests: {
      'one refresh for all calls': 'trap 10: calls at the same time share one token request',
      'one token for all processes': 'two processes share one token through the store, sealed',
      'one refresh for all processes': 'processes that start at the same time fetch one token between them',
    },
  },
  {
    trap: 'OAuth fails inside HTTP 200, and throttles with HTTP 400',
    tests: {
      'the first is not repeated': 'trap 11: HTTP 200 with {"error":"%s"} is permanent',
      'the second is waited for': 'trap 11: HTTP 400 Access Denied is throttled for ten minutes',
    },
  },
  {
    trap: 'a page token is bound to its user and its day, and stands alone in its request',
    tests: {
      'its day is over': 'trap 12: a page token that has expired breaks the chain',
      'another user': 'trap 12: the page token of another user breaks the chain too',
      'the chain starts again': 'trap 12: an expired chain starts again at page 1 with the same T0',
      'it stands alone': 'a job is created with JSON, whole seconds and `bulk` before the version',
    },
  },
  {
    trap: 'the words for the state of a job are an open set',
    tests: {
      'an unknown word means running': 'trap 13: the job state %s means %s, whatever `result` shows',
      'but not for ever': 'trap 13: a job that never ends is given up after six hours',
    },
  },
  {
    trap: 'creating a job is not repeatable',
    tests: { 'an orphan costs nothing but credits': 'trap 14: a job whose answer was lost is made again' },
  },
  {
    trap: 'one unsupported field fails the whole job',
    tests: { 'it is dropped, and said': 'trap 15: fields that Bulk Read refuses are dropped one by one' },
  },
  {
    trap: 'the CSV names, quotes and orders things in its own way',
    tests: {
      'columns by name, ids and words as they are':
        'trap 16: a row is typed by header name, the id and the money',
      'cells of many lines': 'trap 16: quotes, line breaks, emoji and a byte order mark survive',
      'null and empty are one': 'an empty cell, an empty string and null are all "no value"',
      'bare ids and words say the same as JSON':
        'the CSV cell and the JSON value of a record end in the same text',
    },
  },
  {
    trap: 'lists are cut down',
    tests: {
      'records come whole': 'trap 17: records by id come whole: every field, rich text uncut',
      'fifty fields a call': 'more than 50 fields are read in several calls of at most 50 names and joined',
      'what was not asked for is not null':
        'a missing column stops the page, because its values must not become null',
    },
  },
  {
    trap: '204 has no body and means "nothing"',
    tests: {
      'it is no outage':
        'trap 18: 204 is nothing: no records, no deletions, no changes, no channel, no fields',
      'it deletes nothing': 'trap 18: an export without a row empties no table, however small',
      'nor when both sides are compared':
        'an export that shows nothing empties nothing before a person has looked',
    },
  },
  {
    trap: 'deletions are listed for a while only, 200 a page; formulas move no Modified_Time',
    tests: {
      'the list is read to its end':
        'trap 19: changes are walked in keyset order, and deletions are listed page by',
      'and believed': 'trap 19: the list of deletions makes rows gone',
      'too old to be listed': 'trap 19: stays where deletions since then are no longer listed',
      'formulas are compared': 'trap 19: a formula that moved without Modified_Time is found',
    },
  },
  {
    trap: 'ids have 19 digits, times have offsets and whole seconds, 429 names no wait',
    tests: {
      'no digit is lost': 'trap 20: numbers and ids keep every digit',
      'times are in UTC': 'the time %s is stored in UTC as %s',
      'cursors overlap': 'few changes are read by id from five minutes before the watermark',
      'the wait after a 429': 'trap 20: after a 429 nothing is sent until the time that Retry-After names',
    },
  },
];

const titles = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.test\.ts$|-suite\.ts$/.test(file) && !file.endsWith('traps.test.ts'))
  .flatMap((file) => readFileSync(join(root, file), 'utf8').match(/(?<=['"`])[^\n]+/g) ?? []);
const numbered = titles.filter((title) => /^trap \d+: /.test(title));

const cases = traps.flatMap(({ trap, tests }, index) =>
  Object.entries(tests).map(([what, title]) => [index + 1, trap, what, title] as const),
);

test.each(cases)('trap %i, %s: %s', (_number, _trap, _what, title) => {
  expect(titles.filter((one) => one.startsWith(title))).not.toEqual([]);
});

test('every trap has a test that carries its number, and every such test is in the table', () => {
  expect(
    traps.map((_, index) => cases.some((one) => one[3].startsWith(`trap ${index + 1}: `))),
  ).not.toContain(false);
  expect(
    numbered.filter(
      (title) =>
        !cases.some(([number, , , known]) => title.startsWith(known) && title.startsWith(`trap ${number}: `)),
    ),
  ).toEqual([]);
});
