import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  describeAttachment,
  isSameAttachment,
  originOfAttachment,
  type AttachmentPoint,
} from './attachment-point.ts';

const listener = (name: string): AttachmentPoint => ({
  kind: 'listener',
  owner: { kind: 'Gateway', namespace: 'shop', name: 'web' },
  name,
});
const port = (number: number): AttachmentPoint => ({
  kind: 'service-port',
  service: { kind: 'Service', namespace: 'shop', name: 'web' },
  port: number,
});

test('a point is reported as its object and the section in it', () => {
  const [https, http] = [listener('https'), port(80)];
  assert.deepEqual(originOfAttachment(https), {
    kind: 'Gateway',
    namespace: 'shop',
    name: 'web',
    section: 'https',
  });
  assert.deepEqual(originOfAttachment(http), {
    kind: 'Service',
    namespace: 'shop',
    name: 'web',
    section: '80',
  });
  assert.equal(originOfAttachment(https), originOfAttachment(https), 'one object for each point');
  assert.deepEqual([https, http].map(describeAttachment), ['listener https', 'port 80']);
});

test('points are the same when their object and section are', () => {
  assert.ok(isSameAttachment(listener('80'), listener('80')));
  assert.ok(isSameAttachment(port(80), port(80)));
  assert.ok(!isSameAttachment(listener('80'), listener('81')));
  assert.ok(!isSameAttachment(port(80), port(81)));
  assert.ok(!isSameAttachment(listener('80'), port(80)));
});
