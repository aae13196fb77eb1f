import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { celMap } from '@bufbuild/cel';
import { REGISTRY } from '../kind-registry.ts';
import { compileRule } from './cel-environment.ts';
import { explainedPatterns } from './pattern.ts';
import { hintedMessages } from './rule-hints.ts';
import { checkRules } from './rules.ts';
import { formatPath, type Schema, type ValidationRule } from './schema.ts';

/** Every schema and everything in it. */
function* schemasIn(schema: Schema): Generator<Schema> {
  yield schema;
  const { properties, items, additionalProperties, allOf, anyOf, oneOf, not } = schema;
  const children = [...Object.values(properties ?? {}), items, additionalProperties, not];
  for (const child of [...children, ...(allOf ?? []), ...(anyOf ?? []), ...(oneOf ?? [])]) {
    if (typeof child === 'object') yield* schemasIn(child);
  }
}

const allSchemas = REGISTRY.kinds.flatMap(({ schemas }) =>
  Object.values(schemas).flatMap((schema) => [...schemasIn(schema)]),
);
const allRules: readonly ValidationRule[] = allSchemas.flatMap(
  (schema) => schema['x-kubernetes-validations'] ?? [],
);

suite('schemas', () => {
  test('have only keywords that validation knows', () => {
    const known = new Set([
      ...['type', 'format', 'nullable', 'properties', 'required', 'additionalProperties', 'items', 'enum'],
      ...['default', 'pattern', 'minLength', 'maxLength', 'minimum', 'maximum', 'minItems', 'maxItems'],
      ...['minProperties', 'maxProperties', 'anyOf', 'oneOf', 'allOf', 'not', 'x-kubernetes-int-or-string'],
      ...['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-list-type', 'x-kubernetes-list-map-keys'],
      ...['x-kubernetes-map-type', 'x-kubernetes-validations'],
    ]);
    const unknown = allSchemas.flatMap((schema) => Object.keys(schema)).filter((name) => !known.has(name));
    assert.deepEqual(unknown, []);
  });

  test('have only formats that validation knows', () => {
    const formats = new Set(allSchemas.flatMap(({ format }) => format ?? []));
    const known = new Set(['int32', 'int64', 'ipv4', 'ipv6', 'byte', 'date-time']);
    assert.deepEqual(
      [...formats].filter((format) => !known.has(format)),
      [],
    );
  });

  test('every rule compiles, and uses functions that are there', () => {
    assert.ok(allRules.length > 100);
    for (const { rule, messageExpression } of allRules) {
      for (const expression of messageExpression === undefined ? [rule] : [rule, messageExpression]) {
        const result = compileRule(expression)(celMap(new Map()), celMap(new Map()));
        if (!result.ok) assert.doesNotMatch(result.problem, /unbound|unresolved|invalid/i, expression);
      }
    }
  });

  test('every pattern that is put into words is in a schema', () => {
    const patterns = new Set(allSchemas.map(({ pattern }) => pattern));
    assert.deepEqual(
      explainedPatterns().filter((pattern) => !patterns.has(pattern)),
      [],
    );
  });

  test('every hint belongs to the message of a rule', () => {
    const messages = allRules.map(({ message }) => message?.trim() ?? '');
    for (const pattern of hintedMessages()) {
      assert.ok(
        messages.some((message) => pattern.test(message)),
        String(pattern),
      );
    }
  });
});

/** `path: message` of every violation. */
function violations(schema: Schema, value: unknown): string[] {
  const found: string[] = [];
  checkRules(schema, value, [], (path, _, message) => found.push(`${formatPath(path)}: ${message}`));
  return found;
}

const withRules = (schema: Schema, ...rules: ValidationRule[]): Schema => ({
  ...schema,
  'x-kubernetes-validations': rules,
});

const integer: Schema = { type: 'integer' };

suite('evaluation of rules', () => {
  test('a rule about what was needs what was', () => {
    assert.deepEqual(
      violations(withRules({ type: 'string' }, { rule: 'self == oldSelf', message: 'm' }), 'a'),
      [],
    );
  });

  test('integers are integers, numbers are not', () => {
    const rule: ValidationRule = { rule: 'type(self) == int', message: 'no int' };
    assert.deepEqual(violations(withRules(integer, rule), 1), []);
    assert.deepEqual(violations(withRules({ type: 'number' }, rule), 1), [': invalid value 1: no int']);
    assert.deepEqual(violations(withRules({ 'x-kubernetes-int-or-string': true }, rule), 1), []);
  });

  test('rules may be on fields, list elements and map values', () => {
    const even = withRules(integer, { rule: 'self % 2 == 0', message: 'odd' });
    const schema: Schema = {
      type: 'object',
      properties: {
        list: { type: 'array', items: even },
        map: { type: 'object', additionalProperties: even },
        'dashed-name': even,
      },
    };
    assert.deepEqual(violations(schema, { list: [2, 3], map: { a: 4, 'b.c': 5 }, 'dashed-name': 7 }), [
      'list[1]: invalid value 3: odd',
      'map["b.c"]: invalid value 5: odd',
      'dashed-name: invalid value 7: odd',
    ]);
  });

  test('a message is made by its expression, or else the one that is written, or else the rule', () => {
    const schema: Schema = { type: 'object', properties: { a: integer } };
    const made = { rule: 'self.a > 1', messageExpression: "'a is ' + string(self.a)", message: 'm' };
    const failing = { rule: 'self.a > 1', messageExpression: 'self.b', message: ' m\n' };
    assert.deepEqual(violations(withRules(schema, made, failing, { rule: ' self.a > 1' }), { a: 1 }), [
      ': a is 1',
      ': m',
      ': failed rule: self.a > 1',
    ]);
  });

  test('a rule may name the field it is about', () => {
    const schema: Schema = { type: 'object', properties: { a: integer } };
    const rule = { rule: 'self.a > 1', message: 'm', fieldPath: '.a' };
    assert.deepEqual(violations(withRules(schema, rule), { a: 1 }), ['a: m']);
  });

  test('a rule that cannot be evaluated is violated', () => {
    const schema: Schema = { type: 'object', properties: { a: integer } };
    assert.match(
      violations(withRules(schema, { rule: 'self.a > 1', message: 'm' }), {})[0] ?? '',
      /a.* evaluating rule: m$/,
    );
  });

  const holding: Readonly<Record<string, unknown>> = {
    "self.matches('^(?i)ab+$')": 'ABB',
    'isIP(self)': '2001:db8::1',
    "!isIP('::ffff:10.0.0.1') && !isIP('10.0.0.256') && !isIP('fe80::1%eth0')": '',
    "isCIDR('10.0.0.0/8') && isCIDR('fd00::/8') && !isCIDR('10.0.0.0/33') && !isCIDR('10.0.0.0')": '',
    "ip('127.0.0.1').isLoopback() && ip('::1').isLoopback() && ip('::').isUnspecified()": '',
    "ip('169.254.1.1').isLinkLocalUnicast() && ip('fe90::1').isLinkLocalUnicast()": '',
    "ip('224.0.0.1').isLinkLocalMulticast() && ip('ff02::1').isLinkLocalMulticast()": '',
    "ip('10.0.0.1').family() == 4 && ip('::1').family() == 6": '',
    '!format.dns1123Label().validate(self).hasValue()': 'a-b',
    "format.dns1123Label().validate('A').hasValue() && format.labelValue().validate('-').hasValue()": '',
    // What a format gives is an optional, which is never null: XBackend's port name falls into this trap.
    'format.dns1123Label().validate(self) != null': 'a-b',
    "self.split('/')[0] == 'a' && self.substring(2) == 'b' && self.upperAscii() == 'A/B'": 'a/b',
    "duration(self) > duration('59m') && duration(self) == duration('3600s')": '1h',
    'self.all(k, k.size() == 1) && self.exists_one(k, self[k] == 2)': { a: 1, b: 2 },
    'has(self.a) && !has(self.b)': { a: 1 },
    "size(self) == 1 && self == '\\U0001F600'": '😀',
  };
  for (const [rule, self] of Object.entries(holding)) {
    test(`holds: ${rule}`, () => {
      const schema: Schema =
        typeof self === 'string' ? { type: 'string' } : { type: 'object', additionalProperties: integer };
      assert.deepEqual(violations(withRules(schema, { rule, message: 'm' }), self), []);
    });
  }
});
