//! Cards are not signed under Spin: the only place for a key would be a variable, which the agent could
//! read as well.

use crate::Adapter;
use crate::bindings::exports::attache::agent::card_signer::{Guest, Signature};

impl Guest for Adapter {
    fn sign(_card: Vec<u8>) -> Option<Signature> {
        None
    }
}
