"""Kubernetes manifests, Argo CD Applications and Compose files, read for what will hurt at midnight. Nothing is
contacted; no value that may be a secret is shown."""
