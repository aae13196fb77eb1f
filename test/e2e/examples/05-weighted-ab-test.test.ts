import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startExample, type Example } from '../../support/example.ts';

const host = 'www.example';

interface Visit {
  readonly variant: string;
  /** `name=value`, to send on the next visit. */
  readonly cookie: string;
}

async function visit(site: Example, cookie?: string): Promise<Visit> {
  const { headers, body } = await site.send({ host, headers: cookie === undefined ? {} : { cookie } });
  const variant = String(headers['x-variant']);
  assert.match(body, new RegExp(`"name": "default/landing-${variant}"`, 'u'));
  return { variant, cookie: headers['set-cookie']?.[0]?.split(';')[0] ?? cookie ?? '' };
}

test('A/B: new visitors are split in half', async (t) => {
  const site = await startExample(t, '05-weighted-ab-test');
  const variants: string[] = [];
  for (let index = 0; index < 20; index += 1) variants.push((await visit(site)).variant);
  assert.equal(variants.filter((variant) => variant === 'a').length, 10);
});

test('A/B: a visitor keeps the variant of the first visit', async (t) => {
  const site = await startExample(t, '05-weighted-ab-test');
  for (let visitor = 0; visitor < 4; visitor += 1) {
    const first = await visit(site);
    assert.match(first.cookie, /^variant=/);
    for (let again = 0; again < 5; again += 1) {
      assert.equal((await visit(site, first.cookie)).variant, first.variant);
    }
  }
});
