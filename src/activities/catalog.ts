// Per module: configuration, metadata and mapping in one plan, kept for a while, because every page and every re-read needs it.
import { ApplicationFailure } from '@temporalio/common';
import type { Config, ModuleConfig } from '../config';
import type { Database, Finding, TargetTable } from '../db';
import {
  MappingError,
  modifiedTime,
  planMapping,
  restrictMapping,
  typings,
  type Field,
  type Mapping,
  type Typing,
} from '../mirror';
import { isBackground, ZohoError, type Zoho } from '../zoho';
import { failure } from './failures';

export interface ModulePlan {
  module: string;
  mapping: Mapping;
  table: TargetTable;
  /** In the mapping's order. */
  typings: readonly Typing[];
  /** What Zoho is asked for: the mapped fields and Modified_Time. */
  ask: readonly Field[];
  /** What is not as it should be about the table, and loading goes on nevertheless. */
  notes: readonly Finding[];
}

/** A field that was added or renamed in Zoho is noticed after this long at the latest. */
const keptForMs = 10 * 60_000;

export class Catalog {
  private readonly plans = new Map<string, { plan: Promise<ModulePlan>; until: number }>();
  /** Module → fingerprint of the mapping that its table was last made ready for, and what was to be said about it. */
  private readonly fitted = new Map<string, { fingerprint: string; notes: readonly Finding[] }>();

  constructor(private readonly deps: { config: Config; zoho: Zoho; db: Database; clock?: () => number }) {}

  /** The plan of a module. Throws an InvalidInput failure for a module that is not configured or that Zoho has never shown. */
  plan(module: string, options: { fresh?: boolean; signal?: AbortSignal } = {}): Promise<ModulePlan> {
    const now = (this.deps.clock ?? Date.now)();
    const kept = this.plans.get(module);
    if (kept && !options.fresh && kept.until > now) return this.shared(module, kept.plan, options);
    const plan = this.make(module, options.signal);
    this.plans.set(module, { plan, until: now + keptForMs });
    plan.catch(() => this.plans.get(module)?.plan === plan && this.plans.delete(module));
    return plan;
  }

  /** A plan that background work began to make may be held back for want of credits: foreground work then makes its own. */
  private shared(
    module: string,
    plan: Promise<ModulePlan>,
    options: { signal?: AbortSignal },
  ): Promise<ModulePlan> {
    return plan.catch((error: unknown) => {
      if (isBackground() || !(error instanceof ZohoError && error.code === 'CREDITS_RESERVED')) throw error;
      return this.plan(module, { ...options, fresh: true });
    });
  }

  private async make(module: string, signal?: AbortSignal): Promise<ModulePlan> {
    const draft = await this.draft(module, signal);
    return { ...draft, notes: await this.readyTable(draft.table, draft.mapping) };
  }

  /** The plan as it would be. Nothing is made ready for it. */
  async draft(module: string, signal?: AbortSignal): Promise<Omit<ModulePlan, 'notes'>> {
    const settings = this.settings(module);
    const metadata = await this.metadata(module, signal);
    const { droppedFields } = await this.deps.db.state(module);
    const whole = planned(module, metadata, settings, droppedFields);
    const mapping = await mappingFor(this.deps.db, settings, whole).catch((error: unknown) => {
      throw asFailure(error);
    });
    const asked = [...new Set(mapping.fields.map(({ field }) => field))];
    if (!asked.some(({ apiName }) => apiName === modifiedTime))
      asked.push(metadata.find(({ apiName }) => apiName === modifiedTime)!);
    const table = targetTable(settings, mapping);
    return { module, mapping, table, typings: typings(mapping), ask: asked };
  }

  /** A field that appears in Zoho while workflows run must have its column before the next row is written. */
  private async readyTable(
    table: TargetTable,
    { module, fingerprint }: Mapping,
  ): Promise<readonly Finding[]> {
    const known = this.fitted.get(module);
    if (known?.fingerprint === fingerprint) return known.notes;
    const { notes = [] } = await this.deps.db.ensureTable(table);
    this.fitted.set(module, { fingerprint, notes });
    return notes;
  }

  private settings(module: string): ModuleConfig {
    const settings = this.deps.config.modules[module];
    if (settings) return settings;
    const names = Object.keys(this.deps.config.modules).join(', ');
    throw invalidInput(`The module ${module} is not configured. Configured: ${names}`);
  }

  private async metadata(module: string, signal?: AbortSignal): Promise<Field[]> {
    try {
      const fields = await this.deps.zoho.fields(module, signal);
      if (fields.length > 0) return fields;
    } catch (error) {
      if (!(error instanceof ZohoError && error.verdict === 'refused')) throw error;
    }
    throw await this.unknown(module, signal);
  }

  /** The list of modules costs a credit, so it is asked for only to say what would have been right. */
  private async unknown(module: string, signal?: AbortSignal): Promise<ApplicationFailure> {
    const known = await this.deps.zoho.modules(signal);
    const names = known.filter(({ apiSupported }) => apiSupported).map(({ apiName }) => apiName);
    const { watermark } = await this.deps.db.state(module);
    if (watermark !== undefined)
      return failure(
        'ZohoPermanent',
        `Zoho no longer shows the module ${module}, which was loaded before. Give the Zoho user of the refresh token the right to see it again`,
      );
    return names.includes(module)
      ? invalidInput(`Zoho gives no fields for the module ${module}`)
      : invalidInput(`Zoho has no module ${module} that the API supports. It has: ${names.join(', ')}`);
  }
}

/** Of a plan just what old rows are matched by. */
export function matchedPart(
  plan: Pick<ModulePlan, 'mapping' | 'table' | 'ask'>,
): Pick<ModulePlan, 'mapping' | 'table' | 'ask'> {
  const { mapping, table, ask } = plan;
  const match = table.match ?? [];
  const fields = mapping.fields.filter(({ column }) => match.includes(column));
  const asked = fields.map(({ field }) => field);
  return {
    mapping: { ...mapping, fields },
    table: { ...table, columns: table.columns.filter(({ name }) => match.includes(name)) },
    ask: ask.filter((field) => asked.includes(field) || field.apiName === modifiedTime),
  };
}

export const invalidInput = (message: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(message, 'InvalidInput');

/** Without `fields`, a table that the mirror may not extend gets just the fields that it has columns for. */
export async function mappingFor(db: Database, settings: ModuleConfig, mapping: Mapping): Promise<Mapping> {
  if (settings.fields) return mapping;
  const columns = await db.fixedColumns(knownTable(mapping.module, settings));
  const named = [...Object.keys(settings.columns), ...Object.keys(settings.values), ...settings.match];
  return columns === undefined ? mapping : restrictMapping(mapping, { columns, named });
}

const planned = (module: string, metadata: Field[], settings: ModuleConfig, dropped: string[]): Mapping => {
  try {
    return planMapping(module, metadata, { ...settings, reserved: reservedColumns(settings) }, dropped);
  } catch (error) {
    throw asFailure(error);
  }
};

/** A module that can never be mirrored is bad input; a field can be mended in Zoho or in the configuration. */
function asFailure(error: unknown): unknown {
  if (!(error instanceof MappingError)) return error;
  return error.about === 'module'
    ? invalidInput(error.message)
    : ApplicationFailure.nonRetryable(error.message, 'SchemaMismatch');
}

/** A field in one of these would be overwritten by the mirror, or overwrite what it needs. */
const reservedColumns = (settings: ModuleConfig): Record<string, string> => ({
  [keyColumn(settings)]: 'key column',
  ...Object.fromEntries(
    settings.bookkeeping === 'side-table'
      ? []
      : Object.values(settings.bookkeeping).map((column) => [column, "mirror's own"]),
  ),
  ...Object.fromEntries(settings.deletedFlag.map(({ column }) => [column, 'deletedFlag'])),
});

const keyColumn = ({ columns, key }: ModuleConfig): string => columns.id ?? key;

export const targetTable = (settings: ModuleConfig, mapping: Mapping): TargetTable => ({
  ...knownTable(mapping.module, settings),
  columns: mapping.fields.map(({ column, type }) => ({ name: column, type })),
  constants: settings.constants,
  deletedFlag: settings.deletedFlag,
  match: matchedColumns(settings, mapping),
});

/** Throws SchemaMismatch for a field that is not mirrored. */
function matchedColumns({ match }: ModuleConfig, { module, fields }: Mapping): string[] {
  return match.map((name) => {
    const found = fields.find(({ field, nameFrom }) => field.apiName === name && nameFrom === undefined);
    if (found) return found.column;
    throw ApplicationFailure.nonRetryable(
      `${module}: the field ${name} of \`match\` is not mirrored, so no row can be found by it`,
      'SchemaMismatch',
    );
  });
}

/** What the configuration alone tells of a target table: enough to count its rows without asking Zoho. */
export const knownTable = (module: string, settings: ModuleConfig): TargetTable => ({
  module,
  table: settings.table,
  key: keyColumn(settings),
  columns: [],
  deletes: settings.deletes,
  ...(settings.schema ? { schema: settings.schema } : {}),
  bookkeeping: settings.bookkeeping,
  constants: {},
});
