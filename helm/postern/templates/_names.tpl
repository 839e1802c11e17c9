{{- define "postern.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "postern.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "postern.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "postern.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "postern.selector" -}}
app.kubernetes.io/name: {{ include "postern.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "postern.testSelector" -}}
app.kubernetes.io/name: {{ include "postern.name" . }}-test
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "postern.labels" -}}
{{ include "postern.selector" . }}
{{ include "postern.moreLabels" . }}
{{- end -}}

{{- define "postern.moreLabels" -}}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: {{ .Values.mode }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* The chart's labels with more of the user's, which go before all but those that the chart finds its pods by. */}}
{{- define "postern.labelsWith" -}}
{{- $selector := include "postern.selector" .root | fromYaml -}}
{{- merge $selector (.more | default dict) (include "postern.labels" .root | fromYaml) | toYaml -}}
{{- end -}}

{{- define "postern.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "postern.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "postern.fullname" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end -}}
{{- end -}}

{{- define "postern.sessionSecret" -}}
{{ .Values.sessionKey.existingSecret | default (printf "%s-session" (include "postern.fullname" .)) }}
{{- end -}}

{{- define "postern.registryConfigMap" -}}
{{ .Values.registry.existingConfigMap | default (printf "%s-registry" (include "postern.fullname" .)) }}
{{- end -}}

{{- define "postern.path" -}}
{{ dig "listen" "path" "/mcp" .Values.config }}
{{- end -}}

{{/* What the gateway's port speaks. */}}
{{- define "postern.scheme" -}}
{{ ternary "http" "https" (empty .Values.tls.existingSecret) }}
{{- end -}}

{{/* The names under which a Service is called within the cluster, as JSON. */}}
{{- define "postern.hosts" -}}
{{- $name := .name -}}
{{- $in := .root.Release.Namespace -}}
{{- list $name (printf "%s.%s" $name $in) (printf "%s.%s.svc" $name $in) (printf "%s.%s.svc.cluster.local" $name $in) | toJson -}}
{{- end -}}
