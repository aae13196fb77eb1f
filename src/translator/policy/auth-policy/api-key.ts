/** `apiKey` of an AuthPolicy. */
import type { AuthPolicyAnyOfApiKey } from '../../../gatewayapi/generated/types.ts';
import { secretId } from '../../../ir/ids.ts';
import { decodeBase64Latin1 } from '../../../lib/base64.ts';
import type { ReferenceContext } from '../../graph/certificate.ts';
import { apiKeysShared, authSecretNotFound, authSecretUnusable } from './auth-faults.ts';
import { identityFaults } from './identity-fields.ts';
import { NOTHING_READ, type MethodReading } from './method-reading.ts';
import { secretRef } from './secret-ref.ts';
import { readSources, sourceFaults } from './sources.ts';

const DEFAULT_FROM = [{ header: 'X-API-Key' }];

export function readApiKey(
  spec: AuthPolicyAnyOfApiKey,
  path: string,
  context: ReferenceContext,
): MethodReading {
  const { from = DEFAULT_FROM, clientHeader = '', forward = 'Strip' } = spec;
  const at = `${path}.secretRef`;
  const target = secretRef(spec.secretRef, context);
  const sources = readSources(from);
  const faults = [
    ...sourceFaults(from, `${path}.from`),
    ...(clientHeader === '' ? [] : identityFaults(clientHeader, `${path}.clientHeader`, sources)),
  ];
  const secret = context.lookup.secret(target.namespace, target.name);
  if (secret === undefined) {
    return { ...NOTHING_READ, faults, referenceFaults: [authSecretNotFound(at, target, null)] };
  }
  const { keys, shared } = readKeys(secret.data ?? {});
  if (Object.keys(keys).length === 0) {
    const why = 'it has no API keys: each of its keys is the name of a client.';
    return { ...NOTHING_READ, faults, referenceFaults: [authSecretUnusable(at, target, why)] };
  }
  const id = secretId(`${target.namespace}/${target.name}`);
  return {
    ...NOTHING_READ,
    method: {
      kind: 'api-key',
      keys: id,
      from: sources,
      clientField: clientHeader === '' ? null : clientHeader,
      forward: forward === 'Keep' ? 'keep' : 'strip',
    },
    identityFields: clientHeader === '' ? [] : [clientHeader.toLowerCase()],
    faults,
    warnings: shared.length === 0 ? [] : [apiKeysShared(at, target, shared)],
    secrets: [{ id, text: JSON.stringify(keys) }],
  };
}

interface ReadKeys {
  /** Key by client. */
  readonly keys: Readonly<Record<string, string>>;
  /** Clients that are left out, because an earlier one has the same key. */
  readonly shared: readonly string[];
}

/** A key that is read from a file often ends with a line feed, which no header can carry. */
function readKeys(data: Readonly<Record<string, string>>): ReadKeys {
  const clients = new Map<string, string>();
  const shared: string[] = [];
  for (const client of Object.keys(data).sort()) {
    const key = decodeBase64Latin1(data[client] ?? '')?.trim() ?? '';
    if (key === '') continue;
    if (clients.has(key)) shared.push(client);
    else clients.set(key, client);
  }
  return { keys: Object.fromEntries([...clients].map(([key, client]) => [client, key])), shared };
}
