/** `metadata` of any object, as far as Sluice reads it (ObjectMeta of the Kubernetes API). */
export interface ObjectMeta {
  readonly name: string;
  /** `` or absent for cluster-scoped kinds. */
  readonly namespace?: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly resourceVersion?: string;
  /** RFC 3339. */
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
}
