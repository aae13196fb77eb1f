// A TLS server that answers with its name and the server name that the client asked for.
// Usage: node backend.mjs NAME PORT CERTIFICATE KEY
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

const [name, port, cert, key] = process.argv.slice(2);
const options = { cert: readFileSync(cert), key: readFileSync(key) };
createServer(options, (request, response) => {
  response.end(`${name} was asked for ${request.socket.servername}\n`);
}).listen(Number(port), '127.0.0.1', () => console.log(`${name} is listening`));
