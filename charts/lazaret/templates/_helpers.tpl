{{- define "lazaret.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "lazaret.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "lazaret.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "lazaret.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "lazaret.selector" -}}
app.kubernetes.io/name: {{ include "lazaret.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "lazaret.labels" -}}
{{ include "lazaret.selector" . }}
app.kubernetes.io/component: controller
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
{{- end -}}

{{- define "lazaret.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "lazaret.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name is needed where serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- /* Names of Services are at most 63 characters, with what is put behind them. */ -}}
{{- define "lazaret.metricsName" -}}
{{- printf "%s-metrics" (include "lazaret.fullname" . | trunc 55 | trimSuffix "-") -}}
{{- end -}}

{{- define "lazaret.packsName" -}}
{{- printf "%s-packs" (include "lazaret.fullname" . | trunc 57 | trimSuffix "-") -}}
{{- end -}}

{{- define "lazaret.stateClaim" -}}
{{- default (printf "%s-state" (include "lazaret.fullname" . | trunc 57 | trimSuffix "-")) .Values.state.persistence.existingClaim -}}
{{- end -}}

{{- define "lazaret.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- /* ClusterRoles belong to the whole cluster, so that their names carry namespace and release. */ -}}
{{- define "lazaret.role" -}}
{{- printf "%s-%s-controller" .Release.Namespace (include "lazaret.fullname" .) | trunc 253 -}}
{{- end -}}

{{- define "lazaret.evidenceName" -}}
{{- printf "%s-evidence" (include "lazaret.fullname" . | trunc 54 | trimSuffix "-") -}}
{{- end -}}

{{- define "lazaret.evidenceUrl" -}}
{{- printf "http%s://%s.%s.svc:%d" (ternary "s" "" (ne .Values.evidence.tls.secretName "")) (include "lazaret.evidenceName" .) .Release.Namespace (int .Values.evidence.port) -}}
{{- end -}}
