import type { Finding } from '../gatewayapi/finding.ts';
import type { StatusUpdate } from '../gatewayapi/status.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import type { RuleId } from '../ir/ids.ts';
import type { InfraSpec } from '../ir/infra.ts';
import type { ExtensionKind } from './extension/extension-kind.ts';
import type { FilterKinds } from './filter/filter-kind.ts';
import type { PolicyKind } from './policy/policy-kind.ts';
import type { PolicyLayer } from './policy/policy-settings.ts';

export const CONTROLLER_NAME = 'sluice.dev/gateway-controller';

/** The contents of a certificate, or why it cannot be used with its key. */
export type CertificateReading =
  | {
      readonly ok: true;
      /** DNS names of the certificate (subjectAltName, else the common name), lower case. */
      readonly names: readonly string[];
      readonly notAfterMs: number;
    }
  | { readonly ok: false; readonly message: string };

/** Options of `translate`. The functions must be pure: equal text gives an equal result. */
export interface TranslateOptions {
  readonly controllerName: string;
  /**
   * true: serve every Gateway, regardless of the controller that its class names and of whether the class exists
   * (standalone use of manifests written for another controller). Statuses of foreign GatewayClasses stay untouched.
   */
  readonly allClasses: boolean;
  /** CIDRs of peers whose forwarding and PROXY headers are trusted, unless a ProxyConfig sets its own. */
  readonly trustedCidrs: readonly string[];
  /**
   * Who provides the addresses in `spec.addresses` of a Gateway. `bind`: the proxy listens on them. `infrastructure`: the
   * infrastructure in front of the proxy (a Service in Kubernetes), and the proxy listens on all its own addresses.
   */
  readonly addresses: 'bind' | 'infrastructure';
  /** Serve ExternalName Services and XBackends: their author decides which addresses proxies connect to. Default: false. */
  readonly externalBackends?: boolean;
  /** Reads a PEM chain and its key, and checks that they belong together. */
  readonly readCertificate: (certificatePem: string, keyPem: string) => CertificateReading;
  /** null when the text is a PEM bundle of at least one certificate, else what is wrong with it. */
  readonly validateCaBundle: (pem: string) => string | null;
  /** The instructions that a pattern compiles to, or what is wrong with the pattern. */
  readonly measureRegex: (pattern: string) => number | string;
  /** The filter types to serve; default: all. */
  readonly filterKinds?: FilterKinds;
  /** The policy kinds to apply; default: all. */
  readonly policyKinds?: readonly PolicyKind[];
  /** The kinds that ExtensionRef filters may refer to; default: all. */
  readonly extensionKinds?: readonly ExtensionKind[];
  /** SHA-256 of text in UTF-8, as hex. Default: a JavaScript implementation, thirty times slower. */
  readonly sha256Hex?: (text: string) => string;
}

/** Every list is sorted by the identity of its items, so the order of the input does not matter. */
export interface TranslateResult {
  readonly configs: readonly GatewayConfig[];
  readonly infra: readonly InfraSpec[];
  readonly statuses: readonly StatusUpdate[];
  readonly findings: readonly Finding[];
  /** The origins of rule and pool settings, one entry for each of `configs`. For explanations only; never sent to the data plane. */
  readonly policies: readonly RulePolicies[];
}

/** By rule and backend index: the layers of settings that apply to requests and to the pool, weakest first. */
export type RulePolicies = ReadonlyMap<RuleId, readonly (readonly PolicyLayer[])[]>;
