import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parsePath } from '../../gatewayapi/validation/schema.ts';
import { parseText } from './documents.ts';

const valueOf = (text: string): unknown => parseText(text, 'f.yaml').objects[0]?.value;

suite('YAML as Kubernetes reads it', () => {
  const values: Readonly<Record<string, unknown>> = {
    no: false,
    on: true,
    y: true,
    Off: false,
    tRue: 'tRue',
    '017': 15,
    '0o17': 15,
    '0x1f': 31,
    '1_000': 1000,
    '1e3': 1000,
    '12:30:45': '12:30:45',
    '2026-01-02': '2026-01-02',
    '2026-01-02T03:04:05Z': '2026-01-02T03:04:05Z',
    '~': null,
    '"no"': 'no',
    '!!binary aGVsbG8=': 'hello',
    '1.0': 1,
    // As sigs.k8s.io/yaml reads them: a number has a digit.
    '.': '.',
    '._': '._',
    '+.': '+.',
    '-.': '-.',
    e10: 'e10',
    _1: '_1',
    '-_1': -1,
    '08': 8,
    '.5': 0.5,
    '-1.5e-3': -0.0015,
  };
  for (const [text, value] of Object.entries(values)) {
    test(`${text} is ${JSON.stringify(value)}`, () => {
      assert.deepEqual(valueOf(`a: ${text}`), { a: value });
    });
  }

  test('anchors and merge keys', () => {
    assert.deepEqual(valueOf('a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}'), {
      a: { b: 1, c: 2 },
      d: { b: 1, c: 3 },
    });
  });

  test('a byte order mark, and lines of Windows', () => {
    assert.deepEqual(valueOf('\ufeffa: 1\r\nb: |\r\n  x\r\n'), { a: 1, b: 'x\n' });
  });
});

suite('objects in a text', () => {
  test('documents, empty ones left out', () => {
    const { objects, findings } = parseText('a: 1\n---\n# nothing\n---\n---\nb: 2\n...\n', 'f.yaml');
    assert.deepEqual(
      objects.map(({ value }) => value),
      [{ a: 1 }, { b: 2 }],
    );
    assert.deepEqual(findings, []);
  });

  test('lists of Kubernetes, also within lists', () => {
    const list = {
      kind: 'List',
      items: [{ a: 1 }, { kind: 'HTTPRouteList', metadata: {}, items: [{ b: 2 }] }],
    };
    assert.deepEqual(
      parseText(JSON.stringify(list), 'f.json').objects.map(({ value }) => value),
      [{ a: 1 }, { b: 2 }],
    );
  });

  test('an object of a kind that ends in List is no list when it has a name', () => {
    const { objects } = parseText('{kind: AllowList, metadata: {name: a}, items: [{b: 1}]}', 'f.yaml');
    assert.equal(objects.length, 1);
    assert.equal(objects[0]?.value['kind'], 'AllowList');
  });

  const refused: Readonly<Record<string, readonly [string, string, number]>> = {
    'a text': ['---\nhello\n', 'not-an-object', 2],
    'an element of a list that is none': ['kind: List\nitems:\n- a: 1\n- 2\n', 'not-an-object', 4],
    'a tab for indentation': ['a:\n\tb: 1\n', 'syntax', 2],
    'an alias of nothing': ['a: *b\n', 'syntax', 1],
    'an anchor that contains itself': ['a: &a [*a]\n', 'syntax', 1],
    'aliases that multiply': [
      `a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n${[1, 2, 3, 4, 5]
        .map((n) => `a${String(n)}: &a${String(n)} [${`*a${String(n - 1)},`.repeat(10)}]\n`)
        .join('')}`,
      'syntax',
      1,
    ],
    'more anchors than anyone writes': [
      Array.from(
        { length: 600 },
        (_, n) => `a${String(n)}: &a${String(n)} x\nb${String(n)}: *a${String(n)}\n`,
      ).join(''),
      'syntax',
      1,
    ],
    'brackets without end': ['a: ['.repeat(20_000), 'syntax', 1],
    'octets that are no text': ['\u0000\u0001', 'not-an-object', 1],
  };
  for (const [name, [text, code, line]] of Object.entries(refused)) {
    test(`${name} is refused`, () => {
      const { findings } = parseText(text, 'f.yaml');
      assert.equal(findings[0]?.code, code);
      assert.equal(findings[0].location?.line, line);
    });
  }

  test('one document that cannot be read leaves the others', () => {
    const { objects, findings } = parseText('a: 1\n---\nb: [\n---\nc: 3\n', 'f.yaml');
    assert.deepEqual(
      objects.map(({ value }) => value),
      [{ a: 1 }, { c: 3 }],
    );
    assert.deepEqual(
      findings.map(({ code }) => code),
      ['syntax'],
    );
  });

  // The parser's own test compares every pair of keys: this map would take it minutes.
  test('a map of 100,000 keys is read, and the one that occurs twice is found', () => {
    const keys = Array.from({ length: 100_000 }, (_, n) => `k${String(n)}: x`).join('\n');
    const [object] = parseText(`${keys}\nk7: y\n`, 'f.yaml').objects;
    assert.deepEqual(
      object?.repeatedKeys.map(({ key, location }) => [key, location.line]),
      [['k7', 100_001]],
    );
  });

  test('merge keys may occur more than once', () => {
    const [object] = parseText('a: &x {b: 1}\nc: {<<: *x, <<: *x}\n', 'f.yaml').objects;
    assert.deepEqual(object?.repeatedKeys, []);
  });

  test('a key that occurs twice is reported with its place', () => {
    const [object] = parseText('a: 1\n---\nmetadata:\n  name: a\n  name: b\n', 'f.yaml').objects.slice(1);
    assert.deepEqual(object?.repeatedKeys, [
      { key: 'name', isTopLevel: false, location: { file: 'f.yaml', line: 5, column: 3 } },
    ]);
  });
});

suite('places', () => {
  const text = `# a comment
kind: List
items:
- metadata:
    name: a
  spec:
    rules:
    - backendRefs: [{name: b, port: 80}]
      filters:
---
{"metadata": {"name": "c"},
 "spec": {"x.y/z": true}}
`;
  const { objects } = parseText(text, 'f.yaml');
  const at = (index: number, path: string, atKey = false): string => {
    const location = objects[index]?.locate(parsePath(path), atKey);
    return `${String(location?.line)}:${String(location?.column)}`;
  };

  test('of values, of keys, and of the object itself', () => {
    assert.equal(at(0, ''), '4:3');
    assert.equal(at(0, 'metadata.name'), '5:11');
    assert.equal(at(0, 'metadata.name', true), '5:5');
    assert.equal(at(0, 'spec.rules[0].backendRefs[0].port'), '8:37');
    assert.equal(at(1, 'metadata.name'), '11:23');
    assert.equal(at(1, 'spec["x.y/z"]'), '12:20');
  });

  test('of what is absent: the nearest that is there', () => {
    assert.equal(at(0, 'spec.rules[0].matches[2].path'), '8:7');
    assert.equal(at(0, 'spec.rules[3]'), '8:5');
    assert.equal(at(0, 'spec.rules[0].filters'), '9:7');
    assert.equal(at(1, 'status'), '11:1');
  });

  test('through an alias', () => {
    const [object] = parseText('a: &x\n  b: 1\nc: *x\n', 'f.yaml').objects;
    assert.equal(object?.locate(['c', 'b'], false).line, 2);
  });
});
