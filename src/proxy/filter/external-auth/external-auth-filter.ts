/** HTTPExternalAuthFilter (GEP-1494): asks an auth server about each request, in the protocol that it speaks, before it goes on. */
import type { ExternalAuthFilter, HeaderField } from '../../../ir/filter.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FilterRun } from '../../exchange/filter-run.ts';
import type { FilterOutcome, HttpFilter } from '../../exchange/http-filter.ts';
import { uneditedRequest } from '../../exchange/outgoing-request.ts';
import type { OutgoingRequest } from '../../message/outgoing.ts';
import { ownRequest } from '../../message/own-request.ts';
import { formatRequestId } from '../../message/request-id.ts';
import type { UpstreamCluster } from '../../upstream/cluster.ts';
import type { FilterDefinition } from '../definition.ts';
import { describeOrigin } from '../describe-origin.ts';
import { authTarget, copiedFields } from './external-auth.ts';
import { ExternalAuthGate, type AuthQuestion } from './external-auth-gate.ts';
import { checkRequest } from './grpc/check-request.ts';
import type { GrpcQuestion } from './grpc/check-call.ts';

const KIND = 'external-auth';

const describe = ({ protocol, origin }: ExternalAuthFilter): string =>
  `external auth over ${protocol.kind} by ${describeOrigin(origin)}`;

export const EXTERNAL_AUTH: FilterDefinition<ExternalAuthFilter> = {
  kind: KIND,
  stages: { request: 'external-auth' },
  precedence: 'both',
  compile(config, { clusterOf }) {
    const cluster = clusterOf(config.cluster);
    const canAsk = cluster !== null && (config.protocol.kind === 'http' || cluster.config.protocol === 'h2');
    return { request: canAsk ? new ExternalAuth(config, cluster) : UNAVAILABLE };
  },
  protection: {
    line: 'auth',
    explain: (config) => [{ policy: null, level: 'rule', effect: describe(config) }],
  },
  describe,
};

const UNAVAILABLE: HttpFilter = {
  kind: KIND,
  apply: () => ({ kind: 'answer', reason: 'auth_unavailable' }),
};

class ExternalAuth implements HttpFilter {
  readonly kind = KIND;
  readonly #config: ExternalAuthFilter;
  readonly #cluster: UpstreamCluster;

  constructor(config: ExternalAuthFilter, cluster: UpstreamCluster) {
    this.#config = config;
    this.#cluster = cluster;
  }

  apply(exchange: Exchange, run: FilterRun): FilterOutcome {
    const { head } = exchange;
    const bodyLimit = head.hasBody ? this.#config.forwardBodyBytes : 0;
    if (bodyLimit > 0 && head.contentLength > bodyLimit) return { kind: 'answer', reason: 'body_too_large' };
    return new ExternalAuthGate(exchange, run, { bodyLimit, ask: (body) => this.#question(exchange, body) });
  }

  #question(exchange: Exchange, body: Buffer): AuthQuestion {
    const config = this.#config;
    const cluster = this.#cluster;
    const request = uneditedRequest(exchange);
    const facts = vouchedFacts(exchange, request);
    const { head } = exchange;
    if (config.protocol.kind === 'grpc') return grpcQuestion(exchange, { config, cluster, facts }, body);
    const check = ownRequest({
      method: head.method,
      target: authTarget(config, head),
      authority: head.authority,
      scheme: request.scheme,
      configured: [],
      copied: [...copiedFields(config, head), ...facts.ownRequestId],
      client: request,
      body: body.length,
    });
    return { kind: 'http', filter: config, cluster, prepared: cluster.protocol.prepare(check), body };
  }
}

/** What the gateway itself says about the client, in a form for both protocols. */
interface Facts {
  readonly requestId: string;
  /** X-Request-Id of a trusted proxy: it is not the gateway's to write. */
  readonly ownRequestId: readonly HeaderField[];
  /** Everything that a backend learns about the client, as fields. */
  readonly fields: readonly HeaderField[];
}

function vouchedFacts(
  { requestNumber, clientRequestId }: Exchange,
  { forwarding, forwardedHost }: OutgoingRequest,
): Facts {
  const requestId = requestNumber > 0 ? formatRequestId(requestNumber) : clientRequestId;
  const idField = { name: 'x-request-id', value: requestId };
  return {
    requestId,
    ownRequestId: requestNumber > 0 ? [] : [idField],
    fields: [
      ...forwarding.fields,
      { name: 'x-forwarded-host', value: forwardedHost },
      { name: 'forwarded', value: forwarding.forwarded(forwardedHost) },
      idField,
    ],
  };
}

interface GrpcAsked {
  readonly config: ExternalAuthFilter;
  readonly cluster: UpstreamCluster;
  readonly facts: Facts;
}

function grpcQuestion(
  { head, connection, clientAddress }: Exchange,
  { config, cluster, facts }: GrpcAsked,
  body: Buffer,
): GrpcQuestion {
  const message = checkRequest({
    head,
    connection: connection.info,
    clientAddress,
    allowedHeaders: config.protocol.allowedRequestHeaders,
    vouched: facts.fields,
    requestId: facts.requestId,
    body,
    nowMs: Date.now(),
  });
  const { name, namespace } = config.origin;
  return {
    kind: 'grpc',
    cluster,
    authority: cluster.config.tls?.hostname ?? `${name}.${namespace}`,
    message,
    has: (field) => head.header(field) !== undefined,
  };
}
