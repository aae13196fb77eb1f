import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckSlots, type SlotUser } from './check-slots.ts';

class User implements SlotUser {
  readonly tenant: string;
  granted = 0;
  constructor(tenant: string) {
    this.tenant = tenant;
  }
  onSlot(): void {
    this.granted++;
  }
}

const usersOf = (tenant: string, count: number): User[] =>
  Array.from({ length: count }, () => new User(tenant));
const running = (users: readonly User[]): number => users.reduce((sum, { granted }) => sum + granted, 0);

test('a tenant gets half of the places, and the other half is there for others', () => {
  const slots = new CheckSlots(8);
  const greedy = usersOf('greedy', 20);
  for (const user of greedy) slots.request(user);
  assert.equal(running(greedy), 4);
  const modest = usersOf('modest', 3);
  for (const user of modest) slots.request(user);
  assert.equal(running(modest), 3);
});

test('a free slot goes to the cluster that has the fewest', () => {
  const slots = new CheckSlots(4);
  const one = usersOf('one', 5);
  const two = usersOf('two', 2);
  const late = usersOf('late', 1);
  for (const user of [...one, ...two, ...late]) slots.request(user);
  assert.deepEqual([running(one), running(two), running(late)], [2, 2, 0]);
  const [first] = one;
  assert.ok(first);
  slots.release(first);
  assert.deepEqual([running(one), running(two), running(late)], [2, 2, 1]);
});

test('every cluster gets a slot; asking twice or giving up takes none', () => {
  const slots = new CheckSlots(2);
  const users = usersOf('one', 5);
  for (const user of users) slots.request(user);
  const [first, second, third] = users;
  assert.ok(first && second && third);
  slots.request(third);
  assert.equal(running(users), 1);
  slots.cancel(second);
  for (let round = 0; round < 5; round++) slots.release(first);
  assert.equal(second.granted, 0);
  assert.ok(users.slice(2).every(({ granted }) => granted === 1));
});
