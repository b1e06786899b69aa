#!/usr/bin/env bash
# What `attache deploy cloud-run` does, by gcloud. It may run twice.
set -euo pipefail

# enable 4 APIs: a project refuses calls of APIs that are not enabled.
gcloud services enable run.googleapis.com iam.googleapis.com cloudresourcemanager.googleapis.com \
    artifactregistry.googleapis.com --project=my-project

# create the service account hello-agent: the service has an account of its own, which may do no more than it needs.
gcloud iam service-accounts describe hello-agent@my-project.iam.gserviceaccount.com \
    --project=my-project >/dev/null 2>&1 ||
  gcloud iam service-accounts create hello-agent --display-name='Agent hello' --project=my-project

# deploy the service hello: it runs us-central1-docker.pkg.dev/my-project/agents/hello:1.
cat >service.yaml <<'END_OF_SERVICE'
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: hello
  namespace: my-project
  labels:
    created-by: attache
  annotations:
    run.googleapis.com/ingress: all
    run.googleapis.com/minScale: "0"
    run.googleapis.com/maxScale: "1"
    attache-digest: 4c7dcd57ebcc969ebef791bd3afdba5c
spec:
  template:
    metadata:
      annotations:
        run.googleapis.com/execution-environment: gen2
        run.googleapis.com/cpu-throttling: "false"
        run.googleapis.com/startup-cpu-boost: "true"
    spec:
      serviceAccountName: hello-agent@my-project.iam.gserviceaccount.com
      containerConcurrency: 80
      timeoutSeconds: 3600
      containers:
      - name: agent
        image: us-central1-docker.pkg.dev/my-project/agents/hello:1
        ports:
        - name: http1
          containerPort: 8080
        env:
        - name: ATTACHE_AUTH
          value: cloud-run-iam
        - name: ATTACHE_DISPATCH
          value: inline
        resources:
          limits:
            cpu: "1"
            memory: 1Gi
        startupProbe:
          httpGet:
            path: /health/startup
            port: 8080
          periodSeconds: 1
          timeoutSeconds: 1
          failureThreshold: 120
        livenessProbe:
          httpGet:
            path: /health/live
            port: 8080
          periodSeconds: 15
          timeoutSeconds: 5
          failureThreshold: 3
  traffic:
  - percent: 100
    latestRevision: true
END_OF_SERVICE
gcloud run services replace service.yaml --region=us-central1 --project=my-project
