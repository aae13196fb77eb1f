/** The result of an attempt for passive health checks. There is none if the client disconnected or the request's deadline passed. */
export interface OutcomeSink {
  /** The endpoint responded: an HTTP status, or the HTTP equivalent of a gRPC status. */
  answered(status: number): void;
  /** No response: connecting failed, the connection broke, the response was malformed, or the attempt timed out. */
  failed(): void;
}

/** Bad gateway, service unavailable, gateway timeout. */
export const isGatewayError = (status: number): boolean => status >= 502 && status <= 504;
