/** The health checking protocol of gRPC: `grpc.health.v1.Health/Check`. */
import type { FieldList, ResponseHead } from '../../message/head.ts';
import { HeaderId } from '../../message/header-id.ts';
import { PASSED, failed, wrongStatus, type CheckResult } from './check-result.ts';
import type { ResponseEvaluator } from './request-probe.ts';

export const GRPC_CHECK_PATH = '/grpc.health.v1.Health/Check';

/** Compression flag and length of a message. */
const PREFIX_BYTES = 5;
/** A HealthCheckResponse is 2 bytes; one of a newer protocol may be longer. */
const MAX_MESSAGE_BYTES = 1_024;
const SERVING = 1;

const NO_STATUS = -1;

/** HealthCheckRequest: `string service = 1`, omitted if empty, as in proto3. */
export function grpcCheckMessage(service: string): Buffer {
  const name = Buffer.from(service, 'utf8');
  const length = name.length === 0 ? [] : varint(name.length);
  const message = name.length === 0 ? name : Buffer.from([0x0a, ...length, ...name]);
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}

/** Passes if the server responds SERVING with status 0. */
export class GrpcEvaluator implements ResponseEvaluator {
  #message: Buffer = Buffer.alloc(0);
  #headStatus = NO_STATUS;

  onHead(head: ResponseHead): CheckResult {
    if (head.status !== 200) return wrongStatus(`it responded with ${head.status}`);
    this.#headStatus = grpcStatusOf(head);
    return PASSED;
  }

  onData(bytes: Buffer): void {
    if (this.#message.length < MAX_MESSAGE_BYTES) this.#message = Buffer.concat([this.#message, bytes]);
  }

  onEnd(trailers: FieldList | null): CheckResult {
    const status = trailers === null ? this.#headStatus : grpcStatusOf(trailers);
    if (status === NO_STATUS) return failed('invalid');
    if (status !== 0) return wrongStatus(`gRPC status ${status}`);
    const serving = servingStatus(this.#message);
    if (serving === null) return failed('invalid');
    return serving === SERVING ? PASSED : failed('not_serving');
  }
}

function grpcStatusOf(fields: FieldList): number {
  for (let index = 0; index < fields.count; index++) {
    if (fields.id(index) !== HeaderId.grpcStatus) continue;
    const value = fields.value(index);
    return /^[0-9]{1,2}$/.test(value) ? Number(value) : NO_STATUS;
  }
  return NO_STATUS;
}

/** HealthCheckResponse: `enum status = 1`; 0 (UNKNOWN) if it is absent. null for an invalid message. */
function servingStatus(bytes: Buffer): number | null {
  if (bytes.length < PREFIX_BYTES || bytes[0] !== 0) return null;
  const end = PREFIX_BYTES + bytes.readUInt32BE(1);
  if (end > bytes.length) return null;
  let status = 0;
  for (let at = PREFIX_BYTES; at < end;) {
    const tag = bytes[at++] ?? 0;
    let value = 0;
    let shift = 0;
    let byte: number;
    do {
      if (at >= end || shift > 28) return null;
      byte = bytes[at++] ?? 0;
      value |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte >= 0x80);
    const wireType = tag & 7;
    if (wireType === 2) at += value;
    else if (wireType !== 0) return null;
    else if (tag >> 3 === 1) status = value;
  }
  return status;
}
