/** An auth server that speaks `envoy.service.auth.v3` by its published definitions, with `@grpc/grpc-js` and `@grpc/proto-loader`. */
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServerUnaryCall,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';

const definitions = loadSync(fileURLToPath(new URL('proto/ext_authz.proto', import.meta.url)), {
  keepCase: true,
  defaults: true,
  longs: Number,
  enums: String,
});
const SERVICE = definitions['envoy.service.auth.v3.Authorization'] as ServiceDefinition;

interface Peer {
  readonly address: { readonly socket_address: { readonly address: string; readonly port_value: number } };
}

/** What a question says, as the definitions have it. */
export interface CheckAttributes {
  readonly source: Peer;
  readonly destination: Peer;
  readonly request: {
    readonly time: { readonly seconds: number };
    readonly http: {
      readonly id: string;
      readonly method: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly path: string;
      readonly host: string;
      readonly scheme: string;
      readonly size: number;
      readonly protocol: string;
      readonly body: string;
      readonly raw_body: Buffer;
    };
  };
}

/** A CheckResponse as a plain object; an error to fail the call with. */
export type CheckAnswer = Readonly<Record<string, unknown>> | Error;

export interface AuthServer {
  readonly port: number;
  readonly questions: CheckAttributes[];
  /** The first question, as soon as it is there. */
  readonly firstQuestion: Promise<CheckAttributes>;
}

/** Gone when the test ends. */
export async function startAuthServer(
  t: TestContext,
  answer: (attributes: CheckAttributes) => CheckAnswer,
): Promise<AuthServer> {
  const questions: CheckAttributes[] = [];
  const asked = Promise.withResolvers<CheckAttributes>();
  const server = new Server();
  const check = (
    call: ServerUnaryCall<{ readonly attributes: CheckAttributes }, unknown>,
    respond: sendUnaryData<unknown>,
  ): void => {
    questions.push(call.request.attributes);
    asked.resolve(call.request.attributes);
    const given = answer(call.request.attributes);
    if (given instanceof Error) respond(given);
    else respond(null, given);
  };
  server.addService(SERVICE, { Check: check as UntypedHandleCall });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  t.after(() => {
    server.forceShutdown();
  });
  return { port, questions, firstQuestion: asked.promise };
}
