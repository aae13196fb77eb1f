/** The HTTP/2 connection preface (RFC 9113 section 3.4). */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** Whether the first bytes of a connection are the HTTP/2 preface, or its beginning. */
export function beginsPreface(buffer: Buffer, length: number): boolean {
  const end = Math.min(PREFACE.length, length);
  return PREFACE.compare(buffer, 0, end, 0, end) === 0;
}
