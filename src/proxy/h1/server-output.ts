/** The writing half of a client's connection: what does not depend on where in a request we are. */
import type { Transport } from '../net/transport.ts';
import { TimerEntry } from '../net/timer-wheel.ts';
import { NO_EDITS } from '../message/head-edits.ts';
import type { RequestHead, ResponseHead } from '../message/head.ts';
import { ResponseWriter, type ResponseOptions } from './response-writer.ts';

export abstract class H1ServerOutput extends TimerEntry implements ResponseOptions {
  minor = 1;
  close = false;
  upgrade = '';
  webSocketKey = '';
  /** Protocol that the client asks for; `` for none. */
  protected askedUpgrade = '';
  /** The client waits for 100 before it sends its body. */
  protected awaitsContinue = false;
  protected readonly transport: Transport;
  protected readonly writer: ResponseWriter;

  constructor(transport: Transport) {
    super();
    this.transport = transport;
    this.writer = new ResponseWriter(transport);
  }

  protected expectUpgrade(head: RequestHead): void {
    this.askedUpgrade = head.upgrade;
    if (head.upgrade !== '') this.webSocketKey = head.header('sec-websocket-key') ?? '';
  }

  sendInformational(head: ResponseHead): void {
    if (this.minor === 0) return;
    if (head.status === 100) this.awaitsContinue = false;
    this.upgrade = '';
    this.writer.head(head, NO_EDITS, null, this);
    this.writer.flush();
  }

  sendData(buffer: Buffer, from: number, to: number, owned: boolean): boolean {
    return this.writer.data(buffer, from, to, owned);
  }

  flush(): void {
    this.writer.flush();
  }

  /** Breaks off: an answer that ends with the connection must not look complete, hence a reset where there can be one. */
  abort(): void {
    this.transport.reset();
  }

  destroy(): void {
    this.transport.destroy();
  }
}
