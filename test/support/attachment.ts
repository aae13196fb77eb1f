import type { AttachmentPoint } from '../../src/ir/attachment-point.ts';

/** The listener of this name of the Gateway `test/<gateway>`. */
export const testAttachment = (name: string, gateway = 'gateway'): AttachmentPoint => ({
  kind: 'listener',
  owner: { kind: 'Gateway', namespace: 'test', name: gateway },
  name,
});
