import type { Origin } from './origin.ts';

/** A port the Gateway's infrastructure must expose; one per port number and transport. */
export interface InfraPort {
  readonly number: number;
  readonly transport: 'tcp' | 'udp';
}

/** An address asked for in `spec.addresses`. `value` is null when any address of that type will do. */
export interface InfraAddress {
  readonly type: 'IPAddress' | 'Hostname';
  readonly value: string | null;
}

/** An object with parameters for the infrastructure. `namespace` is `` when the object is cluster-scoped. */
export interface ParametersRef {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** What must run for one Gateway. */
export interface InfraSpec {
  readonly gateway: Origin;
  readonly generation: number;
  readonly gatewayClass: string;
  readonly ports: readonly InfraPort[];
  /** `spec.infrastructure`: goes onto everything that is created for the Gateway. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly addresses: readonly InfraAddress[];
  /** Weakest first: the class's, then the Gateway's own. */
  readonly parameters: readonly ParametersRef[];
}
