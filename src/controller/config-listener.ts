/**
 * The port at which proxies get their configuration, and other replicas report what their proxies serve. Mutually authenticated TLS: the
 * certificate identifies the data plane of a proxy.
 */
import type { AddressInfo } from 'node:net';
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls';
import { receiveReports } from '../configsync/fleet-relay.ts';
import type { Fleet } from '../configsync/fleet.ts';
import type { Logger } from '../telemetry/logger.ts';
import { identityOf, type Identities, type ProxyIdentity } from './identities.ts';

export interface ConfigListenerOptions {
  readonly fleet: Fleet;
  /** 0 = any free port. */
  readonly port: number;
  readonly identities: Identities;
  /** Whether a certificate of this serial number (hexadecimal) is an identity of an object that exists. */
  readonly isCurrent: (identity: ProxyIdentity, serialNumber: string) => boolean;
  /** DNS names under which proxies and replicas reach this controller. */
  readonly names: readonly string[];
  readonly logger: Logger;
}

export interface ConfigListener {
  readonly port: number;
  close(): void;
}

const KEEPALIVE_MS = 15_000;
/** A peer that is not authenticated by then is disconnected. */
const HANDSHAKE_MS = 10_000;
/** Far below the validity of a certificate; open streams stay open. */
const RENEW_EVERY_MS = 12 * 3_600_000;

/** Resolves when it listens; rejects if the port cannot be bound. */
export async function listenForProxies(options: ConfigListenerOptions): Promise<ConfigListener> {
  const { port, logger } = options;
  const server = createServer(
    {
      ...(await secureContext(options)),
      requestCert: true,
      rejectUnauthorized: true,
      handshakeTimeout: HANDSHAKE_MS,
    },
    (socket: TLSSocket) => {
      accept(options, socket);
    },
  );
  server.on('tlsClientError', (error) => {
    logger.warn('proxy refused', { error: error.message });
  });
  const renewal = setInterval(() => {
    renew(options, server).catch((error: unknown) => {
      logger.warn('certificate not renewed', { error: String(error) });
    });
  }, RENEW_EVERY_MS).unref();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      clearInterval(renewal);
      server.close();
    },
  };
}

function accept({ fleet, isCurrent, logger }: ConfigListenerOptions, socket: TLSSocket): void {
  const address = socket.remoteAddress ?? '';
  const { subjectaltname, serialNumber } = socket.getPeerCertificate();
  const peer = identityOf(subjectaltname);
  socket.setKeepAlive(true, KEEPALIVE_MS);
  if (peer === null) {
    logger.warn('peer refused: its certificate names neither a Gateway nor a replica', { address });
    socket.destroy();
  } else if (peer.kind === 'replica') {
    logger.info('replica attached', { replica: peer.name, address });
    receiveReports(socket, fleet, logger);
  } else if (isCurrent(peer, serialNumber)) {
    logger.info('proxy attached', { dataPlane: peer.dataPlane, address });
    fleet.attachTo(peer.dataPlane, peer.uid, socket);
  } else {
    logger.warn('proxy refused: its certificate is not a current identity of the Gateway', {
      dataPlane: peer.dataPlane,
      uid: peer.uid,
      serial: serialNumber,
      address,
    });
    socket.destroy();
  }
}

async function renew(options: ConfigListenerOptions, server: Server): Promise<void> {
  // The known CAs are used meanwhile.
  await options.identities.refresh().catch((error: unknown) => {
    options.logger.warn('reloading the CAs failed', { error: String(error) });
  });
  server.setSecureContext(await secureContext(options));
}

async function secureContext({ identities, names }: ConfigListenerOptions): Promise<SecureContextOptions> {
  const { certificatePem, keyPem } = await identities.controllerCertificate(names);
  return { cert: certificatePem, key: keyPem, ca: identities.caPem, minVersion: 'TLSv1.3' };
}
