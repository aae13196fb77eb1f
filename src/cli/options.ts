/** Parsers of option values: each error says what to write instead. */
import { isIP } from 'node:net';
import { InvalidArgumentError } from 'commander';
import { cidrError } from '../lib/cidr.ts';

const PORT_LIMIT = 65_535;

function portNumber(text: string): number | null {
  const port = Number(text);
  return /^\d{1,5}$/.test(text) && port <= PORT_LIMIT ? port : null;
}

/** A port to listen on; 0 = any free one. */
export function parsePort(text: string): number {
  const port = portNumber(text);
  if (port === null) throw new InvalidArgumentError('Write a port number from 0 to 65535.');
  return port;
}

/** `80=8080` or several with commas; 0 on the right is any free port. Repeated options add up. */
export function parsePortMap(text: string, before: ReadonlyMap<number, number>): ReadonlyMap<number, number> {
  const map = new Map(before);
  for (const pair of text.split(',')) {
    const [from = '', to = '', ...rest] = pair.trim().split('=');
    const fromPort = portNumber(from);
    const toPort = portNumber(to);
    if (fromPort === null || fromPort === 0 || toPort === null || rest.length > 0) {
      throw new InvalidArgumentError(
        `Write the listener's port and the port to bind, such as 80=8080 (0 = any free port).`,
      );
    }
    map.set(fromPort, toPort);
  }
  return map;
}

/** An IP address, or `` for all. */
export function parseBindAddress(text: string): string {
  if (text === '*' || text === '') return '';
  if (isIP(text) === 0) {
    throw new InvalidArgumentError('Write an IP address, such as 127.0.0.1 or ::1, or * for all addresses.');
  }
  return text;
}

/** CIDRs with commas between them. */
export function parseCidrs(text: string): readonly string[] {
  const cidrs = text.split(',').map((part) => part.trim());
  for (const cidr of cidrs) {
    const error = cidrError(cidr);
    if (error !== null) throw new InvalidArgumentError(error);
  }
  return cidrs;
}

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Where an API listens; `off` = it does not. Never null: commander takes a null from a parser for "no value" and makes it ``. */
export type ListenAddress = HostPort | 'off';

const OFF = 'off';

/** `127.0.0.1:15000`, `[::1]:15000`, or `:15000` (loopback). */
export function parseAddress(text: string): HostPort {
  const address = hostPort(text);
  if (address === null) {
    throw new InvalidArgumentError('Write an address and a port, such as 127.0.0.1:15000 or [::1]:15000.');
  }
  return address;
}

/** As `parseAddress`, or `off`. */
export function parseListenAddress(text: string): ListenAddress {
  if (text === OFF) return OFF;
  const address = hostPort(text);
  if (address === null) {
    throw new InvalidArgumentError(
      'Write an address and a port, such as 127.0.0.1:15000 or [::1]:0 (any free port), or off.',
    );
  }
  return address;
}

function hostPort(text: string): HostPort | null {
  const [, bracketed, plain, portText = ''] = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d+)$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  const port = portNumber(portText);
  if (port === null || !(host === '' || host === 'localhost' || isIP(host) !== 0)) return null;
  return { host: host === '' || host === 'localhost' ? '127.0.0.1' : host, port };
}

/** A DNS name or an IP address, and a port to connect to: `name:15010` or `[::1]:15010`. */
export function parseRemoteAddress(text: string): HostPort {
  const [, bracketed, plain, portText = ''] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d+)$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = portNumber(portText);
  if (host === undefined || port === null || port === 0) {
    throw new InvalidArgumentError('Write a host and a port, such as name:15010 or [::1]:15010.');
  }
  return { host, port };
}

/** A file or folder. An empty path would mean the current folder, which is never intended. */
export function parsePath(text: string): string {
  if (text === '') throw new InvalidArgumentError('Write a path.');
  return text;
}

/** `off`, `stdout` or a file. A misspelled word would become the name of a file. */
export function parseLogTarget(text: string): string {
  if (
    /^(off|stdout|stderr|none|no|false|true|on|null|-)$/i.test(text) &&
    text !== 'off' &&
    text !== 'stdout'
  ) {
    throw new InvalidArgumentError(`Write off, stdout or a file; ./${text} for a file of that name.`);
  }
  return parsePath(text);
}

/** Where a server for this machine listens: an IP address, or `localhost`. */
export function parseServerAddress(text: string): string {
  if (text === 'localhost') return '127.0.0.1';
  if (isIP(text) === 0) {
    throw new InvalidArgumentError('Write an IP address, such as 127.0.0.1, or 0.0.0.0 for all addresses.');
  }
  return text;
}

export function parseWorkers(text: string): number {
  const workers = Number(text);
  if (!/^\d+$/.test(text) || workers < 1 || workers > 1024) {
    throw new InvalidArgumentError('Write a number of processes from 1 to 1024.');
  }
  return workers;
}

export function parseProcessId(text: string): number {
  const pid = Number(text);
  if (!/^[1-9]\d{0,9}$/.test(text))
    throw new InvalidArgumentError('Write the process id of the running gateway.');
  return pid;
}

/** Seconds, fractions allowed; the result is milliseconds. */
export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || seconds > 86_400) {
    throw new InvalidArgumentError('Write seconds, such as 30 or 0.5, at most a day (86400).');
  }
  return Math.round(seconds * 1000);
}

export function parsePercent(text: string): number {
  const percent = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || percent > 100) {
    throw new InvalidArgumentError('Write a percentage from 0 to 100.');
  }
  return percent;
}
