import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { SharedParts } from './shared-parts.ts';
import type { Plain } from '../lib/structural-patch.ts';

const rule = (index: number, requestMs = 0) => ({
  id: `rule-${String(index)}`,
  timeouts: { requestMs },
  filters: [],
  origin: { name: `route-${String(index)}`, namespace: 'default' },
});

suite('shared parts', () => {
  test('parts that say the same are one object, also of what comes later; others are not', () => {
    const parts = new SharedParts();
    const { first, other, third } = parts.share({ first: rule(1), other: rule(2, 5), third: rule(3) });
    assert.equal(first.timeouts, third.timeouts);
    assert.equal(first.filters, other.filters);
    assert.notEqual(first.timeouts, other.timeouts);
    assert.equal(parts.share(rule(4)).timeouts, first.timeouts);
    assert.notEqual(first.origin, third.origin);
  });

  test('policies of rules are one object, so that a list of addresses is compiled once', () => {
    const policies = [{ kind: 'access', settings: { rules: [{ clientCidrs: ['10.0.0.0/8'] }] }, from: [] }];
    const rules = [1, 2].map((index) => structuredClone({ ...rule(index), policies }));
    const [first, second] = new SharedParts().share(rules);
    assert.equal(first?.policies, second?.policies);
    assert.deepEqual(first?.policies, policies);
  });

  test('within a patch too', () => {
    const parts = new SharedParts();
    const { timeouts } = parts.share(rule(1));
    const patch = parts.share({ in: { rules: { list: [[0, 1], { item: rule(2) }] } } });
    assert.deepEqual(patch, { in: { rules: { list: [[0, 1], { item: rule(2) }] } } });
    const [, added] = patch.in.rules.list as unknown as [unknown, { readonly item: ReturnType<typeof rule> }];
    assert.equal(added.item.timeouts, timeouts);
  });

  test('property: whatever it is, it says what it said, before and after others', () => {
    const name = fc.constantFrom('policy', 'match', 'filters', 'id', 'name', 'other', '__proto__');
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom(null, true, 0, 1, 'a', 'b', ''),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(name, tie('value'), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(fc.array(value, { maxLength: 8 }), (values) => {
        const parts = new SharedParts();
        const texts = values.map((one) => JSON.stringify(one));
        const shared = texts.map((text) => parts.share(JSON.parse(text) as Plain));
        assert.deepEqual(
          shared,
          texts.map((text) => JSON.parse(text) as Plain),
        );
      }),
    );
  });

  test('more different values than are remembered are still what they were', () => {
    const parts = new SharedParts();
    const rules = Array.from({ length: 1_000 }, (_, index) => rule(index, index));
    assert.deepEqual(parts.share(structuredClone(rules)), rules);
  });
});
