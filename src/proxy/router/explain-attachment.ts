/** The part of an explanation that says where the traffic enters. */
import { originOfAttachment, type AttachmentPoint } from '../../ir/attachment-point.ts';
import type { Origin } from '../../ir/origin.ts';

export interface ExplainedAttachment {
  /** Where the traffic enters: `kind` `listener`, its `owner` (a Gateway or ListenerSet) and `name`; null if no listener has the host. */
  readonly attachment: AttachmentPoint | null;
  /** The same as one reference: the object, with the name of the listener as `section`. */
  readonly listener: Origin | null;
}

export const explainAttachment = (
  listener: { readonly attachment: AttachmentPoint } | null,
): ExplainedAttachment => ({
  attachment: listener?.attachment ?? null,
  listener: listener === null ? null : originOfAttachment(listener.attachment),
});
