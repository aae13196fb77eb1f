/**
 * The grammar of text from configuration that becomes part of HTTP messages: findings check it, and so do the writers, since
 * validation of objects can be switched off.
 */
import { FRAMING_FIELDS } from './framing-fields.ts';

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** A field name or cookie name (RFC 9110 section 5.6.2, RFC 6265 section 4.1.1). */
export const isToken = (text: string): boolean => TOKEN.test(text);

const NAME_OR_LITERAL = /^(?:[0-9A-Za-z_.~-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?$/;

/** `host [ ":" port ]` as Host and :authority carry it (RFC 9110 section 7.2); a registered name has no escapes here, and a port may be empty. */
export const isAuthority = (text: string): boolean => text.length <= 261 && NAME_OR_LITERAL.test(text);

const ORIGIN_FORM = /^\/[!-"$-~]*$/;

/** A path, with a query or without (origin-form, RFC 9112 section 3.2.1). */
export const isRequestTarget = (text: string): boolean => ORIGIN_FORM.test(text);

const CONTROLS = /[\0-\x08\x0a-\x1f\x7f]/;

/** Whether text has characters that no field value may have (RFC 9110 section 5.5). */
export const hasControls = (text: string): boolean => CONTROLS.test(text);

const UNSAFE_IN_COOKIE_PATH = /[^ -:<-~]/;

/** Whether text can be a cookie's Path: a `;` in it would begin another attribute (RFC 6265 section 4.1.1). */
export const isCookiePath = (text: string): boolean => !UNSAFE_IN_COOKIE_PATH.test(text);

/** Fields that the gateway reserves, or that browsers and servers use for something else. */
const NO_SESSION_FIELD: ReadonlySet<string> = new Set([
  ...FRAMING_FIELDS,
  'authorization',
  'cookie',
  'date',
  'expect',
  'forwarded',
  'host',
  'location',
  'proxy',
  'proxy-authenticate',
  'proxy-authorization',
  'set-cookie',
  'via',
  'www-authenticate',
  'x-real-ip',
  'x-request-id',
  'x-sluice-reason',
]);
const NO_SESSION_PREFIXES = ['access-control-', 'grpc-', 'sec-', 'x-forwarded-'];

/** Why `name` cannot name a session; null: it can. `` is the default name. */
export function sessionNameError(name: string, kind: 'Cookie' | 'Header'): string | null {
  if (name === '') return null;
  if (!isToken(name)) {
    return `${JSON.stringify(name)} is not a ${kind.toLowerCase()} name: letters, digits and !#$%&'*+-.^_\`|~ are allowed.`;
  }
  if (kind === 'Cookie') return null;
  const lower = name.toLowerCase();
  const isTaken =
    NO_SESSION_FIELD.has(lower) || NO_SESSION_PREFIXES.some((prefix) => lower.startsWith(prefix));
  return isTaken ? `the header ${name} has another purpose and cannot hold a session.` : null;
}
