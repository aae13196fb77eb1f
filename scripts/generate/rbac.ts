/** The RBAC rules for reading kinds and writing their status, as named templates of the chart. */
import { isCustom, type Kind } from '../../src/gatewayapi/kind.ts';

/**
 * `sluice.kind-rules`: kinds of a namespace. `sluice.cluster-kind-rules`: kinds without one, but for Namespaces, of which the controller
 * may see some only. `sluice.gateway-api-crds`: the CRDs whose version it reads.
 */
export function renderKindTemplates(kinds: readonly Kind[]): string {
  const namespaced = kinds.filter((kind) => kind.namespaced);
  const clusterWide = kinds.filter((kind) => !kind.namespaced && isCustom(kind));
  const crds = kinds.filter(({ definedBy }) => definedBy === 'gateway-api');
  const templates = {
    'sluice.kind-rules': rulesFor(namespaced),
    'sluice.cluster-kind-rules': rulesFor(clusterWide),
    'sluice.gateway-api-crds': crds.map(({ plural, group }) => `- ${plural}.${group}\n`).join(''),
  };
  const defined = Object.entries(templates).map(
    ([name, text]) => `{{- define "${name}" -}}\n${text}{{- end }}\n`,
  );
  return ['{{- /* Written by npm run generate from src/gatewayapi/kinds.ts. */}}\n', ...defined].join('');
}

/** For each group, one rule for reading and one for the statuses. */
function rulesFor(kinds: readonly Kind[]): string {
  const groups = Map.groupBy(kinds, (kind) => `[${kind.group || "''"}] ${readingVerbs(kind)}`);
  let text = '';
  for (const [key, members] of groups) {
    const [group = '', verbs = ''] = key.split(/ (.*)/);
    const written = members.filter(({ status }) => status !== null);
    text += rule(
      group,
      members.map(({ plural }) => plural),
      verbs,
    );
    if (written.length > 0)
      text += rule(
        group,
        written.map(({ plural }) => `${plural}/status`),
        '[patch]',
      );
  }
  return text;
}

/** An object whose status is written is read by name after a conflict; so is one that another object refers to. */
const readingVerbs = (kind: Kind): string =>
  isCustom(kind) || kind.read === 'referenced' ? '[get, list, watch]' : '[list, watch]';

const rule = (group: string, resources: readonly string[], verbs: string): string =>
  `- apiGroups: ${group}\n  resources: [${resources.join(', ')}]\n  verbs: ${verbs}\n`;
