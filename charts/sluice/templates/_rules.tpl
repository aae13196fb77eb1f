{{- /* What the controller needs in a namespace whose Gateways and routes it serves. */}}
{{- define "sluice.rules" -}}
{{- include "sluice.kind-rules" . }}
# Owner references that block deletion need it where the admission plugin asks.
- apiGroups: [gateway.networking.k8s.io]
  resources: [gateways/finalizers]
  verbs: [update]
# The identities of proxies.
- apiGroups: ['']
  resources: [secrets]
  verbs: [create, patch]
# What a Gateway needs to run.
- apiGroups: ['']
  resources: [services, serviceaccounts]
  verbs: [list, watch, create, patch, delete]
- apiGroups: [apps]
  resources: [deployments, daemonsets]
  verbs: [list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [list, watch, create, patch, delete]
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [list, watch, create, patch, delete]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}
