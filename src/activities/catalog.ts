// Per module: configuration, metadata and mapping in one plan, kept for a while, because every page and every re-read needs it.
import { ApplicationFailure } from '@temporalio/common';
import type { Config, ModuleConfig } from '../config';
import type { Database, TargetTable } from '../db';
import {
  MappingError,
  modifiedTime,
  planMapping,
  typings,
  type Field,
  type Mapping,
  type Typing,
} from '../mirror';
import { isBackground, ZohoError, type Zoho } from '../zoho';

export interface ModulePlan {
  module: string;
  mapping: Mapping;
  table: TargetTable;
  /** In the mapping's order. */
  typings: readonly Typing[];
  /** What Zoho is asked for: the mapped fields and Modified_Time. */
  ask: readonly Field[];
}

/** A field that was added or renamed in Zoho is noticed after this long at the latest. */
const keptForMs = 10 * 60_000;

export class Catalog {
  private readonly plans = new Map<string, { plan: Promise<ModulePlan>; until: number }>();
  /** Module → fingerprint of the mapping that its table was last made ready for. */
  private readonly fitted = new Map<string, string>();

  constructor(private readonly deps: { config: Config; zoho: Zoho; db: Database; clock?: () => number }) {}

  /** The plan of a module. Throws an InvalidInput failure for a module that is not configured or that Zoho does not have. */
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
    const settings = this.settings(module);
    const metadata = await this.metadata(module, signal);
    const { droppedFields } = await this.deps.db.state(module);
    const mapping = planned(module, metadata, settings, droppedFields);
    const asked = mapping.fields.map(({ field }) => field);
    if (!asked.some(({ apiName }) => apiName === modifiedTime))
      asked.push(metadata.find(({ apiName }) => apiName === modifiedTime)!);
    const table = targetTable(settings, mapping);
    await this.fit(table, mapping);
    return { module, mapping, table, typings: typings(mapping), ask: asked };
  }

  /** A field that appears in Zoho while workflows run must have its column before the next row is written. */
  private async fit(table: TargetTable, { module, fingerprint }: Mapping): Promise<void> {
    if (this.fitted.get(module) === fingerprint) return;
    await this.deps.db.ensureTable(table);
    this.fitted.set(module, fingerprint);
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
    return names.includes(module)
      ? invalidInput(`Zoho gives no fields for the module ${module}`)
      : invalidInput(`Zoho has no module ${module} that the API supports. It has: ${names.join(', ')}`);
  }
}

export const invalidInput = (message: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(message, 'InvalidInput');

function planned(module: string, metadata: Field[], settings: ModuleConfig, dropped: string[]): Mapping {
  try {
    return planMapping(module, metadata, { ...settings, reserved: reservedColumns(settings) }, dropped);
  } catch (error) {
    if (!(error instanceof MappingError)) throw error;
    // A module that can never be mirrored is bad input; a field can be mended in Zoho or in the configuration.
    throw error.about === 'module'
      ? invalidInput(error.message)
      : ApplicationFailure.nonRetryable(error.message, 'SchemaMismatch');
  }
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
});

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
