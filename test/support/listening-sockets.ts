/** Which sockets a process and its descendants listen on, as the kernel says (Linux). */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

export interface ListeningSocket {
  readonly protocol: 'tcp' | 'udp';
  /** As /proc prints it, in hexadecimal. */
  readonly rawAddress: string;
  readonly isLoopback: boolean;
  readonly port: number;
}

const TCP_LISTEN = '0A';
/** A UDP socket without a peer: /proc calls it closed. */
const UDP_UNCONNECTED = '07';
const LOOPBACK = new Set([
  '0100007F',
  '00000000000000000000000001000000',
  // ::ffff:127.0.0.1
  '0000000000000000FFFF00000100007F',
]);

export function listeningSockets(pid: number): ListeningSocket[] {
  const inodes = new Set(processTree(pid).flatMap(socketInodes));
  const folder = `/proc/${String(pid)}/net`;
  return (['tcp', 'tcp6', 'udp', 'udp6'] as const).flatMap((file) => {
    const protocol = file.startsWith('tcp') ? 'tcp' : 'udp';
    const wanted = protocol === 'tcp' ? TCP_LISTEN : UDP_UNCONNECTED;
    const [, ...lines] = readFileSync(`${folder}/${file}`, 'utf8').trimEnd().split('\n');
    return lines.flatMap((line): ListeningSocket[] => {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
      if (state !== wanted || !inodes.has(inode)) return [];
      const [rawAddress = '', port = ''] = local.split(':');
      return [
        { protocol, rawAddress, isLoopback: LOOPBACK.has(rawAddress), port: Number.parseInt(port, 16) },
      ];
    });
  });
}

function processTree(pid: number): number[] {
  const children = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8').trim();
  return [
    pid,
    ...children
      .split(' ')
      .filter(Boolean)
      .flatMap((child) => processTree(Number(child))),
  ];
}

function socketInodes(pid: number): string[] {
  const folder = `/proc/${String(pid)}/fd`;
  return readdirSync(folder).flatMap((descriptor) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`${folder}/${descriptor}`))?.[1] ?? [];
    } catch {
      // Closed since the folder was read.
      return [];
    }
  });
}
