import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { RouteStatus, StatusUpdate } from '../../gatewayapi/status.ts';
import { mergeStatus, type WrittenStatus } from './status-merge.ts';

const OURS = 'sluice.dev/gateway-controller';
const THEIRS = 'example.net/controller';
const context = { controllerName: OURS, now: '2026-11-23T12:00:00Z' };

const condition = (type: string, status: 'True' | 'False', reason = type): WrittenCondition => ({
  type,
  status,
  reason,
  message: '',
  observedGeneration: 1,
  lastTransitionTime: '2026-01-01T00:00:00Z',
});
type WrittenCondition = NonNullable<WrittenStatus['conditions']>[number];

const stated = (
  type: string,
  status: 'True' | 'False',
  reason = type,
): Omit<WrittenCondition, 'lastTransitionTime'> => ({
  type,
  status,
  reason,
  message: '',
  observedGeneration: 2,
});

const routeUpdate = (...parents: RouteStatus['parents']): StatusUpdate => ({
  kind: 'HTTPRoute',
  object: { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'default', name: 'r' },
  generation: 2,
  status: { parents },
});

const entry = (name: string, controllerName: string, conditions: WrittenCondition[]): object => ({
  parentRef: { name },
  controllerName,
  conditions,
});

/** What we say of the parent `web`. */
const ours = (...conditions: ReturnType<typeof stated>[]): RouteStatus['parents'][number] => ({
  parentRef: { name: 'web' },
  controllerName: OURS,
  conditions,
});

suite('status merge', () => {
  test('a transition has the time of now; what keeps its status keeps its time, whatever else changed', () => {
    const current = {
      parents: [entry('web', OURS, [condition('Accepted', 'True'), condition('ResolvedRefs', 'True')])],
    } as WrittenStatus;
    const merged = mergeStatus(
      current,
      routeUpdate(ours(stated('Accepted', 'True', 'Other'), stated('ResolvedRefs', 'False'))),
      context,
    );
    assert.deepEqual(
      merged.parents?.[0]?.conditions?.map(({ type, reason, lastTransitionTime }) => [
        type,
        reason,
        lastTransitionTime,
      ]),
      [
        ['Accepted', 'Other', '2026-01-01T00:00:00Z'],
        ['ResolvedRefs', 'ResolvedRefs', '2026-11-23T12:00:00Z'],
      ],
    );
  });

  test('entries of other controllers stay as they are; stale ones of ours go', () => {
    const theirs = entry('web', THEIRS, [condition('Accepted', 'False', 'NotAllowed')]);
    const current = {
      parents: [entry('old', OURS, [condition('Accepted', 'True')]), theirs],
    } as WrittenStatus;
    const merged = mergeStatus(current, routeUpdate(ours(stated('Accepted', 'True'))), context);
    assert.deepEqual(merged.parents?.[0], theirs);
    assert.deepEqual(
      merged.parents.map(({ controllerName, parentRef }) => [controllerName, parentRef]),
      [
        [THEIRS, { name: 'web' }],
        [OURS, { name: 'web' }],
      ],
    );
    assert.deepEqual(mergeStatus(current, routeUpdate(), context).parents, [theirs]);
  });

  test('the order of entries is no difference', () => {
    const theirs = entry('web', THEIRS, [condition('Accepted', 'True')]);
    const orders = [
      [theirs, entry('web', OURS, [condition('Accepted', 'True')]), entry('web', 'example.org/c', [])],
      [entry('web', OURS, [condition('Accepted', 'True')]), theirs],
    ];
    for (const parents of orders) {
      const merged = mergeStatus(
        { parents } as WrittenStatus,
        routeUpdate(ours(stated('Accepted', 'False')), { ...ours(), parentRef: { name: 'new' } }),
        context,
      );
      assert.deepEqual(
        merged.parents?.map(({ controllerName, parentRef }) => [controllerName, parentRef?.name]),
        [
          ...(parents as { controllerName: string }[]).map(({ controllerName }) => [controllerName, 'web']),
          [OURS, 'new'],
        ],
      );
    }
  });

  test('a route of other controllers without a status of ours is not touched', () => {
    const current: WrittenStatus = {};
    assert.equal(mergeStatus(current, routeUpdate(), context), current);
  });

  test('a condition type of our own goes when it is no longer wanted', () => {
    const affected = 'gateway.sluice.dev/BackendPolicyAffected';
    const current = {
      parents: [entry('web', OURS, [condition('Accepted', 'True'), condition(affected, 'True')])],
    } as WrittenStatus;
    const typesAfter = (...conditions: ReturnType<typeof stated>[]): unknown =>
      mergeStatus(current, routeUpdate(ours(...conditions)), context).parents?.[0]?.conditions?.map(
        ({ type }) => type,
      );
    assert.deepEqual(typesAfter(stated('Accepted', 'True')), ['Accepted']);
    assert.deepEqual(typesAfter(stated('Accepted', 'True'), stated(affected, 'True')), [
      'Accepted',
      affected,
    ]);
  });

  test('conditions of other types, as another controller adds them to a Gateway, stay', () => {
    const current: WrittenStatus = {
      conditions: [condition('Accepted', 'True'), condition('example.net/Scanned', 'True')],
    };
    const update: StatusUpdate = {
      kind: 'Gateway',
      object: { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: 'default', name: 'web' },
      generation: 2,
      status: {
        addresses: [],
        conditions: [stated('Accepted', 'False')],
        listeners: [],
        attachedListenerSets: 0,
      },
    };
    assert.deepEqual(
      mergeStatus(current, update, context).conditions?.map(({ type, status }) => [type, status]),
      [
        ['Accepted', 'False'],
        ['example.net/Scanned', 'True'],
      ],
    );
  });
});
