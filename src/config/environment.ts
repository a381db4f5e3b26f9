// The environment variables, one row each: how they are read, what they default to, what they are for.
import { z } from 'zod';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

interface Variable {
  read: z.ZodType<unknown>;
  allowed: string;
  about: string;
  fallback?: string;
  required?: boolean;
  secret?: boolean;
}

/** Zoho's data centres: accounts host and API host. Source: Zoho's TypeScript SDK 8. */
export const dataCentres: Record<string, { accounts: string; api: string }> = {
  us: { accounts: 'https://accounts.zoho.com', api: 'https://www.zohoapis.com' },
  eu: { accounts: 'https://accounts.zoho.eu', api: 'https://www.zohoapis.eu' },
  in: { accounts: 'https://accounts.zoho.in', api: 'https://www.zohoapis.in' },
  au: { accounts: 'https://accounts.zoho.com.au', api: 'https://www.zohoapis.com.au' },
  jp: { accounts: 'https://accounts.zoho.jp', api: 'https://www.zohoapis.jp' },
  cn: { accounts: 'https://accounts.zoho.com.cn', api: 'https://www.zohoapis.com.cn' },
  ca: { accounts: 'https://accounts.zohocloud.ca', api: 'https://www.zohoapis.ca' },
  sa: { accounts: 'https://accounts.zoho.sa', api: 'https://www.zohoapis.sa' },
};

export const dataCentreNames: readonly string[] = Object.keys(dataCentres);

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);
const url = (allowed: (parsed: URL) => boolean) =>
  z
    .string()
    .refine((text) => URL.canParse(text) && allowed(new URL(text)))
    .transform((text) => text.replace(/\/+$/, ''));
/** https, or http on loopback, where nothing leaves the machine. */
const webUrl = url(
  ({ protocol, hostname }) => protocol === 'https:' || (protocol === 'http:' && loopback.has(hostname)),
);
/** The simulator in a Compose network is neither https nor loopback, so Zoho's hosts may be plain http. */
const hostUrl = url(({ protocol }) => protocol === 'https:' || protocol === 'http:');
const portNumber = z
  .string()
  .regex(/^\d{1,5}$/)
  .transform(Number)
  .refine((port) => port <= 65_535);
const database = z
  .string()
  .refine((text) =>
    /^(sqlite:.+|(mssql|sqlserver):\/\/.+|(.*;)?\s*(server|data source|addr|address|network address)\s*=.+)/i.test(
      text,
    ),
  );
const words = z.string().min(1);
const payloadKey = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,50}:[A-Za-z0-9+/]{43}=$/)
  .transform((text) => {
    const colon = text.indexOf(':');
    return { id: text.slice(0, colon), key: Buffer.from(text.slice(colon + 1), 'base64') };
  });
const payloadKeys = z
  .string()
  .transform((text) => text.split(',').map((one) => one.trim()))
  .pipe(z.array(payloadKey))
  .refine((keys) => new Set(keys.map(({ id }) => id)).size === keys.length);

export const variables = {
  ZOHO_DC: {
    read: z.enum(Object.keys(dataCentres) as [string, ...string[]]),
    allowed: Object.keys(dataCentres).join(', '),
    about: "Zoho's data centre; sets the two hosts below",
    fallback: 'us',
  },
  ZOHO_ACCOUNTS_URL: { read: hostUrl, allowed: 'a URL', about: 'Overrides the accounts host' },
  ZOHO_API_URL: {
    read: hostUrl,
    allowed: 'a URL',
    about: 'Overrides the API host (a sandbox, the simulator)',
  },
  ZOHO_API_VERSION: {
    read: z.string().regex(/^v[678]$/),
    allowed: 'v6, v7 or v8',
    about: 'Version of the CRM API',
    fallback: 'v8',
  },
  ZOHO_CLIENT_ID: {
    read: words,
    allowed: 'the OAuth client id',
    about: 'OAuth client',
    required: true,
    secret: true,
  },
  ZOHO_CLIENT_SECRET: {
    read: words,
    allowed: 'the OAuth client secret',
    about: 'OAuth client secret',
    required: true,
    secret: true,
  },
  ZOHO_REFRESH_TOKEN: {
    read: words,
    allowed: 'the OAuth refresh token',
    about: 'OAuth refresh token',
    required: true,
    secret: true,
  },
  LEGACY_DB: {
    read: database,
    allowed: 'mssql://user:password@host:1433/database, Server=…;Database=…, or sqlite:<path>',
    about: 'The database that is kept equal to the CRM',
    fallback: 'sqlite:./zoho-mirror.db',
    secret: true,
  },
  PUBLIC_URL: {
    read: webUrl,
    allowed: 'an https URL (http on loopback)',
    about: 'Base URL under which Zoho reaches the API; without it the mirror polls',
  },
  WEBHOOK_SECRET: {
    read: words,
    allowed: 'a secret text, better of 16 characters or more',
    about: 'The channel token and the signature of callback URLs derive from it',
    required: true,
    secret: true,
  },
  PAYLOAD_KEYS: {
    read: payloadKeys,
    allowed: 'id:key[,id:key…], each key 32 bytes in base64 (`openssl rand -base64 32`), each id once',
    about:
      'Encrypts what Temporal keeps of inputs and results; the first key encrypts, each decrypts. [security.md](security.md#what-temporal-keeps)',
    secret: true,
  },
  BIND_ADDRESS: {
    read: words,
    allowed: 'an address of this machine',
    about: 'Where the API and the metrics listen',
    fallback: '127.0.0.1',
  },
  PORT: { read: portNumber, allowed: '0 to 65535', about: 'Port of the API', fallback: '8080' },
  METRICS_PORT: {
    read: portNumber,
    allowed: '0 to 65535',
    about: 'Port of the Prometheus metrics; 9464 for the worker, 9465 for the API',
  },
  LOG_LEVEL: {
    read: z.enum(logLevels),
    allowed: logLevels.join(', '),
    about: 'Logs are JSON lines on standard error',
    fallback: 'info',
  },
} satisfies Record<string, Variable>;

export type VariableName = keyof typeof variables;

/** Reads every variable; an empty one counts as unset. What is wrong is appended to `problems`. */
export function readVariables(
  env: Readonly<Record<string, string | undefined>>,
  problems: string[],
): Partial<Record<VariableName, unknown>> {
  const values: Partial<Record<VariableName, unknown>> = {};
  for (const [name, variable] of Object.entries(variables) as [VariableName, Variable][]) {
    const text = env[name] || variable.fallback;
    if (text === undefined) {
      if (variable.required) problems.push(`${name} is not set. Needed: ${variable.allowed}`);
      continue;
    }
    const parsed = variable.read.safeParse(text);
    if (parsed.success) values[name] = parsed.data;
    else
      problems.push(`${name}=${variable.secret ? '***' : text} is not valid. Allowed: ${variable.allowed}`);
  }
  return values;
}
