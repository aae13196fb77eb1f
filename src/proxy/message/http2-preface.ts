/** What an HTTP/2 connection begins with (RFC 9113, section 3.4). */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** Whether what a connection begins with is the preface of HTTP/2, or may become it. */
export function beginsPreface(buffer: Buffer, length: number): boolean {
  const end = Math.min(PREFACE.length, length);
  return PREFACE.compare(buffer, 0, end, 0, end) === 0;
}
