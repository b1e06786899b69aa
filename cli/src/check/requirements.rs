//! The requirements, a file for each operation or object.

mod cancel_task;
mod card;
mod data_model;
mod extended_card;
mod get_task;
mod http_json;
mod json_rpc;
mod list_tasks;
mod push_config;
mod send_message;
mod streams;
mod version;

use super::requirement::Requirement;

/// All of them, in the order in which they are shown.
pub(crate) fn all() -> impl Iterator<Item = &'static Requirement> {
    [
        card::REQUIREMENTS,
        send_message::REQUIREMENTS,
        get_task::REQUIREMENTS,
        list_tasks::REQUIREMENTS,
        cancel_task::REQUIREMENTS,
        streams::REQUIREMENTS,
        push_config::REQUIREMENTS,
        extended_card::REQUIREMENTS,
        version::REQUIREMENTS,
        data_model::REQUIREMENTS,
        json_rpc::REQUIREMENTS,
        http_json::REQUIREMENTS,
    ]
    .into_iter()
    .flatten()
}
