import type { Origin } from './origin.ts';
import type { Workload } from './workload.ts';

/** A port the Gateway's infrastructure must expose; one per port number and transport. */
export interface InfraPort {
  readonly number: number;
  readonly transport: 'tcp' | 'udp';
}

/** An address requested in `spec.addresses`. `value` is null if any address of that type is acceptable. */
export interface InfraAddress {
  readonly type: 'IPAddress' | 'Hostname';
  readonly value: string | null;
}

/** What must run for one Gateway. */
export interface InfraSpec {
  readonly gateway: Origin;
  readonly generation: number;
  readonly gatewayClass: string;
  readonly ports: readonly InfraPort[];
  /** `spec.infrastructure`: copied to every object that is created for the Gateway. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly addresses: readonly InfraAddress[];
  readonly workload: Workload;
}
