/** A command to try the gateway with: a host and a path that a route has, at an address that is bound. */
import type { GatewayReport, ListenerReport, RouteReport, StatusReport } from '../../admin/status-report.ts';

const SCHEMES: Readonly<Record<string, 'http' | 'https' | undefined>> = { HTTP: 'http', HTTPS: 'https' };
const DEFAULT_PORTS = { http: 80, https: 443 } as const;

/** Where clients of this machine reach an HTTP listener; null for other protocols and for one that is not bound. */
export function urlOf({ protocol, bound }: ListenerReport): string | null {
  const scheme = SCHEMES[protocol];
  const [socket] = bound;
  if (scheme === undefined || socket === undefined) return null;
  const port = socket.port === DEFAULT_PORTS[scheme] ? '' : `:${String(socket.port)}`;
  return `${scheme}://${hostOf(socket.address)}${port}`;
}

const hostOf = (address: string): string =>
  ['', '::', '0.0.0.0'].includes(address) ? 'localhost' : address.includes(':') ? `[${address}]` : address;

/** null if no route of an HTTP listener is served, or none has a rule that a plain request matches. */
export function curlLine({ gateways, routes }: StatusReport): string | null {
  for (const protocol of ['HTTP', 'HTTPS']) {
    for (const gateway of gateways) {
      for (const listener of gateway.listeners) {
        if (listener.protocol !== protocol || listener.bound.length === 0) continue;
        const route = routes.find((one) => isServedBy(one, gateway, listener));
        if (route !== undefined) return curl(listener, hostFor(route, listener), route.samplePath ?? '/');
      }
    }
  }
  return null;
}

function isServedBy(route: RouteReport, gateway: GatewayReport, { name }: ListenerReport): boolean {
  const parent = `${gateway.kind} ${gateway.namespace}/${gateway.name}`;
  return (
    route.samplePath !== null &&
    route.parents.some(
      (one) =>
        (one.parent === parent || one.parent === `${parent}/${name}`) &&
        one.conditions.every(({ type, status }) => type !== 'Accepted' || status === 'True'),
    )
  );
}

/** A name for a pattern: `*.example` has `www.example`. `` = any host. */
function hostFor({ hostnames }: RouteReport, { hostname }: ListenerReport): string {
  const own = hostname.replace(/^\*\./, 'www.');
  if (hostname !== '' && !hostname.startsWith('*.')) return own;
  const suffix = hostname.slice(1);
  const fitting = hostnames.find((one) => one.endsWith(suffix));
  return fitting === undefined ? own : fitting.replace(/^\*\./, 'www.');
}

function curl(listener: ListenerReport, host: string, path: string): string {
  const url = urlOf(listener) ?? '';
  if (listener.protocol === 'HTTPS') {
    const [socket] = listener.bound;
    const port = String(socket?.port ?? 443);
    if (host === '' || host === 'localhost') return `curl -k ${quoted(url + path)}`;
    const address = hostOf(socket?.address ?? '').replace('localhost', '127.0.0.1');
    return `curl -k --resolve ${host}:${port}:${address} ${quoted(`https://${host}${port === '443' ? '' : `:${port}`}${path}`)}`;
  }
  return host === '' || host === 'localhost'
    ? `curl ${quoted(url + path)}`
    : `curl -H 'Host: ${host}' ${quoted(url + path)}`;
}

const quoted = (url: string): string =>
  /^[\w:/.[\]%~-]*$/.test(url) ? url : `'${url.replaceAll("'", '%27')}'`;
