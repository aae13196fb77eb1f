/** Schemas of Kubernetes' own kinds: the fields Sluice reads, checked; the others let through. */
import type { KindSchemas } from './catalog.ts';
import type { Schema } from './schema.ts';

const string: Schema = { type: 'string' };
const boolean: Schema = { type: 'boolean', nullable: true };
const port: Schema = { type: 'integer', format: 'int32', minimum: 1, maximum: 65_535 };
const protocol: Schema = { type: 'string', enum: ['TCP', 'UDP', 'SCTP'], default: 'TCP' };
const strings: Schema = { type: 'object', additionalProperties: string };
const base64: Schema = { type: 'object', additionalProperties: { type: 'string', format: 'byte' } };
const open = { 'x-kubernetes-preserve-unknown-fields': true } as const;

const root = (properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema => ({
  type: 'object',
  properties: { apiVersion: string, kind: string, metadata: { type: 'object', ...open }, ...properties },
  required,
});

const kind = (group: string, name: string, schema: Schema, namespaced = true): KindSchemas => ({
  group,
  kind: name,
  namespaced,
  storageVersion: 'v1',
  versions: { v1: schema },
});

const service: Schema = {
  type: 'object',
  ...open,
  properties: {
    type: {
      type: 'string',
      enum: ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'],
      default: 'ClusterIP',
    },
    clusterIP: string,
    externalName: string,
    selector: strings,
    trafficDistribution: string,
    ports: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['port', 'protocol'],
      items: {
        type: 'object',
        required: ['port'],
        properties: {
          name: string,
          port,
          protocol,
          targetPort: { 'x-kubernetes-int-or-string': true },
          appProtocol: string,
          nodePort: { type: 'integer', minimum: 0, maximum: 65_535 },
        },
      },
    },
  },
};

const endpoint: Schema = {
  type: 'object',
  required: ['addresses'],
  properties: {
    addresses: { type: 'array', minItems: 1, maxItems: 100, items: string },
    conditions: {
      type: 'object',
      properties: { ready: boolean, serving: boolean, terminating: boolean },
    },
    hostname: string,
    nodeName: string,
    zone: string,
    targetRef: { type: 'object', ...open },
    hints: { type: 'object', ...open },
    deprecatedTopology: strings,
  },
};

export const CORE_SCHEMAS: readonly KindSchemas[] = [
  kind('', 'Service', root({ spec: service, status: { type: 'object', ...open } })),
  kind(
    'discovery.k8s.io',
    'EndpointSlice',
    root(
      {
        addressType: { type: 'string', enum: ['IPv4', 'IPv6', 'FQDN'] },
        endpoints: { type: 'array', nullable: true, maxItems: 1000, items: endpoint },
        ports: {
          type: 'array',
          nullable: true,
          maxItems: 100,
          items: {
            type: 'object',
            properties: {
              name: { ...string, nullable: true },
              port: { ...port, nullable: true },
              protocol: { ...protocol, nullable: true },
              appProtocol: { ...string, nullable: true },
            },
          },
        },
      },
      ['addressType'],
    ),
  ),
  kind('', 'Secret', root({ type: string, data: base64, stringData: strings, immutable: boolean })),
  kind('', 'ConfigMap', root({ data: strings, binaryData: base64, immutable: boolean })),
  kind(
    '',
    'Namespace',
    root({ spec: { type: 'object', ...open }, status: { type: 'object', ...open } }),
    false,
  ),
];
