/** The names that users meet, from where they are defined: what a page of the documentation may call by its name. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { createProgram } from '../../src/cli/program.ts';
import { REGISTRY } from '../../src/gatewayapi/kind-registry.ts';
import type { Schema } from '../../src/gatewayapi/validation/schema.ts';
import { REASONS } from '../../src/ir/reason.ts';
import { TLS_FAILURES } from '../../src/proxy/net/tls-failure.ts';
import { inlineCode, tableRows } from '../support/markdown.ts';

export const ROOT = join(import.meta.dirname, '..', '..');

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const withoutTicks = (cell = ''): string => cell.replaceAll('`', '');

/** Options by command, such as `check` → `--strict`. */
export const OPTIONS: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  createProgram().commands.map((command) => [
    command.name(),
    new Set(['--help', ...command.options.flatMap(({ long }) => long ?? [])]),
  ]),
);

/** Everything that a reference page sets as code; other tests compare the tables of these pages with the sources. */
const REFERENCE: ReadonlySet<string> = new Set(
  globSync('docs/reference/*.md', { cwd: ROOT }).flatMap((page) => inlineCode(read(page))),
);

export const METRICS: ReadonlySet<string> = new Set(
  tableRows(read('docs/reference/metrics.md'), 'metric')
    .concat(
      tableRows(read('docs/reference/metrics.md').split('## Metrics of a controller')[1] ?? '', 'metric'),
    )
    .map(([name]) => withoutTicks(name)),
);

/** `snake_case`: reason codes, reasons of TLS failures, and what metrics and statuses call their labels and causes. */
export const CODES: ReadonlySet<string> = new Set([
  ...Object.keys(REASONS),
  ...Object.keys(TLS_FAILURES),
  ...inlineCode(read('docs/reference/metrics.md')),
  ...inlineCode(read('docs/reference/admin-api.md')),
]);

/** `kebab-case`: codes of findings, and names of header fields. */
export const isDashedName = (word: string): boolean => REFERENCE.has(word);

/** Fields, with the names that may follow each. */
const FIELDS = new Map<string, Set<string>>();
const ENUMS = new Set<string>();

function addSchema(schema: Schema, name: string): void {
  for (const value of schema.enum ?? []) ENUMS.add(String(value));
  if (schema.items !== undefined) addSchema(schema.items, name);
  for (const [key, field] of Object.entries(schema.properties ?? {})) {
    addField(name, key);
    addSchema(field, key);
  }
}

function addField(parent: string, name: string): void {
  FIELDS.set(parent, (FIELDS.get(parent) ?? new Set()).add(name));
  if (!FIELDS.has(name)) FIELDS.set(name, new Set());
}

function addValues(values: unknown, name: string): void {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) return;
  for (const [key, value] of Object.entries(values)) {
    addField(name, key);
    addValues(value, key);
  }
}

for (const { schemas } of REGISTRY.kinds) {
  for (const schema of Object.values(schemas)) addSchema(schema, '');
}
addValues(parse(read('charts/sluice/values.yaml')), '');
const CHART_SCHEMA = JSON.parse(read('charts/sluice/values.schema.json')) as ValuesSchema;

/** Whether the dotted path, such as `timeouts.request`, is part of the path of a field or of a value of the chart. */
export function isField(path: string): boolean {
  const names = path.replaceAll('[]', '').split('.');
  return (
    REFERENCE.has(path) ||
    names.every(
      (name, index) => FIELDS.has(name) && (index === 0 || FIELDS.get(names[index - 1] ?? '')?.has(name)),
    )
  );
}

const ALERTS: ReadonlySet<string> = new Set(
  [...read('charts/sluice/alerts.yaml').matchAll(/alert: (\w+)/gu)].map(([, name = '']) => name),
);

/** Whether the word, such as `HTTPRoute` or `NoMatchingParent`, is a kind, a value, a type or reason of a condition, or an alert. */
export const isName = (word: string): boolean =>
  REFERENCE.has(word) || ENUMS.has(word) || ALERTS.has(word) || REGISTRY.named(word) !== null;

interface ValuesSchema {
  readonly properties?: Readonly<Record<string, ValuesSchema>>;
}

/** Whether `helm --set PATH=` sets a value of the chart. */
export function isChartValue(path: string): boolean {
  let schema: ValuesSchema | undefined = CHART_SCHEMA;
  for (const name of path.split('.')) {
    // Below a value without named properties any path is allowed.
    if (schema.properties === undefined) return true;
    schema = schema.properties[name];
    if (schema === undefined) return false;
  }
  return true;
}
