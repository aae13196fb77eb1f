/** What tries tell of an endpoint. No outcome is one too: a client that left, or a deadline of the request, says nothing of it. */
export interface OutcomeSink {
  /** The endpoint answered: an HTTP status, or what a gRPC status is in HTTP. */
  answered(status: number): void;
  /** No answer could be had: connecting failed, the connection broke, the answer was malformed, the try took too long. */
  failed(): void;
}

/** Bad gateway, service unavailable, gateway timeout: what a proxy before the endpoint, or the endpoint as one, says. */
export const isGatewayError = (status: number): boolean => status >= 502 && status <= 504;
