// Writes instants as Zoho does, with the offset of a time zone; it never parses.

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

export function utcText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** Offsets change on quarters of an hour at most, so one look-up per quarter is enough and exports stay fast. */
export class Zone {
  readonly #offsets = new Map<number, { ms: number; text: string }>();
  readonly #format: Intl.DateTimeFormat;

  constructor(readonly name: string) {
    this.#format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  }

  text(ms: number): string {
    const offset = this.#offsetAt(ms);
    return new Date(ms + offset.ms).toISOString().slice(0, 19) + offset.text;
  }

  #offsetAt(ms: number): { ms: number; text: string } {
    const quarter = Math.floor(ms / (HOUR_MS / 4));
    const known = this.#offsets.get(quarter);
    if (known) return known;
    const match = /GMT([+-])(\d{2}):(\d{2})/.exec(this.#format.format(ms));
    const sign = match?.[1] ?? '+';
    const hours = match?.[2] ?? '00';
    const minutes = match?.[3] ?? '00';
    const size = Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS;
    const found = { ms: sign === '-' ? -size : size, text: `${sign}${hours}:${minutes}` };
    this.#offsets.set(quarter, found);
    return found;
  }
}
