{{/* The gateway's container. A sidecar starts before the agent and ends after it. */}}
{{- define "postern.gateway" -}}
name: postern
image: {{ include "postern.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- if eq .Values.mode "sidecar" }}
restartPolicy: Always
{{- end }}
args: [serve, --config, /etc/postern/postern.yaml]
env:
  - name: POSTERN_SESSION_KEY
    valueFrom: { secretKeyRef: { name: {{ include "postern.sessionSecret" . | quote }}, key: {{ .Values.sessionKey.key | quote }} } }
  {{- with .Values.sessionKey.previousKey }}
  - name: POSTERN_SESSION_KEY_BEFORE
    valueFrom: { secretKeyRef: { name: {{ include "postern.sessionSecret" $ | quote }}, key: {{ quote . }} } }
  {{- end }}
  {{- with .Values.audit.hmac }}
  {{- if .existingSecret }}
  - name: POSTERN_AUDIT_KEY
    valueFrom: { secretKeyRef: { name: {{ quote .existingSecret }}, key: {{ quote .key }} } }
  {{- end }}
  {{- end }}
  {{- with .Values.state.postgres }}
  {{- if .existingSecret }}
  - name: POSTERN_RUNS
    valueFrom: { secretKeyRef: { name: {{ quote .existingSecret }}, key: {{ quote .key }} } }
  {{- end }}
  {{- end }}
  {{- with .Values.tls.caKey }}
  - { name: NODE_EXTRA_CA_CERTS, value: {{ printf "/etc/postern/tls/%s" . | quote }} }
  {{- end }}
  - name: POD_NAME
    valueFrom: { fieldRef: { fieldPath: metadata.name } }
  - name: POD_IP
    valueFrom: { fieldRef: { fieldPath: status.podIP } }
  {{- with .Values.env }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .Values.envFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
ports:
  {{- if eq .Values.mode "central" }}
  - { name: mcp, containerPort: 3000 }
  {{- end }}
  - { name: admin, containerPort: 3001 }
startupProbe:
  httpGet: { path: /healthz, port: admin }
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /healthz, port: admin }
  periodSeconds: 10
  timeoutSeconds: 3
  failureThreshold: 6
readinessProbe:
  httpGet: { path: /readyz, port: admin }
  periodSeconds: 2
  timeoutSeconds: 2
{{- with .Values.preStopSeconds }}
lifecycle:
  preStop: { sleep: { seconds: {{ . }} } }
{{- end }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- with .Values.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumeMounts:
  - { name: config, mountPath: /etc/postern/postern.yaml, subPath: postern.yaml, readOnly: true }
  {{- if not (dig "registry" "source" "" .Values.config) }}
  - { name: registry, mountPath: /etc/postern/registry, readOnly: true }
  {{- end }}
  {{- if .Values.tls.existingSecret }}
  - { name: tls, mountPath: /etc/postern/tls, readOnly: true }
  {{- end }}
  {{- if .Values.tls.clients.existingSecret }}
  - { name: clients, mountPath: /etc/postern/clients, readOnly: true }
  {{- end }}
  - { name: var, mountPath: /var/lib/postern }
  {{- if .Values.audit.existingClaim }}
  - { name: audit, mountPath: /var/lib/postern/audit, subPathExpr: $(POD_NAME) }
  {{- end }}
  {{- if .Values.state.sqlite.existingClaim }}
  - { name: runs, mountPath: /var/lib/postern/runs }
  {{- end }}
  - { name: tmp, mountPath: /tmp }
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "postern.volumes" -}}
- name: config
  configMap: { name: {{ include "postern.fullname" . }}-config }
{{- if not (dig "registry" "source" "" .Values.config) }}
# A folder and no subPath: the gateway sees when the ConfigMap is another.
- name: registry
  configMap: { name: {{ include "postern.registryConfigMap" . | quote }} }
{{- end }}
{{- with .Values.tls.existingSecret }}
# Folders here, too: a renewed certificate is another file, and no restart.
- name: tls
  secret: { secretName: {{ quote . }} }
{{- end }}
{{- with .Values.tls.clients }}
{{- if .existingSecret }}
- name: clients
  secret: { secretName: {{ quote .existingSecret }}, items: [{ key: {{ quote .key }}, path: {{ quote .key }} }] }
{{- end }}
{{- end }}
- name: var
  emptyDir: {}
{{- with .Values.audit.existingClaim }}
- name: audit
  persistentVolumeClaim: { claimName: {{ quote . }} }
{{- end }}
{{- with .Values.state.sqlite.existingClaim }}
- name: runs
  persistentVolumeClaim: { claimName: {{ quote . }} }
{{- end }}
- name: tmp
  emptyDir: {}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}
