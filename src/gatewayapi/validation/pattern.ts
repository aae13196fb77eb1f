/**
 * Patterns are RE2 syntax, as in Kubernetes, and run in linear time. Compiled on first use, and cached. Messages explain the patterns of
 * the Gateway API in words, and suggest a small change that makes a value valid.
 */
import { RE2JS } from 're2js';
import { suggest } from '../../lib/suggest.ts';

const compiled = new Map<string, RE2JS>();

/** Whether `text` contains a match of `pattern`. Throws when the pattern is not RE2 syntax. */
export function matchesPattern(pattern: string, text: string): boolean {
  let regex = compiled.get(pattern);
  if (regex === undefined) {
    regex = RE2JS.compile(pattern);
    compiled.set(pattern, regex);
  }
  return regex.matcher(text).find();
}

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const DNS_NAME = `${LABEL}(\\.${LABEL})*`;
const URL_PATH = "[A-Za-z0-9\\/\\-._~%!$&'()*+,;=:]+";

/** A test checks that every entry is in a schema. */
const MEANINGS: ReadonlyMap<string, string> = new Map([
  [`^$|^${DNS_NAME}$`, 'an API group, such as gateway.networking.k8s.io, or empty for the core group'],
  ['^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$', 'a kind, such as Service'],
  [`^${LABEL}$`, 'lower-case letters, digits and "-", with a letter or digit first and last'],
  [`^${DNS_NAME}$`, 'a DNS name of lower-case letters, digits, "-" and "."'],
  [`^(\\*\\.)?${DNS_NAME}$`, 'a DNS name of lower-case letters, digits, "-" and ".", or one after "*."'],
  ["^[A-Za-z0-9!#$%&'*+\\-.^_\\x60|~]+$", "the name of a header: letters, digits and !#$%&'*+-.^_`|~"],
  ['^[!-~]+([\\t ]?[!-~]+)*$', 'visible ASCII characters, with single spaces between them'],
  ['^([0-9]{1,5}(h|m|s|ms)){1,4}$', 'a duration, such as 10s, 500ms or 1h30m'],
  ['^[0-9]+(\\.[0-9]+)?(k|M|G|Ki|Mi|Gi)?$', 'a quantity, such as 64Ki'],
  ["^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$", 'a path, with other characters percent-encoded'],
  ['^/[!-"$-~]*$', 'a path that begins with "/", of visible ASCII characters and without "#"'],
  [
    '^(([0-9A-Za-z_.-]+|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?)?$',
    'a host name or an IP address, with ":" and a port after it if needed',
  ],
  ['^[^\\x00-\\x08\\x0a-\\x1f\\x7f]+$', 'text without control characters'],
  [
    "^[A-Za-z0-9!#$%&'*+\\-.^_\\x60|~]*$",
    "the name of a cookie or header: letters, digits and !#$%&'*+-.^_`|~",
  ],
  [`^${DNS_NAME}\\/${URL_PATH}$`, 'a DNS name, "/" and a path, such as sluice.dev/gateway-controller'],
  [
    '^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$',
    'letters, digits, "-", "_" and ".", with a letter or digit first and last',
  ],
  [
    '(^\\*$)|(^(http(s)?):\\/\\/(((\\*\\.)?([a-zA-Z0-9\\-]+\\.)*[a-zA-Z0-9-]+|\\*)(:([0-9]{1,5}))?)$)',
    'an origin, such as https://example.com:8443 or https://*.example.com, or "*"',
  ],
]);

/** The expected value in words, after "must be"; null if there are only the words of the pattern. */
export const meaningOf = (pattern: string): string | null => MEANINGS.get(pattern) ?? null;

export const explainedPatterns = (): readonly string[] => [...MEANINGS.keys()];

/** A small change that makes the value valid. */
export function patternHint(value: string, pattern: string): string | null {
  const near = suggest(value, wordsIn(pattern)) ?? '';
  const host = hostOf(value);
  const candidates: readonly (readonly [string, string])[] = [
    [near, `did you mean "${near}"?`],
    [value.trim(), 'remove the white space around it'],
    [value.toLowerCase(), `write "${value.toLowerCase()}", in lower case`],
    [`${value}s`, `write a unit, such as "${value}s"`],
    [host, `write the host name only: "${host}"`],
    [value.replaceAll('_', '-'), `write "${value.replaceAll('_', '-')}": "_" is not allowed`],
    [`/${value}`, `write "/${value}"`],
    [`https://${value}`, `write "https://${value}"`],
  ];
  const better = candidates.find(([text]) => text !== value && text !== '' && matchesPattern(pattern, text));
  return better?.[1] ?? null;
}

/** Plain words among the alternatives of a pattern. */
const wordsIn = (pattern: string): string[] =>
  pattern
    .split('|')
    .map((word) => word.replaceAll(/[\\^$()]/g, ''))
    .filter((word) => /^[A-Za-z]{3,}$/.test(word));

/** The host of a URL, or of a host with a port; empty for anything else. */
const hostOf = (text: string): string =>
  /^[a-z]+:\/\/([^:/?#]+)/i.exec(text)?.[1] ?? /^([^:/]+):\d+$/.exec(text)?.[1] ?? '';
