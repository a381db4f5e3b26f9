// What a manager reads in the Web UI: whole sentences, only what happened, and what to do about trouble.
import { errorTypes, noCounts, type LoadStatus } from '../../src/contracts';
import { counted, countsInWords, details, moment, progress, upTo } from '../../src/workflows/details';

const loading: LoadStatus = {
  module: 'Leads',
  phase: 'loading',
  health: 'ok',
  counts: { ...noCounts(), read: 200_000, inserted: 199_999, rejected: 1 },
  pages: 1,
  page: { number: 2, rows: 200_000 },
  rowsPerSecond: 9_876,
};

test('a load tells page, rows by what became of them, and rate', () => {
  expect(details(loading, { facts: progress(loading), triesByItself: true })).toBe(
    [
      '### Leads: loading an export',
      '',
      '- Page 2 of the export: 200,000 rows',
      '- 200,000 rows read in 1 page: 199,999 inserted, 1 rejected',
      '- 9,876 rows a second',
    ].join('\n'),
  );
});

test.each([
  'ZohoPermanent',
  'ChannelPaused',
  'SchemaMismatch',
  'DatabasePermanent',
  'TooManyUnseen',
  'Bug',
] as const)('trouble of type %s says what is wrong, what to do, and when it tries again', (lastErrorType) => {
  const text = details(
    { module: 'Leads', phase: 'waiting', health: 'degraded', lastError: 'Zoho refuses', lastErrorType },
    { facts: [], triesByItself: lastErrorType !== 'TooManyUnseen' },
  );
  expect(text).toContain('### ⚠️ Leads needs a person');
  expect(text).toContain('**Zoho refuses**');
  expect(text).toContain(`**What to do:** ${errorTypes[lastErrorType].operator}`);
  expect(text).toContain(
    lastErrorType === 'TooManyUnseen' ? 'It waits for the update `resume`.' : 'It tries again every hour',
  );
});

test('an outage that needs nobody says that it goes on by itself', () => {
  const text = details(
    { ...loading, retrying: 'loadPage has failed 5 times' },
    { facts: [], triesByItself: true },
  );
  expect(text).toContain('**loadPage has failed 5 times**\n\nIt goes on by itself');
  expect(text).not.toContain('needs a person');
});

test('a run that goes on says how far behind it is; one that has ended does not know', () => {
  const watermark = new Date(Date.now() - 3 * 3_600_000).toISOString();
  const last = (status: LoadStatus): string | undefined => progress(status).at(-1);
  expect(last({ ...loading, watermark })).toBe(`Complete up to ${moment(watermark)}, 3 h behind`);
  expect(last({ ...loading, watermark, phase: 'done' })).toBe(`Complete up to ${moment(watermark)}`);
});

test('numbers, plurals and times are as people write them', () => {
  expect([counted(0, 'row'), counted(1, 'row'), counted(1_234_567, 'row')]).toEqual([
    '0 rows',
    '1 row',
    '1,234,567 rows',
  ]);
  expect(countsInWords(noCounts())).toBe('0 rows read');
  const at = Date.parse('2026-03-01T12:00:00Z');
  expect(
    ['2026-03-01T11:59:59Z', '2026-03-01T11:15:00Z', '2026-02-26T12:00:00Z'].map((iso) => upTo(iso, at)),
  ).toEqual([
    '2026-03-01 11:59:59 UTC, 1 s behind',
    '2026-03-01 11:15:00 UTC, 45 min behind',
    '2026-02-26 12:00:00 UTC, 3 d behind',
  ]);
});
