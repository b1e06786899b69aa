#!/usr/bin/env bash
# What `attache deploy cloud-run` does, by gcloud. It may run twice.
set -euo pipefail

# enable 6 APIs: a project refuses calls of APIs that are not enabled.
gcloud services enable run.googleapis.com iam.googleapis.com cloudresourcemanager.googleapis.com \
    secretmanager.googleapis.com alloydb.googleapis.com compute.googleapis.com --project=my-project

# create the secret bot_keys: it holds ATTACHE_API_KEYS_FILE.
gcloud secrets describe bot_keys --project=my-project >/dev/null 2>&1 ||
  gcloud secrets create bot_keys --replication-policy=automatic --project=my-project

# create the secret openai-key: it holds OPENAI_API_KEY.
gcloud secrets describe openai-key --project=my-project >/dev/null 2>&1 ||
  gcloud secrets create openai-key --replication-policy=automatic --project=my-project

# create the secret db-pass: it holds DB_PASS.
gcloud secrets describe db-pass --project=my-project >/dev/null 2>&1 ||
  gcloud secrets create db-pass --replication-policy=automatic --project=my-project

# grant roles/secretmanager.secretAccessor on secret bot_keys: serviceAccount:runner@my-project.iam.gserviceaccount.com: to read the secret bot_keys, and no other.
gcloud secrets add-iam-policy-binding bot_keys --project=my-project \
    --member=serviceAccount:runner@my-project.iam.gserviceaccount.com \
    --role=roles/secretmanager.secretAccessor

# grant roles/secretmanager.secretAccessor on secret openai-key: serviceAccount:runner@my-project.iam.gserviceaccount.com: to read the secret openai-key, and no other.
gcloud secrets add-iam-policy-binding openai-key --project=my-project \
    --member=serviceAccount:runner@my-project.iam.gserviceaccount.com \
    --role=roles/secretmanager.secretAccessor

# grant roles/secretmanager.secretAccessor on secret db-pass: serviceAccount:runner@my-project.iam.gserviceaccount.com: to read the secret db-pass, and no other.
gcloud secrets add-iam-policy-binding db-pass --project=my-project \
    --member=serviceAccount:runner@my-project.iam.gserviceaccount.com \
    --role=roles/secretmanager.secretAccessor

# deploy the service bot: it runs ghcr.io/example/bot:2.1.
cat >service.yaml <<'END_OF_SERVICE'
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: bot
  namespace: my-project
  labels:
    created-by: attache
  annotations:
    run.googleapis.com/ingress: all
    run.googleapis.com/invoker-iam-disabled: "true"
    run.googleapis.com/minScale: "0"
    run.googleapis.com/maxScale: "5"
    attache-digest: 52f68fa8d79f909dbfe94cc055991045
spec:
  template:
    metadata:
      annotations:
        run.googleapis.com/execution-environment: gen2
        run.googleapis.com/cpu-throttling: "true"
        run.googleapis.com/startup-cpu-boost: "true"
        run.googleapis.com/network-interfaces: "[{\"network\":\"default\",\"subnetwork\":\"default\"}]"
        run.googleapis.com/vpc-access-egress: private-ranges-only
    spec:
      serviceAccountName: runner@my-project.iam.gserviceaccount.com
      containerConcurrency: 1
      timeoutSeconds: 3600
      containers:
      - name: agent
        image: ghcr.io/example/bot:2.1
        ports:
        - name: http1
          containerPort: 8080
        env:
        - name: ATTACHE_PUBLIC_URL
          value: https://bot.example.com
        - name: ATTACHE_AUTH
          value: api-key
        - name: ATTACHE_MODEL
          value: openai:some-model
        - name: DB_HOST
          value: "10.1.2.3"
        - name: DB_PORT
          value: "5432"
        - name: DB_NAME
          value: postgres
        - name: DB_USER
          value: bot
        - name: DB_SSLMODE
          value: require
        - name: ATTACHE_CONFIG_GREETING
          value: Hello
        - name: ATTACHE_MAX_BODY
          value: 1MiB
        - name: ATTACHE_IDEMPOTENCY_WINDOW
          value: "60"
        - name: ATTACHE_API_KEYS_FILE
          value: /secrets/keys/api
        - name: OPENAI_API_KEY
          valueFrom:
            secretKeyRef:
              name: openai-key
              key: latest
        - name: DB_PASS
          valueFrom:
            secretKeyRef:
              name: db-pass
              key: latest
        resources:
          limits:
            cpu: "0.5"
            memory: 512Mi
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
        volumeMounts:
        - name: secret-1
          mountPath: /secrets/keys
      volumes:
      - name: secret-1
        secret:
          secretName: bot_keys
          items:
          - key: latest
            path: api
  traffic:
  - percent: 100
    latestRevision: true
END_OF_SERVICE
gcloud run services replace service.yaml --region=us-east1 --project=my-project
