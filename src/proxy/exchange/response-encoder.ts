/** Encodes the body of a response asynchronously: the exchange lasts until all of it has been handed to the client's stream. */
export interface ResponseEncoder {
  /** Nothing more will be sent. */
  readonly isDone: boolean;
  /** The client has room again. False while the encoder itself has none for the backend: it then calls `onDownstreamDrained` later. */
  clientDrained(): boolean;
}
