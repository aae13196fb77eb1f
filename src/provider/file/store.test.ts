import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { violationsOf } from '../../gatewayapi/rejection.ts';
import { ResourceStore, type LoadedResources } from './store.ts';

const route = (name: string, path = '/', more = ''): string => `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: ${name}${more}
spec:
  rules:
  - matches:
    - path: {type: PathPrefix, value: ${path}}
`;

const pathOf = ({ snapshot }: LoadedResources, name: string): string | undefined =>
  snapshot.httpRoutes.find(({ metadata }) => metadata.name === name)?.spec.rules?.[0]?.matches?.[0]?.path
    ?.value;

const codes = ({ findings }: LoadedResources): string[] => findings.map(({ code }) => code);

const storeOf = (files: Readonly<Record<string, string>>): ResourceStore => {
  const store = new ResourceStore();
  for (const [file, text] of Object.entries(files)) store.setFile(file, text);
  return store;
};

suite('last good versions', () => {
  test('an object that does not validate stays as it was; the others go on', () => {
    const store = storeOf({ 'a.yaml': `${route('a', '/1')}---\n${route('b', '/1')}` });
    store.state();
    store.setFile('a.yaml', `${route('a', 'broken')}---\n${route('b', '/2')}`);
    const state = store.state();
    assert.equal(pathOf(state, 'a'), '/1');
    assert.equal(pathOf(state, 'b'), '/2');
    assert.deepEqual(codes(state), ['rule-violated', 'last-valid-version-served']);
  });

  test('it stays over several bad edits, and goes when it is removed', () => {
    const store = storeOf({ 'a.yaml': route('a', '/1') });
    store.state();
    for (const path of ['x', 'y']) {
      store.setFile('a.yaml', route('a', path));
      assert.equal(pathOf(store.state(), 'a'), '/1');
    }
    store.setFile('a.yaml', route('b', '/1'));
    assert.equal(pathOf(store.state(), 'a'), undefined);
    store.setFile('a.yaml', route('a', 'x'));
    assert.equal(pathOf(store.state(), 'a'), undefined, 'a version from before its removal is no version');
  });

  test('it belongs to the object, not to the file', () => {
    const store = storeOf({ 'a.yaml': route('a', '/1') });
    store.state();
    store.removeFile('a.yaml');
    store.setFile('b.yaml', route('a', 'x'));
    assert.equal(pathOf(store.state(), 'a'), '/1');
  });

  test('a text that cannot be read whole takes nothing away', () => {
    const store = storeOf({ 'a.yaml': `${route('a', '/1')}---\n${route('b', '/1')}` });
    store.state();
    store.setFile('a.yaml', `${route('a', '/2')}---\nkind: [`);
    let state = store.state();
    assert.equal(pathOf(state, 'a'), '/2');
    assert.equal(pathOf(state, 'b'), '/1');
    store.setFile('a.yaml', 'kind: [');
    state = store.state();
    assert.equal(state.snapshot.httpRoutes.length, 2);
    store.setFile('a.yaml', route('a', '/2'));
    assert.equal(store.state().snapshot.httpRoutes.length, 1);
  });

  test('a duplicate key makes the object invalid, not the file', () => {
    const store = storeOf({ 'a.yaml': `${route('a', '/1')}---\n${route('b', '/1')}` });
    store.state();
    store.setFile('a.yaml', `${route('a', '/2', '\n  name: a')}---\n${route('b', '/2')}`);
    const state = store.state();
    assert.equal(pathOf(state, 'a'), '/1');
    assert.equal(pathOf(state, 'b'), '/2');
    assert.deepEqual(codes(state), ['repeated-key', 'last-valid-version-served']);
  });
});

const tlsPolicy = (spec: string): string => `apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: secure}
spec:
  ${spec}
`;
const TARGETS = "targetRefs: [{group: '', kind: Service, name: api, sectionName: https}, {kind: Service}, 5]";
const VALID = `targetRefs: [{group: '', kind: Service, name: api}]
  validation: {hostname: api.example, wellKnownCACertificates: System}`;

suite('an invalid policy', () => {
  const policiesIn = ({ snapshot }: LoadedResources): readonly unknown[] =>
    snapshot.backendTlsPolicies.map(({ spec }) => spec);

  test('that was never valid keeps the targets that can be read, and is marked as rejected', () => {
    const store = storeOf({ 'a.yaml': tlsPolicy(TARGETS) });
    const state = store.state();
    const targetRefs = [{ group: '', kind: 'Service', name: 'api', sectionName: 'https' }];
    assert.deepEqual(policiesIn(state), [{ targetRefs }]);
    const [policy] = state.snapshot.backendTlsPolicies;
    assert.ok(policy !== undefined);
    assert.ok(violationsOf(policy).some(({ path }) => path === 'spec.validation'));
    assert.equal(
      store.state().snapshot.backendTlsPolicies[0],
      policy,
      'the same object while nothing changes',
    );
    assert.equal(codes(state).includes('last-valid-version-served'), false);
  });

  test('that was valid keeps its last valid version instead', () => {
    const store = storeOf({ 'a.yaml': tlsPolicy(VALID) });
    const valid = policiesIn(store.state());
    store.setFile('a.yaml', tlsPolicy(TARGETS));
    const state = store.state();
    assert.deepEqual(policiesIn(state), valid);
    assert.ok(codes(state).includes('last-valid-version-served'));
  });

  test('that is fixed, or removed, is no longer rejected', () => {
    const store = storeOf({ 'a.yaml': tlsPolicy(TARGETS) });
    store.state();
    store.setFile('a.yaml', tlsPolicy(VALID));
    const [policy] = store.state().snapshot.backendTlsPolicies;
    assert.ok(policy !== undefined);
    assert.deepEqual(violationsOf(policy), []);
    store.setFile('b.yaml', tlsPolicy(TARGETS).replace('secure', 'other'));
    assert.equal(store.state().snapshot.backendTlsPolicies.length, 2);
    store.removeFile('b.yaml');
    assert.equal(store.state().snapshot.backendTlsPolicies.length, 1);
  });
});

suite('one object in several places', () => {
  test('the first by file and line is served', () => {
    const store = storeOf({
      'b.yaml': route('a', '/b'),
      'a.yaml': `${route('a', '/1')}---\n${route('a', '/2')}`,
    });
    const state = store.state();
    assert.equal(pathOf(state, 'a'), '/1');
    assert.deepEqual(
      state.findings.map(({ code, location }) => `${code} ${location?.file ?? ''}:${String(location?.line)}`),
      ['duplicate-object a.yaml:10', 'duplicate-object b.yaml:1'],
    );
    store.removeFile('a.yaml');
    assert.equal(pathOf(store.state(), 'a'), '/b');
  });

  test('older versions of the API are the same object', () => {
    const beta = route('a', '/2').replace('/v1\n', '/v1beta1\n');
    const state = storeOf({ 'a.yaml': route('a', '/1'), 'b.yaml': beta }).state();
    assert.deepEqual(codes(state), ['duplicate-object']);
  });
});

suite('what is handed out', () => {
  test('an object that did not change is the same, also when it moved', () => {
    const store = storeOf({ 'a.yaml': `${route('a')}---\n${route('b')}` });
    const before = store.state().snapshot;
    store.setFile('a.yaml', `# new\n${route('c')}---\n${route('a')}---\n${route('b')}`);
    const { snapshot, findings } = store.state();
    assert.deepEqual(findings, []);
    for (const name of ['a', 'b']) {
      const find = (list: typeof snapshot.httpRoutes): unknown =>
        list.find(({ metadata }) => metadata.name === name);
      assert.equal(find(snapshot.httpRoutes), find(before.httpRoutes));
    }
    assert.equal(snapshot.namespaces[0], before.namespaces[0]);
  });

  test('generations rise with the content, not with labels or white space', () => {
    const store = storeOf({ 'a.yaml': route('a', '/1') });
    const generation = (): number | undefined => store.state().snapshot.httpRoutes[0]?.metadata.generation;
    assert.equal(generation(), 1);
    store.setFile('a.yaml', route('a', '/1', '\n  labels: {a: b}'));
    assert.equal(generation(), 1);
    store.setFile('a.yaml', route('a', '/2'));
    assert.equal(generation(), 2);
    store.setFile('a.yaml', route('a', '/3', '\n  generation: 7'));
    assert.equal(generation(), 7);
    store.setFile('a.yaml', route('a', '/4', '\n  generation: 7'));
    assert.equal(generation(), 8);
  });

  test('places are those of now', () => {
    const store = storeOf({ 'a.yaml': route('a') });
    store.state();
    store.setFile('a.yaml', `# one\n# two\n---\n${route('a', '/')}`);
    const ref = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'default', name: 'a' };
    const state = store.state();
    assert.deepEqual(state.locate(ref, 'metadata.name'), { file: 'a.yaml', line: 7, column: 9 });
    assert.equal(state.locate({ ...ref, name: 'b' }, ''), null);
  });

  test('findings move with the text above them', () => {
    const store = storeOf({ 'a.yaml': `${route('a')}---\n${route('b', 'x')}` });
    const [before] = store.state().findings;
    store.setFile('a.yaml', `# one more line\n${route('a')}---\n${route('b', 'x')}`);
    const [after] = store.state().findings;
    assert.equal((after?.location?.line ?? 0) - (before?.location?.line ?? 0), 1);
  });
});
