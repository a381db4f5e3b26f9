// What is in deploy/ parses, and names only what the code serves and what is there.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import ts from 'typescript';
import { parse as parseYaml } from 'yaml';
import { onPath } from '../../dev/find-binary';
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
  annotations: { summary: string; description: string; runbook: string };
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

const promtool = onPath('promtool');

// Debian and Ubuntu have it in the package `prometheus`.
(promtool ? test : test.skip)('promtool accepts the alert rules, and each fires when it should', () => {
  const inFolder = { cwd: join(root, 'deploy', 'prometheus'), encoding: 'utf8' } as const;
  expect(execFileSync(promtool!, ['check', 'rules', 'zoho-mirror.rules.yml'], inFolder)).toContain(
    `${rules.length} rules found`,
  );
  execFileSync(promtool!, ['test', 'rules', 'zoho-mirror.rules.test.yml'], inFolder);
  const tried = read('deploy/prometheus/zoho-mirror.rules.test.yml');
  expect(rules.filter(({ alert }) => !tried.includes(`alertname="${alert}"`))).toEqual([]);
});

test('every alert names its section of the runbook, which says what it means, what to do, and when it is healed', () => {
  const sections = new Map(
    read('docs/runbook.md')
      .split(/^## /m)
      .slice(1)
      .map((text) => [text.split('\n', 1)[0]!, text]),
  );
  expect([...sections.keys()]).toEqual(rules.map(({ alert }) => alert));
  for (const { alert, annotations } of rules) {
    expect(annotations.runbook).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
    for (const part of ['Means', 'Do', 'Healed']) expect(sections.get(alert)).toContain(`- **${part}**: `);
  }
});

test("the dashboard is one by Grafana's own types", () => {
  expect(complaints(read('deploy/grafana/zoho-mirror.json'))).toEqual([]);
  const wrong = JSON.stringify({ ...dashboard, panels: [{ title: 'no type', gridPos: { x: 0 } }] });
  expect(complaints(wrong)).not.toEqual([]);
});

/** What the compiler has against a dashboard: an unknown key, a wrong value. */
function complaints(json: string): string[] {
  const file = join(root, 'test', 'house', 'dashboard-to-check.ts');
  const text = `import type { Dashboard } from '@grafana/schema';\nexport const dashboard: Dashboard = ${json};\n`;
  const host = ts.createCompilerHost({});
  const { readFile, getSourceFile } = host;
  host.readFile = (name) => (name === file ? text : readFile(name));
  host.fileExists = (name) => name === file || existsSync(name);
  host.getSourceFile = (name, version) =>
    name === file ? ts.createSourceFile(name, text, version) : getSourceFile(name, version);
  const options = { strict: true, noEmit: true, skipLibCheck: true, types: [], module: ts.ModuleKind.Node16 };
  const program = ts.createProgram([file], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
}

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

test('deploy/windows/zoho-mirror.xml starts something that the build makes, with what a worker needs, and again when it fails', () => {
  const text = read('deploy/windows/zoho-mirror.xml');
  const [, script] = /<arguments>.*\\dist\\(\S+)\.js<\/arguments>/.exec(text) ?? [];
  expect(existsSync(join(root, `${script!.replaceAll('\\', '/')}.ts`))).toBe(true);
  const scripts = (JSON.parse(read('package.json')) as { scripts: { start: string } }).scripts;
  for (const flag of scripts.start.match(/--max\S+/g)!) expect(text).toContain(flag);
  expect(text).toContain('<onfailure action="restart"');
});
