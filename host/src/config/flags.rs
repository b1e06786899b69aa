use clap::{Args, Parser, Subcommand};

use super::{
    AgentFlags, CallerFlags, ConfigFlags, DataFlags, DeadLettersFlags, IdentityFlags, NetworkFlags,
    PushFlags, RegistryFlags, Tables, TelemetryFlags,
};

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
    /// Print what `serve` would run with, and where each value comes from. Secrets are not shown.
    ///
    /// Takes the flags and the variables of `serve`, and refuses what it would refuse.
    Config(Box<ConfigFlags>),
    /// Compile a component ahead of time, for a start without the compiler's work.
    Compile(CompileFlags),
    /// Make an API key: prints it, this once, and the line that the host is given for it.
    ApiKey {
        /// Who holds it: letters, digits, '.', '_', '-' and '@'.
        name: String,
    },
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
  ATTACHE_CONFIG_<KEY>_FILE
                          the file that holds the value; it is read again when it changes
  ATTACHE_AGENT_<NAME>_<SETTING>
                          of one of several agents: HOST, PUBLIC_URL, CONFIG_<KEY>, or a flag that
                          agents may have for themselves, such as ALLOW_OUTBOUND or MEMORY
  ATTACHE_API_KEYS        lines like those of --api-keys-file, with commas between them
  ATTACHE_CARD_KEY        the key itself instead of --card-key-file
  ATTACHE_COMPONENT_KEY   the key itself instead of --component-key-file
  DOCKER_CONFIG           the folder with Docker's config.json, whose credentials open registries
  ATTACHE_PUSH_KEY        the keys themselves instead of --push-key-file
  DATABASE_URL            keep tasks on this PostgreSQL server instead: postgres://USER:PASSWORD@
                          HOST:PORT/DATABASE?sslmode=...
  DB_HOST, DB_PORT, DB_NAME, DB_USER, DB_PASS, DB_SSLMODE, DB_SSLROOTCERT
                          the same in parts; without DB_HOST the AlloyDB Auth Proxy on 127.0.0.1
  DATABASE_URL_FILE, DB_PASS_FILE, ATTACHE_DATABASE_LISTEN_URL_FILE
                          the file that holds the value
  ATTACHE_DATABASE_LISTEN_URL
                          the same server without the pooler in front, for notifications
  APP_URL, AGENT_URL      accepted for ATTACHE_PUBLIC_URL, in this order
  K_SERVICE               set by Cloud Run: listen on 0.0.0.0, log JSON, find the service's URL
  GOOGLE_CLOUD_PROJECT    the project that log entries name for their traces, and whose Vertex AI an
                          agent is given
  GOOGLE_CLOUD_LOCATION, GOOGLE_GENAI_USE_ENTERPRISE, GOOGLE_GENAI_USE_VERTEXAI
                          where Vertex AI is asked, and that it is
  GEMINI_API_KEY, GOOGLE_API_KEY, OPENAI_API_KEY
                          a key for a model (--model); with _FILE behind the name, the file that holds it
  GOOGLE_GEMINI_BASE_URL, GOOGLE_VERTEX_BASE_URL, OPENAI_BASE_URL
                          where a model is, if not where it usually is
  GCE_METADATA_HOST       host[:port] of the metadata server
  GOOGLE_APPLICATION_CREDENTIALS
                          file of the account that --credentials calls Google as; without it the one
                          of gcloud auth application-default login, or the metadata server
  OTEL_*                  what OpenTelemetry names for exporters of OTLP: OTEL_SERVICE_NAME,
                          OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER, OTEL_EXPORTER_OTLP_HEADERS, ...";

/// The flags of `compile`.
#[derive(Debug, Args)]
pub struct CompileFlags {
    /// The component, a .wasm file.
    #[arg(env = "ATTACHE_COMPONENT", hide_env_values = true)]
    pub component: std::path::PathBuf,
    /// Oldest machine that the file is to run on: Cloud Run has x86-64-v3 in most regions and
    /// promises none. Without a meaning on other architectures.
    #[arg(
        long,
        env = "ATTACHE_CPU",
        hide_env_values = true,
        default_value = "x86-64-v2"
    )]
    pub cpu: crate::engine::Cpu,
    /// The file to write.
    #[arg(
        short,
        long,
        env = "ATTACHE_OUTPUT",
        hide_env_values = true,
        value_name = "FILE.cwasm"
    )]
    pub output: std::path::PathBuf,

    /// Address space of each instance: large, four gigabytes, or small, what it uses, at the cost of
    /// checking each access to memory. `serve` has to be told the same. [default: large]
    #[arg(
        long,
        env = "ATTACHE_ADDRESS_SPACE",
        hide_env_values = true,
        value_name = "SPACE"
    )]
    pub address_space: Option<String>,
}

/// The flags of `serve`, as text: [`Config`](super::Config) gives them meaning, so that a bad flag
/// and a bad variable end in the same sentence.
#[derive(Debug, Default, Args)]
pub struct Flags {
    /// The component: a .wasm file, compiled at start, a .cwasm file from `compile`, or an artifact in
    /// a registry, oci://HOST/REPOSITORY:TAG or oci://HOST/REPOSITORY@sha256:DIGEST. Of a folder, every
    /// component in it, as agents that are named after their files.
    #[arg(env = "ATTACHE_COMPONENT", hide_env_values = true)]
    pub component: Option<String>,

    /// One of several agents instead of COMPONENT, at /agents/NAME; may be repeated. What is its own:
    /// ATTACHE_AGENT_<NAME>_<SETTING>. [default: none]
    #[arg(
        long = "agent",
        env = "ATTACHE_AGENTS",
        hide_env_values = true,
        value_name = "NAME=FILE",
        value_delimiter = ','
    )]
    pub agents: Vec<String>,

    /// Seconds between looks at the files of components; a new one is served when it was probed. 0 is
    /// never. [default: 1]
    #[arg(
        long,
        env = "ATTACHE_WATCH",
        hide_env_values = true,
        value_name = "SECONDS"
    )]
    pub watch: Option<String>,

    /// Folder where compiled components are kept for the next start, or off. [default: cache in the
    /// folder of the task log; off on Cloud Run, where the disk is memory]
    #[arg(
        long,
        env = "ATTACHE_CACHE_DIR",
        hide_env_values = true,
        value_name = "FOLDER"
    )]
    pub cache_dir: Option<String>,

    /// Components from registries.
    #[command(flatten)]
    pub registry: RegistryFlags,

    /// What an agent is given; several agents have some of it each.
    #[command(flatten)]
    pub agent: AgentFlags,

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

    /// How callers are authenticated.
    #[command(flatten)]
    pub identity: IdentityFlags,

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

    /// How names are resolved, and whose certificates are accepted.
    #[command(flatten)]
    pub network: NetworkFlags,

    /// What callers are held to.
    #[command(flatten)]
    pub callers: CallerFlags,

    /// Address space of each instance: large, four gigabytes; small, what it uses, at the cost of
    /// checking each access to memory; or auto: large, and small for .wasm files where a process may
    /// not reserve that much. [default: auto]
    #[arg(
        long,
        env = "ATTACHE_ADDRESS_SPACE",
        hide_env_values = true,
        value_name = "SPACE"
    )]
    pub address_space: Option<String>,

    /// Seconds after which secrets in files are read again; 0 reads them once. [default: 30]
    #[arg(
        long,
        env = "ATTACHE_SECRETS_REREAD",
        hide_env_values = true,
        value_name = "SECONDS"
    )]
    pub secrets_reread: Option<String>,

    /// The tables of the configuration file, which no flag can say.
    #[arg(skip)]
    pub tables: Tables,

    /// Seconds from SIGTERM or SIGINT to the end of the process. Running requests may finish until a
    /// fifth of that, or a second and a half, is left. [default: 8]
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
