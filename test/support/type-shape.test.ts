import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { shapesOf } from './type-shape.ts';

test('a shape says how a type is encoded, and nothing of names', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-shape-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const file = join(folder, 'types.ts');
  writeFileSync(
    file,
    `declare const brand: unique symbol;
    type Id = string & { readonly [brand]: 'Id' };
    class Redacted { reveal() { return ''; } }
    interface Item { readonly id: Id; readonly more?: number }
    interface Renamed { more?: number; id: string }
    export interface First { readonly items: readonly Item[]; readonly key: Redacted; readonly kind: 'b' | 'a' }
    export interface Second { readonly kind: 'a' | 'b'; items: Renamed[]; key: string }
    export interface Third { readonly items: readonly Item[]; readonly key: string | null; readonly kind: 'a' | 'b' }
    export type Nested = { readonly list: readonly Nested[] } | string;`,
  );
  const shapes = shapesOf({ file, names: ['First', 'Second', 'Third', 'Nested'] });
  assert.equal(
    shapes.get('First'),
    '{ items: ({ id: string; more?: number })[]; key: string; kind: "a" | "b" }',
  );
  assert.equal(shapes.get('Second'), shapes.get('First'));
  assert.notEqual(shapes.get('Third'), shapes.get('First'));
  assert.equal(shapes.get('Nested'), 'string | { list: (^2 | string)[] }');
});
