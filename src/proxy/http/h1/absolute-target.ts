/** absolute-form request targets (RFC 9112 section 3.2.2). */

export interface AbsoluteTarget {
  readonly authority: string;
  readonly path: string;
  /** Without `?`; `` when there is none. */
  readonly query: string;
}

const ABSOLUTE = /^https?:\/\/([^/?]+)([^?]*)(?:\?(.*))?$/i;

/** null for anything but an http or https URI with an authority. */
export function parseAbsoluteTarget(target: string): AbsoluteTarget | null {
  const found = ABSOLUTE.exec(target);
  if (found === null) return null;
  const [, authority = '', path = '', query = ''] = found;
  return { authority, path: path === '' ? '/' : path, query };
}
