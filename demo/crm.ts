// The pretended CRM as the demo moves it: over its control API, from another process, like everybody else.
import { request } from 'undici';
import { z } from 'zod';

const touched = z.object({
  created: z.array(z.string()),
  edited: z.array(z.string()),
  deleted: z.array(z.string()),
});
const stats = z.object({
  /** By route. */
  calls: z.record(z.string(), z.object({ count: z.number() })),
  credits: z.object({ used: z.number() }),
  notifications: z.object({ delivered: z.number(), idle: z.boolean() }).loose(),
  jobs: z.array(z.object({ id: z.string(), page: z.number(), state: z.string(), rows: z.number() }).loose()),
});
const struck = z.object({ faults: z.array(z.object({ struck: z.number() })) });
const truth = z.object({
  records: z.array(z.record(z.string(), z.unknown())),
  deleted: z.array(z.string()),
  next_cursor: z.string().nullable(),
});

export type CrmStats = z.infer<typeof stats>;
export type TruthRecord = Readonly<Record<string, unknown>>;

export class CrmControl {
  constructor(private readonly url: string) {}

  mutate(change: {
    creates: number;
    edits: number;
    deletes: number;
    seed: number;
  }): Promise<z.infer<typeof touched>> {
    return this.call('POST', '/__sim/mutate', touched, { module: 'Leads', ...change });
  }

  async edit(id: string, values: Readonly<Record<string, string>>): Promise<void> {
    await this.call('PATCH', `/__sim/records/Leads/${id}`, z.unknown(), { values });
  }

  /** A demo's pages are small, so it has more of them than Zoho allows downloads a minute. */
  async allowDownloads(perMinute: number): Promise<void> {
    await this.call('POST', '/__sim/limits', z.unknown(), { downloadsPerMinute: perMinute });
  }

  /** As when it expires unseen: nobody is told. */
  async killChannels(): Promise<void> {
    await this.call('POST', '/__sim/channels/kill', z.unknown(), {});
  }

  stats(): Promise<CrmStats> {
    return this.call('GET', '/__sim/stats', stats);
  }

  /** As when somebody takes the mirror's access away in Zoho. */
  async revokeTokens(): Promise<void> {
    await this.call('POST', '/__sim/tokens/revoke', z.unknown(), { refreshTokens: true });
  }

  /** The next download hangs half-way. */
  async stallNextDownload(): Promise<void> {
    await this.call('POST', '/__sim/faults', z.unknown(), {
      kind: 'stall',
      route: 'bulk.download',
      times: 1,
    });
  }

  /** Whether a download is hanging now. */
  async stalled(): Promise<boolean> {
    const { faults } = await this.call('GET', '/__sim/faults', struck);
    return faults.some((fault) => fault.struck > 0);
  }

  async clearFaults(): Promise<void> {
    await this.call('DELETE', '/__sim/faults', z.unknown());
  }

  async *truth(): AsyncGenerator<TruthRecord> {
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: z.infer<typeof truth> = await this.call(
        'GET',
        `/__sim/records/Leads?limit=2000&cursor=${cursor}`,
        truth,
      );
      yield* page.records;
      cursor = page.next_cursor;
    }
  }

  private async call<T>(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    shape: z.ZodType<T>,
    json?: unknown,
  ): Promise<T> {
    const { statusCode, body } = await request(`${this.url}${path}`, {
      method,
      ...(json === undefined
        ? {}
        : { body: JSON.stringify(json), headers: { 'content-type': 'application/json' } }),
    });
    const text = await body.text();
    if (statusCode >= 300) throw new Error(`The simulator answered ${statusCode} to ${method} ${path}`);
    return shape.parse(text === '' ? {} : JSON.parse(text));
  }
}
