/** What routes attach to, and so where traffic enters: a listener, or a port of a Service in a mesh. */
import { memoizeByKey } from '../lib/memoize-by-key.ts';
import type { Origin } from './origin.ts';

export type AttachmentPoint =
  | {
      readonly kind: 'listener';
      /** A Gateway or ListenerSet. */
      readonly owner: Origin;
      readonly name: string;
    }
  | { readonly kind: 'service-port'; readonly service: Origin; readonly port: number };

/** As one object reference, for logs and metrics; the same object for the same point. */
export const originOfAttachment = memoizeByKey((point: AttachmentPoint): Origin => {
  switch (point.kind) {
    case 'listener':
      return { ...point.owner, section: point.name };
    case 'service-port':
      return { ...point.service, section: String(point.port) };
  }
});

/** `listener web` or `port 80`: distinguishes it from others of the same object. */
export function describeAttachment(point: AttachmentPoint): string {
  switch (point.kind) {
    case 'listener':
      return `listener ${point.name}`;
    case 'service-port':
      return `port ${String(point.port)}`;
  }
}

export function isSameAttachment(a: AttachmentPoint, b: AttachmentPoint): boolean {
  if (a === b) return true;
  const [one, other] = [originOfAttachment(a), originOfAttachment(b)];
  return (
    a.kind === b.kind &&
    one.kind === other.kind &&
    one.namespace === other.namespace &&
    one.name === other.name &&
    one.section === other.section
  );
}
