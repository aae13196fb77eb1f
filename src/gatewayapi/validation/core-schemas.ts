/**
 * Schemas of core Kubernetes kinds in the form of CustomResourceDefinitions: all their fields, and the checks of the API server
 * (pkg/apis/core/validation) that do not depend on a cluster, such as ranges of node ports. An empty string counts as absent
 * wherever the API server treats it so.
 */
import { ENDPOINT_SLICE } from './core-endpoint-slice.ts';
import {
  anything,
  appProtocol,
  dataKeys,
  flag,
  int32,
  labelMap,
  list,
  object,
  portName,
  protocol,
  root,
  text,
  textMap,
} from './core-schema-parts.ts';
import type { Schema, ValidationRule } from './schema.ts';

const IS_HEADLESS = "(has(self.clusterIP) && self.clusterIP == 'None')";
const HAS_TYPE = 'has(self.type) && self.type ==';
/** Reachable from outside of the cluster, according to the API server. */
const IS_EXTERNAL = `(has(self.type) && self.type in ['LoadBalancer', 'NodePort'] || has(self.externalIPs) && size(self.externalIPs) > 0 && (!has(self.type) || self.type in ['', 'ClusterIP']))`;

const SERVICE_RULES: readonly ValidationRule[] = [
  {
    rule: `has(self.ports) && size(self.ports) > 0 || ${HAS_TYPE} 'ExternalName' || ${IS_HEADLESS}`,
    message: 'a Service needs at least one port',
    fieldPath: '.ports',
  },
  {
    rule: `!(has(self.type) && self.type in ['LoadBalancer', 'NodePort'] && ${IS_HEADLESS})`,
    message: "may not be 'None' for Services of type LoadBalancer or NodePort",
    fieldPath: '.clusterIP',
  },
  {
    rule: `!(${HAS_TYPE} 'ExternalName') || has(self.externalName) && self.externalName.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\\\.?$') && size(self.externalName) <= 254`,
    message: 'must be a DNS name for Services of type ExternalName',
    fieldPath: '.externalName',
  },
  {
    rule: `!(${HAS_TYPE} 'ExternalName') || !(has(self.clusterIP) && self.clusterIP != '' || has(self.clusterIPs) && size(self.clusterIPs) > 0 || has(self.ipFamilies) && size(self.ipFamilies) > 0 || has(self.ipFamilyPolicy))`,
    message:
      'clusterIP, clusterIPs, ipFamilies and ipFamilyPolicy may not be set for Services of type ExternalName',
  },
  {
    rule: `${HAS_TYPE} 'ExternalName' || !has(self.clusterIPs) || size(self.clusterIPs) == 0 || has(self.clusterIP) && self.clusterIP == self.clusterIPs[0]`,
    message: 'the first of clusterIPs must be the same as clusterIP',
    fieldPath: '.clusterIPs',
  },
  {
    rule: "!has(self.type) || !(self.type in ['', 'ClusterIP']) || !has(self.ports) || self.ports.all(p, !has(p.nodePort) || p.nodePort == 0)",
    message: 'nodePort may not be used when type is ClusterIP',
    fieldPath: '.ports',
  },
  {
    rule: `${HAS_TYPE} 'LoadBalancer' || !has(self.loadBalancerSourceRanges) || size(self.loadBalancerSourceRanges) == 0`,
    message: 'may only be used when type is LoadBalancer',
    fieldPath: '.loadBalancerSourceRanges',
  },
  {
    rule: `${HAS_TYPE} 'LoadBalancer' || !has(self.allocateLoadBalancerNodePorts)`,
    message: 'may only be used when type is LoadBalancer',
    fieldPath: '.allocateLoadBalancerNodePorts',
  },
  {
    rule: `${HAS_TYPE} 'LoadBalancer' || !has(self.loadBalancerClass)`,
    message: 'may only be used when type is LoadBalancer',
    fieldPath: '.loadBalancerClass',
  },
  {
    rule: `${IS_EXTERNAL} || !has(self.externalTrafficPolicy) || self.externalTrafficPolicy == ''`,
    message:
      'may only be set for externally accessible Services (LoadBalancer, NodePort or with externalIPs)',
    fieldPath: '.externalTrafficPolicy',
  },
  {
    rule: `!has(self.healthCheckNodePort) || self.healthCheckNodePort == 0 || ${HAS_TYPE} 'LoadBalancer' && has(self.externalTrafficPolicy) && self.externalTrafficPolicy == 'Local'`,
    message: 'may only be set when type is LoadBalancer and externalTrafficPolicy is Local',
    fieldPath: '.healthCheckNodePort',
  },
  {
    rule: "!has(self.ipFamilyPolicy) || self.ipFamilyPolicy != 'SingleStack' || !has(self.ipFamilies) || size(self.ipFamilies) <= 1",
    message: 'must be RequireDualStack or PreferDualStack when several IP families are given',
    fieldPath: '.ipFamilyPolicy',
  },
  {
    rule: "!has(self.sessionAffinity) || self.sessionAffinity != 'ClientIP' || !has(self.sessionAffinityConfig) || !has(self.sessionAffinityConfig.clientIP) || !has(self.sessionAffinityConfig.clientIP.timeoutSeconds) || self.sessionAffinityConfig.clientIP.timeoutSeconds > 0 && self.sessionAffinityConfig.clientIP.timeoutSeconds <= 86400",
    message: 'timeoutSeconds must be between 1 and 86400',
    fieldPath: '.sessionAffinityConfig',
  },
];

const PORTS_RULES: readonly ValidationRule[] = [
  {
    rule: "size(self) <= 1 || self.all(p, has(p.name) && p.name != '')",
    message: 'each of several ports needs a name',
  },
  {
    rule: "self.all(p, !has(p.name) || p.name == '' || self.exists_one(q, has(q.name) && q.name == p.name))",
    message: 'names of ports must be unique within the Service',
  },
  {
    rule: 'self.all(p, self.exists_one(q, q.port == p.port && q.protocol == p.protocol))',
    message: 'a port and its protocol must be unique within the Service',
  },
  {
    rule: 'self.all(p, !has(p.nodePort) || p.nodePort == 0 || self.exists_one(q, has(q.nodePort) && q.nodePort == p.nodePort && q.protocol == p.protocol))',
    message: 'a nodePort and its protocol must be unique within the Service',
  },
];

const targetPort: Schema = {
  'x-kubernetes-int-or-string': true,
  'x-kubernetes-validations': [
    {
      rule: "type(self) == int ? self >= 0 && self <= 65535 : self == '' || self.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$') && self.matches('[a-z]') && !self.contains('--') && size(self) <= 15",
      message:
        'must be a port from 1 to 65535, or the name of one: at most 15 lower-case letters, digits and "-", with a letter among them',
    },
  ],
};

const port: Schema = {
  type: 'object',
  required: ['port'],
  properties: {
    name: portName,
    port: { ...int32, minimum: 1, maximum: 65_535 },
    protocol,
    targetPort,
    appProtocol,
    nodePort: int32,
  },
};

const ipAddresses = (message: string): Schema => ({
  ...list(text),
  'x-kubernetes-validations': [{ rule: "self.all(a, isIP(a) || a == 'None' && size(self) == 1)", message }],
});

const service = object(
  {
    type: {
      type: 'string',
      enum: ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName', ''],
      default: 'ClusterIP',
    },
    ports: { ...list(port), 'x-kubernetes-validations': PORTS_RULES },
    selector: labelMap,
    clusterIP: {
      type: 'string',
      'x-kubernetes-validations': [
        { rule: "self in ['', 'None'] || isIP(self)", message: "must be an IP address, 'None' or empty" },
      ],
    },
    clusterIPs: {
      ...ipAddresses("must be IP addresses, or 'None' alone"),
      maxItems: 2,
    },
    externalName: text,
    externalIPs: ipAddresses('must be IP addresses'),
    sessionAffinity: { type: 'string', enum: ['None', 'ClientIP', ''] },
    sessionAffinityConfig: object({ clientIP: object({ timeoutSeconds: int32 }) }),
    loadBalancerIP: text,
    loadBalancerSourceRanges: {
      ...list(text),
      'x-kubernetes-validations': [
        { rule: 'self.all(r, isCIDR(r.trim()))', message: 'must be CIDRs, such as 10.0.0.0/8' },
      ],
    },
    loadBalancerClass: appProtocol,
    externalTrafficPolicy: { type: 'string', enum: ['Cluster', 'Local', ''] },
    internalTrafficPolicy: { type: 'string', enum: ['Cluster', 'Local'] },
    healthCheckNodePort: { ...int32, minimum: 0, maximum: 65_535 },
    publishNotReadyAddresses: flag,
    allocateLoadBalancerNodePorts: flag,
    ipFamilies: {
      ...list({ type: 'string', enum: ['IPv4', 'IPv6'] }),
      'x-kubernetes-list-type': 'set',
    },
    ipFamilyPolicy: { type: 'string', enum: ['SingleStack', 'PreferDualStack', 'RequireDualStack'] },
    trafficDistribution: { type: 'string', enum: ['PreferClose', 'PreferSameZone', 'PreferSameNode'] },
  },
  SERVICE_RULES,
);

const inData = (key: string): string =>
  `(has(self.data) && '${key}' in self.data || has(self.stringData) && '${key}' in self.stringData)`;

const secretRule = (type: string, holds: string, message: string): ValidationRule => ({
  rule: `!has(self.type) || self.type != '${type}' || ${holds}`,
  message,
});

const SECRET_RULES: readonly ValidationRule[] = [
  secretRule(
    'kubernetes.io/tls',
    `${inData('tls.crt')} && ${inData('tls.key')}`,
    'a Secret of type kubernetes.io/tls needs the keys tls.crt and tls.key',
  ),
  secretRule(
    'kubernetes.io/basic-auth',
    `${inData('username')} || ${inData('password')}`,
    'a Secret of type kubernetes.io/basic-auth needs the keys username or password',
  ),
  secretRule(
    'kubernetes.io/ssh-auth',
    inData('ssh-privatekey'),
    'a Secret of type kubernetes.io/ssh-auth needs the key ssh-privatekey',
  ),
  secretRule(
    'kubernetes.io/dockerconfigjson',
    inData('.dockerconfigjson'),
    'a Secret of type kubernetes.io/dockerconfigjson needs the key .dockerconfigjson',
  ),
  secretRule(
    'kubernetes.io/dockercfg',
    inData('.dockercfg'),
    'a Secret of type kubernetes.io/dockercfg needs the key .dockercfg',
  ),
];

const base64: Schema = { type: 'string', format: 'byte', default: '' };

const configMapRules: readonly ValidationRule[] = [
  {
    rule: '!has(self.data) || !has(self.binaryData) || self.data.all(k, !(k in self.binaryData))',
    message: 'a key may be in data or in binaryData, not in both',
  },
];

const finalizers: Schema = {
  ...list(text),
  'x-kubernetes-validations': [
    {
      rule: "self.all(f, f == 'kubernetes' || f.contains('/') && !format.qualifiedName().validate(f).hasValue())",
      message: 'finalizers must be "kubernetes", or a DNS name, "/" and a name',
    },
  ],
};

/** By `group/Kind` and version. */
export const CORE_SCHEMAS: Readonly<Record<string, { readonly v1: Schema }>> = {
  '/Service': { v1: root({ spec: { ...service, default: {} }, status: anything }) },
  'discovery.k8s.io/EndpointSlice': { v1: ENDPOINT_SLICE },
  '/Secret': {
    v1: root(
      {
        type: text,
        immutable: flag,
        data: dataKeys({ type: 'object', additionalProperties: base64 }),
        stringData: dataKeys(textMap),
      },
      { rules: SECRET_RULES },
    ),
  },
  '/ConfigMap': {
    v1: root(
      {
        immutable: flag,
        data: dataKeys(textMap),
        binaryData: dataKeys({ type: 'object', additionalProperties: base64 }),
      },
      { rules: configMapRules },
    ),
  },
  '/Namespace': { v1: root({ spec: object({ finalizers }), status: anything }) },
};
