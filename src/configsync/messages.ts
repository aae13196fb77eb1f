/**
 * Every message of the configuration stream as a schema. A peer is another process, often on another machine and sometimes less
 * trusted than this one; what does not fit ends its stream, before any other code sees it.
 */
import type { Endpoint, EndpointSet } from '../ir/cluster.ts';
import { parseDataPlaneId, type DataPlaneId } from '../ir/data-plane-id.ts';
import type { ClusterId } from '../ir/ids.ts';
import type { Origin, RuleOrigin } from '../ir/origin.ts';
import {
  clippedText,
  flag,
  integer,
  list,
  nullable,
  object,
  oneOf,
  optional,
  ShapeError,
  text,
  variants,
  type Shape,
} from '../lib/shape.ts';
import type { Patch } from '../lib/structural-patch.ts';
import type {
  Ack,
  ConfigUpdate,
  FleetReport,
  ControllerHello,
  FromController,
  FromProxy,
  PortReport,
  PortsChanged,
  ProxyHello,
  Refusal,
  RuleProblem,
  ServedVersion,
  ServingProxy,
} from './protocol.ts';

/** Names of Kubernetes objects have at most 253 characters, and the identity of a Gateway's data plane has two of them. */
const NAME = 253;
const DATA_PLANE_ID = 'gateway/'.length + 2 * NAME + 1;
/** Messages that people read, in a condition or a log. Senders cut what is longer. */
export const MESSAGE_LENGTH = 1_024;
/** More than any Gateway has; the limit of bytes is reached first. */
const ITEMS = 65_536;
/**
 * Of what a controller sends. It passes on what an API server took (EndpointSlices may have zones of any length, and a Service any number
 * of endpoints): with a narrower bound one object of one tenant would break the stream of all, each time it changes. The limit of
 * bytes of a message is the bound.
 */
const ANY = Number.MAX_SAFE_INTEGER;
const PORT = integer(0, 65_535);
const COUNTER = integer(0, Number.MAX_SAFE_INTEGER);

export const origin: Shape<Origin> = object<Origin>({
  kind: text(NAME),
  namespace: text(NAME),
  name: text(NAME),
  section: optional(text(NAME)),
});

export const ruleOrigin: Shape<RuleOrigin> = object<RuleOrigin>({
  kind: text(NAME),
  namespace: text(NAME),
  name: text(NAME),
  section: optional(text(NAME)),
  index: integer(0, ITEMS),
});

const dataPlaneText = text(DATA_PLANE_ID);
const dataPlane: Shape<DataPlaneId> = (value) => {
  const id = dataPlaneText(value);
  if (parseDataPlaneId(id) === null) throw new ShapeError(' names no data plane');
  return id as DataPlaneId;
};
const message = clippedText(MESSAGE_LENGTH);

const portReport: Shape<PortReport> = object<PortReport>({
  dataPlane,
  transport: oneOf('tcp', 'udp'),
  port: PORT,
  address: text(NAME),
  boundPort: nullable(PORT),
  error: nullable(message),
});

const refusal: Shape<Refusal> = object<Refusal>({ dataPlane, message });

const ruleProblem: Shape<RuleProblem> = object<RuleProblem>({ dataPlane, rule: ruleOrigin, message });

/** More than any release speaks. */
const versions = list(COUNTER, 64);

/** What a proxy, or a worker of one, sends. */
export const fromProxy: Shape<FromProxy> = variants<FromProxy>({
  hello: object<ProxyHello>({
    kind: oneOf('hello'),
    protocol: COUNTER,
    protocols: optional(versions),
    formats: optional(versions),
    name: text(NAME),
  }),
  ack: object<Ack>({
    kind: oneOf('ack'),
    revision: COUNTER,
    ports: list(portReport, ITEMS),
    refused: list(refusal, ITEMS),
    problems: list(ruleProblem, ITEMS),
  }),
  ports: object<PortsChanged>({ kind: oneOf('ports'), ports: list(portReport, ITEMS) }),
});

const servedVersion: Shape<ServedVersion> = object<ServedVersion>({
  version: text(NAME),
  generation: COUNTER,
});

const servingProxy: Shape<ServingProxy> = object<ServingProxy>({
  name: text(NAME),
  serving: nullable(servedVersion),
  ports: list(portReport, ITEMS),
  refused: nullable(message),
  problems: list(ruleProblem, ITEMS),
  incompatible: nullable(message),
});

/** The part of a replica's report that is the same in every version; up to protocol 3 it has no version. */
export const reportVersion = object<{ readonly protocol?: number; readonly replica: string }>({
  protocol: optional(COUNTER),
  replica: text(NAME),
});

/** What a replica of the controller sends the leader. */
export const fleetReport: Shape<FleetReport> = object<FleetReport>({
  kind: oneOf('fleet'),
  protocol: COUNTER,
  replica: text(NAME),
  dataPlanes: list(
    object<FleetReport['dataPlanes'][number]>({ dataPlane, proxies: list(servingProxy, ITEMS) }),
    ITEMS,
  ),
});

/** Deeper than any configuration is nested. */
const PATCH_DEPTH = 64;

interface PatchMembers {
  readonly set?: unknown;
  readonly in?: object;
  readonly del?: readonly string[];
  readonly list?: readonly unknown[];
}

const anything: Shape<unknown> = (value) => value;
const anyObject: Shape<object> = (value) => {
  if (typeof value !== 'object' || value === null) throw new ShapeError(' is no object');
  return value;
};

const patchMembers = object<PatchMembers>({
  set: anything,
  in: optional(anyObject),
  del: optional(list(text(ANY), ANY)),
  list: optional(list(anything, ANY)),
});

const newOrPatchedItem = object<{ readonly item?: unknown; readonly old?: number; readonly by?: unknown }>({
  item: anything,
  old: optional(COUNTER),
  by: anything,
});

/** Returns the patch itself: what is inside is data of any form, and a patch of many megabytes is not copied. */
const patch =
  (depth: number): Shape<Patch> =>
  (value) => {
    if (depth === 0) throw new ShapeError(' is nested too deeply');
    const { set, in: members, del, list: pieces } = patchMembers(value);
    if (members !== undefined) for (const inner of Object.values(members)) patch(depth - 1)(inner);
    else if (pieces !== undefined) for (const piece of pieces) checkPiece(piece, depth);
    else if (set === undefined) throw new ShapeError(' is no patch');
    if (del !== undefined && members === undefined) throw new ShapeError(' deletes members of no object');
    return value as Patch;
  };

function checkPiece(piece: unknown, depth: number): void {
  if (Array.isArray(piece)) {
    if (piece.length !== 2) throw new ShapeError(' is no run of items');
    for (const number of piece) COUNTER(number);
    return;
  }
  const { item, old, by } = newOrPatchedItem(piece);
  if (old !== undefined) patch(depth - 1)(by);
  else if (item === undefined) throw new ShapeError(' is no piece of a list');
}

/**
 * What a controller sends. The text of each configuration is read by `decodeConfig`, whose format has a version; how it is made up
 * is checked when it is compiled, and what cannot be compiled is refused by data plane.
 */
const configUpdate: Shape<ConfigUpdate> = object<ConfigUpdate>({
  kind: oneOf('update'),
  revision: COUNTER,
  whole: flag,
  configs: list(text(ANY), ANY),
  patches: list(object<ConfigUpdate['patches'][number]>({ dataPlane, patch: patch(PATCH_DEPTH) }), ANY),
  removed: list(dataPlane, ANY),
});

export const fromController: Shape<FromController> = variants<FromController>({
  hello: object<ControllerHello>({ kind: oneOf('hello'), protocols: versions, formats: versions }),
  update: configUpdate,
});

/** Endpoints go straight to where requests find them: nothing compiles them first. */
export const endpointSet: Shape<EndpointSet> = object<EndpointSet>({
  cluster: text(ANY) as Shape<ClusterId>,
  endpoints: list(
    object<Endpoint>({
      address: text(ANY),
      port: PORT,
      state: oneOf('ready', 'draining'),
      zone: nullable(text(ANY)),
      hints: optional(
        object<NonNullable<Endpoint['hints']>>({
          zones: list(text(ANY), ANY),
          nodes: list(text(ANY), ANY),
        }),
      ),
    }),
    ANY,
  ),
});
