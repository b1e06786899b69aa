#!/usr/bin/env bash
# What `attache deploy cloud-run` does, by gcloud. It may run twice.
set -euo pipefail

# enable 10 APIs: a project refuses calls of APIs that are not enabled.
gcloud services enable run.googleapis.com iam.googleapis.com cloudresourcemanager.googleapis.com \
    artifactregistry.googleapis.com secretmanager.googleapis.com aiplatform.googleapis.com \
    alloydb.googleapis.com cloudtasks.googleapis.com compute.googleapis.com telemetry.googleapis.com \
    --project=my-project

# create the service account data-analyst: the service has an account of its own, which may do no more than it needs.
gcloud iam service-accounts describe data-analyst@my-project.iam.gserviceaccount.com \
    --project=my-project >/dev/null 2>&1 ||
  gcloud iam service-accounts create data-analyst --display-name='Agent analyst' --project=my-project

# create the secret crm_token: it holds ATTACHE_CONFIG_CRM_TOKEN.
gcloud secrets describe crm_token --project=my-project >/dev/null 2>&1 ||
  gcloud secrets create crm_token --replication-policy=automatic --project=my-project

# create the secret card-key: it holds ATTACHE_CARD_KEY_FILE.
gcloud secrets describe card-key --project=my-project >/dev/null 2>&1 ||
  gcloud secrets create card-key --replication-policy=automatic --project=my-project

# create the secret push-key: it holds ATTACHE_PUSH_KEY_FILE.
gcloud secrets describe push-key --project=my-project >/dev/null 2>&1 ||
  gcloud secrets create push-key --replication-policy=automatic --project=my-project

# create the queue data-analyst: it calls the service to go on with work after the response.
gcloud tasks queues describe data-analyst --location=europe-west1 --project=my-project >/dev/null 2>&1 ||
  gcloud tasks queues create data-analyst --location=europe-west1 --project=my-project \
    --max-attempts=100 --min-backoff=2s --max-backoff=300s --max-concurrent-dispatches=100 \
    --max-dispatches-per-second=20
gcloud tasks queues update data-analyst --location=europe-west1 --project=my-project \
    --max-attempts=100 --min-backoff=2s --max-backoff=300s --max-concurrent-dispatches=100 \
    --max-dispatches-per-second=20

# create the database user data-analyst@my-project.iam: the service account logs in under this name, without a password.
gcloud alloydb users describe data-analyst@my-project.iam --cluster=main --region=europe-west1 \
    --project=data-project >/dev/null 2>&1 ||
  gcloud alloydb users create data-analyst@my-project.iam --cluster=main --region=europe-west1 \
    --project=data-project --type=IAM_BASED

# grant roles/secretmanager.secretAccessor on secret crm_token: serviceAccount:data-analyst@my-project.iam.gserviceaccount.com: to read the secret crm_token, and no other.
gcloud secrets add-iam-policy-binding crm_token --project=my-project \
    --member=serviceAccount:data-analyst@my-project.iam.gserviceaccount.com \
    --role=roles/secretmanager.secretAccessor

# grant roles/secretmanager.secretAccessor on secret card-key: serviceAccount:data-analyst@my-project.iam.gserviceaccount.com: to read the secret card-key, and no other.
gcloud secrets add-iam-policy-binding card-key --project=my-project \
    --member=serviceAccount:data-analyst@my-project.iam.gserviceaccount.com \
    --role=roles/secretmanager.secretAccessor

# grant roles/secretmanager.secretAccessor on secret push-key: serviceAccount:data-analyst@my-project.iam.gserviceaccount.com: to read the secret push-key, and no other.
gcloud secrets add-iam-policy-binding push-key --project=my-project \
    --member=serviceAccount:data-analyst@my-project.iam.gserviceaccount.com \
    --role=roles/secretmanager.secretAccessor

# grant roles/aiplatform.user on project my-project: serviceAccount:data-analyst@my-project.iam.gserviceaccount.com: to ask the model.
gcloud projects add-iam-policy-binding my-project --condition=None \
    --member=serviceAccount:data-analyst@my-project.iam.gserviceaccount.com \
    --role=roles/aiplatform.user

# grant roles/alloydb.client on project data-project: serviceAccount:data-analyst@my-project.iam.gserviceaccount.com: to connect to the database.
gcloud projects add-iam-policy-binding data-project --condition=None \
    --member=serviceAccount:data-analyst@my-project.iam.gserviceaccount.com \
    --role=roles/alloydb.client

# grant roles/serviceusage.serviceUsageConsumer on project data-project: serviceAccount:data-analyst@my-project.iam.gserviceaccount.com: to call the AlloyDB API for the project.
gcloud projects add-iam-policy-binding data-project --condition=None \
    --member=serviceAccount:data-analyst@my-project.iam.gserviceaccount.com \
    --role=roles/serviceusage.serviceUsageConsumer

# grant roles/alloydb.databaseUser on project data-project: serviceAccount:data-analyst@my-project.iam.gserviceaccount.com: to log in to the database without a password.
gcloud projects add-iam-policy-binding data-project --condition=None \
    --member=serviceAccount:data-analyst@my-project.iam.gserviceaccount.com \
    --role=roles/alloydb.databaseUser

# grant roles/cloudtrace.agent on project my-project: serviceAccount:data-analyst@my-project.iam.gserviceaccount.com: to send traces.
gcloud projects add-iam-policy-binding my-project --condition=None \
    --member=serviceAccount:data-analyst@my-project.iam.gserviceaccount.com \
    --role=roles/cloudtrace.agent

# grant roles/monitoring.metricWriter on project my-project: serviceAccount:data-analyst@my-project.iam.gserviceaccount.com: to send metrics.
gcloud projects add-iam-policy-binding my-project --condition=None \
    --member=serviceAccount:data-analyst@my-project.iam.gserviceaccount.com \
    --role=roles/monitoring.metricWriter

# grant roles/serviceusage.serviceUsageConsumer on project my-project: serviceAccount:data-analyst@my-project.iam.gserviceaccount.com: to send traces for the project.
gcloud projects add-iam-policy-binding my-project --condition=None \
    --member=serviceAccount:data-analyst@my-project.iam.gserviceaccount.com \
    --role=roles/serviceusage.serviceUsageConsumer

# grant roles/cloudtasks.enqueuer on queue data-analyst: serviceAccount:data-analyst@my-project.iam.gserviceaccount.com: to give the queue work.
gcloud tasks queues add-iam-policy-binding data-analyst --location=europe-west1 --project=my-project \
    --member=serviceAccount:data-analyst@my-project.iam.gserviceaccount.com \
    --role=roles/cloudtasks.enqueuer

# grant roles/iam.serviceAccountUser on service account data-analyst@my-project.iam.gserviceaccount.com: serviceAccount:data-analyst@my-project.iam.gserviceaccount.com: to have the queue call as the service account.
gcloud iam service-accounts add-iam-policy-binding data-analyst@my-project.iam.gserviceaccount.com \
    --project=my-project --member=serviceAccount:data-analyst@my-project.iam.gserviceaccount.com \
    --role=roles/iam.serviceAccountUser

# deploy the service data-analyst: it runs europe-west1-docker.pkg.dev/my-project/agents/analyst@sha256:0000000000000000000000000000000000000000000000000000000000000000.
cat >service.yaml <<'END_OF_SERVICE'
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: data-analyst
  namespace: my-project
  labels:
    created-by: attache
    team: data
  annotations:
    run.googleapis.com/ingress: all
    run.googleapis.com/minScale: "1"
    run.googleapis.com/maxScale: "20"
    attache-digest: 5b466ce41d878b34818399f8bfda5931
spec:
  template:
    metadata:
      annotations:
        run.googleapis.com/execution-environment: gen2
        run.googleapis.com/cpu-throttling: "true"
        run.googleapis.com/startup-cpu-boost: "true"
        run.googleapis.com/sessionAffinity: "true"
        run.googleapis.com/network-interfaces: "[{\"network\":\"prod\",\"subnetwork\":\"agents\"}]"
        run.googleapis.com/vpc-access-egress: private-ranges-only
        run.googleapis.com/container-dependencies: "{\"agent\":[\"alloydb-proxy\"]}"
    spec:
      serviceAccountName: data-analyst@my-project.iam.gserviceaccount.com
      containerConcurrency: 40
      timeoutSeconds: 3600
      containers:
      - name: agent
        image: >-
          europe-west1-docker.pkg.dev/my-project/agents/analyst@sha256:0000000000000000000000000000000000000000000000000000000000000000
        ports:
        - name: h2c
          containerPort: 8080
        env:
        - name: ATTACHE_PUBLIC_URL
          value: https://data-analyst-123456789012.europe-west1.run.app
        - name: ATTACHE_AUTH
          value: cloud-run-iam,google-access-token
        - name: ATTACHE_MODEL
          value: vertex:gemini-3.5-flash
        - name: GOOGLE_CLOUD_PROJECT
          value: my-project
        - name: GOOGLE_CLOUD_LOCATION
          value: global
        - name: ATTACHE_ALLOW_OUTBOUND
          value: api.example.com,*.example.org:8443
        - name: ATTACHE_TASKS_QUEUE
          value: projects/my-project/locations/europe-west1/queues/data-analyst
        - name: ATTACHE_TASKS_DEADLINE
          value: "1800"
        - name: DB_HOST
          value: "127.0.0.1"
        - name: DB_PORT
          value: "5432"
        - name: DB_NAME
          value: a2a
        - name: DB_IAM_AUTH
          value: "1"
        - name: DB_USER
          value: data-analyst@my-project.iam
        - name: ATTACHE_DATABASE_POOL
          value: "4"
        - name: ATTACHE_CONFIG_GREETING
          value: It's ${literal}, 100% and "quoted"
        - name: ATTACHE_CONFIG_YES
          value: "no"
        - name: ATTACHE_GOOGLE_CLIENT_ID
          value: 1234-abc.apps.googleusercontent.com
        - name: OTEL_EXPORTER_OTLP_ENDPOINT
          value: https://telemetry.googleapis.com
        - name: RUST_LOG
          value: info
        - name: ATTACHE_CONFIG_CRM_TOKEN
          valueFrom:
            secretKeyRef:
              name: crm_token
              key: "3"
        - name: ATTACHE_CARD_KEY_FILE
          value: /secrets/card/key.pem
        - name: ATTACHE_PUSH_KEY_FILE
          value: /secrets/push/key.pem
        resources:
          limits:
            cpu: "2"
            memory: 2Gi
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
          mountPath: /secrets/card
        - name: secret-2
          mountPath: /secrets/push
      - name: alloydb-proxy
        image: gcr.io/alloydb-connectors/alloydb-auth-proxy:1.15.2
        args:
        - --structured-logs
        - --auto-iam-authn
        - --lazy-refresh
        - --health-check
        - --http-address=0.0.0.0
        - --http-port=9090
        - --port=5432
        - projects/data-project/locations/europe-west1/clusters/main/instances/primary
        resources:
          limits:
            cpu: "0.5"
            memory: 256Mi
        startupProbe:
          httpGet:
            path: /startup
            port: 9090
          periodSeconds: 1
          timeoutSeconds: 1
          failureThreshold: 60
      volumes:
      - name: secret-1
        secret:
          secretName: card-key
          items:
          - key: latest
            path: key.pem
      - name: secret-2
        secret:
          secretName: push-key
          items:
          - key: "2"
            path: key.pem
  traffic:
  - percent: 100
    latestRevision: true
END_OF_SERVICE
gcloud run services replace service.yaml --region=europe-west1 --project=my-project

# grant roles/run.invoker on service data-analyst: serviceAccount:data-analyst@my-project.iam.gserviceaccount.com: to let the queue's calls in.
gcloud run services add-iam-policy-binding data-analyst --region=europe-west1 --project=my-project \
    --member=serviceAccount:data-analyst@my-project.iam.gserviceaccount.com --role=roles/run.invoker

# grant roles/run.invoker on service data-analyst: serviceAccount:service-999999999999@gcp-sa-discoveryengine.iam.gserviceaccount.com: to let Gemini Enterprise call.
gcloud run services add-iam-policy-binding data-analyst --region=europe-west1 --project=my-project \
    --member=serviceAccount:service-999999999999@gcp-sa-discoveryengine.iam.gserviceaccount.com \
    --role=roles/run.invoker

# grant roles/run.invoker on service data-analyst: group:analysts@example.com: to let the manifest's invokers call.
gcloud run services add-iam-policy-binding data-analyst --region=europe-west1 --project=my-project \
    --member=group:analysts@example.com --role=roles/run.invoker

# grant roles/run.invoker on service data-analyst: serviceAccount:caller@other-project.iam.gserviceaccount.com: to let the manifest's invokers call.
gcloud run services add-iam-policy-binding data-analyst --region=europe-west1 --project=my-project \
    --member=serviceAccount:caller@other-project.iam.gserviceaccount.com --role=roles/run.invoker
