import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { HeaderId } from './header-id.ts';
import { compileHeadEdits } from './head-edits.ts';

suite('header edits', () => {
  test('each edit is remove, set, add, and the next sees what the one before made', () => {
    const edits = compileHeadEdits([
      { remove: ['x-gone'], set: [{ name: 'X-Set', value: '1' }], add: [{ name: 'x-add', value: '1' }] },
      { remove: ['x-add'], set: [], add: [{ name: 'X-Set', value: '2' }] },
    ]);
    assert.deepEqual(edits.append, [
      { name: 'X-Set', value: '1' },
      { name: 'X-Set', value: '2' },
    ]);
    assert.deepEqual(edits.dropNames.map(({ name }) => name).toSorted(), ['x-add', 'x-gone', 'x-set']);
  });

  for (const name of [
    'Content-Length',
    'Transfer-Encoding',
    'Connection',
    'Keep-Alive',
    'Upgrade',
    'TE',
    'Trailer',
  ]) {
    test(`${name} frames the message and cannot be edited`, () => {
      const field = { name, value: 'chunked' };
      for (const edit of [
        { set: [field], add: [], remove: [] },
        { set: [], add: [field], remove: [] },
        { set: [], add: [], remove: [name.toLowerCase()] },
      ]) {
        const { append, dropIds, isEmpty } = compileHeadEdits([edit]);
        assert.deepEqual(append, []);
        assert.ok(dropIds.every((drops) => drops === 0) && isEmpty);
      }
    });
  }

  test('a name or value that would make another line does not', () => {
    const edits = compileHeadEdits([
      {
        set: [{ name: 'x\r\nContent-Length', value: '0' }],
        add: [{ name: 'x-b', value: 'v\r\nx-c: d' }],
        remove: [],
      },
    ]);
    assert.equal(edits.appendLines.toString('latin1'), 'x-b: v  x-c: d\r\n');
  });

  test('a set Host is the authority, not a second field', () => {
    const edits = compileHeadEdits([{ set: [{ name: 'Host', value: 'o.org' }], add: [], remove: [] }]);
    assert.equal(edits.authority, 'o.org');
    assert.deepEqual(edits.append, []);
    assert.equal(edits.dropIds[HeaderId.host], 0);
  });
});
