// Environment and YAML → one validated object. Pure but for reading the file that MIRROR_CONFIG names.
import { existsSync, readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { ConfigError, type Config, type ModuleConfig } from './config';
import { dataCentres, readVariables, variables, type LogLevel, type VariableName } from './environment';
import { describeIssues, fileSchema, moduleSchema, type FileSettings } from './file';

const defaultFile = './zoho-mirror.yaml';

/** Loads the configuration. Throws a ConfigError with every problem, a line each. */
export function loadConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const problems: string[] = [];
  const values = readVariables(env, problems);
  const file = readSettings(env.MIRROR_CONFIG, problems);
  if (problems.length > 0 || !file) throw new ConfigError(problems);
  return assemble(values, file);
}

/** Of a process that needs nothing but PAYLOAD_KEYS. Throws a ConfigError. */
export function loadPayloadKeys(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Config['payloadKeys'] {
  const { read, allowed } = variables.PAYLOAD_KEYS;
  const keys = read.safeParse(env.PAYLOAD_KEYS ?? '');
  if (keys.success) return keys.data;
  throw new ConfigError([`PAYLOAD_KEYS is not set or not valid. Allowed: ${allowed}`]);
}

function readSettings(named: string | undefined, problems: string[]): FileSettings | undefined {
  const path = named || defaultFile;
  const source = named || existsSync(path) ? parseFile(path, problems) : {};
  if (source === undefined) return undefined;
  const parsed = fileSchema.safeParse(source);
  if (parsed.success) return parsed.data;
  problems.push(...describeIssues(parsed.error.issues, source).map((line) => `${path}: ${line}`));
  return undefined;
}

function parseFile(path: string, problems: string[]): unknown {
  try {
    return parseYaml(readFileSync(path, 'utf8')) ?? {};
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : 'unknown';
    problems.push(`MIRROR_CONFIG=${path} cannot be read (${reason}). Allowed: the path of a YAML file`);
    return undefined;
  }
}

function assemble(values: Partial<Record<VariableName, unknown>>, file: FileSettings): Config {
  const text = (name: VariableName): string => String(values[name]);
  const hosts = dataCentres[text('ZOHO_DC')] ?? dataCentres.us!;
  return {
    zoho: {
      accountsUrl: values.ZOHO_ACCOUNTS_URL ? text('ZOHO_ACCOUNTS_URL') : hosts.accounts,
      apiUrl: values.ZOHO_API_URL ? text('ZOHO_API_URL') : hosts.api,
      apiVersion: text('ZOHO_API_VERSION'),
      clientId: text('ZOHO_CLIENT_ID'),
      clientSecret: text('ZOHO_CLIENT_SECRET'),
      refreshToken: text('ZOHO_REFRESH_TOKEN'),
    },
    legacyDb: text('LEGACY_DB'),
    ...(values.PUBLIC_URL ? { publicUrl: text('PUBLIC_URL') } : {}),
    webhookSecret: text('WEBHOOK_SECRET'),
    payloadKeys: (values.PAYLOAD_KEYS ?? []) as Config['payloadKeys'],
    logLevel: values.LOG_LEVEL as LogLevel,
    bindAddress: text('BIND_ADDRESS'),
    port: Number(values.PORT),
    ...(values.METRICS_PORT === undefined ? {} : { metricsPort: Number(values.METRICS_PORT) }),
    modules: Object.fromEntries(
      Object.entries(file.modules).map(([name, settings]) => [name, moduleConfig(name, settings)]),
    ),
    schedules: {
      // Without a channel nothing tells of changes, so catch-up is the only way they arrive.
      catchUpMs: values.PUBLIC_URL ? file.schedules.catchUp : Math.min(file.schedules.catchUp, pollingMs),
      reconcileMs: file.schedules.reconcile,
    },
    channel: { renewEveryMs: file.channel.renewEvery, lifetimeMs: file.channel.lifetime },
    loading: file.loading.batchRows === undefined ? {} : { batchRows: file.loading.batchRows },
    ...(file.limits ? { limits: file.limits } : {}),
    timings: {
      pollFirstMs: file.timings.pollFirst,
      pollMaxMs: Math.max(file.timings.pollFirst, file.timings.pollMax),
      notificationWindowMs: file.timings.notificationWindow,
    },
  };
}

const pollingMs = 2 * 60_000;
const defaultColumns = {
  modifiedAt: 'zoho_modified_at',
  observedAt: 'zoho_observed_at',
  deletedAt: 'zoho_deleted_at',
};

function moduleConfig(name: string, settings: FileSettings['modules'][string]): ModuleConfig {
  const given = settings ?? moduleSchema.parse({});
  return {
    table: given.table ?? name,
    deletes: given.deletes,
    ...(given.schema ? { schema: given.schema } : {}),
    bookkeeping:
      given.bookkeeping === 'side-table' ? 'side-table' : (given.bookkeepingColumns ?? defaultColumns),
    deletedFlag: Object.entries(given.deletedFlag).map(([column, values]) => ({ column, ...values })),
    key: given.key,
    constants: given.constants,
    values: given.values,
    ...(given.fields ? { fields: given.fields } : {}),
    columns: given.columns,
    names: given.names,
    match: given.match,
  };
}

/** The names and meanings of all environment variables, for `--help` and the docs. */
export const describeVariables = (): {
  name: string;
  about: string;
  fallback?: string;
  required: boolean;
}[] =>
  Object.entries(variables).map(([name, variable]) => ({
    name,
    about: variable.about,
    ...('fallback' in variable ? { fallback: variable.fallback } : {}),
    required: 'required' in variable,
  }));
