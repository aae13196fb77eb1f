import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentValues } from './recent-values.ts';

test('a value is remembered from the first time it is noted', () => {
  const recent = new RecentValues();
  assert.equal(recent.note('/a'), false);
  assert.equal(recent.note('/a'), true);
  assert.equal(recent.note(''), true, 'the empty value needs no place');
});

test('whatever two values take turns, both are remembered', () => {
  const last = (count: number): string => `/orders/${String(count)}`;
  for (let count = 0; count < 2_000; count++) {
    const recent = new RecentValues();
    const forwarded = 'for=127.0.0.1;proto=http;host="127.0.0.1:8080"';
    recent.note(last(count));
    recent.note(forwarded);
    assert.equal(recent.note(last(count)), true, last(count));
    assert.equal(recent.note(forwarded), true, last(count));
  }
});

test('values that come once push each other out, and the table does not grow', () => {
  const recent = new RecentValues();
  recent.note('/first');
  for (let count = 0; count < 10_000; count++) recent.note(`/item/${String(count * 7919)}`);
  assert.equal(recent.note('/first'), false);
});

test('the only value so far is still remembered when more come', () => {
  const recent = new RecentValues();
  assert.equal(recent.note('/a'), false);
  assert.equal(recent.note('/b'), false);
  assert.equal(recent.note('/a'), true);
  assert.equal(recent.note('/b'), true);
});
