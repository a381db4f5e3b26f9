// The YAML file: modules, schedules, channel and timings. Unknown keys are refused, so that a typo is not a silent default.
import { z } from 'zod';
import { durationShape, parseDuration } from './duration';

const duration = (fallback: string) =>
  z
    .union([z.string(), z.number()], `Allowed: ${durationShape}`)
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
const scalar = z.union([z.string(), z.number(), z.boolean()], 'Allowed: a text, a number, true or false');

/** `1` alone stands for `{ deleted: 1, live: 0 }`; a text's other side is NULL unless it is given. */
const deletedFlag = z.union(
  [
    z.strictObject({ deleted: scalar, live: scalar.nullable() }),
    scalar.transform((deleted) => ({ deleted, live: otherSide(deleted) })),
  ],
  'Allowed: the value of a deleted row, or { deleted: …, live: … }',
);

function otherSide(deleted: string | number | boolean): number | boolean | null {
  if (typeof deleted === 'boolean') return !deleted;
  return typeof deleted === 'number' ? Number(deleted === 0) : null;
}

/** So many values of a record are kept while old rows are matched. */
const mostMatched = 4;

const moduleObject = z.strictObject({
  table: tableName.optional(),
  deletes: z.enum(['soft', 'hard']).default('soft'),
  schema: z.enum(['extend', 'check']).optional(),
  bookkeeping: z.enum(['columns', 'side-table']).default('columns'),
  bookkeepingColumns: z
    .strictObject({
      modifiedAt: columnName.default('zoho_modified_at'),
      observedAt: columnName.default('zoho_observed_at'),
      deletedAt: columnName.default('zoho_deleted_at'),
    })
    .optional(),
  deletedFlag: z.record(columnName, deletedFlag).default({}),
  key: columnName.default('id'),
  constants: z.record(columnName, scalar).default({}),
  values: z.record(plainName, z.record(z.string(), scalar.transform(String))).default({}),
  fields: z.array(plainName).min(1).optional(),
  columns: z.record(plainName, columnName).default({}),
  names: z.record(plainName, columnName).default({}),
  match: z.array(plainName).max(mostMatched, `Allowed: up to ${mostMatched} fields`).default([]),
});

/** Keys that only make sense together, or never do. */
export const moduleSchema = moduleObject.superRefine((module, context) => {
  const refuse = (key: keyof typeof module, message: string): void =>
    context.addIssue({ code: 'custom', path: [key], message });
  const flagged = Object.keys(module.deletedFlag).length > 0;
  const beside = module.bookkeeping === 'side-table';
  if (beside && module.deletes === 'soft' && !flagged)
    refuse('bookkeeping', 'Allowed: with deletes: hard or a deletedFlag, else nothing would show a deletion');
  if (beside && module.bookkeepingColumns) refuse('bookkeepingColumns', 'Allowed: with bookkeeping: columns');
  if (module.deletes === 'hard' && flagged) refuse('deletedFlag', 'Allowed: with deletes: soft');
  const unmapped = module.fields && module.match.filter((field) => !module.fields!.includes(field));
  if (unmapped?.length)
    refuse('match', 'Allowed: fields that are mirrored, so they have to be in fields too');
});

export const fileSchema = z.strictObject({
  modules: z
    .record(plainName, moduleSchema.nullable())
    .refine((modules) => Object.keys(modules).length > 0, 'Allowed: one module or more, such as { Leads: }')
    .default({ Leads: null }),
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
    modules: Object.keys(moduleObject.shape),
  };
  return `Allowed: ${(sections[at[0] ?? ''] ?? []).join(', ')}`;
}
