/** The descriptions in the CRD of ProxyConfig, and so docs/reference/proxy-config.md, have the defaults of the code. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readFields } from '../../scripts/docs/fields.ts';
import { listSpecFields } from '../../src/gatewayapi/spec-fields.ts';
import type { ClientLimits } from '../../src/ir/client-limits.ts';
import { DEFAULT_PROXY_SETTINGS } from '../../src/ir/gateway-config.ts';
import { DEFAULT_OVERRIDES } from '../../src/translator/graph/gateway-overrides.ts';
import { lowerWorkload } from '../../src/translator/lower/proxy-config.ts';

const page = readFileSync(new URL('../../docs/reference/proxy-config.md', import.meta.url), 'utf8');
const defaults = new Map(readFields('ProxyConfig').map(({ path, fallback }) => [path, fallback]));

test('every field is documented, and no other', () => {
  assert.deepEqual([...defaults.keys()].toSorted(), listSpecFields('ProxyConfig'));
});

function limitDefaults(limits: ClientLimits): Readonly<Record<string, string>> {
  const kibibytes = (bytes: number): string => `${String(bytes / 1_024)}Ki`;
  const seconds = (ms: number): string => `${String(ms / 1_000)}s`;
  return {
    'spec.limits.head': kibibytes(limits.headBytes),
    'spec.limits.target': kibibytes(limits.targetBytes),
    'spec.limits.headers': String(limits.headerCount),
    'spec.limits.body': String(limits.bodyBytes),
    'spec.limits.connections': String(limits.connections),
    'spec.limits.requestsPerConnection': String(limits.requestsPerConnection),
    'spec.limits.streams': String(limits.streams),
    'spec.timeouts.head': seconds(limits.headTimeoutMs),
    'spec.timeouts.idle': seconds(limits.idleTimeoutMs),
    'spec.timeouts.slowBody.window': seconds(limits.slowBody.windowMs),
    'spec.timeouts.slowBody.minBytes': String(limits.slowBody.minBytes),
    'spec.timeouts.halfClosed': seconds(limits.halfClosedMs),
  };
}

test('defaults are those of the code', () => {
  const { scaling, topologySpread, hostNetwork, terminationGraceMs, service, logLevel, accessLog, requests } =
    lowerWorkload([]);
  const replicas = scaling.kind === 'fixed' ? scaling.replicas : NaN;
  const expected: Readonly<Record<string, string>> = {
    'spec.workload.replicas': String(replicas),
    'spec.workload.topologySpread': topologySpread,
    'spec.workload.hostNetwork': String(hostNetwork),
    'spec.workload.terminationGracePeriod': `${String(terminationGraceMs / 1000)}s`,
    'spec.workload.resources.requests': `${requests['cpu'] ?? ''} CPU, ${requests['memory'] ?? ''}`,
    'spec.service.type': service.type,
    'spec.proxy.logLevel': logLevel,
    'spec.proxy.accessLog.enabled': String(accessLog.enabled),
    'spec.proxy.accessLog.samplePercent': String(accessLog.samplePercent),
    'spec.proxy.acceptProxyProtocol': String(DEFAULT_PROXY_SETTINGS.acceptProxyProtocol),
    'spec.proxy.grpcWeb': String(DEFAULT_PROXY_SETTINGS.grpcWeb),
    'spec.proxy.reasonHeader': String(DEFAULT_PROXY_SETTINGS.reasonHeader),
    'spec.proxy.headersWithUnderscores': DEFAULT_PROXY_SETTINGS.headersWithUnderscores,
    ...limitDefaults(DEFAULT_PROXY_SETTINGS.limits),
  };
  for (const [field, standard] of Object.entries(expected))
    assert.equal(defaults.get(field), standard, field);
});

test('what a Gateway may set by default is what the code allows', () => {
  const section = page.slice(page.indexOf('## What a Gateway may decide itself')).replaceAll(/\s+/g, ' ');
  const list = /these fields apply: (.*?)\. Everything else/.exec(section)?.[1] ?? '';
  assert.deepEqual(
    [...list.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
    DEFAULT_OVERRIDES,
  );
});
