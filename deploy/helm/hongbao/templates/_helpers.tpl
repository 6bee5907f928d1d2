{{/* What everything is called after: the release, with the chart's name where that lacks it. */}}
{{- define "hongbao.name" -}}
{{- if contains "hongbao" .Release.Name -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-hongbao" .Release.Name | trunc 40 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{- define "hongbao.select" -}}
app.kubernetes.io/name: hongbao
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "hongbao.labels" -}}
{{ include "hongbao.select" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "hongbao.account" -}}
{{ .Values.serviceAccount.existing | default (include "hongbao.name" .) }}
{{- end }}

{{/* Who every process is, and what it may: nobody, and nothing. */}}
{{- define "hongbao.pod" -}}
automountServiceAccountToken: false
# Variables that Kubernetes makes of Services begin with HONGBAO_ as well, and the program
# refuses to start with those that it does not know.
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "hongbao.container" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{- define "hongbao.program" -}}
image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
imagePullPolicy: {{ .Values.image.pullPolicy }}
envFrom:
  - secretRef: {name: {{ .Values.existingSecret }}}
{{ include "hongbao.container" . }}
volumeMounts:
  - {name: settings, mountPath: /etc/hongbao, readOnly: true}
  - {name: data, mountPath: /var/lib/hongbao}
{{- end }}
