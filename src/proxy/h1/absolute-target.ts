/** absolute-form request targets (RFC 9112 section 3.2.2). */

export interface AbsoluteTarget {
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;
  /** Without `?`; `` when there is none. */
  readonly query: string;
}

const ABSOLUTE = /^(https?):\/\/([^/?]+)([^?]*)(?:\?(.*))?$/i;

/** null for anything but an http or https URI with an authority. */
export function parseAbsoluteTarget(target: string): AbsoluteTarget | null {
  const found = ABSOLUTE.exec(target);
  if (found === null) return null;
  const [, scheme = '', authority = '', path = '', query = ''] = found;
  return { scheme, authority, path: path === '' ? '/' : path, query };
}
