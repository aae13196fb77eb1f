/** Golden cases of the translator: where they are, how they are read and what they are run with. See README.md beside. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { REGISTRY } from '../../src/gatewayapi/kind-registry.ts';
import type { Gateway } from '../../src/gatewayapi/generated/types.ts';
import type { ResourceSnapshot } from '../../src/gatewayapi/snapshot.ts';
import { gatewayDataPlane } from '../../src/ir/data-plane-id.ts';
import { assembleSnapshot } from '../../src/provider/file/assemble.ts';
import { parseText, type SourceObject } from '../../src/provider/file/documents.ts';
import { readObject } from '../../src/provider/file/read-object.ts';
import type { JsonObject } from '../../src/gatewayapi/validation/schema.ts';
import { measureRegex } from '../../src/proxy/router/regex.ts';
import type { DataPlaneObservation, Observations } from '../../src/translator/observations.ts';
import {
  CONTROLLER_NAME,
  type CertificateReading,
  type TranslateOptions,
} from '../../src/translator/types.ts';

export interface GoldenCase {
  /** `area/name`. */
  readonly id: string;
  readonly area: string;
  readonly folder: string;
  readonly objects: readonly LoadedObject[];
  readonly options: TranslateOptions;
  readonly observations: Observations;
}

type LoadedObject = Parameters<typeof assembleSnapshot>[0] extends Iterable<infer Entry> ? Entry : never;

/** `options.yaml`. */
interface CaseOptions {
  readonly allClasses?: boolean;
  readonly controllerName?: string;
  readonly addresses?: TranslateOptions['addresses'];
  readonly externalBackends?: boolean;
  /** The objects would be refused by an API server; the translator must still answer for them. */
  readonly unvalidated?: boolean;
}

const ROOT = fileURLToPath(new URL('translator/', import.meta.url));

export function listCases(filter = ''): readonly GoldenCase[] {
  return readdirSync(ROOT, { withFileTypes: true })
    .filter((area) => area.isDirectory())
    .flatMap((area) => readdirSync(join(ROOT, area.name)).map((name) => `${area.name}/${name}`))
    .filter((id) => id.includes(filter))
    .sort()
    .map(readCase);
}

function readCase(id: string): GoldenCase {
  const folder = join(ROOT, id);
  const text = readFileSync(join(folder, 'in.yaml'), 'utf8');
  if (!text.startsWith('# '))
    throw new Error(`${id}/in.yaml must begin with a comment that says what it proves.`);
  const settings = (readYaml(join(folder, 'options.yaml')) ?? {}) as CaseOptions;
  const objects = loadObjects(id, text, settings.unvalidated === true);
  return {
    id,
    area: id.slice(0, id.indexOf('/')),
    folder,
    objects,
    options: {
      controllerName: settings.controllerName ?? CONTROLLER_NAME,
      allClasses: settings.allClasses ?? false,
      addresses: settings.addresses ?? 'bind',
      trustedCidrs: [],
      externalBackends: settings.externalBackends ?? true,
      readCertificate,
      validateCaBundle: (pem) => (/^CA /.test(pem) ? null : 'it is not PEM.'),
      measureRegex,
    },
    observations: readObservations(join(folder, 'observations.yaml')) ?? everythingRuns(objects),
  };
}

function readYaml(file: string): unknown {
  return existsSync(file) ? parse(readFileSync(file, 'utf8')) : null;
}

/** `observations.yaml`: data planes by the name of their Gateway. */
interface WrittenObservations extends Omit<Observations, 'dataPlanes'> {
  readonly gateways: readonly (Omit<DataPlaneObservation, 'dataPlane'> & {
    readonly namespace: string;
    readonly name: string;
  })[];
}

function readObservations(file: string): Observations | null {
  const written = readYaml(file) as WrittenObservations | null;
  if (written === null) return null;
  const { gateways, ...rest } = written;
  return {
    ...rest,
    dataPlanes: gateways.map(({ namespace, name, ...observed }) => ({
      ...observed,
      dataPlane: gatewayDataPlane({ namespace, name }),
    })),
  };
}

/** Objects as the file provider would give them: validated like an API server does, and defaulted. */
function loadObjects(id: string, text: string, unvalidated: boolean): readonly LoadedObject[] {
  const { objects, findings } = parseText(text, `${id}/in.yaml`);
  const results = objects.map((source) => (unvalidated ? takeAsIs(source) : readObject(source, REGISTRY)));
  const problems = [...findings, ...results.flatMap((one) => one.findings)];
  if (problems.length > 0) throw new Error(`${id}/in.yaml: ${JSON.stringify(problems[0], null, 2)}`);
  return results.flatMap(({ ref, object }) =>
    ref === null || object === null ? [] : [[ref, object] as const],
  );
}

function takeAsIs(source: SourceObject): Pick<ReturnType<typeof readObject>, 'ref' | 'object' | 'findings'> {
  const { ref } = readObject(source, REGISTRY);
  const given = source.value['metadata'] as JsonObject;
  const metadata = { ...given, namespace: ref?.namespace ?? '' };
  return { ref, object: { ...source.value, metadata }, findings: [] };
}

/** `namespaces`: those that the snapshot before had implied. */
export function snapshotOf(
  objects: readonly LoadedObject[],
  namespaces?: Map<string, JsonObject>,
): ResourceSnapshot {
  return assembleSnapshot(objects, namespaces);
}

/** The default observations: one proxy serves the latest generation of every Gateway at one address. */
function everythingRuns(objects: readonly LoadedObject[]): Observations {
  const gateways = objects.filter(([ref]) => ref.kind === 'Gateway').map(([, object]) => object);
  return {
    dataPlanes: (gateways as unknown as readonly Gateway[]).map(({ metadata }) => ({
      dataPlane: gatewayDataPlane({ namespace: metadata.namespace ?? '', name: metadata.name }),
      addresses: [{ type: 'IPAddress', value: '192.0.2.1' }],
      acknowledged: { version: 'any', generation: metadata.generation ?? 1, proxies: 1, expected: 1 },
      failedPorts: [],
    })),
  };
}

/**
 * Certificates in cases are words, so that they read well and never expire: `certificate for a.example, *.b.example`
 * with the key `key`.
 */
function readCertificate(certificatePem: string, keyPem: string): CertificateReading {
  const names = /^certificate for (.+)$/m.exec(certificatePem)?.[1];
  if (names === undefined) return { ok: false, message: 'the certificate cannot be parsed.' };
  if (!keyPem.startsWith('key')) return { ok: false, message: 'the key does not belong to the certificate.' };
  return { ok: true, names: names.split(', '), notAfterMs: 4_102_444_800_000 };
}
