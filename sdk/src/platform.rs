//! The engine's surroundings over WASI 0.2.

use std::rc::Rc;
use std::time::Duration;

use attache_protocol as engine;
use futures_util::future::LocalBoxFuture;

use crate::bindings::attache::agent::{caller, card_signer};
use crate::task_log::HostLog;

/// Clock, randomness, configuration, caller and log of the component's instance.
pub(crate) struct Wasi;

impl engine::Platform for Wasi {
    fn now(&self) -> u64 {
        let now = wasip2::clocks::wall_clock::now();
        now.seconds * 1000 + u64::from(now.nanoseconds) / 1_000_000
    }

    fn random(&self) -> [u8; 16] {
        let (high, low) = (
            wasip2::random::random::get_random_u64(),
            wasip2::random::random::get_random_u64(),
        );
        ((u128::from(high) << 64) | u128::from(low)).to_be_bytes()
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'static, ()> {
        let duration = wstd::time::Duration::from(duration);
        Box::pin(async move {
            wstd::task::sleep(duration).await;
        })
    }

    fn config(&self, key: &str) -> Option<String> {
        crate::config::config(key)
    }

    fn caller(&self) -> Option<engine::Caller> {
        caller::identify().map(|identity| engine::Caller {
            issuer: identity.issuer,
            subject: identity.subject,
            email: identity.email,
            scopes: identity.scopes,
        })
    }

    fn log(&self, tenant: &str) -> engine::SharedLog {
        Rc::new(HostLog::new(tenant))
    }

    fn sign_card(&self, card: &[u8]) -> Option<engine::CardSignature> {
        card_signer::sign(card).map(|signature| engine::CardSignature {
            protected: signature.protected,
            signature: signature.signature,
        })
    }
}
