const FORM = /^([0-9]+)(?:\.([0-9]+))?(k|M|G|Ki|Mi|Gi)?$/;
const FACTORS: Readonly<Record<string, number>> = {
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
};

/** Bytes of a resource.Quantity such as `64Ki`, `1.5M` or `65536`, rounded up as Kubernetes does; null if it is not one. */
export function parseBytes(quantity: string | number): number | null {
  const [, whole, fraction = '', suffix = ''] = FORM.exec(String(quantity)) ?? [];
  if (whole === undefined) return null;
  return Math.ceil(Number(`${whole}.${fraction || '0'}`) * (FACTORS[suffix] ?? 1));
}
