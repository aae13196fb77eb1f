/** Keys and certificates of the cluster's control plane, created for each cluster. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.ts';
import { ADDRESSES, type Layout } from './layout.ts';

const API_NAMES = [
  'DNS:localhost',
  'DNS:kubernetes',
  'DNS:kubernetes.default',
  'DNS:kubernetes.default.svc',
  'IP:127.0.0.1',
  `IP:${ADDRESSES.node}`,
  `IP:${ADDRESSES.kubernetesService}`,
];

/** Writes `state/pki`: the CA, the API server's certificate, the service account keys and an administrator's kubeconfig. */
export function writePki({ state, kubeconfig }: Layout): void {
  const folder = join(state, 'pki');
  mkdirSync(folder, { recursive: true });
  const openssl = (...args: string[]): string => run('openssl', args, { cwd: folder });
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...curve,
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-days',
    '30',
    '-subj',
    '/CN=sluice-lab-ca',
  );
  openssl('req', ...curve, '-keyout', 'api.key', '-out', 'api.csr', '-subj', '/CN=kube-apiserver');
  writeFileSync(join(folder, 'api.ext'), `subjectAltName=${API_NAMES.join(',')}\n`);
  const signing = [
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-days',
    '30',
    '-extfile',
    'api.ext',
  ];
  openssl('x509', '-req', '-in', 'api.csr', '-out', 'api.crt', ...signing);
  openssl('genrsa', '-out', 'sa.key', '2048');
  openssl('rsa', '-in', 'sa.key', '-pubout', '-out', 'sa.pub');
  writeFileSync(join(folder, 'tokens.csv'), 'lab-administrator,admin,admin,"system:masters"\n');
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'lab',
          cluster: { server: 'https://127.0.0.1:6443', 'certificate-authority': join(folder, 'ca.crt') },
        },
      ],
      users: [{ name: 'admin', user: { token: 'lab-administrator' } }],
      contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'admin' } }],
      'current-context': 'lab',
    }),
  );
}
