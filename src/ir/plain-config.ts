/**
 * A GatewayConfig as JSON would have it: its secrets are text. The only place where secrets leave their wrapper; what is made of the
 * result must travel encrypted or not at all.
 */
import type { GatewayConfig } from './gateway-config.ts';
import { Redacted } from './redacted.ts';
import type { PolicySecret } from './secret.ts';
import type { Certificate } from './tls.ts';

type PlainCertificate = Omit<Certificate, 'keyPem'> & { readonly keyPem: string };
type PlainSecret = Omit<PolicySecret, 'text'> & { readonly text: string };

export type PlainConfig = Omit<GatewayConfig, 'certificates' | 'secrets'> & {
  readonly certificates: readonly PlainCertificate[];
  readonly secrets?: readonly PlainSecret[];
};

export function toPlainConfig(config: GatewayConfig): PlainConfig {
  const certificates = config.certificates.map((one) => ({ ...one, keyPem: one.keyPem.reveal() }));
  const secrets = config.secrets?.map((one) => ({ ...one, text: one.text.reveal() }));
  return { ...(config as Omit<GatewayConfig, 'secrets'>), certificates, ...(secrets && { secrets }) };
}

export function fromPlainConfig(plain: PlainConfig): GatewayConfig {
  const certificates = redactCertificates(plain.certificates);
  const secrets = plain.secrets === undefined ? undefined : redactSecrets(plain.secrets);
  return { ...(plain as Omit<PlainConfig, 'secrets'>), certificates, ...(secrets && { secrets }) };
}

const redactCertificates = (plain: readonly PlainCertificate[]): readonly Certificate[] =>
  plain.map((one) => ({ ...one, keyPem: new Redacted(one.keyPem) }));

const redactSecrets = (plain: readonly PlainSecret[]): readonly PolicySecret[] =>
  plain.map((one) => ({ ...one, text: new Redacted(one.text) }));
