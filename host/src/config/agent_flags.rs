use clap::Args;

use super::{GuestLimitFlags, OutboundFlags};

/// The flags of `serve` that each of several agents may have for itself, as text.
#[derive(Debug, Default, Clone, Args)]
pub struct AgentFlags {
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

    /// Declare gRPC in the agent card (1) or not (0), for where a proxy in front does not let it
    /// through. Cloud Run does. [default: 1]
    #[arg(
        long, env = "ATTACHE_GRPC", hide_env_values = true, value_name = "0|1",
        num_args = 0..=1, default_missing_value = "1", require_equals = true
    )]
    pub grpc: Option<String>,

    /// Hosts that the component may call: host[:port], *.example.com or *, separated by commas.
    /// Without a port: 443 for https, 80 for http. [default: none]
    #[arg(
        long,
        env = "ATTACHE_ALLOW_OUTBOUND",
        hide_env_values = true,
        value_name = "HOSTS"
    )]
    pub allow_outbound: Option<String>,

    /// Let the component call private addresses of the hosts that are allowed (1). [default: 0]
    #[arg(
        long, env = "ATTACHE_OUTBOUND_ALLOW_PRIVATE", hide_env_values = true, value_name = "0|1",
        num_args = 0..=1, default_missing_value = "1", require_equals = true
    )]
    pub outbound_allow_private: Option<String>,

    /// The model that the agent is given: none, gemini[:MODEL], vertex[:MODEL], openai:MODEL, or auto
    /// for what the environment has credentials of. Its host is allowed, the host adds what opens it,
    /// and the component is told where it is. [default: auto; none for an agent with a name]
    #[arg(
        long,
        env = "ATTACHE_MODEL",
        hide_env_values = true,
        value_name = "MODEL"
    )]
    pub model: Option<String>,

    /// What else there is to say about its calls.
    #[command(flatten)]
    pub outbound: OutboundFlags,

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

    /// What the agent may use of the host.
    #[command(flatten)]
    pub guest: GuestLimitFlags,
}

impl AgentFlags {
    /// What several agents have in common: limits, and how their cards look. What an agent is told,
    /// what it may reach, and as whom, is nobody else's.
    pub(super) fn shared(&self) -> Self {
        Self {
            allow_outbound: None,
            outbound_allow_private: None,
            model: None,
            config: Vec::new(),
            outbound: OutboundFlags {
                credentials: None,
                ..self.outbound.clone()
            },
            ..self.clone()
        }
    }
}
