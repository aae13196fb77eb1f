/**
 * Identities in the data plane's contract. Branded strings: they are created in one place (`translator/lower`)
 * and compared, never parsed.
 */

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/**
 * One upstream service port as routes see it; also the key of its endpoints. A listener or ListenerSet whose policies
 * change the pool has one of its own, `…@` and its name.
 */
export type ClusterId = Branded<'ClusterId'>;
/** One listener of a Gateway or ListenerSet: `Gateway/ns/name/listener`. */
export type ListenerId = Branded<'ListenerId'>;
/** One rule of one route object: `HTTPRoute/ns/name/index`, and `@` with the listener or ListenerSet whose policies change it. */
export type RuleId = Branded<'RuleId'>;
/** One certificate with its key: `ns/secret`. */
export type CertificateId = Branded<'CertificateId'>;
/** One source of keys that verify tokens. */
export type KeySetId = Branded<'KeySetId'>;
/** One Secret whose data policies use: `ns/secret`, and the key in it. */
export type SecretId = Branded<'SecretId'>;

export const clusterId = (text: string): ClusterId => text as ClusterId;
export const listenerId = (text: string): ListenerId => text as ListenerId;
export const ruleId = (text: string): RuleId => text as RuleId;
export const certificateId = (text: string): CertificateId => text as CertificateId;
export const keySetId = (text: string): KeySetId => text as KeySetId;
export const secretId = (text: string): SecretId => text as SecretId;
