/**
 * GatewayConfig as text and back, for the way from controller to proxy. The only place where secrets leave their
 * wrapper: what is encoded here must travel encrypted or not at all.
 */
import type { GatewayConfig } from './gateway-config.ts';
import { Redacted, type Certificate } from './tls.ts';

/** Raised when the shape of the contract changes in a way that an older reader would misread. */
const FORMAT = 1;

type PlainCertificate = Omit<Certificate, 'keyPem'> & { readonly keyPem: string };
type PlainConfig = Omit<GatewayConfig, 'certificates'> & {
  readonly certificates: readonly PlainCertificate[];
};

interface Envelope {
  readonly format: number;
  readonly config: PlainConfig;
}

export function encodeConfig(config: GatewayConfig): string {
  const certificates = config.certificates.map((one) => ({ ...one, keyPem: one.keyPem.reveal() }));
  const envelope: Envelope = { format: FORMAT, config: { ...config, certificates } };
  return JSON.stringify(envelope);
}

/** Throws when the text is not of this format: controller and proxy differ in version. */
export function decodeConfig(text: string): GatewayConfig {
  const { format, config } = JSON.parse(text) as Envelope;
  if (format !== FORMAT) {
    throw new Error(
      `This proxy reads configuration format ${FORMAT}, the controller sends ${format}: upgrade the older one.`,
    );
  }
  const certificates = config.certificates.map((one) => ({ ...one, keyPem: new Redacted(one.keyPem) }));
  return { ...config, certificates };
}
