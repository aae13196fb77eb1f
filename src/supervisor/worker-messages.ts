/** Messages between supervisor and worker, except configuration, which has its own stream (src/configsync). */
import type { PasswordQuestion, PasswordVerdict } from '../credentials/password-checks.ts';
import { keySetId, type KeySetId } from '../ir/ids.ts';
import {
  clippedText,
  integer,
  list,
  measure,
  nullable,
  object,
  oneOf,
  text,
  variants,
  type Shape,
} from '../lib/shape.ts';
import {
  MAX_KEY_LENGTH,
  type LeaseGrant,
  type LeaseRecall,
  type LeaseReport,
  type LedgerMessage,
} from '../proxy/limits/limit.ts';
import type { TargetGuardOptions } from '../proxy/upstream/target-guard.ts';
import type { PortClaim } from '../proxy/port/port-options.ts';
import type { ProxyStats } from '../proxy/proxy-api.ts';
import type { LogFields } from '../telemetry/logger.ts';

/** Start parameters of a worker: JSON in its first argument. No secrets, because a process list shows it. */
export interface WorkerSettings {
  /** Counts from 1. */
  readonly index: number;
  readonly bindAddress: string;
  /** Listener port to bound port. */
  readonly portMap: readonly (readonly [number, number])[];
  readonly reusePort: boolean;
  /** Ask the supervisor before a port is bound. */
  readonly claimsPorts: boolean;
  /** A path, or 1 for standard output; null = off. */
  readonly accessLog: string | 1 | null;
  readonly accessLogSamplePercent: number;
  /** Where it runs; `` = not known. */
  readonly zone: string;
  readonly node: string;
  /** Addresses that no backend may have. */
  readonly targets: Pick<TargetGuardOptions, 'place' | 'ownPorts'>;
  /** How long a worker drains when its supervisor is gone. */
  readonly drainMs: number;
  /** Workers of this gateway, which share its limits. */
  readonly workers: number;
  /** Whether to send debug messages. */
  readonly debug: boolean;
}

export type ToWorker =
  /** The worker responds at once with `pong`; one that does not is stuck (heartbeat.ts). */
  | { readonly kind: 'ping'; readonly id: number }
  | { readonly kind: 'stats'; readonly id: number }
  | { readonly kind: 'drain'; readonly deadlineMs: number }
  /** From the ledger of limits. */
  | ({ readonly kind: 'leases' } & LedgerMessage)
  /** Response to a claim: null, or why the port must not be bound. */
  | { readonly kind: 'claimed'; readonly id: number; readonly refusal: string | null }
  /** A key set has been fetched, or the worker has just started. */
  | { readonly kind: 'key-set'; readonly keySet: KeySetId; readonly jwks: string }
  /** Answer to `refetch-key-set`: newer keys, if there are any, were sent before. */
  | { readonly kind: 'key-set-fetched'; readonly id: number }
  /** Answer to `check-password`. */
  | { readonly kind: 'password-checked'; readonly id: number; readonly verdict: PasswordVerdict };

export interface WorkerStats {
  readonly proxy: ProxyStats;
  readonly residentBytes: number;
  /** User and system time since the process began. */
  readonly cpuSeconds: number;
  readonly accessLogDropped: number;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export type FromWorker =
  | { readonly kind: 'pong'; readonly id: number }
  | { readonly kind: 'stats'; readonly id: number; readonly stats: WorkerStats }
  | { readonly kind: 'claim'; readonly id: number; readonly claim: PortClaim }
  /** To the ledger of limits. */
  | { readonly kind: 'leases'; readonly reports: readonly LeaseReport[] }
  /** A token names a key that the key set does not have. */
  | { readonly kind: 'refetch-key-set'; readonly id: number; readonly keySet: KeySetId }
  /** `password` has one character a byte. */
  | {
      readonly kind: 'check-password';
      readonly id: number;
      readonly question: Omit<PasswordQuestion, 'password'> & { readonly password: string };
    }
  | {
      readonly kind: 'log';
      readonly level: LogLevel;
      readonly message: string;
      readonly fields: LogFields;
    }
  /** Internal error: the worker accepts no more connections and drains; the supervisor starts another one now. */
  | { readonly kind: 'failed'; readonly error: string }
  /** The last message of a drained worker. */
  | { readonly kind: 'drained'; readonly stats: WorkerStats };

/** Environment variable with the secret of TLS session tickets, in hexadecimal. */
export const TICKET_SECRET_VARIABLE = 'SLUICE_TICKET_SECRET';

/** Environment variable with the secret of session tokens (GEP-1619), in hexadecimal. */
export const SESSION_SECRET_VARIABLE = 'SLUICE_SESSION_SECRET';

/** File descriptor of the configuration stream in a worker; 3 is Node's own channel. */
export const CONFIG_DESCRIPTOR = 4;

/** Maximum length of text in a message: a stack trace fits. */
export const MESSAGE_LENGTH = 16_384;
const COUNT = integer(0, Number.MAX_SAFE_INTEGER);
/** Longest key set: no more is fetched (credentials/fetch-key-set.ts). */
const KEY_SET_LENGTH = 262_144;
/** An address, and what it is an address of. */
const KEY_SET_ID_LENGTH = 4_096;

const keySetIdText = text(KEY_SET_ID_LENGTH);
export const keySetIdShape: Shape<KeySetId> = (value) => keySetId(keySetIdText(value));

/** A data plane, a policy and a limit. */
const LIMIT_ID_LENGTH = 1_024;
/** More than a supervisor answers at once. */
const LEASES = 1_000_000;
export const limitId = text(LIMIT_ID_LENGTH);
export const limitKey = text(MAX_KEY_LENGTH);

const leaseGrant: Shape<LeaseGrant> = object<LeaseGrant>({
  limit: limitId,
  key: limitKey,
  granted: COUNT,
  left: COUNT,
  retryMs: measure,
  capacity: COUNT,
});
const leaseRecall: Shape<LeaseRecall> = object<LeaseRecall>({ limit: limitId, key: limitKey });

type Told<Kind extends ToWorker['kind']> = Extract<ToWorker, { readonly kind: Kind }>;

/** Messages to a worker; those to the supervisor are in worker-reports.ts, which workers need not load. */
export const toWorker: Shape<ToWorker> = variants<ToWorker>({
  ping: object<Told<'ping'>>({ kind: oneOf('ping'), id: COUNT }),
  stats: object<Told<'stats'>>({ kind: oneOf('stats'), id: COUNT }),
  drain: object<Told<'drain'>>({ kind: oneOf('drain'), deadlineMs: integer(0, 2 ** 31 - 1) }),
  leases: object<Told<'leases'>>({
    kind: oneOf('leases'),
    grants: list(leaseGrant, LEASES),
    recalls: list(leaseRecall, LEASES),
  }),
  claimed: object<Told<'claimed'>>({
    kind: oneOf('claimed'),
    id: COUNT,
    refusal: nullable(clippedText(MESSAGE_LENGTH)),
  }),
  'key-set': object<Told<'key-set'>>({
    kind: oneOf('key-set'),
    keySet: keySetIdShape,
    jwks: text(KEY_SET_LENGTH),
  }),
  'key-set-fetched': object<Told<'key-set-fetched'>>({ kind: oneOf('key-set-fetched'), id: COUNT }),
  'password-checked': object<Told<'password-checked'>>({
    kind: oneOf('password-checked'),
    id: COUNT,
    verdict: oneOf('accepted', 'rejected', 'throttled', 'busy'),
  }),
});
