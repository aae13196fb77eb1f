/** References to Secrets of the policy's own namespace. */
import { CORE_GROUP, type ObjectRef } from '../../../gatewayapi/ref.ts';
import type { ReferenceContext } from '../../graph/certificate.ts';

export const secretRef = ({ name }: { readonly name: string }, { from }: ReferenceContext): ObjectRef => ({
  group: CORE_GROUP,
  kind: 'Secret',
  namespace: from.namespace,
  name,
});
