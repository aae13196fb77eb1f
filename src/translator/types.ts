import type { Finding } from '../gatewayapi/finding.ts';
import type { StatusUpdate } from '../gatewayapi/status.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import type { RuleId } from '../ir/ids.ts';
import type { InfraSpec } from '../ir/infra.ts';
import type { FilterKinds } from './filter/filter-kind.ts';
import type { PolicyKind } from './policy/policy-kind.ts';
import type { PolicyLayer } from './policy/policy-settings.ts';

export const CONTROLLER_NAME = 'sluice.dev/gateway-controller';

/** What a certificate says, or why it cannot be used with its key. */
export type CertificateReading =
  | {
      readonly ok: true;
      /** DNS names of the certificate (subjectAltName, else the common name), lower case. */
      readonly names: readonly string[];
      readonly notAfterMs: number;
    }
  | { readonly ok: false; readonly message: string };

/** Everything `translate` needs besides resources. The functions must be pure: same text, same answer. */
export interface TranslateOptions {
  readonly controllerName: string;
  /**
   * true: serve every Gateway, whatever controller its class names and whether or not the class object is there
   * (standalone use of manifests written for another controller). Statuses of foreign GatewayClasses stay untouched.
   */
  readonly allClasses: boolean;
  /** CIDRs peers whose forwarding and PROXY headers are trusted where no ProxyConfig names any. */
  readonly trustedCidrs: readonly string[];
  /**
   * Who gives a Gateway the addresses of its `spec.addresses`: `bind`, the proxy listens on them; `infrastructure`,
   * what is in front of it does (a Service in Kubernetes), and the proxy listens on all of its own.
   */
  readonly addresses: 'bind' | 'infrastructure';
  /** Serve ExternalName Services and XBackends: whoever writes one has proxies connect to where it says. Absent = no. */
  readonly externalBackends?: boolean;
  /** Reads a PEM chain and its key, and checks that they belong together. */
  readonly readCertificate: (certificatePem: string, keyPem: string) => CertificateReading;
  /** null when the text is a PEM bundle of at least one certificate, else what is wrong with it. */
  readonly validateCaBundle: (pem: string) => string | null;
  /** The instructions that a pattern compiles to, or what is wrong with the pattern. */
  readonly measureRegex: (pattern: string) => number | string;
  /** The filter types that are served; absent = all that there are. */
  readonly filterKinds?: FilterKinds;
  /** The kinds of policies that are applied; absent = all that there are. */
  readonly policyKinds?: readonly PolicyKind[];
  /** SHA-256 of text in UTF-8, as hex; our own when absent, which gives the same at thirty times the cost. */
  readonly sha256Hex?: (text: string) => string;
}

/** Every list is sorted by the identity of what it holds, so that equal input gives equal output in any order. */
export interface TranslateResult {
  readonly configs: readonly GatewayConfig[];
  readonly infra: readonly InfraSpec[];
  readonly statuses: readonly StatusUpdate[];
  readonly findings: readonly Finding[];
  /** Where settings of rules and pools come from, one entry beside each of `configs`: for explanations, never for the data plane. */
  readonly policies: readonly RulePolicies[];
}

/** By rule, and by index of its backend: all that has a say about requests to it and its pool, weakest first. */
export type RulePolicies = ReadonlyMap<RuleId, readonly (readonly PolicyLayer[])[]>;
