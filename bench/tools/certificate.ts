/** The certificate (ECDSA P-256) that every proxy of a comparison uses, created for each run. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAuthority, issueCertificate } from '../../src/certificates/dev-certificates.ts';

export interface CertificateFiles {
  readonly certificatePath: string;
  readonly keyPath: string;
  /** Certificate and key in one file, for HAProxy. */
  readonly bundlePath: string;
}

export async function makeCertificate(folder: string): Promise<CertificateFiles> {
  const home = join(folder, 'certificate');
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  const authority = await createAuthority({ commonName: 'bench authority' });
  const { certificatePem, keyPem } = await issueCertificate(authority, {
    names: ['www.example.com', '127.0.0.1'],
  });
  const files = {
    certificatePath: join(home, 'tls.crt'),
    keyPath: join(home, 'tls.key'),
    bundlePath: join(home, 'tls.pem'),
  };
  writeFileSync(files.certificatePath, certificatePem);
  writeFileSync(files.keyPath, keyPem);
  writeFileSync(files.bundlePath, certificatePem + keyPem);
  return files;
}
