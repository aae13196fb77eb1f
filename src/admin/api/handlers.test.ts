/** `/api/v1/` as clients see it: lists, filters, pages, items, validators, and what is refused. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { GATEWAY, routeAt, ViewLab } from '../../../test/support/view-lab.ts';
import type { AdminAnswer } from '../server.ts';
import { COLLECTIONS } from './collections.ts';
import { answerApi, answerOtherVersion } from './handlers.ts';
import type { ErrorResponse, ItemResponse, ListResponse, RouteItem } from './resources.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e'];

function labOfRoutes(): ViewLab {
  const lab = new ViewLab();
  lab.load(GATEWAY + NAMES.map((name) => routeAt(`/${name}`, name)).join(''));
  return lab;
}

const request = (path: string, headers: Readonly<Record<string, string>> = {}) => ({
  url: new URL(path, 'http://localhost'),
  method: 'GET' as const,
  headers,
});

const ask = (lab: ViewLab, path: string, headers = {}): Promise<AdminAnswer> =>
  answerApi(lab.view, request(`/api/v1/${path}`, headers));

async function list(lab: ViewLab, path: string): Promise<ListResponse<{ readonly id: string }>> {
  const { status, body } = await ask(lab, path);
  assert.equal(status, 200, body);
  return JSON.parse(body) as ListResponse<{ readonly id: string }>;
}

const idsOf = ({ items }: ListResponse<{ readonly id: string }>): string[] => items.map(({ id }) => id);

async function refused(lab: ViewLab, path: string): Promise<ErrorResponse & { readonly status: number }> {
  const { status, body } = await ask(lab, path);
  return { status, ...(JSON.parse(body) as ErrorResponse) };
}

suite('api', () => {
  test('the index names every list, and every list and item can be read', async () => {
    const lab = labOfRoutes();
    const { items } = JSON.parse((await ask(lab, '')).body) as { readonly items: readonly string[] };
    assert.deepEqual(
      items,
      ['summary', 'events', ...Object.keys(COLLECTIONS)].map((name) => `/api/v1/${name}`),
    );
    for (const name of Object.keys(COLLECTIONS)) {
      const page = await list(lab, name);
      assert.equal(page.revision, lab.view.revision);
      for (const { id } of page.items) {
        const { status, body } = await ask(lab, `${name}/${id}`);
        assert.equal(status, 200, body);
        assert.equal((JSON.parse(body) as ItemResponse<{ readonly id: string }>).item.id, id);
      }
    }
  });

  test('pages follow each other in a stable order, also when an item disappears between them', async () => {
    const lab = labOfRoutes();
    const first = await list(lab, 'routes?limit=2');
    assert.deepEqual([idsOf(first), first.total], [['HTTPRoute/default/a', 'HTTPRoute/default/b'], 5]);
    lab.load(GATEWAY + ['a', 'c', 'd'].map((name) => routeAt('/', name)).join(''));
    const second = await list(lab, `routes?limit=2&continue=${String(first.continue)}`);
    assert.deepEqual(idsOf(second), ['HTTPRoute/default/c', 'HTTPRoute/default/d']);
    assert.equal(second.continue, null);
  });

  test('changes come newest first, page by page', async () => {
    const lab = labOfRoutes();
    for (const path of ['/x', '/y', '/z']) lab.load(GATEWAY + routeAt(path));
    const all = idsOf(await list(lab, 'changes')).map(Number);
    assert.deepEqual(
      all,
      all.toSorted((a, b) => b - a),
    );
    const first = await list(lab, 'changes?limit=2');
    const rest = await list(lab, `changes?continue=${String(first.continue)}`);
    assert.deepEqual([...idsOf(first), ...idsOf(rest)].map(Number), all);
  });

  test('filters narrow a list', async () => {
    const lab = labOfRoutes();
    const count = async (path: string): Promise<number> => (await list(lab, path)).total;
    assert.equal(await count('routes?gateway=default/web'), 5);
    assert.equal(await count('routes?gateway=default/other'), 0);
    assert.equal(await count('routes?namespace=other'), 0);
    assert.equal(await count('routes?namespace=default&kind=HTTPRoute'), 5);
    assert.equal(await count('attachments?route=HTTPRoute/default/a'), 2);
    assert.ok((await count('findings?severity=error')) > 0);
    assert.equal(await count('findings?severity=none'), 0);
  });

  test('a single route has the settings of its backends, with their origin', async () => {
    const lab = labOfRoutes();
    const { body } = await ask(lab, 'routes/HTTPRoute/default/a');
    const { item } = JSON.parse(body) as ItemResponse<RouteItem>;
    const settings = item.rules[0]?.backends[0]?.settings ?? [];
    assert.deepEqual(
      settings.find(({ field }) => field === 'timeouts.request'),
      { field: 'timeouts.request', value: '0s', from: null },
    );
    assert.equal(lab.view.lists.routes[0]?.rules[0]?.backends[0]?.settings, null);
  });

  test('an answer that would be the same is 304, until something changes', async () => {
    const lab = labOfRoutes();
    const etag = (await ask(lab, 'routes')).headers?.['etag'] ?? '';
    assert.match(etag, /^"[0-9a-f]{8}-\d+"$/);
    for (const field of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const { status, body } = await ask(lab, 'routes', { 'if-none-match': field });
      assert.deepEqual([status, body], [304, ''], field);
    }
    lab.load(GATEWAY);
    assert.equal((await ask(lab, 'routes', { 'if-none-match': etag })).status, 200);
  });

  test('a validator does not make an answer of a request that has none', async () => {
    const lab = labOfRoutes();
    const etag = (await ask(lab, 'routes')).headers?.['etag'] ?? '';
    for (const field of [etag, '*']) {
      for (const [path, status] of [
        ['routes/HTTPRoute/default/gone', 404],
        ['route', 404],
        ['routes?limit=0', 400],
        ['routes?color=red', 400],
        ['summary?limit=1', 400],
        ['routes/HTTPRoute/default/a', 304],
      ] as const) {
        assert.equal((await ask(lab, path, { 'if-none-match': field })).status, status, `${path} ${field}`);
      }
    }
  });

  test('errors are answered in JSON, with a hint', async () => {
    const lab = labOfRoutes();
    const unknown = await refused(lab, 'route');
    assert.deepEqual([unknown.status, unknown.hint], [404, 'did you mean /api/v1/routes?']);
    const missing = await refused(lab, 'gateways/default/wen');
    assert.deepEqual([missing.status, missing.hint], [404, 'did you mean default/web?']);
    assert.equal((await refused(lab, 'constructor')).status, 404);
    assert.equal((await refused(lab, 'summary/x')).status, 404);
    assert.equal((await refused(lab, 'routes/%ff')).status, 400);
    const parameter = await refused(lab, 'routes?namespaces=a');
    assert.equal(parameter.status, 400);
    assert.match(parameter.hint ?? '', /namespace, gateway, kind, limit, continue/);
    assert.equal((await refused(lab, 'routes/HTTPRoute/default/a?limit=1')).status, 400);
    for (const limit of ['0', '1001', '-1', 'x', '1e3', '']) {
      assert.equal((await refused(lab, `routes?limit=${limit}`)).status, 400, limit);
    }
    assert.equal((await refused(lab, 'routes?continue=!')).status, 400);
    assert.equal(answerOtherVersion(request('/api/v2/routes')).status, 404);
  });

  test('characters that a terminal would obey are escaped', async () => {
    const lab = new ViewLab();
    lab.load(`${GATEWAY}${routeAt('/a')}`.replace('value: b', String.raw`value: "b\u009b31m\u202e"`));
    lab.load(`${GATEWAY}---\napiVersion: v1\nkind: Servise\nmetadata: { name: "x\u009b\u202e" }\n`);
    const { body } = await ask(lab, 'findings');
    assert.match(body, /\\u009b\\u202e/);

    assert.doesNotMatch(body, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  });
});
