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
  curl localhost:9000/any/path          the request as JSON
  curl localhost:9000/status/503        any status
  curl -N localhost:9000/stream         server-sent events
The server echoes WebSocket and gRPC messages. It accepts HTTP/2 with prior knowledge.`;

export function registerEcho(program: Command): void {
  program
    .command('echo')
    .description('start a demo backend that returns each request as JSON')
    .option('-p, --port <port>', 'port to listen on; 0 for any free port', parsePort, 9000)
    .option('--bind <address>', 'address to listen on', parseServerAddress, '127.0.0.1')
    .addOption(new Option('--name <name>', 'name in the responses').default(hostname(), 'the host name'))
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
