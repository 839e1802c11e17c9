{{/* postern.yaml: what the chart knows, with the user's keys over it. */}}
{{- define "postern.config" -}}
{{- $name := include "postern.fullname" . -}}
{{- $path := include "postern.path" . -}}
{{- $isCentral := eq .Values.mode "central" -}}
{{- $everywhere := ternary "::" "0.0.0.0" .Values.ipv6 -}}
{{- $admin := dict "host" $everywhere "port" 3001 "hosts" (include "postern.hosts" (dict "name" (printf "%s-admin" $name) "root" .) | fromJsonArray) -}}
{{- $state := "sqlite:/var/lib/postern/runs/runs.db" -}}
{{- if .Values.state.postgres.existingSecret }}{{ $state = "${POSTERN_RUNS}" }}{{ end -}}
{{- $sessionKeys := list "${POSTERN_SESSION_KEY}" -}}
{{- if .Values.sessionKey.previousKey }}{{ $sessionKeys = append $sessionKeys "${POSTERN_SESSION_KEY_BEFORE}" }}{{ end -}}
{{- $session := dict "key" $sessionKeys -}}
{{- $audit := dict "file" "/var/lib/postern/audit/audit.jsonl" -}}
{{- if .Values.audit.hmac.existingSecret }}{{ $_ := set $audit "key" "${POSTERN_AUDIT_KEY}" }}{{ end -}}
{{- $listen := dict "host" "127.0.0.1" "port" 3000 -}}
{{- $identity := dict -}}
{{- if $isCentral -}}
{{- $hosts := include "postern.hosts" (dict "name" $name "root" .) | fromJsonArray -}}
{{- if .Values.ingress.enabled }}{{ $hosts = append $hosts .Values.ingress.host }}{{ end -}}
{{- $listen = dict "host" $everywhere "port" 3000 "hosts" $hosts -}}
{{- if .Values.tls.existingSecret -}}
{{- $tls := dict "cert" "/etc/postern/tls/tls.crt" "key" "file:/etc/postern/tls/tls.key" -}}
{{- if .Values.tls.clients.existingSecret }}{{ $_ := set $tls "ca" (printf "/etc/postern/clients/%s" .Values.tls.clients.key) }}{{ $_ := set $tls "clientCert" "request" }}{{ end -}}
{{- $_ := set $listen "tls" $tls -}}
{{- end -}}
{{- if .Values.ingress.enabled }}{{ $_ := set $listen "publicUrl" (printf "%s://%s%s" (ternary "http" "https" (empty .Values.ingress.tlsSecret)) .Values.ingress.host $path) }}{{ end -}}
{{- $_ := set $session "replicaUrl" (printf (ternary "%s://[${POD_IP}]:3000%s" "%s://${POD_IP}:3000%s" .Values.ipv6) (include "postern.scheme" .) $path) -}}
{{- $identity = dict "headers" (dict "trustedFrom" list) "minTrust" "verified" -}}
{{- end -}}
{{- $registry := dict "source" "file:///etc/postern/registry/registry.json" -}}
{{- if dig "registry" "source" "" .Values.config }}{{ $registry = dict "cache" "/var/lib/postern/registry-cache.json" }}{{ end -}}
{{- $set := dict
  "listen" $listen
  "admin" $admin
  "registry" $registry
  "identity" $identity
  "session" $session
  "audit" $audit
  "state" (dict "runs" $state)
  "log" (dict "to" "stdout")
-}}
{{- if and $isCentral (not (dig "identity" "jwt" nil .Values.config)) (not (and .Values.tls.clients.existingSecret (dig "identity" "mtls" nil .Values.config))) (eq (dig "identity" "minTrust" "verified" .Values.config) "verified") -}}
{{- fail "\n\nconfig.identity.jwt is missing: a central gateway believes tokens, and has to know whose.\nSet its issuer, audience and jwks; or config.identity.mtls with tls.clients; or decide otherwise with config.identity.minTrust.\n" -}}
{{- end -}}
{{- mergeOverwrite $set (deepCopy .Values.config) | toYaml -}}
{{- end -}}

{{/* What does not go together. */}}
{{- define "postern.check" -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" (include "postern.fullname" .)) -}}
{{- fail (printf "\n\nNothing in Kubernetes may be called %s: a Service's name has small letters, digits and hyphens, and begins with a letter.\nSet fullnameOverride, or give the release another name.\n" (include "postern.fullname" . | quote)) -}}
{{- end -}}
{{- if .Values.autoscaling.enabled -}}
{{- if gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas) -}}
{{- fail "\n\nautoscaling.minReplicas is more than autoscaling.maxReplicas.\n" -}}
{{- end -}}
{{- if not (or (dig "requests" "cpu" "" (.Values.resources | default dict)) (dig "limits" "cpu" "" (.Values.resources | default dict))) -}}
{{- fail "\n\nautoscaling needs resources.requests.cpu: what is used is told as a part of that.\n" -}}
{{- end -}}
{{- end -}}
{{- $shutdown := dig "limits" "shutdownTimeout" "10s" .Values.config | toString -}}
{{- $unitMs := get (dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000) (regexFind "[a-z]*$" $shutdown) | default 0 -}}
{{- $shutdownMs := mul (regexFind "^[0-9]+" $shutdown | int) $unitMs -}}
{{- if le (mul .Values.terminationGracePeriodSeconds 1000) (add (mul .Values.preStopSeconds 1000) $shutdownMs) -}}
{{- fail (printf "\n\nterminationGracePeriodSeconds (%d) has to be more than preStopSeconds (%d) and config.limits.shutdownTimeout (%s) together:\nKubernetes would end the gateway before its calls in flight are answered.\n" (int .Values.terminationGracePeriodSeconds) (int .Values.preStopSeconds) $shutdown) -}}
{{- end -}}
{{- range $where := list "listen" "admin" -}}
{{- range $what := list "host" "port" -}}
{{- if hasKey (dig $where dict $.Values.config) $what -}}
{{- fail (printf "\n\nconfig.%s.%s is for the chart to say: containers, probes and Services have to agree on it.\n" $where $what) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $replicas := ternary (int .Values.autoscaling.maxReplicas) (int .Values.replicaCount) .Values.autoscaling.enabled -}}
{{- if and .Values.state.postgres.existingSecret .Values.state.sqlite.existingClaim -}}
{{- fail "\n\nstate.postgres and state.sqlite are both set: runs are kept in one of them.\n" -}}
{{- end -}}
{{- if and .Values.state.sqlite.existingClaim (gt $replicas 1) -}}
{{- fail "\n\nstate.sqlite.existingClaim holds the runs of one replica: set replicaCount to 1 and autoscaling.enabled to false,\nor let the replicas share runs with state.postgres.existingSecret.\n" -}}
{{- end -}}
{{- $source := dig "registry" "source" "" .Values.config -}}
{{- $given := compact (list (ternary "" "registry.document" (empty .Values.registry.document)) (ternary "" "registry.existingConfigMap" (empty .Values.registry.existingConfigMap)) (ternary "" "config.registry.source" (empty $source))) -}}
{{- if ne (len $given) 1 -}}
{{- fail (printf "\n\nThe registry comes from one place: registry.document, registry.existingConfigMap or config.registry.source. Given: %s.\n" (join ", " $given | default "none")) -}}
{{- end -}}
{{- if and (eq .Values.mode "sidecar") (empty .Values.agent.container) -}}
{{- fail "\n\nagent.container is missing: in mode sidecar the chart runs your agent, with the gateway beside it.\n" -}}
{{- end -}}
{{- if and (eq .Values.mode "sidecar") (not .Values.agent.container.image) -}}
{{- fail "\n\nagent.container.image is missing: it is your agent that the chart runs, with the gateway beside it.\n" -}}
{{- end -}}
{{- if and .Values.tls.existingSecret (eq .Values.mode "sidecar") -}}
{{- fail "\n\ntls is for mode central: within a pod there is nobody to hide from.\n" -}}
{{- end -}}
{{- if and (or .Values.tls.clients.existingSecret .Values.tls.caKey) (not .Values.tls.existingSecret) -}}
{{- fail "\n\ntls.clients and tls.caKey need tls.existingSecret: whoever ends TLS is shown the certificates.\n" -}}
{{- end -}}
{{- if and .Values.ingress.enabled (or (eq .Values.mode "sidecar") (not .Values.ingress.host)) -}}
{{- fail "\n\ningress is for mode central, and needs ingress.host.\n" -}}
{{- end -}}
{{- end -}}
