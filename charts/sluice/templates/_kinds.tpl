{{- /* Written by npm run generate from src/gatewayapi/kinds.ts. */}}
{{- define "sluice.kind-rules" -}}
- apiGroups: [gateway.networking.k8s.io]
  resources: [gateways, listenersets, httproutes, grpcroutes, tlsroutes, tcproutes, udproutes, referencegrants, backendtlspolicies]
  verbs: [get, list, watch]
- apiGroups: [gateway.networking.k8s.io]
  resources: [gateways/status, listenersets/status, httproutes/status, grpcroutes/status, tlsroutes/status, tcproutes/status, udproutes/status, backendtlspolicies/status]
  verbs: [patch]
- apiGroups: [gateway.networking.x-k8s.io]
  resources: [xbackendtrafficpolicies, xbackends]
  verbs: [get, list, watch]
- apiGroups: [gateway.networking.x-k8s.io]
  resources: [xbackendtrafficpolicies/status, xbackends/status]
  verbs: [patch]
- apiGroups: [gateway.sluice.dev]
  resources: [accesspolicies, authpolicies, backendpolicies, compressionpolicies, directresponses, proxyconfigs, ratelimitpolicies, responsepolicies, rewritefilters]
  verbs: [get, list, watch]
- apiGroups: [gateway.sluice.dev]
  resources: [accesspolicies/status, authpolicies/status, backendpolicies/status, compressionpolicies/status, directresponses/status, proxyconfigs/status, ratelimitpolicies/status, responsepolicies/status, rewritefilters/status]
  verbs: [patch]
- apiGroups: ['']
  resources: [services]
  verbs: [list, watch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [list, watch]
- apiGroups: ['']
  resources: [secrets, configmaps]
  verbs: [get, list, watch]
{{- end }}
{{- define "sluice.cluster-kind-rules" -}}
- apiGroups: [gateway.networking.k8s.io]
  resources: [gatewayclasses]
  verbs: [get, list, watch]
- apiGroups: [gateway.networking.k8s.io]
  resources: [gatewayclasses/status]
  verbs: [patch]
{{- end }}
{{- define "sluice.gateway-api-crds" -}}
- gatewayclasses.gateway.networking.k8s.io
- gateways.gateway.networking.k8s.io
- listenersets.gateway.networking.k8s.io
- httproutes.gateway.networking.k8s.io
- grpcroutes.gateway.networking.k8s.io
- tlsroutes.gateway.networking.k8s.io
- tcproutes.gateway.networking.k8s.io
- udproutes.gateway.networking.k8s.io
- referencegrants.gateway.networking.k8s.io
- backendtlspolicies.gateway.networking.k8s.io
- xbackendtrafficpolicies.gateway.networking.x-k8s.io
- xbackends.gateway.networking.x-k8s.io
{{- end }}
