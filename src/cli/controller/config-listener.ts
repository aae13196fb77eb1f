/** Where proxies come for their configuration: mutually authenticated TLS; a certificate says whose proxy it is. */
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Fleet } from '../../configsync/fleet.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { gatewayOfCertificate, type KeyedCertificate } from './identities.ts';

export interface ConfigListenerOptions {
  readonly fleet: Fleet;
  readonly port: number;
  readonly certificate: KeyedCertificate;
  readonly caPem: string;
  readonly logger: Logger;
}

const KEEPALIVE_MS = 15_000;

export function listenForProxies({
  fleet,
  port,
  certificate,
  caPem,
  logger,
}: ConfigListenerOptions): Promise<Server> {
  const server = createServer(
    {
      cert: certificate.certificatePem,
      key: certificate.keyPem,
      ca: caPem,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
    },
    (socket: TLSSocket) => {
      const gateway = gatewayOfCertificate(socket.getPeerCertificate().subjectaltname);
      if (gateway === null) {
        socket.destroy();
        return;
      }
      socket.setKeepAlive(true, KEEPALIVE_MS);
      logger.info('proxy attached', { gateway, address: socket.remoteAddress ?? '' });
      fleet.attachTo(gateway, socket);
    },
  );
  server.on('tlsClientError', (error) => {
    logger.warn('proxy refused', { error: error.message });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, () => {
      resolve(server);
    });
  });
}
