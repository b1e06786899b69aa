//! Every key of the manifest, once: what is read is checked against this, and `--init` and
//! docs/deploy.md are written from it.

/// A key of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    /// The table it stands in.
    pub(crate) table: &'static str,
    /// Its name; `NAME` where the reader chooses.
    pub(crate) name: &'static str,
    /// What holds without it.
    pub(crate) default: &'static str,
    /// A value, as TOML.
    pub(crate) example: &'static str,
    /// What it is.
    pub(crate) what: &'static str,
}

/// The tables, in the order of the manifest.
pub(crate) const TABLES: [(&str, &str); 10] = [
    ("agent", "What is deployed."),
    ("service", "The Cloud Run service."),
    (
        "env",
        "Settings of the host, as environment variables: docs/configuration.md has them all. Secrets have a table of their own.",
    ),
    ("config", "Config keys for the component."),
    (
        "secrets",
        "Secrets, from Secret Manager. As text it is a variable, which is read when an instance starts; with `mount` it is a file, which follows the secret. The value itself never stands here.",
    ),
    (
        "database",
        "Where tasks are kept: an instance of AlloyDB. Without this table each instance keeps its own, in memory.",
    ),
    (
        "queue",
        "A queue of Cloud Tasks, with which work goes on after the response. Without it the service is billed by instance, so that it has a processor then.",
    ),
    ("model", "The model that the agent is given."),
    ("egress", "What the component may call, and the way there."),
    (
        "gemini_enterprise",
        "The Gemini Enterprise app whose users are to find the agent: it is let in.",
    ),
];

/// Tables whose keys are the reader's.
pub(super) const OPEN: [&str; 3] = ["env", "config", "secrets"];

const fn key(
    table: &'static str,
    name: &'static str,
    default: &'static str,
    example: &'static str,
    what: &'static str,
) -> Key {
    Key {
        table,
        name,
        default,
        example,
        what,
    }
}

/// See [`Key`].
#[rustfmt::skip] // A table, a row each.
pub(crate) const KEYS: [Key; 55] = [
    key("agent", "name", "required", r#""hello""#, "The agent's name: small letters, digits and `-`."),
    key("agent", "component", "none", r#""target/wasm32-wasip2/release/hello.wasm""#, "The component; what is built and pushed."),
    key("agent", "image", "required", r#""us-central1-docker.pkg.dev/PROJECT/agents/hello:1""#, "The image that runs, of host and component, as `attache image --push` publishes it. With a digest (`@sha256:...`) it is known what runs."),
    key("agent", "spin_image", "none", r#""ghcr.io/me/hello:1""#, "The Spin application as `spin registry push` left it, for SpinKube."),
    key("service", "name", "the agent's", r#""hello""#, "The service's name, at most 49 characters."),
    key("service", "project", "`--project`, or gcloud's", r#""my-project""#, "The project's id."),
    key("service", "project_number", "looked up", r#""123456789012""#, "The project's number, which is in the service's URL. Needed where nothing may be looked up, as with `--print`."),
    key("service", "region", "required", r#""us-central1""#, "The region."),
    key("service", "account", "the service's name", r#""hello""#, "The service account that it runs as, of its own: a name, which is created, or the address of one that is there."),
    key("service", "public", "false", "false", "Whether Cloud Run lets everybody in. Then `auth` says whom the agent lets in."),
    key("service", "auth", "cloud-run-iam, unless `public`", r#"["cloud-run-iam"]"#, "How the agent knows who calls: `none`, or one or several of `api-key`, `oidc`, `iap`, `cloud-run-iam` and `google-access-token`."),
    key("service", "invokers", "none", r#"["group:callers@example.com"]"#, "Who else may call a service that is not public, in the words of IAM: `user:`, `group:`, `serviceAccount:`, `domain:`."),
    key("service", "public_url", "the service's URL", r#""https://agent.example.com""#, "The URL in the card, where a domain of your own leads to the service."),
    key("service", "ingress", "all", r#""all""#, "Which networks reach it: `all`, `internal`, or `internal-and-cloud-load-balancing`. Gemini Enterprise needs `all`."),
    key("service", "min_instances", "0", "0", "Instances that are kept when nobody calls. One spares the first caller the start."),
    key("service", "max_instances", "10; 1 without a database", "10", "Instances at most."),
    key("service", "concurrency", "80; 1 with less than a processor", "80", "Requests at the same time in one instance, at most 1000."),
    key("service", "cpu", "1", r#""1""#, "Processors: 0.08 to 1, 2, 4, 6 or 8."),
    key("service", "memory", "1Gi", r#""1Gi""#, "Memory, which files count against."),
    key("service", "timeout", "3600", "3600", "Seconds that a request may take, streams included; at most 3600."),
    key("service", "billing", "instance; request with a queue", r#""instance""#, "`instance`: a processor as long as the instance lives, so that work goes on after the response. `request`: one while a request is open."),
    key("service", "http2", "false", "false", "End-to-end HTTP/2 (`h2c`): bodies over 32 MiB, and streams of gRPC in both directions."),
    key("service", "session_affinity", "false", "false", "Whether clients with cookies come back to the same instance, where that is possible."),
    key("service", "labels", "none", r#"{ team = "data" }"#, "Labels of the service."),
    key("env", "NAME", "", r#"# RUST_LOG = "info""#, "A variable and its value."),
    key("config", "NAME", "", r#"# greeting = "Hello""#, "A config key and its value."),
    key("secrets", "NAME", "", r#"# GEMINI_API_KEY = "gemini-api-key:latest""#, "A variable and its secret as text, `SECRET` or `SECRET:VERSION`; or `{ secret = \"SECRET\", version = \"latest\", mount = \"/secrets/gemini/key\" }`, which is a file, whose path is in `NAME_FILE`."),
    key("database", "instance", "required", r#""projects/P/locations/R/clusters/C/instances/I""#, "The instance's full name."),
    key("database", "connect", "auth-proxy", r#""auth-proxy""#, "`auth-proxy`: by the AlloyDB Auth Proxy beside the agent; `private-ip`: straight to `host`."),
    key("database", "host", "none", r#""10.1.2.3""#, "The instance's address, with `private-ip`."),
    key("database", "port", "5432", "5432", "Its port; 6432 is that of managed connection pooling."),
    key("database", "name", "postgres", r#""postgres""#, "The database."),
    key("database", "login", "iam", r#""iam""#, "`iam`: as the service account, without a password; `password`: as `user`, with `DB_PASS` of `[secrets]`."),
    key("database", "user", "the service account", r#""attache""#, "Who logs in with a password; `DB_USER` of `[secrets]` may say it too."),
    key("database", "pool", "8", "8", "Connections of one instance."),
    key("database", "proxy_image", "gcr.io/alloydb-connectors/alloydb-auth-proxy:1.15.2", r#""gcr.io/alloydb-connectors/alloydb-auth-proxy:1.15.2""#, "The image of the Auth Proxy."),
    key("queue", "name", "the service's", r#""hello""#, "The queue's name."),
    key("queue", "location", "the service's region", r#""us-central1""#, "Where it is."),
    key("queue", "deadline", "1800", "1800", "Seconds that one call of the queue may take, 15 to 1800, and no more than `timeout`."),
    key("queue", "max_attempts", "100", "100", "How often it calls, until the work is done."),
    key("queue", "min_backoff", "2", "2", "Seconds before it calls again, at first."),
    key("queue", "max_backoff", "300", "300", "Seconds before it calls again, at most."),
    key("queue", "max_concurrent", "100", "100", "Calls at the same time."),
    key("queue", "max_per_second", "50", "50", "Calls in a second."),
    key("model", "provider", "none", r#""vertex""#, "`vertex` (by the service account), `gemini` (`GEMINI_API_KEY` of `[secrets]`), `openai` (`OPENAI_API_KEY` of `[secrets]`, or `base_url`) or `none`."),
    key("model", "name", "gemini-3.5-flash", r#""gemini-3.5-flash""#, "The model; required with `openai`."),
    key("model", "location", "global", r#""global""#, "Where Vertex AI is asked: `global`, `us`, `eu` or a region."),
    key("model", "base_url", "the provider's", r#""https://models.example.com/v1""#, "Where the model is served, with `openai`."),
    key("egress", "allow", "none", r#"["api.example.com"]"#, "Hosts that the component may call: `HOST`, `HOST:PORT`, `*.example.com` or `*`. The model's is allowed in any case."),
    key("egress", "network", "none; default with a database", r#""default""#, "The VPC network that the service is on."),
    key("egress", "subnetwork", "the network's name", r#""default""#, "The subnetwork, in the service's region."),
    key("egress", "vpc", "private-ranges-only", r#""private-ranges-only""#, "What goes by the network: `private-ranges-only` or `all-traffic`."),
    key("gemini_enterprise", "app", "required", r#""my-app_1700000000000""#, "The app's id."),
    key("gemini_enterprise", "location", "global", r#""global""#, "Where it is: `global`, `us` or `eu`."),
    key("gemini_enterprise", "project_number", "the service's", r#""123456789012""#, "The number of the app's project, where it is another."),
];
