//! The reference agent: a data analyst.

pub mod analysis;
