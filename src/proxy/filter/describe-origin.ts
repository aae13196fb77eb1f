import type { Origin } from '../../ir/origin.ts';

/** `Service default/api (http)`. */
export const describeOrigin = ({ kind, namespace, name, section }: Origin): string =>
  `${kind} ${namespace}/${name}${section === undefined ? '' : ` (${section})`}`;
