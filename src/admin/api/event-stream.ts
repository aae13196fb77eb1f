/**
 * `/api/v1/events`: a server-sent event for every change (https://html.spec.whatwg.org/multipage/server-sent-events.html). Clients and
 * the bytes queued for each are bounded: a client that does not read is disconnected, and resumes with `Last-Event-ID`.
 */
import type { ServerResponse } from 'node:http';
import type { GatewayView } from '../view/view.ts';
import type { AdminAnswer, AdminRequest, AdminStream } from '../server.ts';
import { apiError } from './handlers.ts';
import type { ChangeItem } from './resources.ts';

export interface EventStreamLimits {
  readonly clients: number;
  /** Maximum number of queued bytes of one client. */
  readonly queueBytes: number;
  readonly heartbeatMs: number;
  /** Interval of polling for unreported changes while clients are connected. */
  readonly refreshMs: number;
}

export const EVENT_STREAM_LIMITS: EventStreamLimits = {
  clients: 32,
  queueBytes: 256 * 1024,
  heartbeatMs: 15_000,
  refreshMs: 2_000,
};

export class EventStream {
  readonly #view: GatewayView;
  readonly #limits: EventStreamLimits;
  readonly #clients = new Set<ServerResponse>();
  #stopWatching: (() => void) | null = null;
  #isClosed = false;

  constructor(view: GatewayView, limits: EventStreamLimits = EVENT_STREAM_LIMITS) {
    this.#view = view;
    this.#limits = limits;
  }

  answer({ headers, method }: AdminRequest): AdminAnswer | AdminStream {
    if (this.#isClosed) return apiError(503, 'the gateway is shutting down', null);
    if (this.#clients.size >= this.#limits.clients) {
      const most = String(this.#limits.clients);
      const answer = apiError(
        503,
        `${most} clients read events already`,
        'try again when one has disconnected',
      );
      return { ...answer, headers: { 'retry-after': '10' } };
    }
    const lastId = headers['last-event-id'];
    return {
      headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' },
      start: (response) => {
        if (method === 'HEAD') response.end();
        else this.#add(response, typeof lastId === 'string' ? lastId : null);
      },
    };
  }

  /** Ends every stream; none begins afterwards. */
  close(): void {
    this.#isClosed = true;
    for (const client of this.#clients) client.end();
    this.#clients.clear();
    this.#unwatch();
  }

  #add(client: ServerResponse, lastId: string | null): void {
    this.#clients.add(client);
    client.once('close', () => {
      this.#remove(client);
    });
    this.#watch();
    for (const event of this.#greeting(lastId)) this.#send(client, event);
  }

  #remove(client: ServerResponse): void {
    this.#clients.delete(client);
    if (this.#clients.size === 0) this.#unwatch();
  }

  /** The events that bring a client up to date: the changes since `lastId`, or `reload`. */
  #greeting(lastId: string | null): readonly string[] {
    const { instance, revision } = this.#view;
    const hello = this.#event('hello', revision, { instance, revision });
    if (lastId === null) return [hello];
    const [known = '', number = ''] = lastId.split('-');
    const missed =
      known === instance && /^\d+$/.test(number) ? this.#view.changesAfter(Number(number)) : null;
    const events = missed?.map((change) => this.#changeEvent(change)) ?? null;
    // More than the queue limit would disconnect the client at once.
    if (events === null || events.join('').length > this.#limits.queueBytes / 2) {
      return [this.#event('reload', revision, { instance, revision })];
    }
    return [hello, ...events];
  }

  #watch(): void {
    if (this.#stopWatching !== null) return;
    const unsubscribe = this.#view.subscribe((change) => {
      this.#sendAll(this.#changeEvent(change));
    });
    const heartbeat = setInterval(() => {
      this.#sendAll(': heartbeat\n\n');
    }, this.#limits.heartbeatMs);
    const refresh = setInterval(() => void this.#view.refresh(), this.#limits.refreshMs);
    this.#stopWatching = () => {
      unsubscribe();
      clearInterval(heartbeat);
      clearInterval(refresh);
    };
  }

  #unwatch(): void {
    this.#stopWatching?.();
    this.#stopWatching = null;
  }

  #changeEvent(change: ChangeItem): string {
    return this.#event('change', change.revision, change);
  }

  /** JSON has no line feed, so one `data` line holds it. */
  #event(name: string, revision: number, data: object): string {
    return `id: ${this.#view.instance}-${String(revision)}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
  }

  #sendAll(text: string): void {
    for (const client of this.#clients) this.#send(client, text);
  }

  #send(client: ServerResponse, text: string): void {
    client.write(text);
    // Beyond this limit the client reads too slowly, or not at all.
    if (client.writableLength > this.#limits.queueBytes) client.destroy();
  }
}
