/** Requests as they go over the wire. */
import { hostName } from '../routing-table.ts';

export const SMALL_GET = 'GET / HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: wrk\r\nAccept: */*\r\n\r\n';
export const CLOSING_GET = SMALL_GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
export const fileGet = (name: string): string =>
  `GET /files/${name} HTTP/1.1\r\nHost: www.example.com\r\nAccept: */*\r\n\r\n`;

/** What a browser sends: eleven header fields, about 650 bytes. */
function browserGet(host: string, path: string, env: string): string {
  return [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
    'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
    'Accept-Language: en-GB,en;q=0.8,de;q=0.6',
    'Accept-Encoding: gzip, deflate, br, zstd',
    `Referer: https://${host}/catalogue/overview`,
    'Cookie: session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; consent=analytics%3D0%26ads%3D0',
    'Cache-Control: no-cache',
    'Sec-Fetch-Mode: navigate',
    'Upgrade-Insecure-Requests: 1',
    `X-Env: ${env}`,
    '',
    '',
  ].join('\r\n');
}

const PATHS = [
  { path: '/healthz', env: 'live' },
  { path: '/api/v1/orders/1234', env: 'canary' },
  { path: '/api/v1/items?page=3&ver=2', env: 'live' },
  { path: '/api/v1/customers/77/addresses?limit=20', env: 'live' },
  { path: '/assets/app.css?v=9', env: 'live' },
];

/** 1,000 different requests: every host once, the five rules in turn, hosts in a scattered order. */
export const BROWSER_GETS: readonly string[] = Array.from({ length: 1000 }, (_, index) => {
  const { path, env } = PATHS[index % PATHS.length] ?? { path: '/', env: 'live' };
  return browserGet(hostName((index * 379) % 1000), path, env);
});
