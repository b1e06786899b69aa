//! Tools that an agent's model calls: its own, those of MCP servers, and other agents; under the host
//! and under the Spin-shaped harness.
//!
//! The model is part of the agent and does what the message says (`tests/guests/tool-probe`). The MCP
//! server and the agent that is asked are made with the official Python SDKs; what those do not do is
//! shown with a server of our own.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

mod agents;
mod fake;
mod mcp;
mod own;
mod probe;
