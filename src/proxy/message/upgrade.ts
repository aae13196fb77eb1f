/** Which upgrades cross the gateway (RFC 9110 section 7.8), and what a WebSocket handshake must look like (RFC 6455 section 4.2). */
import type { RequestHead } from './head.ts';

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+(?:\/[!#$%&'*+\-.^_`|~0-9a-z]+)?$/;
/** HTTP/2 and TLS inside an upgraded connection would bypass all routes and filters. */
const NEVER = /^(?:h2c?|http\/|tls\/)/;
const WEBSOCKET_KEY = /^[A-Za-z0-9+/]{22}==$/;

/** The protocol to ask the backend for: `upgrade` when it is one, and may cross, else ``: the request is an ordinary one. */
export function forwardableUpgrade(upgrade: string): string {
  return TOKEN.test(upgrade) && !NEVER.test(upgrade) ? upgrade : '';
}

/** False for an upgrade that must be rejected: bytes after it could be read as a body, as a request, or as the new protocol. */
export function isUpgradeSound(head: RequestHead): boolean {
  if (head.hasBody) return false;
  if (head.upgrade !== 'websocket') return true;
  return head.method === 'GET' && WEBSOCKET_KEY.test(head.header('sec-websocket-key') ?? '');
}
