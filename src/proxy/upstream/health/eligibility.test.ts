import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canEject, selectEligible, type EndpointState } from './eligibility.ts';

/** `g` good, `e` ejected, `f` failing its checks, `p` not checked yet; capital letters: draining. */
function endpoints(letters: string): EndpointState[] {
  return Array.from(letters, (letter, index) => {
    const kind = letter.toLowerCase();
    const health = {
      isGood: kind === 'g',
      isEjected: kind === 'e',
      isFailing: kind === 'f',
      isPending: kind === 'p',
    };
    return { name: `${index}${letter}`, state: letter === kind ? 'ready' : 'draining', health };
  });
}

const eligible = (letters: string, panicThreshold: number): string => {
  const { eligible: names, isPanicking } = selectEligible(endpoints(letters), panicThreshold);
  return `${names.map(({ name }) => name).join(' ')}${isPanicking ? ' !' : ''}`;
};

test('draining ones count only when nothing is ready', () => {
  assert.equal(eligible('gGg', 50), '0g 2g');
  assert.equal(eligible('GG', 50), '0G 1G');
  assert.equal(eligible('', 50), '');
});

test('the panic threshold: below, at and above', () => {
  assert.equal(eligible('geee', 50), '0g 1e 2e 3e !');
  assert.equal(eligible('ggee', 50), '0g 1g');
  assert.equal(eligible('ggge', 50), '0g 1g 2g');
  assert.equal(eligible('ggge', 100), '0g 1g 2g 3e !');
  assert.equal(eligible('gggg', 100), '0g 1g 2g 3g');
  assert.equal(eligible('geee', 0), '0g');
});

test('ejection alone never leaves nothing', () => {
  assert.equal(eligible('ee', 0), '0e 1e');
  assert.equal(eligible('e', 50), '0e !');
});

test('checks count before ejection, and what has to be checked first is as if it were not there', () => {
  assert.equal(eligible('fe', 0), '1e', 'ejection is forgotten before a check is');
  assert.equal(eligible('ff', 0), '');
  assert.equal(eligible('ff', 1), '0f 1f !');
  assert.equal(eligible('ggf', 50), '0g 1g');
  assert.equal(eligible('ppp', 50), '');
  assert.equal(eligible('ppg', 50), '2g', 'two that are not known yet are no reason to panic');
  assert.equal(eligible('ppG', 50), '2G', 'a draining one serves until they are');
  assert.equal(eligible('fG', 0), '', 'but not in place of one that fails');
});

test('ejection: how many, and never the last', () => {
  assert.equal(canEject(endpoints('g'), '0g', 100), false);
  assert.equal(canEject(endpoints('gg'), '0g', 50), true);
  assert.equal(canEject(endpoints('ge'), '0g', 100), false, 'the other one is out');
  assert.equal(canEject(endpoints('gggg'), '0g', 50), true);
  assert.equal(canEject(endpoints('ggge'), '0g', 50), true);
  assert.equal(canEject(endpoints('ggee'), '0g', 50), false);
  assert.equal(canEject(endpoints('ggee'), '0g', 75), true);
  assert.equal(canEject(endpoints('ggg'), '0g', 10), true, 'one of a few, whatever the percentage');
  assert.equal(canEject(endpoints('gge'), '0g', 10), false);
  assert.equal(canEject(endpoints('ggg'), '0g', 0), false);
  assert.equal(canEject(endpoints('gG'), '0g', 100), false, 'a draining one is no replacement');
});
