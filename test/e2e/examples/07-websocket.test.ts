import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket, type RawData } from 'ws';
import { startExample, type Example } from '../../support/example.ts';

async function connect(chat: Example, path: string): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${String(chat.port)}${path}`, {
    headers: { host: 'chat.example' },
  });
  await once(socket, 'open');
  return socket;
}

async function say(socket: WebSocket, message: string | Buffer): Promise<Buffer> {
  const answer = once(socket, 'message');
  socket.send(message);
  const [data] = (await answer) as [RawData];
  return data as Buffer;
}

test('WebSocket: text and binary messages of any size come back', async (t) => {
  const chat = await startExample(t, '07-websocket');
  const socket = await connect(chat, '/rooms/1');
  assert.equal((await say(socket, 'hello')).toString(), 'hello');
  const large = Buffer.alloc(1_000_000, 7);
  assert.ok((await say(socket, large)).equals(large));
  const closed = once(socket, 'close');
  socket.close(4001, 'done');
  const [code] = (await closed) as [number];
  assert.equal(code, 4001);
});

test('WebSocket: a path without a rule is refused before the upgrade', async (t) => {
  const chat = await startExample(t, '07-websocket');
  await assert.rejects(connect(chat, '/lobby'), /404/);
});

test('WebSocket: a connection outlives a change of its route', async (t) => {
  const chat = await startExample(t, '07-websocket');
  const socket = await connect(chat, '/rooms/1');
  assert.equal((await say(socket, 'before')).toString(), 'before');
  chat.edit('route.yaml', (text) => text.replace('/rooms', '/halls'));
  await chat.sluice.until(
    ({ routes }) => (routes[0]?.generation ?? 0) > 1 && routes[0]?.servedSince !== null,
  );
  assert.equal((await say(socket, 'after')).toString(), 'after');
  await assert.rejects(connect(chat, '/rooms/1'), /404/);
  const moved = await connect(chat, '/halls/1');
  for (const open of [socket, moved]) {
    const closed = once(open, 'close');
    open.close();
    await closed;
  }
});
