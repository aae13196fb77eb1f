/** The part of an explanation that says where the traffic enters. */
import { originOfAttachment, type AttachmentPoint } from '../../ir/attachment-point.ts';
import type { Origin } from '../../ir/origin.ts';

export interface ExplainedAttachment {
  /** null where no attachment point takes the traffic. */
  readonly attachment: AttachmentPoint | null;
  /** The same as a reference: the object and the section in it. */
  readonly listener: Origin | null;
}

export const explainAttachment = (
  listener: { readonly attachment: AttachmentPoint } | null,
): ExplainedAttachment => ({
  attachment: listener?.attachment ?? null,
  listener: listener === null ? null : originOfAttachment(listener.attachment),
});
