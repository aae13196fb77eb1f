/** Lists of client addresses in ConfigMaps: a CIDR or a single address a line, `#` begins a comment. */
import type { ConfigMap } from '../../../gatewayapi/core-kinds.ts';
import { CORE_GROUP } from '../../../gatewayapi/ref.ts';
import { cidrError } from '../../../lib/cidr.ts';
import { parseIp } from '../../../lib/ip-address.ts';
import { failure, success, type Result } from '../../../lib/result.ts';
import type { Fault } from '../../faults/fault.ts';
import type { ReferenceContext } from '../../graph/certificate.ts';
import { configMapText } from '../../graph/config-map-text.ts';
import { cidrListInvalid, cidrListNotFound } from '../faults.ts';

export interface CidrListRef {
  readonly name: string;
  readonly key: string;
}

/** The CIDRs of a list; the same array until its ConfigMap changes. */
export function readCidrList(
  { name, key }: CidrListRef,
  path: string,
  { lookup, from }: ReferenceContext,
): Result<readonly string[], Fault> {
  const target = { group: CORE_GROUP, kind: 'ConfigMap', namespace: from.namespace, name };
  const configMap = lookup.configMap(target.namespace, name);
  const parsed = configMap === undefined ? null : parsedList(configMap, key);
  if (parsed === null) return failure(cidrListNotFound(path, target, key));
  const { cidrs, errors } = parsed;
  return errors.length === 0 ? success(cidrs) : failure(cidrListInvalid(path, target, key, errors));
}

interface ParsedList {
  readonly cidrs: readonly string[];
  /** `line 3: …`, for each line that is neither CIDR nor address. */
  readonly errors: readonly string[];
}

const parsedLists = new WeakMap<ConfigMap, Map<string, ParsedList>>();

/** null: the ConfigMap has no such key. */
function parsedList(configMap: ConfigMap, key: string): ParsedList | null {
  const ofMap = parsedLists.get(configMap) ?? new Map<string, ParsedList>();
  parsedLists.set(configMap, ofMap);
  const known = ofMap.get(key);
  if (known !== undefined) return known;
  const text = configMapText(configMap, key);
  if (text === null) return null;
  const parsed = parseList(text);
  ofMap.set(key, parsed);
  return parsed;
}

function parseList(text: string): ParsedList {
  const cidrs: string[] = [];
  const errors: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const entry = line.replace(/#.*/, '').trim();
    if (entry === '') continue;
    const bytes = parseIp(entry);
    const cidr = bytes === null ? entry : `${entry}/${entry.includes(':') ? '128' : '32'}`;
    const error = cidrErrorOf(cidr);
    if (error === null) cidrs.push(cidr);
    else errors.push(`line ${String(index + 1)}: ${error}`);
  }
  return { cidrs, errors };
}

/** An IPv4-mapped address has no length of its own: it is written as IPv4. */
const cidrErrorOf = (cidr: string): string | null =>
  cidr.toLowerCase().startsWith('::ffff:') && cidr.includes('.')
    ? `${JSON.stringify(cidr)} is IPv4 in the form of IPv6; write the IPv4 address.`
    : cidrError(cidr);
