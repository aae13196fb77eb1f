/**
 * A translator that has seen other snapshots before answers as one that has seen none: over random histories of every golden case, in
 * which objects come, go, change, grow older and come back. What did not change stays the same object, and patches lead from each
 * configuration to the next.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { isJsonObject, type JsonObject, type Path } from '../../src/gatewayapi/validation/schema.ts';
import type { ResourceSnapshot } from '../../src/gatewayapi/snapshot.ts';
import { diffConfig, patchConfig } from '../../src/ir/config-patch.ts';
import { deepFreeze } from '../../src/lib/deep-freeze.ts';
import { Translator, translate } from '../../src/translator/translate.ts';
import type { TranslateResult } from '../../src/translator/types.ts';
import { fieldAt, withValue } from './edit-field.ts';
import { listCases, snapshotOf, type GoldenCase } from './golden-case.ts';

const STEPS = 12;
const CASES = listCases();

type Entry = GoldenCase['objects'][number];
type World = readonly Entry[];
type Random = (below: number) => number;

/** A small generator, so that a failure can be repeated. */
function randomOf(seed: number): Random {
  let state = seed * 2_654_435_761 + 1;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const pick = <T>(items: readonly T[], random: Random): T | undefined => items[random(items.length)];
const keyOf = ([{ kind, namespace, name }]: Entry): string => [kind, namespace, name].join('/');

/** Merges two cases; of two objects with the same name the first case's is used. */
const joined = (a: GoldenCase, b: GoldenCase): World => [
  ...new Map([...b.objects, ...a.objects].map((entry) => [keyOf(entry), entry])).values(),
];

/** Paths of all values below `spec` and `data`, and of what decides age, grants and selection in metadata. */
function pathsOf(object: JsonObject): readonly Path[] {
  const walk = (value: unknown, path: Path): readonly Path[] => {
    if (Array.isArray(value)) {
      return [path, ...value.flatMap((item: unknown, at) => walk(item, [...path, at]))];
    }
    if (!isJsonObject(value)) return [path];
    return [path, ...Object.entries(value).flatMap(([name, item]) => walk(item, [...path, name]))];
  };
  const parts = ['spec', 'data', 'endpoints', 'ports'].filter((name) => object[name] !== undefined);
  const labels = ['metadata', 'labels'];
  const kept = [['metadata', 'creationTimestamp'], labels, labels, ['metadata', 'generation']];
  return [...parts.flatMap((name) => walk(object[name], [name]).slice(1)), ...kept];
}

const AGES = ['2020-01-01T00:00:00Z', '2023-01-01T00:00:00Z', '2026-01-01T00:00:00Z'];

function valueFor(path: Path, entry: Entry, pool: World, random: Random): unknown {
  switch (path.join('.')) {
    case 'metadata.creationTimestamp':
      return pick(AGES, random);
    case 'metadata.generation':
      return 1 + random(5);
    case 'metadata.labels':
      return pick([undefined, { team: 'a' }, { team: 'b', env: 'prod' }, entry[1]['metadata']], random) ===
        undefined
        ? undefined
        : {
            team: pick(['a', 'b'], random),
            'kubernetes.io/service-name': pick(['shop', 'backend', 'app'], random),
          };
  }
  const others = pool.filter(([{ kind }]) => kind === entry[0].kind);
  const other = pick(others, random);
  try {
    return other === undefined ? undefined : fieldAt(other[1], path);
  } catch {
    return undefined;
  }
}

/** The snapshot after one edit. */
function edit(world: World, gone: Entry[], pool: World, random: Random): World {
  // By kind first: many of one kind must not keep the others from being edited.
  const kind = pick([...new Set(world.map(([source]) => source.kind))], random);
  const entry = pick(
    world.filter(([source]) => source.kind === kind),
    random,
  );
  switch (random(entry === undefined ? 1 : 6)) {
    case 0: {
      const back = gone.splice(random(gone.length), 1)[0];
      return back === undefined || world.some((one) => keyOf(one) === keyOf(back)) ? world : [...world, back];
    }
    case 1:
      if (entry !== undefined) gone.push(entry);
      return world.filter((one) => one !== entry);
    case 2:
      // The same content in another object, and in another place.
      if (entry === undefined) return world;
      return [
        deepFreeze([entry[0], structuredClone(entry[1])] as const),
        ...world.filter((one) => one !== entry),
      ];
    default: {
      if (entry === undefined) return world;
      const path = pick(pathsOf(entry[1]), random);
      if (path === undefined) return world;
      const changed = withValue(entry[1], path, valueFor(path, entry, pool, random));
      return world.map((one) => (one === entry ? deepFreeze([entry[0], changed] as const) : one));
    }
  }
}

/** null: the edit made something that no API server would let through. */
function fromNothing(snapshot: ResourceSnapshot, golden: GoldenCase): TranslateResult | null {
  try {
    return translate(snapshot, golden.observations, golden.options);
  } catch {
    return null;
  }
}

function checkPatches(before: TranslateResult | null, after: TranslateResult): void {
  for (const config of after.configs) {
    const old = before?.configs.find(({ dataPlane }) => dataPlane === config.dataPlane);
    if (old === undefined) continue;
    const patch = diffConfig(old, config);
    if (patch === null) assert.equal(old.version, config.version);
    else assert.deepEqual(patchConfig(old, patch), config);
  }
}

/** One translator through a history: each answer is compared with that of one that begins from nothing. */
class Life {
  readonly #golden: GoldenCase;
  readonly #translator: Translator;
  readonly #namespaces = new Map<string, JsonObject>();
  #before: TranslateResult | null = null;
  compared = 0;

  constructor(golden: GoldenCase) {
    this.#golden = golden;
    this.#translator = new Translator(golden.options);
  }

  /** False if no API server would accept the snapshot. */
  see(world: World, what: string): boolean {
    const { observations } = this.#golden;
    const snapshot = snapshotOf(world, this.#namespaces);
    const expected = fromNothing(snapshot, this.#golden);
    if (expected === null) return false;
    const result = this.#translator.translate(snapshot, observations);
    assert.deepEqual(result, expected, what);
    checkPatches(this.#before, result);
    const again = this.#translator.translate({ ...snapshot }, observations);
    assert.equal(again.configs, result.configs, 'nothing changed: the same object');
    assert.equal(again.statuses, result.statuses);
    this.#before = result;
    this.compared += 1;
    return true;
  }
}

/** Each object goes, comes back, and is suddenly the oldest and then the youngest. */
function seeEach(golden: GoldenCase): void {
  const world = deepFreeze(golden.objects);
  const life = new Life(golden);
  life.see(world, 'all');
  for (const [at, entry] of world.entries()) {
    life.see(world.toSpliced(at, 1), `without ${keyOf(entry)}`);
    life.see([...world.toSpliced(at, 1), entry], `with ${keyOf(entry)} again`);
    for (const age of ['1999-01-01T00:00:00Z', '2099-01-01T00:00:00Z']) {
      const aged = deepFreeze([
        entry[0],
        withValue(entry[1], ['metadata', 'creationTimestamp'], age),
      ] as const);
      life.see(world.with(at, aged), `${keyOf(entry)} of ${age}`);
    }
    life.see(world, 'all again');
  }
}

/** Routes so many that one of them is few: what changes is put in its place then, and the rest not looked at. */
const CROWD = 48;
const CROWD_STEPS = 40;
/** And those with endpoints; the others differ in what a crowd does not bring up. */
const EVERY_CROWD = 16;

/** The case many times in one world: each copy has routes and Services of its own, and Gateways are common. */
function crowdOf({ objects }: GoldenCase, kind: string): World {
  const copied = new Set([kind, 'Service', 'EndpointSlice']);
  const names = new Set(objects.flatMap(([source]) => (copied.has(source.kind) ? [source.name] : [])));
  const copies = Math.ceil(CROWD / objects.filter(([source]) => source.kind === kind).length);
  const copyOf = ([source, object]: Entry, at: number): Entry => {
    // Addresses differ as well, so that an edit finds others to put in their place.
    const named = (text: string): string =>
      names.has(text)
        ? `${text}-${String(at)}`
        : text.replace(/^(\d+\.\d+\.\d+)\.\d+$/, `$1.${String(at + 1)}`);
    return [{ ...source, name: named(source.name) }, withTexts(object, named) as JsonObject];
  };
  return objects.flatMap((entry) =>
    copied.has(entry[0].kind) ? Array.from({ length: copies }, (_, at) => copyOf(entry, at)) : [entry],
  );
}

/** Every text in a value replaced. */
function withTexts(value: unknown, replace: (text: string) => string): unknown {
  if (typeof value === 'string') return replace(value);
  if (Array.isArray(value)) return value.map((item: unknown) => withTexts(item, replace));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withTexts(item, replace)]));
}

/** How many translations were compared. */
function seeAtRandom(golden: GoldenCase, world: World, seed: number, steps = STEPS): number {
  const random = randomOf(seed);
  const pool = deepFreeze(world);
  const gone: Entry[] = [];
  const life = new Life(golden);
  let present = pool;
  for (let step = 0; step < steps; step++) {
    let next = present;
    for (let edits = 0; edits <= random(3); edits += 1) next = edit(next, gone, pool, random);
    if (life.see(next, `step ${String(step)} of seed ${String(seed)}`)) present = next;
  }
  return life.compared;
}

suite('histories of golden cases', () => {
  let compared = 0;
  for (const [at, golden] of CASES.entries()) {
    test(golden.id, () => {
      const other = CASES[randomOf(at)(CASES.length)] ?? golden;
      seeEach(golden);
      compared += seeAtRandom(golden, joined(golden, other), at + 1);
    });
  }
  for (const [kind, areas] of [
    ['HTTPRoute', /^(attachment|backend|hostname|http|listener)/],
    ['TLSRoute', /^tls-route/],
  ] as const) {
    test(`crowds of ${kind}s`, () => {
      const has = ({ objects }: GoldenCase, name: string): boolean =>
        objects.some(([source]) => source.kind === name);
      const crowds = CASES.filter((golden) => areas.test(golden.area) && has(golden, kind)).filter(
        (golden, at) => at % EVERY_CROWD === 0 || has(golden, 'EndpointSlice'),
      );
      assert.ok(crowds.length > 0);
      for (const [at, golden] of crowds.entries()) {
        seeAtRandom(golden, crowdOf(golden, kind), at + 1, CROWD_STEPS);
      }
    });
  }
  test('most edits are such that there is something to compare', () => {
    assert.ok(compared > CASES.length * STEPS * 0.7, String(compared));
  });
});
