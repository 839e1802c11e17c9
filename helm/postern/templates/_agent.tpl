{{/* The agent's container, with the address of the gateway. */}}
{{- define "postern.agent" -}}
{{- $agent := deepCopy .Values.agent.container -}}
{{- $env := append (dig "env" list $agent) (dict "name" "MCP_URL" "value" (printf "http://127.0.0.1:3000%s" (include "postern.path" .))) -}}
{{- $_ := set $agent "env" $env -}}
{{- if not (hasKey $agent "name") }}{{ $_ := set $agent "name" "agent" }}{{ end -}}
{{- toYaml $agent -}}
{{- end -}}
