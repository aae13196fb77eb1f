/** A load-balancer controller for the lab: gives Services of type LoadBalancer an address; kube-proxy serves it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Kubectl } from './kubectl.ts';
import { ADDRESSES } from './layout.ts';

interface Service {
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly spec: { readonly type?: string; readonly loadBalancerIP?: string };
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] } };
}

/** Runs until the signal aborts. An address stays with its Service and is free again when the Service is gone. */
export async function runLoadBalancer(kubectl: Kubectl, signal: AbortSignal): Promise<void> {
  const used = new Map<string, string>();
  while (!signal.aborted) {
    try {
      await assignAddresses(kubectl, used);
    } catch {
      // The API server may be away for a while in a test; the next round finds what this one missed.
    }
    await delay(400, undefined, { signal }).catch(() => undefined);
  }
}

async function assignAddresses(kubectl: Kubectl, used: Map<string, string>): Promise<void> {
  const { items } = await kubectl.json<{ readonly items: readonly Service[] }>(['get', 'services', '-A']);
  const balanced = items.filter((service) => service.spec.type === 'LoadBalancer');
  forgetGone(used, new Set(balanced.map(keyOf)));
  for (const service of balanced) {
    const given = addressOf(service);
    if (given !== undefined) used.set(keyOf(service), given);
  }
  for (const service of balanced) {
    const ip = addressOf(service) === undefined ? choose(service, used) : null;
    if (ip === null) continue;
    used.set(keyOf(service), ip);
    const { namespace, name } = service.metadata;
    const patch = JSON.stringify({ status: { loadBalancer: { ingress: [{ ip }] } } });
    await kubectl([
      '-n',
      namespace,
      'patch',
      'service',
      name,
      '--subresource=status',
      '--type=merge',
      '-p',
      patch,
    ]);
  }
}

const addressOf = (service: Service): string | undefined => service.status?.loadBalancer?.ingress?.[0]?.ip;

function forgetGone(used: Map<string, string>, live: ReadonlySet<string>): void {
  for (const key of used.keys()) if (!live.has(key)) used.delete(key);
}

/** null when the Service asks for an address that this load balancer does not have: it stays pending. */
function choose(service: Service, used: ReadonlyMap<string, string>): string | null {
  const wanted = service.spec.loadBalancerIP;
  if (wanted === undefined || wanted === '') return used.get(keyOf(service)) ?? freeAddress(used);
  return ADDRESSES.loadBalancerPrefixes.some((prefix) => wanted.startsWith(`${prefix}.`)) ? wanted : null;
}

const keyOf = ({ metadata }: Service): string => `${metadata.namespace}/${metadata.name}`;

function freeAddress(used: ReadonlyMap<string, string>): string {
  const taken = new Set<string>([...used.values(), ADDRESSES.usable]);
  for (const prefix of ADDRESSES.loadBalancerPrefixes) {
    for (let host = 1; host < 255; host += 1) {
      const address = `${prefix}.${host}`;
      if (!taken.has(address)) return address;
    }
  }
  throw new Error('no load-balancer address is left');
}
