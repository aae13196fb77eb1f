/**
 * An API server for tests, over real HTTP: list in pages, watch with bookmarks and 410, server-side apply with field managers,
 * conflicts, finalizers and owners; and on demand slow, failing or gone. What it cannot do it refuses loudly.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ApiServer } from '../../../src/kubeapi/kube-config.ts';
import { ApplyConflict, omit, type JsonObject } from './server-side-apply.ts';
import { matchesSelectors, partialMetadata, resourceOf, type ResourcePath } from './request.ts';
import { FakeStore, StoreError, type ResourceId, type StoredEvent, type StoredObject } from './store.ts';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly accept: string;
}

/** What to do instead of answering: a status, or how long to wait before the answer; null = answer. */
export type Fault = (
  request: SeenRequest,
) => { readonly status: number; readonly retryAfterSeconds?: number } | Promise<void> | null;

const POLL_MS = 10;
const UNTIL_LIMIT_MS = 30_000;

interface Watch {
  readonly resource: ResourceId;
  readonly response: ServerResponse;
  readonly stop: () => void;
}

export class FakeApiServer {
  readonly store = new FakeStore();
  /** Every request so far. */
  readonly requests: SeenRequest[] = [];
  /** Resources (`group/plural`) that are not installed: 404 as a whole. */
  readonly absent = new Set<ResourceId>();
  /** Resources of CRDs by the versions at which they are served; all others are served at any, and not discovered. */
  readonly served = new Map<ResourceId, readonly string[]>();
  fault: Fault | null = null;
  readonly #server: Server;
  readonly #watches = new Set<Watch>();
  #seen: (() => void)[] = [];
  #port = 0;

  constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        refuse(response, error);
      });
    });
    this.#server.keepAliveTimeout = 60_000;
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${String(this.#port)}`);
  }

  /** How a client reaches it, without a token. */
  get access(): ApiServer {
    return {
      url: this.url,
      ca: null,
      skipVerification: false,
      clientCertificate: null,
      token: () => Promise.resolve(null),
    };
  }

  /** Gone until `start`: connections break, and new ones are refused. */
  async stop(): Promise<void> {
    for (const { stop } of this.#watches) stop();
    this.#watches.clear();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Ends every watch, as a server does after its timeout. */
  endWatches(): void {
    for (const watch of this.#watches) {
      watch.stop();
      watch.response.end();
    }
    this.#watches.clear();
  }

  /** Tells every watcher how far it is. */
  bookmark(): void {
    for (const { response } of this.#watches) {
      const object = {
        kind: 'Bookmark',
        apiVersion: 'v1',
        metadata: { resourceVersion: String(this.store.version) },
      };
      response.write(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
    }
  }

  watchesOf(resource: ResourceId): number {
    return [...this.#watches].filter((watch) => watch.resource === resource).length;
  }

  /** Resolves with the first request, past or to come, for which this holds. */
  async request(wanted: (request: SeenRequest) => boolean, from = 0): Promise<SeenRequest> {
    for (;;) {
      const found = this.requests.slice(from).find(wanted);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#seen.push(resolve));
    }
  }

  /** Resolves when this holds; looked at after every request and every few milliseconds. Rejects when it never does. */
  async until(holds: () => boolean): Promise<void> {
    const endMs = performance.now() + UNTIL_LIMIT_MS;
    while (!holds()) {
      if (performance.now() > endMs) throw new Error(`never held: ${holds.toString()}`);
      await new Promise<void>((resolve) => {
        this.#seen.push(resolve);
        setTimeout(resolve, POLL_MS);
      });
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://fake');
    const method = request.method ?? '';
    const seen = {
      method,
      path: url.pathname,
      query: url.searchParams,
      accept: request.headers.accept ?? '',
    };
    const body = await readBody(request);
    this.requests.push(seen);
    const woken = this.#seen;
    this.#seen = [];
    for (const wake of woken) wake();
    await this.#fail(seen, response);
    const discovered = this.#discover(url.pathname);
    if (discovered !== null) {
      send(response, 200, discovered);
      return;
    }
    const path = resourceOf(url.pathname);
    if (path === null || !this.#serves(path)) {
      throw new StoreError(404, 'NotFound', 'the server could not find the requested resource');
    }
    if (method === 'GET' && path.name === '' && seen.query.get('watch') === 'true') {
      this.#watch(path, seen, response);
      return;
    }
    const result =
      method === 'GET' && path.name === '' ? this.#list(path, seen) : this.#one(path, seen, body);
    send(response, 200, result);
  }

  #serves({ resource, version }: ResourcePath): boolean {
    return !this.absent.has(resource) && (this.served.get(resource) ?? [version]).includes(version);
  }

  /** `/apis/group` and `/apis/group/version`; null for other paths, and for what is not installed. */
  #discover(path: string): object | null {
    const [, group, version] = /^\/apis\/([^/]+)(?:\/([^/]+))?$/.exec(path) ?? [];
    const resources = [...this.served].filter(
      ([resource]) => resource.startsWith(`${String(group)}/`) && !this.absent.has(resource),
    );
    if (resources.length === 0) return null;
    const versions = [...new Set(resources.flatMap(([, own]) => own))];
    if (version === undefined)
      return { kind: 'APIGroup', versions: versions.map((one) => ({ version: one })) };
    if (!versions.includes(version)) return null;
    const plurals = resources
      .filter(([, own]) => own.includes(version))
      .map(([resource]) => resource.slice(resource.indexOf('/') + 1));
    const names = plurals.flatMap((plural) => [plural, `${plural}/status`]);
    return { kind: 'APIResourceList', resources: names.map((name) => ({ name })) };
  }

  /** Does what the test asked for instead of answering. */
  async #fail(seen: SeenRequest, response: ServerResponse): Promise<void> {
    const fault = this.fault?.(seen) ?? null;
    if (fault === null) return;
    if (fault instanceof Promise) {
      await fault;
      return;
    }
    if (fault.retryAfterSeconds !== undefined) {
      response.setHeader('retry-after', String(fault.retryAfterSeconds));
    }
    throw new StoreError(fault.status, 'Fault', 'as the test asked');
  }

  #one(path: ResourcePath, { method, query, accept }: SeenRequest, body: JsonObject): object {
    const { resource, namespace, name, subresource } = path;
    const manager = query.get('fieldManager') ?? 'unknown';
    switch (method) {
      case 'GET': {
        const object = this.store.get(resource, namespace, name);
        if (object === null) throw new StoreError(404, 'NotFound', `${resource} "${name}" not found`);
        return accept.includes('PartialObjectMetadata')
          ? partialMetadata(object)
          : this.#withManagers(path, object);
      }
      case 'POST':
        return this.store.create(resource, inNamespace(body, namespace), manager);
      case 'PUT':
        return this.store.update(resource, inNamespace(body, namespace), subresource);
      case 'PATCH': {
        if (query.get('fieldManager') === null) return this.store.merge(resource, namespace, name, body);
        const force = query.get('force') === 'true';
        return this.store.apply(resource, inNamespace(body, namespace), { manager, subresource, force });
      }
      case 'DELETE':
        this.store.delete(resource, namespace, name);
        return { kind: 'Status', apiVersion: 'v1', status: 'Success' };
      default:
        throw new StoreError(405, 'MethodNotAllowed', method);
    }
  }

  #withManagers({ resource, namespace, name }: ResourcePath, object: StoredObject): object {
    const managedFields = this.store.managers(resource, namespace, name);
    return { ...object, metadata: { ...object.metadata, managedFields } };
  }

  #list({ resource, namespace }: ResourcePath, { query, accept }: SeenRequest): object {
    const all = this.store
      .list(resource)
      .filter((object) => matchesSelectors(object, namespace, query))
      .sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
    const limit = Number(query.get('limit') ?? '0') || all.length;
    const after = query.get('continue') ?? '';
    const rest = after === '' ? all : all.filter((object) => idOf(object) > after);
    const page = rest.slice(0, limit);
    const last = page.at(-1);
    return {
      kind: 'List',
      apiVersion: 'v1',
      metadata: {
        resourceVersion: String(this.store.version),
        ...(rest.length > page.length && last !== undefined ? { continue: idOf(last) } : {}),
      },
      // As in a list of the API server, items do not say what they are.
      items: page.map((object) =>
        omit(
          accept.includes('PartialObjectMetadata') ? partialMetadata(object) : object,
          'apiVersion',
          'kind',
        ),
      ),
    };
  }

  #watch(
    { resource, namespace }: ResourcePath,
    { query, accept }: SeenRequest,
    response: ServerResponse,
  ): void {
    const fits = (object: StoredObject | null): boolean =>
      object !== null && matchesSelectors(object, namespace, query);
    const write = (event: StoredEvent): void => {
      const type = fits(event.object) ? (fits(event.before) ? event.type : 'ADDED') : 'DELETED';
      if (!fits(event.object) && !fits(event.before)) return;
      const object = accept.includes('PartialObjectMetadata') ? partialMetadata(event.object) : event.object;
      response.write(`${JSON.stringify({ type: event.type === 'DELETED' ? 'DELETED' : type, object })}\n`);
    };
    const past = this.store.since(resource, Number(query.get('resourceVersion') ?? '0'));
    response.writeHead(200, { 'content-type': 'application/json' });
    if (past === null) {
      const object = {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        code: 410,
        reason: 'Expired',
        message: 'too old resource version',
      };
      response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
      return;
    }
    response.flushHeaders();
    past.forEach(write);
    const stop = this.store.watch(resource, write);
    const watch = { resource, response, stop };
    this.#watches.add(watch);
    response.on('close', () => {
      stop();
      this.#watches.delete(watch);
    });
  }
}

const idOf = ({ metadata }: StoredObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

const inNamespace = (body: JsonObject, namespace: string): JsonObject =>
  namespace === '' ? body : { ...body, metadata: { ...(body['metadata'] as JsonObject), namespace } };

async function readBody(request: IncomingMessage): Promise<JsonObject> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? {} : (JSON.parse(text) as JsonObject);
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function refuse(response: ServerResponse, error: unknown): void {
  const conflict = error instanceof ApplyConflict ? new StoreError(409, 'Conflict', error.message) : error;
  const { status, reason, message } =
    conflict instanceof StoreError ? conflict : new StoreError(500, 'InternalError', String(error));
  if (response.headersSent) response.destroy();
  else
    send(response, status, {
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      code: status,
      reason,
      message,
    });
}
