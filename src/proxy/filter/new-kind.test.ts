/**
 * A kind of filter that the data plane does not know: a definition, listed in a table, is all it takes. It continues, answers, waits, is
 * resumed and cancelled, on requests, responses and local replies, over real connections of both versions of HTTP.
 */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { actingFilter, Journal, type ActingFilter } from '../../../test/support/acting-filter.ts';
import { testBackend, testConfig, type TestRule } from '../../../test/support/gateway-config.ts';
import { CODE, data, headers, request, rstStream } from '../../../test/support/h2-frames.ts';
import { H2Peer, valueOf } from '../../../test/support/h2-peer.ts';
import type { Field } from '../../../test/support/reference-hpack.ts';
import { exchangeOnce, type Received, type Sent, type Version } from '../../../test/support/reply-client.ts';
import { ScriptedBackend, type Script } from '../../../test/support/scripted-backend.ts';
import { TestProxy } from '../../../test/support/test-proxy.ts';
import type { Filter } from '../../ir/filter.ts';
import { DEFAULT_TIMEOUTS } from '../../ir/policy.ts';
import { bulkBuffers } from '../message/bulk-buffers.ts';
import type { FieldList, ResponseHead } from '../message/head.ts';
import type { DownstreamStream } from '../message/stream.ts';
import type { FilterDefinition } from './definition.ts';
import { FilterTable } from './filter-table.ts';
import { BUILT_IN_FILTERS } from './filters.ts';

const VERSIONS: readonly Version[] = ['HTTP/1.1', 'HTTP/2'];
const GET: Sent = { method: 'GET', path: '/x', fields: [] };
const BODY = 'b'.repeat(60_000);

interface Scene {
  readonly proxy: TestProxy;
  readonly backend: ScriptedBackend;
  readonly journal: Journal;
  /** Heads and bodies that the backend received. */
  readonly received: string[];
}

interface SceneOptions extends Partial<Omit<ActingFilter, 'kind'>> {
  readonly rule?: Partial<TestRule>;
  readonly filters?: readonly Filter[];
  readonly script?: Script;
}

async function scene(t: TestContext, options: SceneOptions): Promise<Scene> {
  const { onRequest = 'continue', onResponse = 'continue', filters = [], rule = {} } = options;
  const received: string[] = [];
  const backend = await ScriptedBackend.start(options.script ?? echoing(received));
  const journal = new Journal();
  const acting = { kind: 'acting', onRequest, onResponse } as unknown as Filter;
  const proxy = await TestProxy.start(
    testConfig({
      rules: [{ backends: [testBackend('a')], ...rule, filters: [...filters, acting] }],
      endpoints: { a: [backend.port] },
    }),
    {},
    { filters: new FilterTable([...BUILT_IN_FILTERS, actingFilter(journal)]) },
  );
  t.after(async () => {
    await proxy.stop();
    await backend.stop();
  });
  return { proxy, backend, journal, received };
}

/** Responds with a long body that has trailers. */
function echoing(received: string[]): Script {
  return async (connection) => {
    for (;;) {
      let whole = await connection.readThrough('\r\n\r\n');
      const length = /content-length: (\d+)/i.exec(whole)?.[1];
      if (length !== undefined) whole += String(await connection.readBytes(Number(length)));
      received.push(whole);
      connection.send('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
      connection.send(`${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\nx-trailer: 1\r\n\r\n`);
    }
  };
}

interface Asked {
  readonly response: Promise<Received>;
  /** Bytes of the response so far, once everything is there that the gateway has written by now. */
  readonly received: () => Promise<number>;
}

async function beginAsking(proxy: TestProxy, version: Version, sent: Sent): Promise<Asked> {
  return version === 'HTTP/2' ? askHttp2(proxy, sent) : askHttp1(proxy, sent);
}

async function askHttp1(proxy: TestProxy, { method, path, body }: Sent): Promise<Asked> {
  const client = await proxy.connect();
  const length = body === undefined ? '' : `content-length: ${String(body.length)}\r\n`;
  client.send(`${method} ${path} HTTP/1.1\r\nhost: a.example\r\n${length}\r\n${body ?? ''}`);
  const response = client.readResponse().then(({ status, headers: fields, body: text }) => {
    client.destroy();
    return { status, fields: fields.map(([name, value]): Field => [name, value]), body: text };
  });
  const received = async (): Promise<number> => {
    await roundTrip(proxy);
    return client.socket.bytesRead;
  };
  return { response: response.then((all) => ({ ...all, endedWithHead: false })), received };
}

async function askHttp2(proxy: TestProxy, { method, path, fields, body }: Sent): Promise<Asked> {
  const peer = await H2Peer.connect(proxy.port);
  const length: readonly [string, string][] =
    body === undefined ? [] : [['content-length', String(body.length)]];
  const head = request({ ':method': method, ':path': path, ':authority': 'a.example' }, ...fields, ...length);
  peer.send(headers(1, head, body === undefined));
  if (body !== undefined) peer.send(data(1, body, true));
  const before = peer.raw.socket.bytesRead;
  const response = peer.message(1).then((message) => {
    peer.raw.destroy();
    const list = message.blocks.at(-1) ?? [];
    const all = [...list, ...(message.trailers ?? [])];
    return {
      status: Number(valueOf(list, ':status')),
      fields: all,
      body: message.body,
      endedWithHead: false,
    };
  });
  const received = async (): Promise<number> => {
    await roundTrip(proxy);
    return peer.raw.socket.bytesRead - before;
  };
  return { response, received };
}

async function ask(proxy: TestProxy, version: Version, sent: Sent): Promise<Received> {
  const { response } = await beginAsking(proxy, version, sent);
  return response;
}

/** On a connection of its own, and past all filters: the engine refuses a head without a host. */
async function roundTrip(proxy: TestProxy): Promise<void> {
  const client = await proxy.connect();
  client.send('GET / HTTP/1.1\r\n\r\n');
  assert.equal((await client.readResponse()).status, 400);
  client.destroy();
}

const field = ({ fields }: Received, name: string): string | undefined =>
  fields.find(([each]) => each.toLowerCase() === name)?.[1];

/** A client that sends a GET and leaves when it is told to. */
async function leavingClient(t: TestContext, version: Version, proxy: TestProxy): Promise<() => void> {
  if (version === 'HTTP/2') {
    const peer = await H2Peer.connect(proxy.port);
    t.after(() => peer.raw.destroy());
    peer.send(headers(1, request({ ':path': '/x', ':authority': 'a.example' }), true));
    return () => peer.send(rstStream(1, CODE.cancel));
  }
  const client = await proxy.connect();
  client.send('GET /x HTTP/1.1\r\nhost: a.example\r\n\r\n');
  return () => client.socket.resetAndDestroy();
}

for (const version of VERSIONS) {
  describe(`a new kind of filter over ${version}`, () => {
    test('continues, and edits request and response', async (t) => {
      const { proxy, journal, received } = await scene(t, {});
      const response = await ask(proxy, version, GET);
      assert.equal(response.status, 200);
      assert.equal(response.body.length, BODY.length);
      assert.equal(field(response, 'x-response-edit'), 'set');
      assert.equal(field(response, 'x-kept'), '1');
      assert.match(received[0] ?? '', /x-request-edit: set/);
      await journal.happened('ended 200');
      assert.deepEqual(journal.events, ['request /x', 'response 200 of the backend', 'ended 200']);
    });

    test('answers a request, and acts on its own reply', async (t) => {
      const { proxy, journal, backend } = await scene(t, { onRequest: 'answer' });
      const response = await ask(proxy, version, GET);
      assert.equal(response.status, 418);
      assert.equal(response.body, 'short and stout');
      assert.equal(field(response, 'x-response-edit'), 'set');
      assert.equal(backend.connections.length, 0);
      assert.deepEqual(journal.events, ['request /x', 'response 418 auth_denied', 'ended 418']);
    });

    test('holds a request and its body back until it is resumed', async (t) => {
      const { proxy, journal, received, backend } = await scene(t, { onRequest: 'wait, continue' });
      const body = 'a'.repeat(10_000);
      const response = ask(proxy, version, { ...GET, method: 'POST', body });
      await journal.happened('waits');
      await roundTrip(proxy);
      assert.equal(backend.connections.length, 0);
      journal.resume();
      assert.equal((await response).status, 200);
      const [sent = ''] = received;
      assert.ok(sent.endsWith(body));
      assert.match(sent, /x-request-edit: set/);
    });

    test('resumes a request before its wait has begun', async (t) => {
      const { proxy, received } = await scene(t, {
        onRequest: 'resume at once',
        onResponse: 'resume at once',
      });
      const response = await ask(proxy, version, { ...GET, method: 'POST', body: 'short' });
      assert.equal(response.status, 200);
      assert.equal(response.body.length, BODY.length);
      assert.ok(received[0]?.endsWith('short'));
    });

    test('answers a request after a wait', async (t) => {
      const { proxy, journal } = await scene(t, { onRequest: 'wait, answer' });
      const response = ask(proxy, version, GET);
      await journal.happened('waits');
      journal.resume();
      assert.equal((await response).status, 418);
    });

    test('is cancelled when the client leaves, and cannot be resumed any more', async (t) => {
      for (const acts of [{ onRequest: 'wait, continue' }, { onResponse: 'wait, continue' }] as const) {
        const { proxy, journal, backend } = await scene(t, acts);
        const leave = await leavingClient(t, version, proxy);
        await journal.happened('waits');
        leave();
        await journal.happened('cancelled');
        journal.resume();
        await journal.happened('ended 499');
        assert.equal(proxy.proxy.stats().downstream.activeRequests, 0);
        assert.equal(proxy.records[0]?.reason, 'client_closed');
        if ('onRequest' in acts) assert.equal(backend.connections.length, 0);
      }
    });

    for (const [limit, reason] of [
      ['requestMs', 'request_timeout'],
      ['backendRequestMs', 'backend_timeout'],
    ] as const) {
      test(`is cancelled by the time limit ${limit}, and responses pass it once`, async (t) => {
        const timeouts = { ...DEFAULT_TIMEOUTS, [limit]: 60 };
        const { proxy, journal } = await scene(t, { onResponse: 'wait for good', rule: { timeouts } });
        const response = await ask(proxy, version, GET);
        assert.equal(response.status, 504);
        assert.equal(proxy.records[0]?.reason, reason);
        assert.deepEqual(journal.events.slice(1, 4), ['response 200 of the backend', 'waits', 'cancelled']);
        assert.equal(journal.events.filter((event) => event.startsWith('response')).length, 1);
      });
    }

    test('is cancelled when the time of a request is over', async (t) => {
      const timeouts = { ...DEFAULT_TIMEOUTS, requestMs: 60 };
      const { proxy, journal } = await scene(t, { onRequest: 'wait for good', rule: { timeouts } });
      const response = await ask(proxy, version, GET);
      assert.equal(response.status, 504);
      assert.equal(field(response, 'x-response-edit'), 'set');
      assert.deepEqual(journal.events.slice(0, 3), ['request /x', 'waits', 'cancelled']);
    });

    test('holds a response back, body and all', async (t) => {
      const { proxy, journal } = await scene(t, { onResponse: 'wait, continue' });
      const { response, received } = await beginAsking(proxy, version, GET);
      await journal.happened('waits');
      assert.equal(await received(), 0);
      journal.resume();
      const got = await response;
      assert.equal(got.status, 200);
      assert.ok(got.body === BODY);
      if (version === 'HTTP/2') assert.equal(field(got, 'x-trailer'), '1');
    });

    test('replaces a response, at once or after a wait', async (t) => {
      for (const onResponse of ['answer', 'wait, answer'] as const) {
        const { proxy, journal } = await scene(t, { onResponse });
        const response = ask(proxy, version, GET);
        if (onResponse === 'wait, answer') {
          await journal.happened('waits');
          journal.resume();
        }
        const { status, body } = await response;
        assert.equal(status, 418);
        assert.equal(body, 'short and stout');
      }
    });

    test('holds a local reply back', async (t) => {
      const { proxy, journal } = await scene(t, {
        onResponse: 'wait, continue',
        rule: { backends: [] },
      });
      const { response, received } = await beginAsking(proxy, version, GET);
      await journal.happened('waits');
      assert.equal(await received(), 0);
      journal.resume();
      const { status, body } = await response;
      assert.equal(status, 500);
      assert.match(body, /no_backend/);
      assert.deepEqual(journal.events, ['request /x', 'response 500 no_backend', 'waits', 'ended 500']);
    });
  });
}

/** Writes a response's body in capitals: what changes bodies wraps the stream. */
const CAPITALS: FilterDefinition<{ readonly kind: 'capitals' }> = {
  kind: 'capitals',
  stages: { response: 'compression' },
  precedence: 'rule',
  compile: () => ({
    response: {
      kind: 'capitals',
      apply(exchange) {
        exchange.stream = new CapitalStream(exchange.stream);
        return 'continue';
      },
    },
  }),
  describe: () => 'capitals',
};

class CapitalStream implements DownstreamStream {
  readonly #stream: DownstreamStream;

  constructor(stream: DownstreamStream) {
    this.#stream = stream;
  }

  sendInformational(head: ResponseHead): void {
    this.#stream.sendInformational(head);
  }
  sendHead(...head: Parameters<DownstreamStream['sendHead']>): void {
    this.#stream.sendHead(...head);
  }
  sendData(buffer: Buffer, from: number, to: number, owned: boolean): boolean {
    const capitals = Buffer.from(buffer.toString('latin1', from, to).toUpperCase(), 'latin1');
    if (owned) bulkBuffers.release(buffer);
    return this.#stream.sendData(capitals, 0, capitals.length, false);
  }
  sendEnd(trailers: FieldList | null): void {
    this.#stream.sendEnd(trailers);
  }
  flush(): void {
    this.#stream.flush();
  }
  abort(): void {
    this.#stream.abort();
  }
  pauseRequest(): void {
    this.#stream.pauseRequest();
  }
  resumeRequest(): void {
    this.#stream.resumeRequest();
  }
}

for (const version of VERSIONS) {
  test(`a filter that changes bodies acts on backends' responses and local replies over ${version}`, async (t) => {
    const backend = await ScriptedBackend.start(echoing([]));
    const filters = [{ kind: 'capitals' } as unknown as Filter];
    const config = testConfig({
      rules: [
        { filters, pathPrefix: '/x', backends: [testBackend('a')] },
        { filters, pathPrefix: '/none' },
      ],
      endpoints: { a: [backend.port] },
    });
    const proxy = await TestProxy.start(config, {}, { filters: new FilterTable([CAPITALS]) });
    t.after(async () => {
      await proxy.stop();
      await backend.stop();
    });
    const { body } = await ask(proxy, version, GET);
    assert.ok(body === BODY.toUpperCase());
    assert.match((await ask(proxy, version, { ...GET, path: '/none' })).body, /^NO_BACKEND/);
  });
}

test('a rule with a filter of a kind that is not in the table fails closed', async (t) => {
  const unknown = { kind: 'unheard-of' } as unknown as Filter;
  const config = testConfig({ rules: [{ filters: [unknown], backends: [testBackend('a')] }] });
  const proxy = await TestProxy.start(config);
  t.after(() => proxy.stop());
  const { problems } = await proxy.proxy.apply([config]);
  assert.deepEqual(
    problems.map(({ message }) => message),
    ['there is no filter of kind unheard-of'],
  );
  const response = await exchangeOnce(proxy, 'HTTP/1.1', GET);
  assert.equal(response.status, 500);
  assert.match(response.body, /invalid_rule/);
});
