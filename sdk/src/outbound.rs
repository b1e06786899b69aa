//! HTTP to elsewhere, under the outbound policy of whoever runs the component.
//!
//! [`fetch`] reads a URL. [`Request`] is everything else: any method, headers, a body, limits on time, and
//! an answer that is read as it comes:
//!
//! ```no_run
//! # async fn example() -> Result<(), attache_sdk::outbound::SendError> {
//! use attache_sdk::outbound::{Limits, Request};
//!
//! let mut response = Request::post("https://example.org/ask")?
//!     .header("x-api-key", "a key")?
//!     .json(&serde_json::json!({ "question": "how many?" }))
//!     .limits(Limits { between_bytes: std::time::Duration::from_secs(5), ..Limits::default() })
//!     .send()
//!     .await?;
//! if response.status().is_success() {
//!     while let Some(bytes) = response.chunk().await? {
//!         // As they come. `response.bytes(limit)` waits for all of them.
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! - Dropping the future of [`Request::send`], or the [`Response`], ends the request at the other side: so
//!   does an agent whose task is cancelled.
//! - Redirects are answers like any other (only [`fetch`] follows them), and so are error statuses.
//! - [`SendError`] tells what the policy denies from what cannot be reached and what took too long. No error
//!   and no `Debug` shows a header, a body or a query: those may hold secrets.

mod error;
mod fetch;
mod request;
mod response;
mod send;
mod time;

pub use error::SendError;
pub use fetch::{FetchError, Fetched, fetch};
pub use request::{Limits, Request};
pub use response::Response;
pub(crate) use time::{pause, within};
