/**
 * Text from configuration ends no line and begins no message, whatever it holds: every string of what is served is made hostile in turn,
 * past all validation, and the bytes at backends and clients are looked at. And every field of every kind whose text is written has a
 * grammar: its schema refuses what the wire cannot carry, or there is a finding.
 */
import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { validateObject } from '../../src/gatewayapi/validation/validate-object.ts';
import { isJsonObject, type JsonObject, type Path } from '../../src/gatewayapi/validation/schema.ts';
import type { Cluster } from '../../src/ir/cluster.ts';
import type { GatewayConfig } from '../../src/ir/gateway-config.ts';
import type { RouteRule } from '../../src/ir/route.ts';
import { translate } from '../../src/translator/translate.ts';
import { fieldAt, withValue } from '../golden/edit-field.ts';
import { listCases, snapshotOf, type GoldenCase } from '../golden/golden-case.ts';
import { WireScene, type WireHead } from '../support/wire-scene.ts';

/** Appended to each text; found again where it is written. */
const MARK = 'zq';
const HOSTILE: readonly string[] = ['\r\n', '\n', '\r', '\0', ' ', 'é', '\u010d\u010a'].map(
  (text) => `${MARK}${text}X-Injected: ${MARK}${text}${text}GET /injected`,
);
const LINE_END = `${MARK}\r\nX-Injected: ${MARK}`;

interface Leaf {
  /** Elements of lists are marked `[]`, or with their kind. */
  readonly field: string;
  readonly path: Path;
}

function* textsOf(value: unknown, field = '', path: Path = []): Generator<Leaf> {
  if (typeof value === 'string') yield { field, path };
  else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* textsOf(item, `${field}[]`, [...path, index]);
  } else if (isJsonObject(value)) {
    const kind = typeof value['kind'] === 'string' ? `<${value['kind']}>` : '';
    for (const [name, child] of Object.entries(value))
      yield* textsOf(child, `${field}${kind}.${name}`, [...path, name]);
  }
}

/** What tells variants of the configuration apart, or parts of it: words of the translator. */
const WORDS_OF_OURS = /\.(?:kind|id|cluster|protocol|reason|fallback)$/;

/** A rule or cluster in which one text can be replaced. */
interface Sample<Part> {
  readonly part: Part;
  readonly path: Path;
  readonly config: GatewayConfig;
}

function collect<Part extends RouteRule | Cluster>(
  parts: (config: GatewayConfig) => readonly Part[],
): ReadonlyMap<string, Sample<Part>> {
  const samples = new Map<string, Sample<Part>>();
  for (const { config, part } of configs.flatMap((config) =>
    parts(config).map((part) => ({ config, part })),
  )) {
    for (const { field, path } of textsOf(part)) {
      if (!WORDS_OF_OURS.test(field) && !samples.has(field)) samples.set(field, { part, path, config });
    }
  }
  return samples;
}

/** `more` after the text at `path`; the rest is as it was. */
function appended<Part extends RouteRule | Cluster>({ part, path }: Sample<Part>, more: string): Part {
  const object = part as unknown as JsonObject;
  return withValue(object, path, `${String(fieldAt(object, path))}${more}`) as unknown as Part;
}

const REQUEST_LINE = /^[A-Z]+ [\x21-\x7e]+ HTTP\/1\.1$/;
const STATUS_LINE = /^HTTP\/1\.1 \d{3} [\x20-\x7e]*$/;
const FIELD_LINE = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+: ?[\t\x20-\x7e\x80-\xff]*$/;
const PSEUDO: Readonly<Record<string, RegExp>> = {
  ':authority': /^[0-9A-Za-z_.:[\]-]*$/,
  ':method': /^[A-Z]+$/,
  ':path': /^\/[\x21-\x7e]*$/,
  ':scheme': /^https?$/,
  ':status': /^\d{3}$/,
};

function faultOf(head: WireHead): string | null {
  if (typeof head !== 'string') {
    const bad = head.find(([name, value]) =>
      name.startsWith(':')
        ? !PSEUDO[name]?.test(value)
        : !FIELD_LINE.test(`${name}:${value}`) || name !== name.toLowerCase(),
    );
    const injected = head.find(([name]) => name === 'x-injected');
    return bad === undefined && injected === undefined ? null : JSON.stringify(bad ?? injected);
  }
  const [first = '', ...lines] = head.slice(0, -4).split('\r\n');
  const bad = [
    ...(REQUEST_LINE.test(first) || STATUS_LINE.test(first) ? [] : [first]),
    ...lines.filter((line) => !FIELD_LINE.test(line) || /^x-injected/i.test(line)),
    ...lines.filter((line) => /^host:/i.test(line) && !/^host: [0-9A-Za-z_.:[\]-]*$/i.test(line)),
  ];
  return bad.length === 0 ? null : JSON.stringify(bad);
}

const isWritten = (heads: readonly WireHead[]): boolean => JSON.stringify(heads).includes(MARK);

const cases = listCases();
const configs = cases.flatMap(
  ({ objects, observations, options }) => translate(snapshotOf(objects), observations, options).configs,
);
const rules = collect(({ rules: all }) => all);
const checks = collect(({ clusters }) => clusters.filter(({ policy }) => policy.activeCheck !== null));
/** Fields of rules and clusters whose text is part of messages. */
const written = new Set<string>();

suite('hostile text in a configuration is written as no more than a value', async () => {
  const scene = await WireScene.start();
  after(() => scene.stop());
  test('every text of every rule', async () => {
    for (const [field, sample] of rules) {
      const { clusters } = sample.config;
      if (isWritten(await scene.exchange([appended(sample, MARK)], clusters))) written.add(field);
      const hostile = HOSTILE.map((text) => appended(sample, text));
      for (const head of await scene.exchange(hostile, clusters)) assert.equal(faultOf(head), null, field);
    }
  });
  test('every text of every health check', async () => {
    for (const [field, sample] of checks) {
      if (isWritten(await scene.check([appended(sample, MARK)]))) written.add(field);
      const hostile = HOSTILE.map((text) => appended(sample, text));
      for (const head of await scene.check(hostile)) assert.equal(faultOf(head), null, field);
    }
  });
  test('what is known to be written was seen', () => {
    for (const field of [
      '.sessionPersistence<cookie>.name',
      '.sessionPersistence<header>.name',
      '.filters[]<request-headers>.edit.set[].value',
      '.filters[]<response-headers>.edit.add[].name',
      '.filters[]<url-rewrite>.hostname',
      '.filters[]<url-rewrite>.path<full>.value',
      '.filters[]<redirect>.hostname',
      '.filters[]<cors>.exposeHeaders[]',
      '.filters[]<external-auth>.protocol<http>.pathPrefix',
      '.policy.activeCheck.probe<http>.path',
      '.policy.activeCheck.probe<http>.hostname',
    ]) {
      assert.ok(written.has(field), `${field} of ${JSON.stringify([...written])}`);
    }
  });
});

suite('a field whose text is written has a grammar', () => {
  test('for every kind: its schema refuses a line end, or a finding reports it', () => {
    const silent: string[] = [];
    const seen = new Set<string>();
    for (const golden of cases) {
      const usual = translated(golden, golden.objects).findings.length;
      for (const [at, [ref, object]] of golden.objects.entries()) {
        for (const { field, path } of textsOf(object['spec'], 'spec', ['spec'])) {
          const key = `${ref.kind} ${field}`;
          if (seen.has(key)) continue;
          const edited = withValue(object, path, `${String(fieldAt(object, path))}${LINE_END}`);
          const outcome = translated(golden, golden.objects.with(at, [ref, edited]));
          if (!outcome.configs.some(reachesTheWire)) continue;
          seen.add(key);
          const isRefused = validateObject(edited).kind !== 'valid';
          const findings = outcome.findings.length > usual;
          if (!isRefused && !findings) silent.push(key);
        }
      }
    }
    assert.ok(seen.size > 20, [...seen].join('\n'));
    assert.deepEqual(silent, []);
  });
});

function translated(
  { observations, options }: GoldenCase,
  objects: GoldenCase['objects'],
): ReturnType<typeof translate> {
  return translate(snapshotOf(objects), observations, options);
}

/** A text that is written has the line end. */
function reachesTheWire(config: GatewayConfig): boolean {
  return [...config.rules, ...config.clusters].some((part) =>
    [...textsOf(part)].some(
      ({ field, path }) =>
        written.has(field) && String(fieldAt(part as unknown as JsonObject, path)).includes(LINE_END),
    ),
  );
}
