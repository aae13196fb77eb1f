/** The deadline of a gRPC call (gRPC over HTTP/2, "Timeout"). */

const TIMEOUT = /^([0-9]{1,8})([HMSmun])$/;
const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/**
 * Milliseconds, at least one, rounded up; 0 without a value or for an invalid one: the backend gets it unchanged, and handles
 * it itself.
 */
export function grpcTimeoutMs(value: string | undefined): number {
  const [, digits = '', unit = ''] = value === undefined ? [] : (TIMEOUT.exec(value) ?? []);
  const unitMs = UNIT_MS[unit];
  return unitMs === undefined ? 0 : Math.max(1, Math.ceil(Number(digits) * unitMs));
}
