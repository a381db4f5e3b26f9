// What is in deploy/ parses, and names only what the code serves and what is there.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { metrics, type Metric } from '../../src/contracts';

const root = join(__dirname, '..', '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const declared: Metric[] = Object.values(metrics);

/** The names that a declared metric has in a query. */
const series = new Set(
  declared.flatMap(({ name, kind }) =>
    kind === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
);
const named = (expression: string): string[] => expression.match(/zoho_mirror_\w+/g) ?? [];

interface Rule {
  alert: string;
  expr: string;
  for: string;
  labels: { severity: string };
  annotations: { summary: string; description: string };
}
const { groups } = parseYaml(read('deploy/prometheus/zoho-mirror.rules.yml')) as {
  groups: { name: string; rules: Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);

interface Dashboard {
  title: string;
  panels: { id: number; title: string; targets: { expr: string }[] }[];
  templating: { list: { name: string }[] };
}
const dashboard = JSON.parse(read('deploy/grafana/zoho-mirror.json')) as Dashboard;
const queries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

test('names follow the conventions: prefix, _total for counters only, seconds for histograms', () => {
  for (const { name, kind } of declared) {
    expect(name).toMatch(/^zoho_mirror_[a-z0-9_]+$/);
    expect([name, name.endsWith('_total')]).toEqual([name, kind === 'counter']);
    if (kind === 'histogram') expect(name).toMatch(/_seconds$/);
  }
});

test('alerts name only metrics that the code declares, and say what happened and what to do', () => {
  expect(rules.length).toBeGreaterThan(5);
  for (const { alert, expr, annotations, labels, for: lasts } of rules) {
    expect([alert, named(expr).filter((name) => !series.has(name))]).toEqual([alert, []]);
    expect(named(expr)).not.toEqual([]);
    expect(alert).toMatch(/^ZohoMirror/);
    expect(lasts).toMatch(/^\d+m$/);
    expect(['warning', 'critical']).toContain(labels.severity);
    expect(annotations.summary.length * annotations.description.length).toBeGreaterThan(0);
  }
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
});

test('the dashboard names only metrics that the code declares, and shows each of them', () => {
  const shown = queries.flatMap(named);
  expect(shown.filter((name) => !series.has(name))).toEqual([]);
  const missing = declared.filter(({ name }) => !shown.some((one) => one.startsWith(name)));
  expect(missing.map(({ name }) => name)).toEqual([]);
  expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  expect(dashboard.templating.list.map(({ name }) => name)).toEqual(['datasource', 'module']);
});

test('labels in alerts and dashboard are those of their metric', () => {
  const own = new Set([...declared.flatMap(({ labels }) => labels), 'le']);
  const used = [...rules.map(({ expr }) => expr), ...queries].flatMap((expression) => [
    ...[...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list]) => list!.split(/,\s*/)),
    ...[...expression.matchAll(/[{,]\s*(\w+)=/g)].map(([, label]) => label!),
  ]);
  expect(used.filter((label) => !own.has(label))).toEqual([]);
});

describe.each(readdirSync(join(root, 'deploy', 'systemd')))('deploy/systemd/%s', (name) => {
  const text = read(`deploy/systemd/${name}`);

  test('starts something that the build makes, as a user of its own, and again when it ends', () => {
    const [, script] = /^ExecStart=\/usr\/bin\/node .*?dist\/(\S+)\.js$/m.exec(text) ?? [];
    expect(existsSync(join(root, `${script}.ts`))).toBe(true);
    expect(text).toMatch(/^User=zoho-mirror$/m);
    expect(text).toMatch(/^Restart=always$/m);
    expect(text).toMatch(/^EnvironmentFile=\/etc\/zoho-mirror\/zoho-mirror\.env$/m);
  });
});
