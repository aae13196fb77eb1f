/** `sluice echo`: a backend to try routes with. */
import { hostname } from 'node:os';
import { Option, type Command } from 'commander';
import { USAGE_ERROR } from '../exit-codes.ts';
import { parsePort, parseServerAddress } from '../options.ts';
import { print, printError } from '../../report/terminal.ts';
import { startEcho, type EchoServer } from '../../echo/server.ts';

interface EchoCommandOptions {
  readonly bind: string;
  readonly port: number;
  readonly name: string;
}

const EXAMPLES = `
Examples:
  sluice echo --port 9000 --name api-v1
  curl localhost:9000/any/path          JSON of what was received
  curl localhost:9000/status/503        any status
  curl -N localhost:9000/stream         server-sent events
WebSocket connections and gRPC calls get their messages back. HTTP/2 is spoken with prior knowledge.`;

export function registerEcho(program: Command): void {
  program
    .command('echo')
    .description('a demo backend that answers with what it received')
    .option('-p, --port <port>', 'port to listen on; 0 for any free one', parsePort, 9000)
    .option('--bind <address>', 'address to listen on', parseServerAddress, '127.0.0.1')
    .addOption(new Option('--name <name>', 'name in the answers').default(hostname(), 'the host name'))
    .addHelpText('after', EXAMPLES)
    .action(async ({ bind, port, name }: EchoCommandOptions) => {
      try {
        const server = await startEcho({ host: bind, port, name });
        print(`${name} answers on http://${server.host}:${String(server.port)}`);
        endOnSignal(server);
      } catch (error) {
        printError(`sluice echo: cannot listen on ${bind}:${String(port)}: ${String(error)}`);
        process.exitCode = USAGE_ERROR;
      }
    });
}

function endOnSignal(server: EchoServer): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void server.close();
    });
  }
}
