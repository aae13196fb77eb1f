/** Which annotations of a Gateway (`spec.infrastructure.annotations`) are copied to its objects. */

/**
 * Annotations that give an object profiles, roles or networks of the node or the cloud, or give a pod containers and
 * volumes of a webhook. Authors of Gateways must not set them.
 */
const PRIVILEGED = [
  'container.apparmor.security.beta.kubernetes.io/',
  'container.seccomp.security.alpha.kubernetes.io/',
  'seccomp.security.alpha.kubernetes.io/',
  'io.kubernetes.cri-o.',
  // Roles in the cloud: of pods, and of ServiceAccounts.
  'iam.amazonaws.com/',
  'eks.amazonaws.com/',
  'iam.gke.io/',
  'azure.workload.identity/',
  // Networks and addresses.
  'k8s.v1.cni.cncf.io/',
  'v1.multus-cni.io/',
  'cni.projectcalico.org/',
  'k8s.ovn.org/',
  // Containers, images and volumes that webhooks inject.
  'sidecar.istio.io/',
  'inject.istio.io/',
  'config.linkerd.io/',
  'config.alpha.linkerd.io/',
  'vault.hashicorp.com/',
  'dapr.io/',
];

/** Whether a sidecar is injected at all; what it runs is up to the mesh. */
const KEPT: ReadonlySet<string> = new Set(['sidecar.istio.io/inject']);

const isPrivileged = (name: string): boolean =>
  !KEPT.has(name) && PRIVILEGED.some((prefix) => name.startsWith(prefix));

/** The same object if all annotations are allowed. */
export function grantedAnnotations(
  annotations: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const kept = Object.entries(annotations).filter(([name]) => !isPrivileged(name));
  return kept.length === Object.keys(annotations).length ? annotations : Object.fromEntries(kept);
}
