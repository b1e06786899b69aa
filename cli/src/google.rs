//! Google's REST APIs: who asks, where, and what a refusal means.
//!
//! A call is a [`Request`], which can be shown before it is sent; [`Google`] sends it with the
//! credentials that gcloud would use, waits where Google wants to be asked again, and turns what is
//! refused into a sentence with a remedy.

mod api;
mod client;
mod credentials;
mod error;
mod operation;
mod remedy;
mod request;

pub(crate) use api::{Api, Location};
pub(crate) use client::Google;
pub(crate) use error::Error;
pub(crate) use request::{Request, resource_id};

use std::path::PathBuf;

use clap::Args;

/// Who asks Google, and for which project. The names are gcloud's.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Google Cloud")]
pub(crate) struct Flags {
    /// The project; gcloud's if none is given.
    #[arg(long, global = true, value_name = "PROJECT", value_parser = resource_id)]
    pub(crate) project: Option<String>,

    /// A file with an access token, for example of a CI job. GOOGLE_OAUTH_ACCESS_TOKEN holds one too.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"
    )]
    pub(crate) access_token_file: Option<PathBuf>,

    /// The project that the calls are counted for.
    #[arg(
        long,
        global = true,
        value_name = "PROJECT",
        env = "CLOUDSDK_BILLING_QUOTA_PROJECT",
        value_parser = resource_id
    )]
    pub(crate) billing_project: Option<String>,

    /// The service account to act as.
    #[arg(
        long,
        global = true,
        value_name = "EMAIL",
        env = "CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT",
        value_parser = resource_id
    )]
    pub(crate) impersonate_service_account: Option<String>,
}
