use std::net::IpAddr;

use clap::Args;

use super::{ConfigError, Platform, host, parse};

/// The flags of `health`: those of the `serve` that is asked.
#[derive(Debug, Default, Args)]
pub struct HealthFlags {
    /// Port that it listens on. [default: 8080]
    #[arg(long, env = "PORT", hide_env_values = true)]
    pub port: Option<String>,

    /// Address that it listens on. [default: 127.0.0.1]
    #[arg(
        long,
        env = "ATTACHE_HOST",
        hide_env_values = true,
        value_name = "ADDRESS"
    )]
    pub host: Option<String>,
}

impl HealthFlags {
    /// Where to ask.
    ///
    /// # Errors
    /// The first value that cannot be used.
    pub fn resolve(self) -> Result<(IpAddr, u16), ConfigError> {
        Ok((
            host(self.host, &Platform::Plain)?,
            parse::whole_number("PORT (--port)", self.port, 8080, 1, u16::MAX)?,
        ))
    }
}
