/**
 * `npm run generate`: types and validation data from the CRDs of the Gateway API and of Sluice itself, and the controller's RBAC rules.
 * Needs Go, which brings the Gateway API's module; what is generated is committed.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { isCustom } from '../src/gatewayapi/kind.ts';
import { KINDS } from '../src/gatewayapi/kinds.ts';
import { compactSchemas } from './generate/compact-schema.ts';
import { readCrd, type Crd } from './generate/crd.ts';
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

function readCrds(folder: string): Crd[] {
  return readdirSync(folder)
    .toSorted()
    .flatMap((file) => parseAllDocuments(readFileSync(join(folder, file), 'utf8')))
    .flatMap((document) => readCrd(document.toJS(), Object.values(KINDS)) ?? []);
}

const crds = [
  ...readCrds(join(moduleFolder(), 'config', 'crd', 'experimental')),
  ...readCrds(OWN_CRDS),
].toSorted((a, b) => (a.kind < b.kind ? -1 : 1));

const absent = Object.values(KINDS).filter(
  (kind) => isCustom(kind) && !crds.some((crd) => crd.group === kind.group && crd.kind === kind.kind),
);
if (absent.length > 0) throw new Error(`no CRD of ${absent.map(({ kind }) => kind).join(', ')}`);

mkdirSync(OUTPUT, { recursive: true });
writeFileSync(join(OUTPUT, 'types.ts'), renderTypes(crds, MODULE));
writeFileSync(join(OUTPUT, 'schemas.json'), `${JSON.stringify(compactSchemas(crds))}\n`);
writeFileSync(KIND_TEMPLATES, renderKindTemplates(Object.values(KINDS)));
