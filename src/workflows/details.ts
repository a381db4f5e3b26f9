// What a person reads of a workflow in the Web UI, as Markdown: what it does, whether somebody is needed, how far it is.
import { errorTypes, type Counts, type LoadStatus, type Phase, type Status } from '../contracts';

const doing: Record<Phase, string> = {
  starting: 'starting',
  subscribing: 'subscribing to notifications',
  exporting: 'waiting for an export by Zoho',
  loading: 'loading an export',
  sweeping: 're-reading rows that the export did not show',
  'catching-up': 'reading what has changed',
  gathering: 'gathering changed records',
  reading: 're-reading changed records',
  matching: 'finding old rows by their values',
  comparing: 'comparing an export with the table',
  checking: 'looking again at what differs',
  asking: 'waiting for a decision',
  repairing: 'repairing what differs',
  renewing: 'renewing the channel',
  waiting: 'waiting',
  paused: 'paused by an operator',
  done: 'done',
};

/** @param facts one a line, the most important first. */
export function details(
  status: Status,
  { facts, triesByItself }: { facts: readonly string[]; triesByItself: boolean },
): string {
  const { module, phase, health } = status;
  const heading = health === 'degraded' ? `⚠️ ${module} needs a person` : `${module}: ${doing[phase]}`;
  return [`### ${heading}`, ...trouble(status, triesByItself), bullets(facts)].join('\n\n');
}

function trouble({ lastError, lastErrorType, waiting, retrying }: Status, triesByItself: boolean): string[] {
  const again = triesByItself
    ? 'It tries again every hour, and at once on the update `resume`.'
    : 'It waits for the update `resume`.';
  return [
    ...(lastError ? [`**${lastError}**`, `**What to do:** ${whatToDo(lastErrorType)} ${again}`] : []),
    ...(waiting ? [`**${waiting}**`] : []),
    ...(retrying ? [`**${retrying}**`, 'It goes on by itself as soon as that works.'] : []),
  ];
}

const whatToDo = (type: string | undefined): string =>
  type !== undefined && type in errorTypes ? errorTypes[type as keyof typeof errorTypes].operator : '';

const bullets = (facts: readonly string[]): string => facts.map((fact) => `- ${fact}`).join('\n');

/** Of a load: pages, rows, rate and watermark. */
export function progress(status: LoadStatus): string[] {
  const { phase, pages, rowsPerSecond, counts, watermark } = status;
  return [
    ...pageInHand(status),
    countsInWords(counts, pages),
    ...(rowsPerSecond ? [`${grouped(rowsPerSecond)} rows a second`] : []),
    // How far behind a run is that has ended, it cannot know.
    ...(watermark
      ? [`Complete up to ${phase === 'done' ? moment(watermark) : upTo(watermark, Date.now())}`]
      : []),
  ];
}

export const pageInHand = ({ page, pages }: LoadStatus): string[] =>
  page && page.number > pages ? [`Page ${page.number} of the export: ${counted(page.rows, 'row')}`] : [];

/** `1,234 rows read: 1,200 inserted, 34 unchanged`. What did not happen is not told. */
export function countsInWords(counts: Counts, pages = 0): string {
  const { read, ...outcomes } = counts;
  const happened = Object.entries(outcomes).filter(([, rows]) => rows > 0);
  const said = happened.map(([outcome, rows]) => `${grouped(rows)} ${outcome}`).join(', ');
  const where = pages > 0 ? ` in ${counted(pages, 'page')}` : '';
  return `${counted(read, 'row')} read${where}${said ? `: ${said}` : ''}`;
}

/** `1 page`, `2,000 pages`. */
export const counted = (amount: number, what: string): string =>
  `${grouped(amount)} ${what}${amount === 1 ? '' : 's'}`;

export const grouped = (amount: number): string =>
  String(Math.round(amount)).replace(/\B(?=(\d{3})+$)/g, ',');

/** `2026-11-24 14:18:07 UTC` */
export const moment = (iso: string): string =>
  `${new Date(iso).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** `2026-11-24 14:18:07 UTC, 3 min behind` */
export const upTo = (watermark: string, nowMs: number): string =>
  `${moment(watermark)}, ${roughly(nowMs - Date.parse(watermark))} behind`;

const units = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
] as const;

function roughly(ms: number): string {
  const [unit, name] = units.find(([size]) => ms >= 2 * size) ?? [1_000, 's'];
  return `${Math.max(0, Math.round(ms / unit))} ${name}`;
}
