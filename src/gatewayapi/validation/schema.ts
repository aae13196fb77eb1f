/** The structural schema of a kind: the part of OpenAPI v3 that CustomResourceDefinitions may use. */

export interface ValidationRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly fieldPath?: string;
  readonly reason?: string;
  readonly optionalOldSelf?: boolean;
  /**
   * Sluice only: the API server rejects values that violate the rule, but they make sense without a cluster, such as an endpoint on this
   * machine.
   */
  readonly clusterOnly?: boolean;
}

export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly format?: string;
  readonly nullable?: boolean;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly not?: Schema;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular';
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[];
}

export type JsonObject = Readonly<Record<string, unknown>>;

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The schema of a field of an object; null for fields that the schema does not name. */
export function fieldSchema(schema: Schema, name: string): Schema | null {
  const { properties, additionalProperties } = schema;
  if (properties !== undefined && Object.hasOwn(properties, name)) return properties[name] ?? null;
  return typeof additionalProperties === 'object' ? additionalProperties : null;
}

export type PathSegment = string | number;
export type Path = readonly PathSegment[];

/** A reason why an API server would reject the object. */
export interface Issue {
  readonly path: Path;
  readonly code: IssueCode;
  readonly message: string;
  /** How to fix it; null if the message says it all. */
  readonly hint: string | null;
  /** The name of the field is wrong, not its value. */
  readonly atKey?: boolean;
}

export type IssueCode =
  | 'unknown-field'
  | 'wrong-type'
  | 'missing-field'
  | 'unsupported-value'
  | 'invalid-value'
  | 'too-long'
  | 'too-many'
  | 'too-few'
  | 'duplicate'
  | 'rule-violated'
  /** Rejected in a cluster, served without one. The object stays valid. */
  | 'cluster-only'
  /** The API server drops the namespace of a cluster-scoped object. The object stays valid. */
  | 'namespace-ignored';

export type Report = (path: Path, code: IssueCode, message: string, hint?: string | null) => void;

/** `spec.rules[0].matches[1]`, as Kubernetes writes paths. */
export function formatPath(path: Path): string {
  let text = '';
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${String(segment)}]`;
    else if (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(segment)) text += text === '' ? segment : `.${segment}`;
    else text += `[${JSON.stringify(segment)}]`;
  }
  return text;
}

/** The reverse of `formatPath`. */
export function parsePath(text: string): PathSegment[] {
  const segments: PathSegment[] = [];
  for (const [, name, index, quoted] of text.matchAll(/([^.[\]]+)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/g)) {
    if (name !== undefined) segments.push(name);
    else if (index !== undefined) segments.push(Number(index));
    else if (quoted !== undefined) segments.push(JSON.parse(quoted) as string);
  }
  return segments;
}
