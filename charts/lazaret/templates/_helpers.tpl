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
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
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

{{- /* What belongs to the whole cluster carries namespace and release in its name. */ -}}
{{- define "lazaret.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "lazaret.fullname" .) -}}
{{- end -}}

{{- define "lazaret.role" -}}
{{- printf "%s-controller" (include "lazaret.clusterName" .) -}}
{{- end -}}

{{- define "lazaret.evidenceName" -}}
{{- printf "%s-evidence" (include "lazaret.fullname" . | trunc 54 | trimSuffix "-") -}}
{{- end -}}

{{- define "lazaret.evidenceUrl" -}}
{{- printf "http%s://%s.%s.svc:%d" (ternary "s" "" (ne .Values.evidence.tls.secretName "")) (include "lazaret.evidenceName" .) .Release.Namespace (int .Values.evidence.port) -}}
{{- end -}}

{{- /* Values that would be overlooked without a word, or make a pod that cannot work. */ -}}
{{- define "lazaret.check" -}}
{{- if and .Values.serviceMonitor.enabled (not .Values.service.enabled) -}}
{{- fail "serviceMonitor.enabled needs service.enabled: it scrapes that Service" -}}
{{- end -}}
{{- if and .Values.state.persistence.enabled (not .Values.state.enabled) -}}
{{- fail "state.persistence.enabled needs state.enabled" -}}
{{- end -}}
{{- with .Values.evidence -}}
{{- if and .argo.templates (not .enabled) -}}
{{- fail "evidence.argo.templates needs evidence.enabled: they ask it" -}}
{{- end -}}
{{- if and (or .prometheus.tokenKey .prometheus.caKey) (not .prometheus.secretName) -}}
{{- fail "evidence.prometheus.tokenKey and caKey are keys of the Secret in evidence.prometheus.secretName" -}}
{{- end -}}
{{- if and .enabled .prometheus.tokenKey (hasPrefix "http://" .prometheus.url) -}}
{{- fail "evidence.prometheus.tokenKey needs an https:// URL in evidence.prometheus.url: a token never goes in clear" -}}
{{- end -}}
{{- end -}}
{{- end -}}
