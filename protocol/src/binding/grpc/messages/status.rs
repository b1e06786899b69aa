//! What `grpc-status-details-bin` carries: messages of the package `google.rpc`.

use std::collections::BTreeMap;

use prost_types::Any;

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Status {
    /// A code of gRPC.
    #[prost(int32, tag = "1")]
    pub(crate) code: i32,
    /// A sentence.
    #[prost(string, tag = "2")]
    pub(crate) message: String,
    /// What programs read.
    #[prost(message, repeated, tag = "3")]
    pub(crate) details: Vec<Any>,
}

/// `google.rpc.ErrorInfo`.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ErrorInfo {
    /// Which error it is.
    #[prost(string, tag = "1")]
    pub(crate) reason: String,
    /// Who defines the reason.
    #[prost(string, tag = "2")]
    pub(crate) domain: String,
    /// Facts.
    #[prost(btree_map = "string, string", tag = "3")]
    pub(crate) metadata: BTreeMap<String, String>,
}

/// `google.rpc.BadRequest`.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct BadRequest {
    /// The fields at fault.
    #[prost(message, repeated, tag = "1")]
    pub(crate) field_violations: Vec<FieldViolation>,
}

/// `google.rpc.BadRequest.FieldViolation`.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct FieldViolation {
    /// The path of the field.
    #[prost(string, tag = "1")]
    pub(crate) field: String,
    /// What is wrong with it.
    #[prost(string, tag = "2")]
    pub(crate) description: String,
}
