/**
 * Asks a real API server about every manifest of every sample, by a dry run with strict field validation, and keeps its verdicts in
 * `verdicts/`, or the folder of `--out`; `--count` asks about the first manifests of each sample only, `--sample` about one sample. The server needs the CRDs of the Gateway API and of Sluice; its admission plugin NamespaceLifecycle must be off, for
 * the namespaces of the sample do not exist.
 *
 *   node test/schema/main.ts --server https://127.0.0.1:6443 --token TOKEN --name 'Kubernetes 1.37.2'
 */
import { writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { parseArgs } from 'node:util';
import { REGISTRY } from '../../src/gatewayapi/kind-registry.ts';
import { splitApiVersion } from '../../src/gatewayapi/validation/api-version.ts';
import { isJsonObject, type JsonObject } from '../../src/gatewayapi/validation/schema.ts';
import { isAskable, LINE_LENGTH, recordFile, sampleManifest, samples, type Sample } from './sample.ts';

const {
  server,
  token,
  name,
  out,
  count,
  sample: only,
} = parseArgs({
  options: {
    server: { type: 'string' },
    token: { type: 'string' },
    name: { type: 'string' },
    out: { type: 'string' },
    count: { type: 'string' },
    sample: { type: 'string' },
  },
}).values;
if (server === undefined || token === undefined || name === undefined) {
  throw new Error('--server, --token and --name are needed');
}

const agent = new Agent({ keepAlive: true, maxSockets: 4, rejectUnauthorized: false });

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

function call(method: string, path: string, body?: string): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const headers = { authorization: `Bearer ${token ?? ''}`, 'content-type': 'application/json' };
  const outgoing = request(`${server ?? ''}${path}`, { method, agent, headers }, (response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => (text += chunk));
    response.on('end', () => {
      resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) });
    });
  });
  outgoing.on('error', reject);
  outgoing.end(body);
  return promise;
}

function pathOf(manifest: JsonObject): string {
  const apiVersion = String(manifest['apiVersion']);
  const kind = String(manifest['kind']);
  const base = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  const definition = REGISTRY.find(splitApiVersion(apiVersion).group, kind);
  if (definition === null) throw new Error(`no kind ${kind} in ${apiVersion}`);
  const namespace = definition.namespaced ? `/namespaces/${namespaceOf(manifest)}` : '';
  return `${base}${namespace}/${definition.plural}?dryRun=All&fieldValidation=Strict`;
}

function namespaceOf({ metadata }: JsonObject): string {
  const namespace = isJsonObject(metadata) ? metadata['namespace'] : undefined;
  return typeof namespace === 'string' ? namespace : 'default';
}

async function ask(sample: Sample, index: number): Promise<string> {
  const { seed, manifest } = sampleManifest(sample, index);
  if (!isAskable(seed, manifest)) return '-';
  const { status, body } = await call('POST', pathOf(manifest), JSON.stringify(manifest));
  // 409: an object of that name is there already, which is asked after validation.
  if (status === 201 || status === 409) return 'a';
  if (status === 400 || status === 422) return dependsOnCluster(body) ? '-' : 'r';
  throw new Error(
    `unexpected answer ${String(status)} to manifest ${String(index)} of ${sample.name}: ${JSON.stringify(body)}`,
  );
}

/** Refusals for what no schema can know: node ports, which the cluster allocates, and its IP families. */
function dependsOnCluster(body: unknown): boolean {
  const message = isJsonObject(body) ? String(body['message']) : '';
  return /valid ports is|already allocated|configured (on|for)|dual-stack|healthCheckNodePort.*between/.test(
    message,
  );
}

for (const sample of samples()) {
  if (only !== undefined && sample.name !== only) continue;
  const end = Math.min(sample.size, Number(count ?? sample.size));
  const letters: string[] = [];
  for (let start = 0; start < end; start += LINE_LENGTH) {
    const indices = Array.from({ length: LINE_LENGTH }, (_, offset) => start + offset);
    letters.push((await Promise.all(indices.map((index) => ask(sample, index)))).join(''));
  }
  const record = { server: name, verdicts: letters };
  writeFileSync(recordFile(sample, out), `${JSON.stringify(record, null, 2)}\n`);
}
agent.destroy();
