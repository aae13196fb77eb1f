/** Numbers of objects, and of those with problems. */
import type {
  AttachmentItem,
  BackendItem,
  CertificateItem,
  FindingItem,
  GatewayItem,
  ListenerItem,
  ProxyItem,
  SummaryItem,
} from '../api/resources.ts';
import { CERTIFICATE_EXPIRES_SOON_MS } from '../findings/command-findings.ts';
import { isTrue } from './objects.ts';

export interface SummaryInputs {
  readonly version: string;
  readonly startedAt: string;
  readonly notReady: string | null;
  readonly gateways: readonly GatewayItem[];
  readonly listeners: readonly ListenerItem[];
  /** Number of routes. */
  readonly routes: number;
  readonly attachments: readonly AttachmentItem[];
  readonly proxies: readonly ProxyItem[];
  readonly backends: readonly BackendItem[];
  readonly certificates: readonly CertificateItem[];
  readonly findings: readonly FindingItem[];
  readonly nowMs: number;
}

export function summaryItem(inputs: SummaryInputs): SummaryItem {
  const { version, startedAt, notReady, gateways, listeners, proxies, backends, nowMs } = inputs;
  const { certificates, findings } = inputs;
  const ofSeverity = (severity: FindingItem['severity']): number =>
    findings.filter((finding) => finding.severity === severity).length;
  return {
    version,
    startedAt,
    ready: notReady === null,
    notReady,
    gateways: {
      total: gateways.length,
      programmed: gateways.filter(({ conditions }) => isTrue(conditions, 'Programmed')).length,
    },
    listeners: {
      total: listeners.length,
      bound: listeners.filter(({ bound }) => bound.length > 0).length,
    },
    routes: { total: inputs.routes, accepted: acceptedRoutes(inputs.attachments) },
    proxies: { total: proxies.length, current: proxies.filter(({ isCurrent }) => isCurrent).length },
    backends: { total: backends.length, failing: backends.filter(isFailing).length },
    certificates: {
      total: certificates.length,
      expiring: certificates.filter(
        ({ notAfter }) => Date.parse(notAfter) - nowMs < CERTIFICATE_EXPIRES_SOON_MS,
      ).length,
    },
    findings: { error: ofSeverity('error'), warning: ofSeverity('warning'), info: ofSeverity('info') },
  };
}

const isFailing = ({ endpoints, out }: BackendItem): boolean => out > 0 && out === endpoints.length;

/** Those that every parent accepts. */
function acceptedRoutes(attachments: readonly AttachmentItem[]): number {
  const refused = new Set(attachments.filter(({ isAccepted }) => !isAccepted).map(({ route }) => route));
  return new Set(attachments.map(({ route }) => route).filter((route) => !refused.has(route))).size;
}
