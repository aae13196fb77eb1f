import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinedValue, type FieldList } from '../../message/head.ts';
import { renderReply, replyFor } from '../../message/local-reply.ts';
import { policyReply } from './policy-reply.ts';

const CHALLENGE = { name: 'www-authenticate', value: 'Basic realm="shop"' };

const valueOf = (head: FieldList, name: string): string | undefined => joinedValue(head, name);

test('without a response of its own, a policy replies as the reason does', () => {
  assert.deepEqual(policyReply('auth_denied', null), replyFor('auth_denied'));
  assert.deepEqual(policyReply('auth_denied', null, [CHALLENGE]).fields, [CHALLENGE]);
});

test('status and body are the policy’s; without a body the usual text stays', () => {
  const body = { text: '<h1>No</h1>', contentType: 'text/html' };
  const { head, body: bytes } = renderReply(policyReply('auth_denied', { status: 404, body }, [CHALLENGE]), {
    method: 'GET',
    isGrpc: false,
  });
  assert.equal(head.status, 404);
  assert.equal(valueOf(head, 'content-type'), 'text/html');
  assert.equal(valueOf(head, 'www-authenticate'), CHALLENGE.value);
  assert.equal(bytes.toString(), '<h1>No</h1>');
  const plain = policyReply('auth_denied', { status: 404, body: null });
  assert.equal(plain.body, replyFor('auth_denied').body);
  const empty = policyReply('auth_denied', { status: 404, body: { text: '', contentType: 'text/plain' } });
  assert.equal(valueOf(renderReply(empty, { method: 'GET', isGrpc: false }).head, 'content-length'), '0');
});

test('a gRPC client gets the status of the policy as a gRPC status', () => {
  const codes = [401, 403, 404, 429, 500, 503, 418].map(
    (status) => policyReply('auth_denied', { status, body: null }).grpc?.status,
  );
  assert.deepEqual(codes, [16, 7, 12, 8, 13, 14, 7]);
});
