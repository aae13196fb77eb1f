/**
 * `npm run generate`: rows of the table of kinds from the CRDs of Sluice, types and validation data from those and the CRDs of the Gateway
 * API, and the controller's RBAC rules. Needs Go, which brings the Gateway API's module; what is generated is committed.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { isCustom } from '../src/gatewayapi/kind.ts';
import { compactSchemas } from './generate/compact-schema.ts';
import { readCrd, type Crd } from './generate/crd.ts';
import { renderOwnKinds, type OwnCrd } from './generate/own-kinds.ts';
import { renderKindTemplates } from './generate/rbac.ts';
import { renderTypes } from './generate/render-types.ts';

const MODULE = 'sigs.k8s.io/gateway-api@v1.6.3';
const OUTPUT = join(import.meta.dirname, '..', 'src', 'gatewayapi', 'generated');
const KIND_TEMPLATES = join(import.meta.dirname, '..', 'charts', 'sluice', 'templates', '_kinds.tpl');
const OWN_CRDS = join(import.meta.dirname, '..', 'src', 'gatewayapi', 'crds');

function moduleFolder(): string {
  const text = execFileSync('go', ['mod', 'download', '-json', MODULE], { cwd: '/', encoding: 'utf8' });
  return (JSON.parse(text) as { readonly Dir: string }).Dir;
}

const documentsIn = (folder: string): unknown[] =>
  readdirSync(folder)
    .toSorted()
    .flatMap((file) => parseAllDocuments(readFileSync(join(folder, file), 'utf8')))
    .map((document): unknown => document.toJS());

mkdirSync(OUTPUT, { recursive: true });
writeFileSync(join(OUTPUT, 'own-kinds.ts'), renderOwnKinds(documentsIn(OWN_CRDS) as OwnCrd[]));
// The table of kinds includes the rows just written.
const { KINDS } = await import('../src/gatewayapi/kinds.ts');

const readCrds = (folder: string): Crd[] =>
  documentsIn(folder).flatMap((document) => readCrd(document, Object.values(KINDS)) ?? []);

const crds = [
  ...readCrds(join(moduleFolder(), 'config', 'crd', 'experimental')),
  ...readCrds(OWN_CRDS),
].toSorted((a, b) => (a.kind < b.kind ? -1 : 1));

const absent = Object.values(KINDS).filter(
  (kind) => isCustom(kind) && !crds.some((crd) => crd.group === kind.group && crd.kind === kind.kind),
);
if (absent.length > 0) throw new Error(`no CRD of ${absent.map(({ kind }) => kind).join(', ')}`);

writeFileSync(join(OUTPUT, 'types.ts'), renderTypes(crds, MODULE));
writeFileSync(join(OUTPUT, 'schemas.json'), `${JSON.stringify(compactSchemas(crds))}\n`);
writeFileSync(KIND_TEMPLATES, renderKindTemplates(Object.values(KINDS)));
