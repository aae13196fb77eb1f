// The service being rewritten: prints every request it gets, and fails each one. `node rewrite.mjs [PORT]`
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  console.log(`${request.method} ${request.url} for ${request.headers.host}`);
  response.writeHead(500).end('not finished yet\n');
});
server.listen(Number(process.argv[2] ?? 9090), '127.0.0.1', () => {
  console.log(`listening on ${server.address().port}`);
});
