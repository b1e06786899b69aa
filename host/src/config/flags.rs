use clap::{Args, Parser, Subcommand};

use super::{DataFlags, DeadLettersFlags, PushFlags, TelemetryFlags};

/// Runs an A2A agent component.
///
/// Exit status: 64 when a flag or variable cannot be used, 65 when the component cannot, 69 when
/// something that is needed is not there (an address in use, a folder that cannot be written).
#[derive(Debug, Parser)]
#[command(name = "attache-host", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Serve a component over HTTP/1.1 and h2c.
    #[command(after_help = SERVE_ENVIRONMENT)]
    Serve(Box<Flags>),
    /// Compile a component ahead of time, for a start without the compiler's work.
    Compile(CompileFlags),
    /// What webhooks were not sent, and sending it again.
    #[command(after_help = DEAD_LETTERS_STATUS)]
    DeadLetters(DeadLettersFlags),
}

const DEAD_LETTERS_STATUS: &str = "\
Works while a host runs on the same data. Exit status: 0 when nothing matches, too, since a task that
nobody knows lacks nothing; 69 when there is no task log.";

const SERVE_ENVIRONMENT: &str = "\
Also read from the environment:
  RUST_LOG                what to log: a level, or target=level pairs
  ATTACHE_CONFIG_<KEY>    like --config; the key is lower-cased
  ATTACHE_CARD_KEY        the key itself instead of --card-key-file
  ATTACHE_PUSH_KEY        the keys themselves instead of --push-key-file
  DATABASE_URL            keep tasks on this PostgreSQL server instead: postgres://USER:PASSWORD@
                          HOST:PORT/DATABASE?sslmode=...
  DB_HOST, DB_PORT, DB_NAME, DB_USER, DB_PASS, DB_SSLMODE, DB_SSLROOTCERT
                          the same in parts; without DB_HOST the AlloyDB Auth Proxy on 127.0.0.1
  ATTACHE_DATABASE_LISTEN_URL
                          the same server without the pooler in front, for notifications
  APP_URL, AGENT_URL      accepted for ATTACHE_PUBLIC_URL, in this order
  K_SERVICE               set by Cloud Run: listen on 0.0.0.0, log JSON, find the service's URL
  GOOGLE_CLOUD_PROJECT    the project that log entries name for their traces
  GCE_METADATA_HOST       host[:port] of the metadata server
  OTEL_*                  what OpenTelemetry names for exporters of OTLP: OTEL_SERVICE_NAME,
                          OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER, OTEL_EXPORTER_OTLP_HEADERS, ...";

/// The flags of `compile`.
#[derive(Debug, Args)]
pub struct CompileFlags {
    /// The component, a .wasm file.
    #[arg(env = "ATTACHE_COMPONENT", hide_env_values = true)]
    pub component: std::path::PathBuf,
    /// The file to write.
    #[arg(
        short,
        long,
        env = "ATTACHE_OUTPUT",
        hide_env_values = true,
        value_name = "FILE.cwasm"
    )]
    pub output: std::path::PathBuf,
}

/// The flags of `serve`, as text: [`Config`](super::Config) gives them meaning, so that a bad flag
/// and a bad variable end in the same sentence.
#[derive(Debug, Default, Args)]
pub struct Flags {
    /// The component: a .wasm file, compiled at start, or a .cwasm file from `compile`.
    #[arg(env = "ATTACHE_COMPONENT", hide_env_values = true)]
    pub component: Option<String>,

    /// Port to listen on; 0 takes a free one. [default: 8080]
    #[arg(long, env = "PORT", hide_env_values = true)]
    pub port: Option<String>,

    /// Address to listen on. [default: 127.0.0.1; 0.0.0.0 on Cloud Run]
    #[arg(
        long,
        env = "ATTACHE_HOST",
        hide_env_values = true,
        value_name = "ADDRESS"
    )]
    pub host: Option<String>,

    /// URL under which clients reach the agent. [default: found out]
    #[arg(
        long,
        env = "ATTACHE_PUBLIC_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub public_url: Option<String>,

    /// Where the task log is.
    #[command(flatten)]
    pub data: DataFlags,

    /// How long finished tasks are kept, such as 90d; 0 is for ever. [default: 30d in a file, 0 on a
    /// server]
    #[arg(
        long,
        env = "ATTACHE_RETENTION",
        hide_env_values = true,
        value_name = "AGE"
    )]
    pub retention: Option<String>,

    /// Shape of the agent card: pure, hybrid or negotiated. [default: the component's choice]
    #[arg(
        long,
        env = "ATTACHE_CARD",
        hide_env_values = true,
        value_name = "SHAPE"
    )]
    pub card: Option<String>,

    /// Origins whose pages may use the agent, with commas between them; * for any. The card is for all.
    /// [default: none]
    #[arg(
        long,
        env = "ATTACHE_ALLOW_ORIGIN",
        hide_env_values = true,
        value_name = "ORIGINS"
    )]
    pub allow_origin: Option<String>,

    /// PEM file with the private key that signs the agent card: PKCS#8, EC P-256 or RSA. Needs
    /// --public-url. [default: the card is not signed]
    #[arg(
        long,
        env = "ATTACHE_CARD_KEY_FILE",
        hide_env_values = true,
        value_name = "FILE"
    )]
    pub card_key_file: Option<String>,

    /// Name of that key in the signature. [default: its RFC 7638 thumbprint]
    #[arg(
        long,
        env = "ATTACHE_CARD_KEY_ID",
        hide_env_values = true,
        value_name = "ID"
    )]
    pub card_key_id: Option<String>,

    /// URL of the JSON Web Key Set where you publish the public key. [default: none]
    #[arg(
        long,
        env = "ATTACHE_CARD_JKU",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub card_jku: Option<String>,

    /// Declare gRPC in the agent card (1) or not (0), for where a proxy in front does not let it
    /// through. Cloud Run does. [default: 1]
    #[arg(
        long, env = "ATTACHE_GRPC", hide_env_values = true, value_name = "0|1",
        num_args = 0..=1, default_missing_value = "1", require_equals = true
    )]
    pub grpc: Option<String>,

    /// Seconds in which a repeated message finds its first task; 0 turns that off. [default: 600]
    #[arg(
        long,
        env = "ATTACHE_IDEMPOTENCY_WINDOW",
        hide_env_values = true,
        value_name = "SECONDS"
    )]
    pub idempotency_window: Option<String>,

    /// Where the work of a client that does not wait goes on after the response: inline, in this
    /// process; cloud-tasks, in a request that a queue sends; or auto, which is cloud-tasks on Cloud
    /// Run with a queue. [default: auto]
    #[arg(
        long,
        env = "ATTACHE_DISPATCH",
        hide_env_values = true,
        value_name = "MODE"
    )]
    pub dispatch: Option<String>,

    /// Queue of Cloud Tasks: projects/PROJECT/locations/REGION/queues/QUEUE, or QUEUE alone for this
    /// project and region. [default: none]
    #[arg(
        long,
        env = "ATTACHE_TASKS_QUEUE",
        hide_env_values = true,
        value_name = "QUEUE"
    )]
    pub tasks_queue: Option<String>,

    /// Service account that the queue calls as. [default: the one that this service runs as]
    #[arg(
        long,
        env = "ATTACHE_TASKS_SERVICE_ACCOUNT",
        hide_env_values = true,
        value_name = "EMAIL"
    )]
    pub tasks_service_account: Option<String>,

    /// Seconds that the queue waits for the work to end before it calls again, from 15 to 1800. The
    /// service's own request time-out has to be as long. [default: 1800]
    #[arg(
        long,
        env = "ATTACHE_TASKS_DEADLINE",
        hide_env_values = true,
        value_name = "SECONDS"
    )]
    pub tasks_deadline: Option<String>,

    /// URL of Cloud Tasks. [default: https://cloudtasks.googleapis.com]
    #[arg(
        long,
        env = "ATTACHE_CLOUD_TASKS_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub cloud_tasks_url: Option<String>,

    /// Seconds after which the task of a run that shows no sign of life is taken up again or failed.
    /// [default: 15]
    #[arg(
        long,
        env = "ATTACHE_LEASE",
        hide_env_values = true,
        value_name = "SECONDS"
    )]
    pub lease: Option<String>,

    /// How webhooks are called.
    #[command(flatten)]
    pub push: PushFlags,

    /// Hosts that the component may call: host[:port], *.example.com or *, separated by commas.
    /// Without a port: 443 for https, 80 for http. [default: none]
    #[arg(
        long,
        env = "ATTACHE_ALLOW_OUTBOUND",
        hide_env_values = true,
        value_name = "HOSTS"
    )]
    pub allow_outbound: Option<String>,

    /// Let the component call private addresses of the hosts that are allowed (1).
    #[arg(
        long, env = "ATTACHE_OUTBOUND_ALLOW_PRIVATE", hide_env_values = true, value_name = "0|1",
        num_args = 0..=1, default_missing_value = "1", require_equals = true
    )]
    pub outbound_allow_private: Option<String>,

    /// A config key for the component; may be repeated. Also ATTACHE_CONFIG_<KEY>.
    #[arg(long, value_name = "KEY=VALUE")]
    pub config: Vec<String>,

    /// Largest request body, such as 32MiB. [default: 32MiB]
    #[arg(
        long,
        env = "ATTACHE_MAX_BODY",
        hide_env_values = true,
        value_name = "SIZE"
    )]
    pub max_body: Option<String>,

    /// Requests worked on at the same time; more get 503. [default: 256]
    #[arg(
        long,
        env = "ATTACHE_MAX_INSTANCES",
        hide_env_values = true,
        value_name = "COUNT"
    )]
    pub max_instances: Option<String>,

    /// Memory of one instance, such as 256MiB. [default: 256MiB]
    #[arg(
        long,
        env = "ATTACHE_MEMORY",
        hide_env_values = true,
        value_name = "SIZE"
    )]
    pub memory: Option<String>,

    /// CPU time of one instance in milliseconds. [default: 60000]
    #[arg(
        long,
        env = "ATTACHE_CPU_MS",
        hide_env_values = true,
        value_name = "MS"
    )]
    pub cpu_ms: Option<String>,

    /// Seconds that running requests get after SIGTERM or SIGINT. [default: 8]
    #[arg(
        long,
        env = "ATTACHE_DRAIN",
        hide_env_values = true,
        value_name = "SECONDS"
    )]
    pub drain: Option<String>,

    /// Log format: text, json (Cloud Logging), or auto: json on Cloud Run. [default: auto]
    #[arg(
        long,
        env = "ATTACHE_LOG_FORMAT",
        hide_env_values = true,
        value_name = "FORMAT"
    )]
    pub log_format: Option<String>,

    /// Metrics and traces.
    #[command(flatten)]
    pub telemetry: TelemetryFlags,
}
