/**
 * A gRPC server and client of the outside (`@grpc/grpc-js`), with messages of plain bytes. The server's service `test.Echo` has a
 * method of each kind:
 *
 * | method         | answers                                                                          |
 * |----------------|----------------------------------------------------------------------------------|
 * | `Unary`        | the message; with metadata `fail: 1` the status DATA_LOSS; with `hang: 1` nothing |
 * | `ClientStream` | all messages joined                                                              |
 * | `ServerStream` | each byte of the message as a message of its own                                 |
 * | `Bidi`         | each message when it comes                                                       |
 *
 * Every answer has the metadata `served-by`, and what the client sent under `seen` and `seen-bin`.
 */
import { EventEmitter, once } from 'node:events';
import type { TestContext } from 'node:test';
import {
  Client,
  Metadata,
  Server,
  ServerCredentials,
  credentials,
  status,
  type ChannelCredentials,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientWritableStream,
  type MethodDefinition,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type StatusObject,
  type sendUnaryData,
} from '@grpc/grpc-js';

const SERVICE = 'test.Echo';
const asIs = (bytes: Buffer): Buffer => bytes;

function method(
  name: string,
  requestStream: boolean,
  responseStream: boolean,
): MethodDefinition<Buffer, Buffer> {
  return {
    path: `/${SERVICE}/${name}`,
    requestStream,
    responseStream,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
}

const METHODS = {
  Unary: method('Unary', false, false),
  ClientStream: method('ClientStream', true, false),
  ServerStream: method('ServerStream', false, true),
  Bidi: method('Bidi', true, true),
};

interface Arrived {
  readonly metadata: Metadata;
  readonly path: string;
}

export interface GrpcServer {
  readonly port: number;
  /** Calls that have arrived, oldest first. */
  readonly calls: Arrived[];
  /** Emits `call` for each that arrives, and `cancelled` when one is. */
  readonly events: EventEmitter<{ call: []; cancelled: [] }>;
  stop(): void;
}

export interface GrpcServerOptions {
  readonly credentials?: ServerCredentials;
  /** 0 = any free one. */
  readonly port?: number;
}

type AnyCall =
  | ServerUnaryCall<Buffer, Buffer>
  | ServerReadableStream<Buffer, Buffer>
  | ServerWritableStream<Buffer, Buffer>
  | ServerDuplexStream<Buffer, Buffer>;

/** Gone when the test ends. */
export async function startGrpcServer(
  t: TestContext,
  name: string,
  options: GrpcServerOptions = {},
): Promise<GrpcServer> {
  const calls: Arrived[] = [];
  const events: GrpcServer['events'] = new EventEmitter();
  const server = new Server({ 'grpc.max_receive_message_length': -1 });
  server.addService(
    METHODS,
    handlers(name, (call) => {
      calls.push({ metadata: call.metadata, path: call.getPath() });
      (call as EventEmitter).on('cancelled', () => events.emit('cancelled'));
      call.sendMetadata(answerMetadata(name, call.metadata));
      events.emit('call');
    }),
  );
  const address = `127.0.0.1:${String(options.port ?? 0)}`;
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, options.credentials ?? ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  t.after(() => {
    server.forceShutdown();
  });
  return {
    port,
    calls,
    events,
    stop: () => {
      server.forceShutdown();
    },
  };
}

function answerMetadata(name: string, sent: Metadata): Metadata {
  const answer = new Metadata();
  answer.set('served-by', name);
  for (const key of ['seen', 'seen-bin']) for (const value of sent.get(key)) answer.add(key, value);
  return answer;
}

function handlers(name: string, arrived: (call: AnyCall) => void) {
  return {
    Unary(call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>): void {
      if (call.metadata.get('fail').length === 0) {
        arrived(call);
        if (call.metadata.get('hang').length === 0) answer(null, call.request);
        return;
      }
      const trailers = new Metadata();
      trailers.set('why', 'as asked for');
      trailers.set('why-bin', Buffer.of(0, 255));
      answer({ code: status.DATA_LOSS, details: `${name}: no ✗`, metadata: trailers });
    },
    ClientStream(call: ServerReadableStream<Buffer, Buffer>, answer: sendUnaryData<Buffer>): void {
      arrived(call);
      const messages: Buffer[] = [];
      call.on('data', (message: Buffer) => messages.push(message));
      call.on('end', () => {
        answer(null, Buffer.concat(messages));
      });
    },
    ServerStream(call: ServerWritableStream<Buffer, Buffer>): void {
      arrived(call);
      for (const byte of call.request) call.write(Buffer.of(byte));
      call.end();
    },
    Bidi(call: ServerDuplexStream<Buffer, Buffer>): void {
      arrived(call);
      call.on('data', (message: Buffer) => call.write(message));
      call.on('end', () => {
        call.end();
      });
    },
  };
}

export interface CallOptions {
  readonly metadata?: Readonly<Record<string, string | Buffer>>;
  readonly deadlineMs?: number;
  readonly path?: string;
}

/** What a unary call ended with; an error is a result, not an exception. */
export interface UnaryResult {
  readonly code: status;
  readonly details: string;
  readonly message: Buffer | null;
  readonly metadata: Metadata;
  readonly trailers: Metadata;
}

export class GrpcClient {
  readonly #client: Client;

  private constructor(client: Client) {
    this.#client = client;
  }

  /** `authority`: what the route's hostnames are compared with. Closed when the test ends. */
  static create(
    t: TestContext,
    port: number,
    options: { readonly authority?: string; readonly credentials?: ChannelCredentials } = {},
  ): GrpcClient {
    const client = new Client(
      `127.0.0.1:${String(port)}`,
      options.credentials ?? credentials.createInsecure(),
      {
        'grpc.max_receive_message_length': -1,
        'grpc.enable_retries': 0,
        // Channels to one address are otherwise shared by the whole process.
        'grpc.use_local_subchannel_pool': 1,
        ...(options.authority === undefined ? {} : { 'grpc.default_authority': options.authority }),
        ...(options.authority === undefined ? {} : { 'grpc.ssl_target_name_override': options.authority }),
      },
    );
    t.after(() => {
      client.close();
    });
    return new GrpcClient(client);
  }

  unary(message: Buffer, options: CallOptions = {}): Promise<UnaryResult> {
    return new Promise((resolve) => {
      let metadata = new Metadata();
      let answer: Buffer | null = null;
      const call = this.#client.makeUnaryRequest(
        options.path ?? METHODS.Unary.path,
        asIs,
        asIs,
        message,
        metadataOf(options),
        callOptions(options),
        (_error: ServiceError | null, value?: Buffer) => (answer = value ?? null),
      );
      call.on('metadata', (received: Metadata) => (metadata = received));
      call.on('status', ({ code, details, metadata: trailers }: StatusObject) => {
        // The callback comes after the status.
        setImmediate(() => {
          resolve({ code, details, message: answer, metadata, trailers });
        });
      });
    });
  }

  /** A call that is never answered; `cancel` gives it up. */
  hang(): { cancel(): void; readonly result: Promise<StatusObject> } {
    const call = this.#client.makeUnaryRequest(
      METHODS.Unary.path,
      asIs,
      asIs,
      Buffer.alloc(0),
      metadataOf({ metadata: { hang: '1' } }),
      {},
      () => undefined,
    );
    return {
      cancel: () => {
        call.cancel();
      },
      result: once(call, 'status').then(([result]) => result as StatusObject),
    };
  }

  clientStream(answer: (error: ServiceError | null, value?: Buffer) => void): ClientWritableStream<Buffer> {
    return this.#client.makeClientStreamRequest(METHODS.ClientStream.path, asIs, asIs, answer);
  }

  serverStream(message: Buffer): ClientReadableStream<Buffer> {
    return this.#client.makeServerStreamRequest(METHODS.ServerStream.path, asIs, asIs, message);
  }

  bidi(options: CallOptions = {}): ClientDuplexStream<Buffer, Buffer> {
    return this.#client.makeBidiStreamRequest(
      METHODS.Bidi.path,
      asIs,
      asIs,
      metadataOf(options),
      callOptions(options),
    );
  }
}

function metadataOf({ metadata = {} }: CallOptions): Metadata {
  const made = new Metadata();
  for (const [name, value] of Object.entries(metadata)) made.add(name, value);
  return made;
}

const callOptions = ({ deadlineMs }: CallOptions): { deadline?: number } =>
  deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
