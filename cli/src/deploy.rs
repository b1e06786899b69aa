//! `attache deploy`: a manifest becomes a service.
//!
//! [`Deployment`] is the manifest with a project and an image; [`Plan`] is what has to be done, step by
//! step, each with the gcloud line that it stands for; [`apply`](Plan::apply) does it by REST, and
//! finds done what was done before. [`Print`] writes the same for other tools.

mod apply;
mod deployment;
mod environment;
mod gcloud;
mod grant;
mod plan;
mod render;
mod step;
mod value;

pub(crate) use deployment::Deployment;
pub(crate) use plan::Plan;
pub(crate) use render::Print;
pub(crate) use value::{Source, Values, from_flag};
