// The YAML file: modules, schedules, channel and timings. Unknown keys are refused, so that a typo is not a silent default.
import { z } from 'zod';
import { durationShape, parseDuration } from './duration';

const duration = (fallback: string) =>
  z
    .union([z.string(), z.number()])
    .default(fallback)
    .transform((value, context) => {
      const ms = parseDuration(String(value));
      if (ms === undefined || ms < 1) {
        context.addIssue({ code: 'custom', message: `Allowed: ${durationShape}`, input: value });
        return z.NEVER;
      }
      return ms;
    });

const wholeNumber = (from: number) =>
  z
    .number(`Allowed: a whole number from ${from}`)
    .int(`Allowed: a whole number from ${from}`)
    .min(from, `Allowed: a whole number from ${from}`);

const maxLifetimeMs = 6 * 86_400_000 + 23 * 3_600_000;
const plainName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_$]*$/, 'Allowed: a plain name of letters, digits and _');
/** A column of an old application may have blanks and accents; brackets and quotes it may not. */
const columnName = z
  .string()
  .regex(/^[^\p{Cc}[\]"'`;]{1,128}$/u, 'Allowed: 1 to 128 characters without brackets, quotes or semicolons');
const tableName = z
  .string()
  .regex(
    /^[^\p{Cc}[\]"'`;.]{1,128}(\.[^\p{Cc}[\]"'`;.]{1,128})?$/u,
    'Allowed: table or schema.table, without brackets or quotes',
  );
const scalar = z.union([z.string(), z.number(), z.boolean()]);

export const moduleSchema = z.strictObject({
  table: tableName.optional(),
  deletes: z.enum(['soft', 'hard']).default('soft'),
  schema: z.enum(['extend', 'check']).optional(),
  bookkeeping: z.enum(['columns']).default('columns'),
  key: columnName.default('id'),
  constants: z.record(columnName, scalar).default({}),
  values: z.record(plainName, z.record(z.string(), scalar.transform(String))).default({}),
  fields: z.array(plainName).min(1).optional(),
  columns: z.record(plainName, columnName).default({}),
});

export const fileSchema = z.strictObject({
  modules: z.record(plainName, moduleSchema.nullable()).default({ Leads: null }),
  schedules: z.strictObject({ catchUp: duration('15m'), reconcile: duration('7d') }).prefault({}),
  channel: z
    .strictObject({
      renewEvery: duration('23h55m'),
      lifetime: duration('6d').refine((ms) => ms <= maxLifetimeMs, {
        // Zoho turns a request over a week into one hour without a word.
        message: 'Allowed: at most 6d23h',
      }),
    })
    .prefault({}),
  loading: z
    .strictObject({
      batchRows: z
        .number('Allowed: 10 to 50000')
        .int()
        .min(10, 'Allowed: 10 to 50000')
        .max(50_000, 'Allowed: 10 to 50000')
        .optional(),
    })
    .prefault({}),
  limits: z
    .strictObject({
      dailyCredits: wholeNumber(1),
      /** Default: a tenth. */
      reserve: wholeNumber(0).optional(),
    })
    .transform(({ dailyCredits, reserve }) => ({
      dailyCredits,
      reserve: reserve ?? Math.ceil(dailyCredits / 10),
    }))
    .refine(({ dailyCredits, reserve }) => reserve < dailyCredits, {
      path: ['reserve'],
      message: 'Allowed: less than limits.dailyCredits',
    })
    .optional(),
  timings: z
    .strictObject({
      pollFirst: duration('30s'),
      pollMax: duration('5m'),
      notificationWindow: duration('1s'),
    })
    .prefault({}),
});

export type FileSettings = z.output<typeof fileSchema>;

/** `pageRows` → `modules.Leads.pageRows=… is not valid. …`, one line an issue. */
export function describeIssues(
  issues: readonly z.core.$ZodIssue[],
  source: unknown,
  path: string[] = [],
): string[] {
  return issues.flatMap((issue) => {
    const at = [...path, ...issue.path.map(String)];
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => `${[...at, key].join('.')} is not a known key. ${knownKeys(at)}`);
    const value = at.reduce<unknown>(
      (node, key) =>
        typeof node === 'object' && node !== null ? (node as Record<string, unknown>)[key] : undefined,
      source,
    );
    const shown = value === undefined ? '' : `=${JSON.stringify(value)}`;
    const allowed =
      issue.code === 'invalid_value' ? `Allowed: ${issue.values.map(String).join(', ')}` : issue.message;
    return [`${at.join('.') || 'the file'}${shown} is not valid. ${allowed}`];
  });
}

function knownKeys(at: readonly string[]): string {
  const sections: Record<string, readonly string[]> = {
    '': Object.keys(fileSchema.shape),
    schedules: ['catchUp', 'reconcile'],
    channel: ['renewEvery', 'lifetime'],
    loading: ['batchRows'],
    limits: ['dailyCredits', 'reserve'],
    timings: ['pollFirst', 'pollMax', 'notificationWindow'],
    modules: Object.keys(moduleSchema.shape),
  };
  return `Allowed: ${(sections[at[0] ?? ''] ?? []).join(', ')}`;
}
