/**
 * Kubernetes' functions on IP addresses for CEL (k8s.io/apiserver, cel/library/ip.go and cidr.go). An address is represented by its text,
 * which `ip` has checked.
 */
import { celFunc, celMethod, CelScalar, type CelFunc } from '@bufbuild/cel';
import { parseIp } from '../../lib/ip-address.ts';

const { BOOL, INT, STRING } = CelScalar;

/** The bytes of an address; null if it is not one. IPv4-mapped IPv6 addresses are refused, as Kubernetes does. */
function bytesOf(text: string): readonly number[] | null {
  const bytes = parseIp(text);
  return bytes !== null && (bytes.length === 16 || !text.includes(':')) ? bytes : null;
}

const isIp = (text: string): boolean => bytesOf(text) !== null;

function isCidr(text: string): boolean {
  const [, address = '', bits = ''] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  return isIp(address) && Number(bits) <= (address.includes(':') ? 128 : 32);
}

type Test = (bytes: readonly number[]) => boolean;

const isV4 = (bytes: readonly number[]): boolean => bytes.length === 4;
const isUnspecified: Test = (bytes) => bytes.every((byte) => byte === 0);
const isLoopback: Test = (bytes) =>
  isV4(bytes) ? bytes[0] === 127 : bytes[15] === 1 && isUnspecified(bytes.slice(0, 15));
const isLinkLocalUnicast: Test = (bytes) => {
  const [first, second = 0] = bytes;
  return isV4(bytes) ? first === 169 && second === 254 : first === 0xfe && (second & 0xc0) === 0x80;
};
const isLinkLocalMulticast: Test = (bytes) => {
  const [first, second = 0, third] = bytes;
  return isV4(bytes) ? first === 224 && second === 0 && third === 0 : first === 0xff && (second & 0x0f) === 2;
};

const method = (name: string, test: Test): CelFunc =>
  celMethod(name, STRING, [], BOOL, function () {
    return test(bytesOf(this) ?? []);
  });

export const IP_FUNCTIONS: readonly CelFunc[] = [
  celFunc('isIP', [STRING], BOOL, isIp),
  celFunc('isCIDR', [STRING], BOOL, isCidr),
  celFunc('ip', [STRING], STRING, (text) => {
    if (isIp(text)) return text;
    throw new Error(`IP address ${JSON.stringify(text)} cannot be parsed`);
  }),
  celMethod('family', STRING, [], INT, function () {
    return this.includes(':') ? 6n : 4n;
  }),
  method('isUnspecified', isUnspecified),
  method('isLoopback', isLoopback),
  method('isLinkLocalUnicast', isLinkLocalUnicast),
  method('isLinkLocalMulticast', isLinkLocalMulticast),
];
