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
  region = "us-east1"
}

# The project's number, which is in the URL of the service.
data "google_project" "this" {}

# A project refuses calls of APIs that are not enabled.
resource "google_project_service" "this" {
  for_each = toset(["run.googleapis.com", "iam.googleapis.com", "cloudresourcemanager.googleapis.com", "secretmanager.googleapis.com", "alloydb.googleapis.com", "compute.googleapis.com"])
  service = each.value
  disable_on_destroy = false
}

# Its value is no matter of Terraform's: gcloud secrets versions add bot_keys --data-file=FILE
resource "google_secret_manager_secret" "bot_keys" {
  secret_id = "bot_keys"

  replication {
    auto {}
  }

  depends_on = [
    google_project_service.this
  ]
}

# Its value is no matter of Terraform's: gcloud secrets versions add openai-key --data-file=FILE
resource "google_secret_manager_secret" "openai-key" {
  secret_id = "openai-key"

  replication {
    auto {}
  }

  depends_on = [
    google_project_service.this
  ]
}

# Its value is no matter of Terraform's: gcloud secrets versions add db-pass --data-file=FILE
resource "google_secret_manager_secret" "db-pass" {
  secret_id = "db-pass"

  replication {
    auto {}
  }

  depends_on = [
    google_project_service.this
  ]
}

# To read the secret bot_keys, and no other.
resource "google_secret_manager_secret_iam_member" "bot_keys" {
  secret_id = google_secret_manager_secret.bot_keys.id
  role = "roles/secretmanager.secretAccessor"
  member = "serviceAccount:runner@my-project.iam.gserviceaccount.com"
}

# To read the secret openai-key, and no other.
resource "google_secret_manager_secret_iam_member" "openai-key" {
  secret_id = google_secret_manager_secret.openai-key.id
  role = "roles/secretmanager.secretAccessor"
  member = "serviceAccount:runner@my-project.iam.gserviceaccount.com"
}

# To read the secret db-pass, and no other.
resource "google_secret_manager_secret_iam_member" "db-pass" {
  secret_id = google_secret_manager_secret.db-pass.id
  role = "roles/secretmanager.secretAccessor"
  member = "serviceAccount:runner@my-project.iam.gserviceaccount.com"
}

# The service.
resource "google_cloud_run_v2_service" "agent" {
  name = "bot"
  location = "us-east1"
  ingress = "INGRESS_TRAFFIC_ALL"
  deletion_protection = false
  labels = {
    "created-by" = "attache"
  }
  invoker_iam_disabled = true

  scaling {
    min_instance_count = 0
    max_instance_count = 5
  }

  template {
    service_account = "runner@my-project.iam.gserviceaccount.com"
    execution_environment = "EXECUTION_ENVIRONMENT_GEN2"
    max_instance_request_concurrency = 1
    timeout = "3600s"
    session_affinity = false

    vpc_access {
      egress = "PRIVATE_RANGES_ONLY"

      network_interfaces {
        network = "default"
        subnetwork = "default"
      }
    }

    containers {
      name = "agent"
      image = "ghcr.io/example/bot:2.1"

      ports {
        name = "http1"
        container_port = 8080
      }

      env {
        name = "ATTACHE_PUBLIC_URL"
        value = "https://bot.example.com"
      }

      env {
        name = "ATTACHE_AUTH"
        value = "api-key"
      }

      env {
        name = "ATTACHE_MODEL"
        value = "openai:some-model"
      }

      env {
        name = "DB_HOST"
        value = "10.1.2.3"
      }

      env {
        name = "DB_PORT"
        value = "5432"
      }

      env {
        name = "DB_NAME"
        value = "postgres"
      }

      env {
        name = "DB_USER"
        value = "bot"
      }

      env {
        name = "DB_SSLMODE"
        value = "require"
      }

      env {
        name = "ATTACHE_CONFIG_GREETING"
        value = "Hello"
      }

      env {
        name = "ATTACHE_MAX_BODY"
        value = "1MiB"
      }

      env {
        name = "ATTACHE_IDEMPOTENCY_WINDOW"
        value = "60"
      }

      env {
        name = "ATTACHE_API_KEYS_FILE"
        value = "/secrets/keys/api"
      }

      env {
        name = "OPENAI_API_KEY"

        value_source {
          secret_key_ref {
            secret = google_secret_manager_secret.openai-key.secret_id
            version = "latest"
          }
        }
      }

      env {
        name = "DB_PASS"

        value_source {
          secret_key_ref {
            secret = google_secret_manager_secret.db-pass.secret_id
            version = "latest"
          }
        }
      }

      resources {
        limits = {
          "cpu" = "0.5"
          "memory" = "512Mi"
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
        mount_path = "/secrets/keys"
      }
    }

    volumes {
      name = "secret-1"

      secret {
        secret = google_secret_manager_secret.bot_keys.secret_id

        items {
          version = "latest"
          path = "api"
        }
      }
    }
  }

  traffic {
    type = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
    percent = 100
  }

  depends_on = [
    google_secret_manager_secret_iam_member.bot_keys,
    google_secret_manager_secret_iam_member.openai-key,
    google_secret_manager_secret_iam_member.db-pass,
    google_project_service.this
  ]
}

output "url" {
  value = "https://bot.example.com"
}
