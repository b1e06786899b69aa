terraform {
  required_version = ">= 1.5"

  required_providers {
    google = {
      "source" = "hashicorp/google"
      "version" = ">= 6.30"
    }
  }
}

provider "google" {
  project = "my-project"
  region = "europe-west1"
}

# The project's number, which is in the URL of the service.
data "google_project" "this" {}

# A project refuses calls of APIs that are not enabled.
resource "google_project_service" "this" {
  for_each = toset(["run.googleapis.com", "iam.googleapis.com", "cloudresourcemanager.googleapis.com", "artifactregistry.googleapis.com", "secretmanager.googleapis.com", "aiplatform.googleapis.com", "alloydb.googleapis.com", "cloudtasks.googleapis.com", "compute.googleapis.com", "telemetry.googleapis.com"])
  service = each.value
  disable_on_destroy = false
}

# The service runs as an account of its own.
resource "google_service_account" "agent" {
  account_id = "data-analyst"
  display_name = "Agent analyst"
}

# Its value is no matter of Terraform's: gcloud secrets versions add crm_token --data-file=FILE
resource "google_secret_manager_secret" "crm_token" {
  secret_id = "crm_token"

  replication {
    auto {}
  }

  depends_on = [
    google_project_service.this
  ]
}

# Its value is no matter of Terraform's: gcloud secrets versions add card-key --data-file=FILE
resource "google_secret_manager_secret" "card-key" {
  secret_id = "card-key"

  replication {
    auto {}
  }

  depends_on = [
    google_project_service.this
  ]
}

# Its value is no matter of Terraform's: gcloud secrets versions add push-key --data-file=FILE
resource "google_secret_manager_secret" "push-key" {
  secret_id = "push-key"

  replication {
    auto {}
  }

  depends_on = [
    google_project_service.this
  ]
}

# It calls the service to go on with work after the response.
resource "google_cloud_tasks_queue" "tasks" {
  name = "data-analyst"
  location = "europe-west1"

  rate_limits {
    max_concurrent_dispatches = 100
    max_dispatches_per_second = 20
  }

  retry_config {
    max_attempts = 100
    min_backoff = "2s"
    max_backoff = "300s"
  }

  depends_on = [
    google_project_service.this
  ]
}

# The service account logs in to the database under this name.
resource "google_alloydb_user" "agent" {
  cluster = "projects/data-project/locations/europe-west1/clusters/main"
  user_id = "data-analyst@my-project.iam"
  user_type = "ALLOYDB_IAM_USER"
  database_roles = [
    "alloydbiamuser"
  ]
  depends_on = [
    google_service_account.agent
  ]
}

# To read the secret crm_token, and no other.
resource "google_secret_manager_secret_iam_member" "crm_token" {
  secret_id = google_secret_manager_secret.crm_token.id
  role = "roles/secretmanager.secretAccessor"
  member = "serviceAccount:${google_service_account.agent.email}"
}

# To read the secret card-key, and no other.
resource "google_secret_manager_secret_iam_member" "card-key" {
  secret_id = google_secret_manager_secret.card-key.id
  role = "roles/secretmanager.secretAccessor"
  member = "serviceAccount:${google_service_account.agent.email}"
}

# To read the secret push-key, and no other.
resource "google_secret_manager_secret_iam_member" "push-key" {
  secret_id = google_secret_manager_secret.push-key.id
  role = "roles/secretmanager.secretAccessor"
  member = "serviceAccount:${google_service_account.agent.email}"
}

# To ask the model.
resource "google_project_iam_member" "aiplatform_user" {
  project = "my-project"
  role = "roles/aiplatform.user"
  member = "serviceAccount:${google_service_account.agent.email}"
}

# To connect to the database.
resource "google_project_iam_member" "alloydb_client_in_data_project" {
  project = "data-project"
  role = "roles/alloydb.client"
  member = "serviceAccount:${google_service_account.agent.email}"
}

# To call the AlloyDB API for the project.
resource "google_project_iam_member" "serviceusage_serviceusageconsumer_in_data_project" {
  project = "data-project"
  role = "roles/serviceusage.serviceUsageConsumer"
  member = "serviceAccount:${google_service_account.agent.email}"
}

# To log in to the database without a password.
resource "google_project_iam_member" "alloydb_databaseuser_in_data_project" {
  project = "data-project"
  role = "roles/alloydb.databaseUser"
  member = "serviceAccount:${google_service_account.agent.email}"
}

# To send traces.
resource "google_project_iam_member" "cloudtrace_agent" {
  project = "my-project"
  role = "roles/cloudtrace.agent"
  member = "serviceAccount:${google_service_account.agent.email}"
}

# To send metrics.
resource "google_project_iam_member" "monitoring_metricwriter" {
  project = "my-project"
  role = "roles/monitoring.metricWriter"
  member = "serviceAccount:${google_service_account.agent.email}"
}

# To send traces for the project.
resource "google_project_iam_member" "serviceusage_serviceusageconsumer" {
  project = "my-project"
  role = "roles/serviceusage.serviceUsageConsumer"
  member = "serviceAccount:${google_service_account.agent.email}"
}

# To give the queue work.
resource "google_cloud_tasks_queue_iam_member" "cloudtasks_enqueuer" {
  name = google_cloud_tasks_queue.tasks.name
  location = google_cloud_tasks_queue.tasks.location
  role = "roles/cloudtasks.enqueuer"
  member = "serviceAccount:${google_service_account.agent.email}"
}

# To have the queue call as the service account.
resource "google_service_account_iam_member" "iam_serviceaccountuser" {
  service_account_id = google_service_account.agent.name
  role = "roles/iam.serviceAccountUser"
  member = "serviceAccount:${google_service_account.agent.email}"
}

# The service.
resource "google_cloud_run_v2_service" "agent" {
  name = "data-analyst"
  location = "europe-west1"
  ingress = "INGRESS_TRAFFIC_ALL"
  deletion_protection = false
  labels = {
    "created-by" = "attache"
    "team" = "data"
  }

  scaling {
    min_instance_count = 1
    max_instance_count = 20
  }

  template {
    service_account = google_service_account.agent.email
    execution_environment = "EXECUTION_ENVIRONMENT_GEN2"
    max_instance_request_concurrency = 40
    timeout = "3600s"
    session_affinity = true

    vpc_access {
      egress = "PRIVATE_RANGES_ONLY"

      network_interfaces {
        network = "prod"
        subnetwork = "agents"
      }
    }

    containers {
      name = "agent"
      image = "europe-west1-docker.pkg.dev/my-project/agents/analyst@sha256:0000000000000000000000000000000000000000000000000000000000000000"
      depends_on = [
        "alloydb-proxy"
      ]

      ports {
        name = "h2c"
        container_port = 8080
      }

      env {
        name = "ATTACHE_PUBLIC_URL"
        value = "https://data-analyst-${data.google_project.this.number}.europe-west1.run.app"
      }

      env {
        name = "ATTACHE_AUTH"
        value = "cloud-run-iam,google-access-token"
      }

      env {
        name = "ATTACHE_MODEL"
        value = "vertex:gemini-3.5-flash"
      }

      env {
        name = "GOOGLE_CLOUD_PROJECT"
        value = "my-project"
      }

      env {
        name = "GOOGLE_CLOUD_LOCATION"
        value = "global"
      }

      env {
        name = "ATTACHE_ALLOW_OUTBOUND"
        value = "api.example.com,*.example.org:8443"
      }

      env {
        name = "ATTACHE_TASKS_QUEUE"
        value = "projects/my-project/locations/europe-west1/queues/data-analyst"
      }

      env {
        name = "ATTACHE_TASKS_DEADLINE"
        value = "1800"
      }

      env {
        name = "DB_HOST"
        value = "127.0.0.1"
      }

      env {
        name = "DB_PORT"
        value = "5432"
      }

      env {
        name = "DB_NAME"
        value = "a2a"
      }

      env {
        name = "DB_IAM_AUTH"
        value = "1"
      }

      env {
        name = "DB_USER"
        value = "data-analyst@my-project.iam"
      }

      env {
        name = "ATTACHE_DATABASE_POOL"
        value = "4"
      }

      env {
        name = "ATTACHE_CONFIG_GREETING"
        value = "It's $${literal}, 100% and \"quoted\""
      }

      env {
        name = "ATTACHE_CONFIG_YES"
        value = "no"
      }

      env {
        name = "ATTACHE_GOOGLE_CLIENT_ID"
        value = "1234-abc.apps.googleusercontent.com"
      }

      env {
        name = "OTEL_EXPORTER_OTLP_ENDPOINT"
        value = "https://telemetry.googleapis.com"
      }

      env {
        name = "RUST_LOG"
        value = "info"
      }

      env {
        name = "ATTACHE_CONFIG_CRM_TOKEN"

        value_source {
          secret_key_ref {
            secret = google_secret_manager_secret.crm_token.secret_id
            version = "3"
          }
        }
      }

      env {
        name = "ATTACHE_CARD_KEY_FILE"
        value = "/secrets/card/key.pem"
      }

      env {
        name = "ATTACHE_PUSH_KEY_FILE"
        value = "/secrets/push/key.pem"
      }

      resources {
        limits = {
          "cpu" = "2"
          "memory" = "2Gi"
        }
        cpu_idle = true
        startup_cpu_boost = true
      }

      startup_probe {
        period_seconds = 1
        timeout_seconds = 1
        failure_threshold = 120

        http_get {
          path = "/health/startup"
          port = 8080
        }
      }

      liveness_probe {
        period_seconds = 15
        timeout_seconds = 5
        failure_threshold = 3

        http_get {
          path = "/health/live"
          port = 8080
        }
      }

      volume_mounts {
        name = "secret-1"
        mount_path = "/secrets/card"
      }

      volume_mounts {
        name = "secret-2"
        mount_path = "/secrets/push"
      }
    }

    containers {
      name = "alloydb-proxy"
      image = "gcr.io/alloydb-connectors/alloydb-auth-proxy:1.15.2"
      args = [
        "--structured-logs",
        "--auto-iam-authn",
        "--lazy-refresh",
        "--health-check",
        "--http-address=0.0.0.0",
        "--http-port=9090",
        "--port=5432",
        "projects/data-project/locations/europe-west1/clusters/main/instances/primary"
      ]

      resources {
        limits = {
          "cpu" = "0.5"
          "memory" = "256Mi"
        }
        cpu_idle = true
        startup_cpu_boost = true
      }

      startup_probe {
        period_seconds = 1
        timeout_seconds = 1
        failure_threshold = 60

        http_get {
          path = "/startup"
          port = 9090
        }
      }
    }

    volumes {
      name = "secret-1"

      secret {
        secret = google_secret_manager_secret.card-key.secret_id

        items {
          version = "latest"
          path = "key.pem"
        }
      }
    }

    volumes {
      name = "secret-2"

      secret {
        secret = google_secret_manager_secret.push-key.secret_id

        items {
          version = "2"
          path = "key.pem"
        }
      }
    }
  }

  traffic {
    type = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
    percent = 100
  }

  depends_on = [
    google_secret_manager_secret_iam_member.crm_token,
    google_secret_manager_secret_iam_member.card-key,
    google_secret_manager_secret_iam_member.push-key,
    google_project_iam_member.aiplatform_user,
    google_project_iam_member.alloydb_client_in_data_project,
    google_project_iam_member.serviceusage_serviceusageconsumer_in_data_project,
    google_project_iam_member.alloydb_databaseuser_in_data_project,
    google_project_iam_member.cloudtrace_agent,
    google_project_iam_member.monitoring_metricwriter,
    google_project_iam_member.serviceusage_serviceusageconsumer,
    google_cloud_tasks_queue_iam_member.cloudtasks_enqueuer,
    google_service_account_iam_member.iam_serviceaccountuser,
    google_project_service.this
  ]
}

# To let the queue's calls in.
resource "google_cloud_run_v2_service_iam_member" "invoker_serviceaccount_data_analyst_my_project_iam_gserviceaccount_com" {
  name = google_cloud_run_v2_service.agent.name
  location = google_cloud_run_v2_service.agent.location
  role = "roles/run.invoker"
  member = "serviceAccount:${google_service_account.agent.email}"
}

# To let Gemini Enterprise call.
resource "google_cloud_run_v2_service_iam_member" "invoker_serviceaccount_service_999999999999_gcp_sa_discoveryengine_iam_gserviceaccount_com" {
  name = google_cloud_run_v2_service.agent.name
  location = google_cloud_run_v2_service.agent.location
  role = "roles/run.invoker"
  member = "serviceAccount:service-999999999999@gcp-sa-discoveryengine.iam.gserviceaccount.com"
}

# To let the manifest's invokers call.
resource "google_cloud_run_v2_service_iam_member" "invoker_group_analysts_example_com" {
  name = google_cloud_run_v2_service.agent.name
  location = google_cloud_run_v2_service.agent.location
  role = "roles/run.invoker"
  member = "group:analysts@example.com"
}

# To let the manifest's invokers call.
resource "google_cloud_run_v2_service_iam_member" "invoker_serviceaccount_caller_other_project_iam_gserviceaccount_com" {
  name = google_cloud_run_v2_service.agent.name
  location = google_cloud_run_v2_service.agent.location
  role = "roles/run.invoker"
  member = "serviceAccount:caller@other-project.iam.gserviceaccount.com"
}

output "url" {
  value = "https://data-analyst-${data.google_project.this.number}.europe-west1.run.app"
}
