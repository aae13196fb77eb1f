/** What supervisor and worker say to each other besides configuration, which has a stream of its own (src/configsync). */
import { clippedText, integer, nullable, object, oneOf, variants, type Shape } from '../lib/shape.ts';
import type { TargetGuardOptions } from '../proxy/upstream/target-guard.ts';
import type { PortClaim } from '../proxy/port/port-options.ts';
import type { ProxyStats } from '../proxy/proxy-api.ts';
import type { LogFields } from '../telemetry/logger.ts';

/** Everything a worker is told at birth: JSON in its first argument. Nothing secret: a process list shows it. */
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
  /** How long a worker waits for exchanges when its supervisor is gone. */
  readonly drainMs: number;
  /** Debug messages are worth sending. */
  readonly debug: boolean;
}

export type ToWorker =
  /** Answered at once with `pong`: a worker that does not answer is stuck (heartbeat.ts). */
  | { readonly kind: 'ping'; readonly id: number }
  | { readonly kind: 'stats'; readonly id: number }
  | { readonly kind: 'drain'; readonly deadlineMs: number }
  /** Answer to a claim: null, or why the port must not be bound. */
  | { readonly kind: 'claimed'; readonly id: number; readonly refusal: string | null };

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
  | {
      readonly kind: 'log';
      readonly level: LogLevel;
      readonly message: string;
      readonly fields: LogFields;
    }
  /** A defect showed: it takes no more connections and finishes what it can; another is wanted in its place now. */
  | { readonly kind: 'failed'; readonly error: string }
  /** The last word of a worker that drained. */
  | { readonly kind: 'drained'; readonly stats: WorkerStats };

/** Environment variable with the secret of TLS session tickets, in hexadecimal. */
export const TICKET_SECRET_VARIABLE = 'SLUICE_TICKET_SECRET';

/** Environment variable with the secret of session tokens (GEP-1619), in hexadecimal. */
export const SESSION_SECRET_VARIABLE = 'SLUICE_SESSION_SECRET';

/** File descriptor of the configuration stream in a worker; 3 is Node's own channel. */
export const CONFIG_DESCRIPTOR = 4;

/** Longest text that a worker or its supervisor takes from the other: a stack trace fits. */
export const MESSAGE_LENGTH = 16_384;
const COUNT = integer(0, Number.MAX_SAFE_INTEGER);

type Told<Kind extends ToWorker['kind']> = Extract<ToWorker, { readonly kind: Kind }>;

/** What a worker takes from its supervisor; what supervisors take is in worker-reports.ts, which workers need not load. */
export const toWorker: Shape<ToWorker> = variants<ToWorker>({
  ping: object<Told<'ping'>>({ kind: oneOf('ping'), id: COUNT }),
  stats: object<Told<'stats'>>({ kind: oneOf('stats'), id: COUNT }),
  drain: object<Told<'drain'>>({ kind: oneOf('drain'), deadlineMs: integer(0, 2 ** 31 - 1) }),
  claimed: object<Told<'claimed'>>({
    kind: oneOf('claimed'),
    id: COUNT,
    refusal: nullable(clippedText(MESSAGE_LENGTH)),
  }),
});
