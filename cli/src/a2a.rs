//! A client of any A2A server, in 1.0 and 0.3, over JSON-RPC and HTTP+JSON.
//!
//! From the outside in: [`Reach`] is what the command line says of a server, [`Server`] is what came
//! of it: the card was read and one of its interfaces chosen. An [`Operation`] becomes a request in the
//! words of that interface ([`words`]), [`http`] sends it to where the credentials may go
//! ([`credentials`]), and [`reading`] makes the objects of 1.0 of whatever is answered.
//!
//! Others wrote what is read here: nothing of it is trusted to be short, well-formed, or fit for a
//! terminal.

mod card;
mod credentials;
mod fault;
mod follow;
mod google;
mod http;
mod interface;
mod operation;
mod origin;
mod reach;
mod reading;
mod report;
mod save;
mod server;
mod sse;
mod telling;
mod trace;
mod wording;
mod words;

pub(crate) use card::{Card, Checked, Finding, Generation, Level, header};
pub(crate) use credentials::{CredentialFlags, variable};
pub(crate) use fault::{CallError, Kind};
pub(crate) use follow::{Follower, Told};
pub(crate) use operation::{Listing, Operation, PushConfig};
pub(crate) use origin::Origin;
pub(crate) use reach::{ConnectionFlags, Reach, url};
pub(crate) use reading::{Answer, answer, page, push_config, push_configs, state, task};
pub(crate) use report::{clean, closing, outcome, parts_text, state_text, task_text};
pub(crate) use save::Folder;
pub(crate) use server::Server;
pub(crate) use telling::Telling;
pub(crate) use wording::Wording;
