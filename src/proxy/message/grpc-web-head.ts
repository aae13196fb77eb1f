/** The head of a gRPC-Web call, read as that of the equivalent gRPC call. */
import type { HeaderField } from '../../ir/filter.ts';
import { UNKNOWN_LENGTH, joinedValue, type RequestHead } from './head.ts';
import { HeaderId, Suspect, isConnectionLevel } from './header-id.ts';
import type { FieldHiding } from './field-policy.ts';
import { NamedFields } from './named-fields.ts';

/** `application/grpc-web` or `application/grpc-web-text`, with or without `+proto` or the like, and parameters. */
const CONTENT = /^application\/grpc-web(-text)?(\+[\w.-]+)?(?:[;\s]|$)/i;

export interface WebFormat {
  /** The body is base64, in both directions. */
  readonly isText: boolean;
  /** `+proto` or the like; `` when the client names none. */
  readonly suffix: string;
}

/** null if the request is not gRPC-Web. */
export function webFormatOf(head: RequestHead): WebFormat | null {
  if (head.method !== 'POST') return null;
  const [found, text, suffix = ''] = CONTENT.exec(head.header('content-type') ?? '') ?? [];
  return found === undefined ? null : { isText: text !== undefined, suffix };
}

/** Outlives the client's own head. */
export class WebRequestHead extends NamedFields implements RequestHead {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly authority: string;
  readonly pathChanged: boolean;
  readonly hasBody: boolean;
  readonly contentLength: number;
  readonly upgrade = '';
  readonly expectsContinue: boolean;
  /** The gateway reads trailers, and puts them into the body. */
  readonly acceptsTrailers = true;
  readonly version: RequestHead['version'];

  constructor(head: RequestHead, { isText, suffix }: WebFormat) {
    super(grpcFields(head, isText, suffix));
    this.method = head.method;
    this.host = head.host;
    this.path = head.path;
    this.query = head.query;
    this.authority = head.authority;
    this.pathChanged = head.pathChanged;
    this.hasBody = head.hasBody;
    this.contentLength = head.hasBody && isText ? UNKNOWN_LENGTH : head.contentLength;
    this.expectsContinue = head.expectsContinue;
    this.version = head.version;
  }

  header(name: string): string | undefined {
    return name === 'host' ? this.authority : joinedValue(this, name);
  }
  /** Suspects were hidden in the head that this one was made of. */
  readonly suspects = Suspect.none;
  hide(hiding: FieldHiding): void {
    this.fields = this.fields.filter(
      ({ name }) => !hiding.concerns(Suspect.none, null) || !hiding.hides(Suspect.none, name),
    );
  }
  retain(): RequestHead {
    return this;
  }
}

/** Whether a call, which the exchange sees as one of gRPC, is one of gRPC-Web to its client. */
export const isWebCall = (head: RequestHead): boolean => head instanceof WebRequestHead;

function grpcFields(head: RequestHead, isText: boolean, suffix: string): HeaderField[] {
  const fields: HeaderField[] = [];
  for (let index = 0; index < head.count; index++) {
    const id = head.id(index);
    const name = head.name(index);
    if (isConnectionLevel(id) || name === 'x-grpc-web') continue;
    if (id === HeaderId.contentLength && isText) continue;
    const value = id === HeaderId.contentType ? `application/grpc${suffix}` : head.value(index);
    fields.push({ name, value });
  }
  return fields;
}
