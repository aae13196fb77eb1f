/** The event stream: what a client is told first, what follows, and that clients are bounded. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { suite, test, type TestContext } from 'node:test';
import { GATEWAY, routeAt, ViewLab } from '../../../test/support/view-lab.ts';
import { SILENT_LOGGER } from '../../telemetry/logger.ts';
import { startAdminServer } from '../server.ts';
import { EVENT_STREAM_LIMITS, EventStream, type EventStreamLimits } from './event-stream.ts';

interface SentEvent {
  readonly id: string;
  readonly event: string;
  readonly data: { readonly revision: number; readonly collections?: readonly string[] };
}

interface Client {
  readonly status: number;
  /** The next event; null when the stream has ended. Comments are skipped. */
  next(): Promise<SentEvent | null>;
  close(): Promise<void>;
}

interface Served {
  readonly lab: ViewLab;
  readonly events: EventStream;
  readonly connect: (lastId?: string) => Promise<Client>;
}

async function serve(t: TestContext, limits: Partial<EventStreamLimits> = {}): Promise<Served> {
  const lab = new ViewLab();
  lab.load(GATEWAY);
  const events = new EventStream(lab.view, { ...EVENT_STREAM_LIMITS, ...limits });
  const server = await startAdminServer({
    host: '127.0.0.1',
    port: 0,
    logger: SILENT_LOGGER,
    handlers: { '/api/v1/events': (request) => events.answer(request) },
  });
  t.after(async () => {
    events.close();
    await server.close();
  });
  return { lab, events, connect: (lastId) => connect(`http://${server.address}/api/v1/events`, lastId) };
}

async function connect(url: string, lastId?: string): Promise<Client> {
  const headers: Record<string, string> = lastId === undefined ? {} : { 'last-event-id': lastId };
  const response = await fetch(url, { headers });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  assert.ok(reader !== undefined);
  let text = '';
  const next = async (): Promise<SentEvent | null> => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end >= 0) {
        const lines = text.slice(0, end).split('\n');
        text = text.slice(end + 2);
        const field = (name: string): string =>
          lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? '';
        if (field('event') === '') continue;
        return {
          id: field('id'),
          event: field('event'),
          data: JSON.parse(field('data')) as SentEvent['data'],
        };
      }
      const { done, value } = await reader.read();
      if (done) return null;
      text += value;
    }
  };
  return { status: response.status, next, close: () => reader.cancel() };
}

const namespaceNamed = (name: string): string =>
  `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${name} }\n`;

suite('events', () => {
  test('hello, and then each change with its revision', async (t) => {
    const { lab, connect: open } = await serve(t);
    const client = await open();
    const hello = await client.next();
    assert.equal(hello?.event, 'hello');
    assert.equal(hello.id, `${lab.view.instance}-${String(lab.view.revision)}`);
    lab.load(GATEWAY + routeAt('/a'));
    const change = await client.next();
    assert.equal(change?.event, 'change');
    assert.equal(change.data.revision, hello.data.revision + 1);
    assert.ok(change.data.collections?.includes('routes'));
  });

  test('a client that comes back gets what it missed', async (t) => {
    const { lab, connect: open } = await serve(t);
    const first = await open();
    const { id = '' } = (await first.next()) ?? {};
    await first.close();
    lab.load(GATEWAY + routeAt('/a'));
    lab.load(GATEWAY + routeAt('/b'));
    const client = await open(id);
    const events = [await client.next(), await client.next(), await client.next()];
    assert.deepEqual(
      events.map((event) => event?.event),
      ['hello', 'change', 'change'],
    );
  });

  test('a client of another process, or from too long ago, is told to read everything again', async (t) => {
    const { lab, connect: open } = await serve(t);
    const { instance, revision } = lab.view;
    for (const lastId of ['00000000-1', `${instance}-${String(revision + 1)}`, `${instance}-`, 'x', '']) {
      const client = await open(lastId);
      assert.equal((await client.next())?.event, 'reload', lastId);
      await client.close();
    }
    for (let round = 0; round < 260; round++) lab.load(namespaceNamed(`n${String(round)}`));
    const client = await open(`${instance}-${String(revision)}`);
    assert.equal((await client.next())?.event, 'reload');
  });

  test('so many clients, and no more; one that leaves makes room', async (t) => {
    const { connect: open } = await serve(t, { clients: 2 });
    const [first] = [await open(), await open()];
    const third = await open();
    assert.equal(third.status, 503);
    await first.close();
    let again = await open();
    while (again.status === 503) again = await open();
    assert.equal((await again.next())?.event, 'hello');
  });

  test('a client that does not read is cut off, and others go on', () => {
    const lab = new ViewLab();
    lab.load(GATEWAY);
    const events = new EventStream(lab.view, { ...EVENT_STREAM_LIMITS, queueBytes: 4096 });
    const [slow, quick] = [new FakeResponse(true), new FakeResponse(false)];
    for (const client of [slow, quick]) {
      const answer = events.answer({ url: new URL('http://localhost/'), method: 'GET', headers: {} });
      assert.ok('start' in answer);
      answer.start(client as unknown as ServerResponse);
    }
    for (let round = 0; round < 20; round++) lab.load(round % 2 === 0 ? GATEWAY + routeAt('/a') : GATEWAY);
    assert.equal(slow.isDestroyed, true);
    assert.ok(slow.writableLength < 8192, String(slow.writableLength));
    assert.equal(quick.isDestroyed, false);
    assert.equal(quick.writes, 21);
    events.close();
    assert.equal(quick.isEnded, true);
  });

  test('closing ends every stream, and refuses further ones', async (t) => {
    const { events, connect: open } = await serve(t);
    const client = await open();
    await client.next();
    events.close();
    assert.equal(await client.next(), null);
    assert.equal((await open()).status, 503);
  });
});

/** Holds what is written where `isStuck`. */
class FakeResponse {
  readonly #isStuck: boolean;
  #onClose: () => void = () => undefined;
  writableLength = 0;
  writes = 0;
  isDestroyed = false;
  isEnded = false;

  constructor(isStuck: boolean) {
    this.#isStuck = isStuck;
  }

  write(text: string): void {
    this.writes += 1;
    if (this.#isStuck) this.writableLength += text.length;
  }

  once(_: 'close', listener: () => void): void {
    this.#onClose = listener;
  }

  destroy(): void {
    this.isDestroyed = true;
    this.#onClose();
  }

  end(): void {
    this.isEnded = true;
    this.#onClose();
  }
}
