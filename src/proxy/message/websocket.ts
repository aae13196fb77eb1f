/** The handshake of WebSocket over HTTP/1.1 (RFC 6455 section 4), where the gateway takes one side of it: HTTP/2 has another (RFC 8441). */
import { createHash, randomBytes } from 'node:crypto';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export const newWebSocketKey = (): string => randomBytes(16).toString('base64');

/** Sec-WebSocket-Accept for a Sec-WebSocket-Key. */
export const webSocketAccept = (key: string): string =>
  createHash('sha1')
    .update(key + GUID)
    .digest('base64');
