/** What is known of an exchange: filled in while it goes on, read when it is reported. */
import type { HeaderEdit, HeaderField } from '../../ir/filter.ts';
import type { RequestPolicy } from '../../ir/policy.ts';
import type { ReasonCode } from '../../ir/reason.ts';
import { NO_KEY } from '../upstream/balancer/balancer.ts';
import type { UpstreamEndpoint } from '../upstream/endpoint.ts';
import type { CompiledBackend, CompiledGateway, CompiledRule } from '../runtime/compiled-rule.ts';
import { TimerEntry } from '../net/timer-wheel.ts';
import type { DownstreamConnection } from '../message/downstream-connection.ts';
import type { ExchangeContext } from './exchange-context.ts';
import { isGrpc } from '../message/grpc-status.ts';
import { grpcTimeoutMs } from '../message/grpc-timeout.ts';
import { NO_EDITS as NO_HEAD_EDITS, type HeadEdits } from '../message/head-edits.ts';
import type { RequestHead } from '../message/head.ts';
import type { RequestCounters } from './request-counters.ts';
import type { Session } from './session-persistence.ts';
import type { DownstreamStream } from '../message/stream.ts';

const NO_EDITS: readonly HeaderEdit[] = [];

export abstract class ExchangeFacts extends TimerEntry {
  readonly context: ExchangeContext;
  readonly stream: DownstreamStream;
  readonly connection: DownstreamConnection;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly version: RequestHead['version'];
  readonly startedAtMs: number;
  /** The client reads gRPC status, not HTTP errors. */
  readonly isGrpc: boolean;
  /** What a gRPC client gives its call, from now; 0 = as long as it takes. */
  readonly grpcTimeoutMs: number;

  // What the request turned out to belong to, as far as it was routed.
  counters: RequestCounters;
  gateway: CompiledGateway | null = null;
  rule: CompiledRule | null = null;
  backend: CompiledBackend | null = null;
  session: Session | null = null;
  /** For the choice of an endpoint; `NO_KEY` where it goes by nothing of the request. */
  hashKey = NO_KEY;
  /** Where the last try went. */
  endpoint: UpstreamEndpoint | null = null;

  /** What is done to the request's head on its way to the backend. */
  requestEdits: HeadEdits = NO_HEAD_EDITS;
  /** What auth servers want changed in the request, in their order. */
  authEdits: readonly HeaderEdit[] = NO_EDITS;
  /** Fields that auth servers want on the response. */
  extra: readonly HeaderField[] | null = null;
  /** Fields that the CORS filter of the rule, or of the chosen backend, sets on every response. */
  cors: readonly HeaderField[] | null = null;

  // For the report. Times are the event clock's; 0 = it did not come to that, or nobody wants to know.
  connectedAtMs = 0;
  responseHeadAtMs = 0;
  status = 0;
  reason: ReasonCode | null = null;
  requestBytes = 0;
  responseBytes = 0;
  retries = 0;
  /** Of the id that the gateway gave; 0 = none yet, negative: a trusted client's own id stays. */
  requestNumber = 0;
  clientRequestId = '';
  clientAddress: string;
  /** The client uses TLS, with this gateway or with a trusted proxy in front of it. */
  isSecure: boolean;
  traceparent = '';
  /** The gateway itself has told the client to send its body: the backend need not. */
  hasSentContinue = false;

  constructor(
    context: ExchangeContext,
    stream: DownstreamStream,
    head: RequestHead,
    connection: DownstreamConnection,
  ) {
    super();
    this.context = context;
    this.stream = stream;
    this.connection = connection;
    this.method = head.method;
    this.host = head.host;
    this.path = head.path;
    this.version = head.version;
    this.isGrpc = isGrpc(head);
    this.grpcTimeoutMs = this.isGrpc ? grpcTimeoutMs(head.header('grpc-timeout')) : 0;
    this.startedAtMs = context.wheel.now();
    this.counters = context.unrouted;
    this.clientAddress = connection.info.clientAddress;
    this.isSecure = connection.info.scheme === 'https';
  }

  /** How its request is tried: the backend's to say once there is one, before that the rule's. */
  get requests(): RequestPolicy | null {
    return this.backend?.requests ?? this.rule?.config ?? null;
  }
}
