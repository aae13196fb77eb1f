/** A proxy with AuthPolicies in front of a backend that answers with the request head that it received. For tests. */
import type { TestContext } from 'node:test';
import type { AuthCheck } from '../../src/ir/auth.ts';
import type { Filter } from '../../src/ir/filter.ts';
import type { GatewayConfig, ProxySettings } from '../../src/ir/gateway-config.ts';
import { authPolicy } from './auth-policy.ts';
import { testBackend, testConfig } from './gateway-config.ts';
import type { Field } from './reference-hpack.ts';
import { exchangeOnce, type Received, type Sent, type Version } from './reply-client.ts';
import { ScriptedBackend, type Script } from './scripted-backend.ts';
import { TestProxy } from './test-proxy.ts';

export interface AuthLabOptions {
  readonly checks: readonly AuthCheck[];
  readonly keySets?: GatewayConfig['keySets'] | undefined;
  readonly secrets?: GatewayConfig['secrets'] | undefined;
  readonly settings?: Partial<ProxySettings>;
  readonly filters?: readonly Filter[];
  readonly options?: Parameters<typeof TestProxy.start>[2];
  readonly adapt?: (config: GatewayConfig) => GatewayConfig;
}

export interface AuthLab {
  readonly proxy: TestProxy;
  /** Applies a configuration that differs in these parts. */
  readonly apply: (changes: Partial<AuthLabOptions>) => Promise<void>;
  readonly ask: (fields?: readonly Field[], sent?: Partial<Sent>, version?: Version) => Promise<Received>;
}

const REFLECTING: Script = async (connection) => {
  for (;;) {
    const head = await connection.readThrough('\r\n\r\n');
    connection.send(`HTTP/1.1 200 OK\r\ncontent-length: ${String(head.length)}\r\n\r\n${head}`);
  }
};

export async function authLab(t: TestContext, asked: AuthLabOptions): Promise<AuthLab> {
  const backend = await ScriptedBackend.start(REFLECTING);
  const configOf = ({
    checks,
    keySets,
    secrets,
    settings,
    filters = [],
    adapt,
  }: AuthLabOptions): GatewayConfig => {
    const config = testConfig({
      rules: [{ backends: [testBackend('a')], policies: [authPolicy(...checks)], filters }],
      endpoints: { a: [backend.port] },
      settings: { reasonHeader: true, ...settings },
      keySets,
      secrets,
    });
    return adapt?.(config) ?? config;
  };
  const proxy = await TestProxy.start(configOf(asked), {}, asked.options);
  t.after(async () => {
    await proxy.stop();
    await backend.stop();
  });
  let current = asked;
  return {
    proxy,
    async apply(changes) {
      current = { ...current, ...changes };
      await proxy.apply(configOf(current));
    },
    ask: (fields = [], sent = {}, version = 'HTTP/1.1') =>
      exchangeOnce(proxy, version, {
        method: 'GET',
        path: '/',
        ...sent,
        fields: [...fields, ...(sent.fields ?? [])],
      }),
  };
}

export const valuesOf = ({ fields }: Received, name: string): readonly string[] =>
  fields.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);

export const reasonOf = (received: Received): string | undefined => valuesOf(received, 'x-sluice-reason')[0];

/** Values of a field of the request as the backend received it. */
export const seenBy = ({ body }: Received, name: string): readonly string[] =>
  body
    .split('\r\n')
    .slice(1)
    .filter((line) => line.toLowerCase().startsWith(`${name}:`))
    .map((line) => line.slice(name.length + 1).trim());
