// Draws a history from a seed: the world, what happens in it and when. Pure: the same seed always draws the same story.
import type { FaultRule, SimulatorOptions } from '../../simulator';
import { below, pick, randomFor, type Random } from '../../simulator/random';

/** Shares are fractions of a list that is only known when the act is played: 0.5 is the one in the middle. */
export type Act =
  /** InitialSync is started. */
  | { kind: 'sync' }
  | { kind: 'create'; count: number; salt: number }
  | { kind: 'edit'; share: number; salt: number }
  /** Two edits that share a Modified_Time, `gapMs` apart. */
  | { kind: 'edit-twice'; share: number; salt: number; gapMs: number }
  | { kind: 'mass-edit'; count: number; salt: number }
  /** A value that the old table, or the code list, refuses; and one that it takes. */
  | { kind: 'spoil'; share: number; what: number }
  | { kind: 'mend'; share: number }
  | { kind: 'delete'; share: number; permanent: boolean }
  | { kind: 'create-and-delete'; salt: number }
  | { kind: 'delete-and-restore'; share: number; gapMs: number }
  | { kind: 'restore'; share: number }
  | { kind: 'convert'; share: number }
  /** A formula's new value: Modified_Time stands still, nobody is told. */
  | { kind: 'formula'; share: number; salt: number }
  | { kind: 'zoho-clock'; aheadMs: number }
  | { kind: 'fault'; rule: FaultRule }
  | { kind: 'hold-jobs'; forMs: number }
  | { kind: 'expire-page-tokens' }
  | { kind: 'kill-channel' }
  | { kind: 'revoke-access-tokens' }
  | { kind: 'no-notifications'; forMs: number }
  | { kind: 'lock-database'; forMs: number }
  | { kind: 'kill'; who: 'worker' | 'api'; downMs: number }
  | { kind: 'restart-temporal'; signal: 'SIGTERM' | 'SIGKILL'; downMs: number }
  | { kind: 'catch-up' }
  /** Somebody writes into the table past the mirror. */
  | { kind: 'tamper'; share: number; how: Tampering };

export type Tampering =
  'drop-row' | 'mark-deleted' | 'change-cell' | 'raise-time' | 'lower-time' | 'make-up-row';

export type Beat = Act & { atMs: number };

export interface WorldPlan {
  simulator: Partial<SimulatorOptions>;
  apiVersion: string;
  deletes: 'soft' | 'hard';
  /** No public address: no channel, no API process. */
  polling: boolean;
  /** The table was there before, with a narrow column, a constraint and rows of its own. */
  oldTable: boolean;
  /** One value of a picklist has no code. */
  codes: boolean;
  batchRows: number;
  catchUpEvery: string;
  notificationWindow: string;
  /** Histories are short: workflows continue as new early. */
  shortHistories: boolean;
}

export interface Story {
  seed: number;
  world: WorldPlan;
  beats: readonly Beat[];
  /** After the load, while no catch-up runs: what only notifications can bring. */
  quiet: readonly Beat[];
  /** Nothing runs and nobody is told for so many days, and people go on: Zoho forgets deletions after 60. */
  daysAway: number;
  away: readonly Act[];
  /** Loads everything again before the last comparison, which then has nothing to find; or first by a user who sees no record. */
  reload: 'no' | 'seeing' | 'blind';
  /** The last comparison is of every field: then formulas too must be equal. */
  fields: boolean;
  /** What happens after the catch-up, for the comparison to find. */
  last: readonly Act[];
  /** Nobody is notified of it. */
  silent: boolean;
  /** What differs is repaired by the schedule's own comparison. */
  weekly: boolean;
}

const lengthMs = 5_000;
const quietMs = 1_500;

export function drawStory(seed: number): Story {
  const random = randomFor(seed, 0, 4_711);
  const chance = (share: number): boolean => random() < share;
  const world = drawWorld(random, chance);
  const beats = [
    { kind: 'sync', atMs: below(random, 500) } as const,
    ...life(random),
    ...storm(random, chance),
    ...deaths(random, chance, world),
  ];
  return {
    seed,
    world,
    beats: inOrder(beats),
    quiet: inOrder(quietHour(random, chance, world)),
    ...absence(random, chance),
    reload: chance(0.7) ? 'no' : pick(random, ['seeing', 'blind']),
    ...finale(random, chance),
  };
}

/** What no comparison of ids and Modified_Times can see is left out where there is no other. */
function finale(
  random: Random,
  chance: (share: number) => boolean,
): Pick<Story, 'fields' | 'last' | 'silent' | 'weekly'> {
  const fields = chance(0.7);
  const share = (): number => below(random, 1_000) / 1_000;
  const hows: Tampering[] = ['drop-row', 'mark-deleted', 'raise-time', 'lower-time', 'make-up-row'];
  const tamper = (): Act => {
    return { kind: 'tamper', share: share(), how: pick(random, fields ? [...hows, 'change-cell'] : hows) };
  };
  const unnoticed: readonly (() => Act)[] = [
    () => ({ kind: 'formula', share: share(), salt: below(random, 1_000_000_000) }),
    () => ({ kind: 'restore', share: share() }),
    () => ({ kind: 'mend', share: share() }),
  ];
  const acts = Array.from({ length: below(random, 7) }, () =>
    fields && chance(0.6) ? pick(random, hatOf(random))() : pick(random, unnoticed)(),
  );
  const tampers = Array.from({ length: below(random, 4) }, tamper);
  const silent = fields && chance(0.5);
  return { fields, silent, weekly: fields && chance(0.5), last: [...acts, ...tampers] };
}

/** Readings are slow, so that hints pile up and workflows go on in new runs with some in hand. */
function quietHour(random: Random, chance: (share: number) => boolean, { polling }: WorldPlan): Beat[] {
  if (polling) return [];
  const hat = hatOf(random);
  const acts = Array.from({ length: 15 + below(random, 20) }, () => pick(random, hat)());
  const beats = acts.map((act): Beat => ({ ...act, atMs: below(random, quietMs) }));
  const slow: FaultRule = {
    kind: 'slow',
    route: 'records.list',
    delayMs: 100 + below(random, 200),
    times: 20,
  };
  beats.push({ kind: 'fault', rule: slow, atMs: 0 });
  if (chance(0.6)) {
    const rule: FaultRule = { kind: 'leave-out', times: 1 + below(random, 6) };
    beats.push({ kind: 'fault', rule, atMs: below(random, quietMs) });
  }
  if (chance(0.4)) {
    const atMs = below(random, quietMs / 2);
    const downMs = 300 + below(random, 700);
    beats.push({ kind: 'restart-temporal', signal: pick(random, ['SIGTERM', 'SIGKILL']), downMs, atMs });
    // What the API has in hand while Temporal is away nobody else knows.
    beats.push({ kind: 'kill', who: 'api', downMs: 0, atMs: atMs + 100 + below(random, downMs) });
  }
  return beats;
}

function absence(random: Random, chance: (share: number) => boolean): Pick<Story, 'daysAway' | 'away'> {
  if (chance(0.75)) return { daysAway: 0, away: [] };
  const hat = hatOf(random);
  const deletion: Act = { kind: 'delete', share: random(), permanent: false };
  const away = Array.from({ length: 3 + below(random, 6) }, () => pick(random, hat)());
  return { daysAway: 20 + below(random, 100), away: [...away, deletion] };
}

const inOrder = (beats: readonly Beat[]): Beat[] => [...beats].sort((a, b) => a.atMs - b.atMs);

function drawWorld(random: Random, chance: (share: number) => boolean): WorldPlan {
  const apiVersion = pick(random, ['v8', 'v8', 'v7', 'v6']);
  return {
    simulator: {
      records: 30 + below(random, 50),
      seed: 1 + below(random, 1_000_000),
      pageRows: 8 + below(random, 25),
      jobDelayMs: 60 + below(random, 400),
      snapshotAt: pick(random, ['creation', 'completion', 'mixed']),
      timeZone: pick(random, ['America/Los_Angeles', 'Asia/Kolkata', 'Pacific/Auckland', 'UTC']),
      multiSelectSeparator: pick(random, [';', ',']),
      notifyBatch: pick(random, [1, 1, 5]),
      notifyDelayMs: below(random, 150),
      conversionNotifies: pick(random, ['update', 'delete', 'none']),
      restoreNotifies: pick(random, ['insert', 'update', 'none']),
      restoreMovesModifiedTime: chance(0.3),
      downloadsPerMinute: 1_000,
      unknownIds: pick(random, ['left out', 'left out', 'refused']),
    },
    apiVersion,
    deletes: chance(0.35) ? 'hard' : 'soft',
    polling: chance(0.12),
    oldTable: chance(0.6),
    codes: chance(0.5),
    batchRows: pick(random, [10, 10, 20, 2_000]),
    // Mostly too rare to heal what notifications should have brought.
    catchUpEvery: pick(random, ['3s', '15m', '15m', '15m']),
    notificationWindow: pick(random, ['50ms', '150ms']),
    shortHistories: chance(0.5),
  };
}

const at = (random: Random, act: Act, fromMs = 0): Beat => ({
  ...act,
  atMs: fromMs + below(random, lengthMs - fromMs),
});

/** What people do in the CRM. */
function life(random: Random): Beat[] {
  const hat = hatOf(random);
  return Array.from({ length: 40 + below(random, 50) }, () => at(random, pick(random, hat)()));
}

function hatOf(random: Random): (() => Act)[] {
  const salt = (): number => below(random, 1_000_000_000);
  const share = (): number => below(random, 1_000) / 1_000;
  const acts: readonly [weight: number, draw: () => Act][] = [
    [5, () => ({ kind: 'create', count: 1 + below(random, 3), salt: salt() })],
    [14, () => ({ kind: 'edit', share: share(), salt: salt() })],
    [6, () => ({ kind: 'edit-twice', share: share(), salt: salt(), gapMs: below(random, 400) })],
    [1, () => ({ kind: 'mass-edit', count: 5 + below(random, 20), salt: salt() })],
    [4, () => ({ kind: 'spoil', share: share(), what: below(random, 3) })],
    [3, () => ({ kind: 'mend', share: share() })],
    [7, () => ({ kind: 'delete', share: share(), permanent: random() < 0.2 })],
    [2, () => ({ kind: 'create-and-delete', salt: salt() })],
    [3, () => ({ kind: 'delete-and-restore', share: share(), gapMs: below(random, 600) })],
    [3, () => ({ kind: 'restore', share: share() })],
    [3, () => ({ kind: 'convert', share: share() })],
    [4, () => ({ kind: 'formula', share: share(), salt: salt() })],
  ];
  return acts.flatMap(([weight, draw]) => new Array<() => Act>(weight).fill(draw));
}

const soon = { 'retry-after': '1' };
const forbidden = {
  kind: 'status',
  status: 403,
  body: '{"code":"NO_PERMISSION","details":{},"message":"permission denied","status":"error"}',
} as const;
const calls = [
  'bulk.create',
  'bulk.status',
  'bulk.download',
  'records.list',
  'records.get',
  'records.deleted',
  'coql',
];

/** What goes wrong between the houses. Rare enough on each road that a retry gets through within seconds. */
function storm(random: Random, chance: (share: number) => boolean): Beat[] {
  const faults: (() => FaultRule)[] = [
    () => ({ kind: 'status', status: pick(random, [500, 502, 503]), route: pick(random, calls) }),
    () => ({ kind: 'status', status: 500, route: pick(random, calls), phase: 'after' }),
    () => ({ kind: 'reset', route: pick(random, calls) }),
    () => ({ kind: 'reset', route: pick(random, calls), phase: 'after' }),
    () => ({ kind: 'slow', route: pick(random, calls), delayMs: 300 + below(random, 2_000) }),
    () => ({ kind: 'too-many-requests', route: pick(random, calls), headers: soon }),
    () => ({ kind: 'bulk-429-in-400', route: 'bulk.create', headers: soon }),
    () => ({ kind: 'truncate', route: 'bulk.download' }),
    () => ({ kind: 'cut', route: 'bulk.download' }),
    () => ({ kind: 'corrupt', route: 'bulk.download' }),
    () => ({ kind: 'short', route: 'bulk.download', rows: 1 + below(random, 3) }),
    () => ({ kind: 'expire-job', route: 'bulk' }),
    () => ({ kind: 'expire-page-token' }),
    // An empty answer where there is something: "not returned" is not "deleted".
    () => ({ kind: 'status', status: 204, body: '', route: 'records.list' }),
    () => ({ kind: 'leave-out', times: 1 + below(random, 6) }),
    () => ({ kind: 'status', status: 204, body: '', route: 'watch.list', times: 1 + below(random, 3) }),
    () => ({
      kind: 'status',
      status: 500,
      route: pick(random, ['watch.create', 'watch.patch', 'watch.list']),
    }),
    () => ({ kind: 'status', status: 500, route: pick(random, ['settings.fields', 'oauth.token']) }),
    () => ({ kind: 'drop', route: 'notification', times: 1 + below(random, 4) }),
    () => ({ kind: 'double', route: 'notification', times: 1 + below(random, 4) }),
    () => ({ kind: 'reorder', route: 'notification', times: 1 + below(random, 6) }),
    () => ({ kind: 'delay', route: 'notification', delayMs: 500 + below(random, 3_000) }),
    () => ({ kind: pick(random, ['drop', 'double', 'delay']), route: 'bulk.callback' }),
  ];
  const beats = Array.from({ length: 8 + below(random, 10) }, () =>
    at(random, { kind: 'fault', rule: pick(random, faults)() }),
  );
  const rare: readonly [share: number, draw: () => Act][] = [
    // At most twice: an export that fails three times waits for a person.
    [0.4, () => ({ kind: 'fault', rule: { kind: 'fail-job', times: 1 + below(random, 2) } })],
    // Once: a second refusal in a row counts as a right that is missing.
    [0.3, () => ({ kind: 'fault', rule: { kind: 'unauthorized', route: pick(random, calls) } })],
    [0.4, () => ({ kind: 'hold-jobs', forMs: 500 + below(random, 2_000) })],
    // Every right is missing for a while.
    [
      0.15,
      () => ({
        kind: 'fault',
        rule: { ...forbidden, route: pick(random, calls), times: 1 + below(random, 3) },
      }),
    ],
    [0.2, () => ({ kind: 'expire-page-tokens' })],
    [0.35, () => ({ kind: 'kill-channel' })],
    [0.2, () => ({ kind: 'revoke-access-tokens' })],
    [0.3, () => ({ kind: 'no-notifications', forMs: 500 + below(random, 3_000) })],
    [0.4, () => ({ kind: 'lock-database', forMs: 200 + below(random, 3_500) })],
    [0.4, () => ({ kind: 'catch-up' })],
    // Past the catch-up's overlap: a watermark that ran ahead is then a change that is missed.
    [0.6, () => ({ kind: 'zoho-clock', aheadMs: 60_000 * (6 + below(random, 10)) })],
    [0.4, () => ({ kind: 'zoho-clock', aheadMs: 60_000 * (6 + below(random, 10)) })],
  ];
  for (const [share, draw] of rare) if (chance(share)) beats.push(at(random, draw()));
  // The file of the first page.
  if (chance(0.3))
    beats.push({ kind: 'fault', rule: { kind: 'expire-job', route: 'bulk.download' }, atMs: 0 });
  return beats;
}

/** A killed worker's activities are taken up again after ten seconds: the deaths come early, so that the rest goes on beside the wait. */
function deaths(random: Random, chance: (share: number) => boolean, { polling }: WorldPlan): Beat[] {
  const beats: Beat[] = [];
  const early = (act: Act): number => beats.push({ ...act, atMs: 200 + below(random, 4_000) });
  if (chance(0.6)) early({ kind: 'kill', who: 'worker', downMs: below(random, 1_200) });
  if (chance(0.2)) early({ kind: 'kill', who: 'worker', downMs: below(random, 1_200) });
  if (!polling && chance(0.45)) early({ kind: 'kill', who: 'api', downMs: below(random, 1_500) });
  if (chance(0.3))
    early({
      kind: 'restart-temporal',
      signal: pick(random, ['SIGTERM', 'SIGKILL']),
      downMs: below(random, 1_500),
    });
  // A call that hangs when its worker dies.
  if (chance(0.3)) {
    const atMs = 500 + below(random, 3_000);
    const rule: FaultRule = pick(random, [
      { kind: 'stall', route: 'bulk.download' },
      { kind: 'timeout', route: pick(random, calls) },
      { kind: 'timeout', route: pick(random, calls), phase: 'after' },
    ]);
    beats.push({ kind: 'fault', rule, atMs });
    beats.push({ kind: 'kill', who: 'worker', downMs: 0, atMs: atMs + 800 + below(random, 1_200) });
  }
  return beats;
}
