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
  region = "us-central1"
}

# The project's number, which is in the URL of the service.
data "google_project" "this" {}

# A project refuses calls of APIs that are not enabled.
resource "google_project_service" "this" {
  for_each = toset(["run.googleapis.com", "iam.googleapis.com", "cloudresourcemanager.googleapis.com", "artifactregistry.googleapis.com"])
  service = each.value
  disable_on_destroy = false
}

# The service runs as an account of its own.
resource "google_service_account" "agent" {
  account_id = "hello-agent"
  display_name = "Agent hello"
}

# The service.
resource "google_cloud_run_v2_service" "agent" {
  name = "hello"
  location = "us-central1"
  ingress = "INGRESS_TRAFFIC_ALL"
  deletion_protection = false
  labels = {
    "created-by" = "attache"
  }

  scaling {
    min_instance_count = 0
    max_instance_count = 1
  }

  template {
    service_account = google_service_account.agent.email
    execution_environment = "EXECUTION_ENVIRONMENT_GEN2"
    max_instance_request_concurrency = 80
    timeout = "3600s"
    session_affinity = false

    containers {
      name = "agent"
      image = "us-central1-docker.pkg.dev/my-project/agents/hello:1"

      ports {
        name = "http1"
        container_port = 8080
      }

      env {
        name = "ATTACHE_PUBLIC_URL"
        value = "https://hello-${data.google_project.this.number}.us-central1.run.app"
      }

      env {
        name = "ATTACHE_AUTH"
        value = "cloud-run-iam"
      }

      env {
        name = "ATTACHE_DISPATCH"
        value = "inline"
      }

      resources {
        limits = {
          "cpu" = "1"
          "memory" = "1Gi"
        }
        cpu_idle = false
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
    }
  }

  traffic {
    type = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
    percent = 100
  }

  depends_on = [
    google_project_service.this
  ]
}

output "url" {
  value = "https://hello-${data.google_project.this.number}.us-central1.run.app"
}
