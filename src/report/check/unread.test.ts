import assert from 'node:assert/strict';
import { test } from 'node:test';
import { separateUnread } from './unread.ts';

const unread = (kind: string | null, group: string | null) => ({
  severity: 'info' as const,
  code: 'unknown-kind',
  kind,
  group,
});

test('kinds of the same name are told apart by their API group', () => {
  const { others, line } = separateUnread([
    unread('Gateway', 'networking.istio.io'),
    unread('Deployment', 'apps'),
    unread('Deployment', 'apps'),
    unread('Ingress', 'networking.k8s.io'),
    unread(null, null),
  ]);
  assert.deepEqual(others, []);
  assert.equal(
    line,
    'not read: 2 Deployments, 1 object, 1 Gateway (networking.istio.io), 1 Ingress; ingress2gateway turns an Ingress into routes',
  );
});

test('an Ingress of another project is not one that ingress2gateway reads', () => {
  const { line } = separateUnread([unread('Ingress', 'traefik.example')]);
  assert.equal(line, 'not read: 1 Ingress (traefik.example)');
});
