/**
 * Schemas of all messages of the configuration stream. A peer is another process, often on another machine and sometimes less
 * trusted than this one. An invalid message ends its stream before any other code sees it.
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
  ProxyCount,
  ProxyHello,
  Refusal,
  RuleProblem,
  ServedVersion,
  ServingProxy,
} from './protocol.ts';

/** A Kubernetes name has at most 253 characters; the identity of a data plane contains two names. */
const NAME = 253;
const DATA_PLANE_ID = 'gateway/'.length + 2 * NAME + 1;
/** Messages for users, in a condition or a log. Senders truncate longer ones. */
export const MESSAGE_LENGTH = 1_024;
/** More than any Gateway has; the byte limit is reached first. */
const ITEMS = 65_536;
/**
 * Bounds for messages of a controller. It forwards whatever the API server accepted (zones of any length, and any number of endpoints
 * of a Service). With a tighter bound, one object of one tenant would break the stream for all on every change. Only the
 * byte limit of a message applies.
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
  if (parseDataPlaneId(id) === null) throw new ShapeError(' is not the id of a data plane');
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

/** More versions than any release supports. */
const versions = list(COUNTER, 64);

/** Messages of a proxy or of one of its workers. */
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

/** Messages of a controller replica to the leader. */
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
  if (typeof value !== 'object' || value === null) throw new ShapeError(' is not an object');
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

/** Returns the patch itself, without a copy: it is arbitrary data, and may have many megabytes. */
const patch =
  (depth: number): Shape<Patch> =>
  (value) => {
    if (depth === 0) throw new ShapeError(' is nested too deeply');
    const { set, in: members, del, list: pieces } = patchMembers(value);
    if (members !== undefined) for (const inner of Object.values(members)) patch(depth - 1)(inner);
    else if (pieces !== undefined) for (const piece of pieces) checkPiece(piece, depth);
    else if (set === undefined) throw new ShapeError(' is not a patch');
    if (del !== undefined && members === undefined)
      throw new ShapeError(' deletes members of a value that is not an object');
    return value as Patch;
  };

function checkPiece(piece: unknown, depth: number): void {
  if (Array.isArray(piece)) {
    if (piece.length !== 2) throw new ShapeError(' is not a [start, count] pair');
    for (const number of piece) COUNTER(number);
    return;
  }
  const { item, old, by } = newOrPatchedItem(piece);
  if (old !== undefined) patch(depth - 1)(by);
  else if (item === undefined) throw new ShapeError(' is not a list piece');
}

/**
 * Messages of a controller. `decodeConfig` reads the text of each configuration, in a versioned format. The proxy validates its content
 * when it compiles the configuration, and refuses what it cannot compile, one data plane at a time.
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
  proxies: object<ProxyCount>({ kind: oneOf('proxies'), count: integer(1, ITEMS) }),
});

/** Endpoints are validated here because they are used without a compile step. */
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
