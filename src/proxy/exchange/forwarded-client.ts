/** Who the client of a request is: the peer, or what a trusted proxy in front of the gateway says in its forwarding fields. */
import type { ProxySettings } from '../../ir/gateway-config.ts';
import { believe } from '../message/forwarding.ts';
import type { Exchange } from './exchange.ts';

/**
 * The only definition of the client's address and scheme. Called before the first observer and filter, while the head is valid, so that
 * the access log, policies, balancers and backends agree, also on requests that no backend receives.
 */
export function readForwardedClient(exchange: Exchange, settings: ProxySettings): void {
  const { connection, head } = exchange;
  if (!connection.isTrustedBy(settings)) return;
  const client = believe(head, connection, settings);
  exchange.forwardedClient = client;
  exchange.clientAddress = client.clientAddress;
  exchange.isSecure = client.scheme === 'https';
}
