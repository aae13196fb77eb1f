/** The id of a request: a trusted proxy's, or one that the gateway gives it when something first needs it. */
import { formatRequestId, nextRequestNumber } from '../message/request-id.ts';
import type { Exchange } from './exchange.ts';

export function giveRequestId(exchange: Exchange): void {
  if (exchange.requestNumber !== 0) return;
  exchange.clientRequestId = exchange.forwardedClient?.requestId ?? '';
  exchange.requestNumber = exchange.clientRequestId === '' ? nextRequestNumber() : -1;
}

/** As logs and backends get it. */
export const requestIdOf = ({ requestNumber, clientRequestId }: Exchange): string =>
  requestNumber < 0 ? clientRequestId : formatRequestId(requestNumber);
