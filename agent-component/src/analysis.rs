//! The data analyst without a model: tables, profiles, SQL and charts.
//!
//! Plain Rust with no WASI and no A2A types, so that all of it is tested natively and a model can
//! later call the same functions as tools. A request goes left to right: bytes ([`Source`]) become a
//! [`Table`]; a question is answered with a [`Profile`], a [`query`] or a chart of it.
//!
//! Every step is bounded, and every error is a sentence for the person who asked.

mod answer;
mod chart;
mod grid;
mod moment;
mod nearest;
mod number;
mod profile;
mod source;
mod sql;
mod table;
mod workbench;

pub use answer::{Answer, Problem, answer, present};
pub use chart::{
    Chart, ChartError, ChartKind, ChartRequest, MAX_BARS, MAX_LINE_POINTS, MAX_SCATTER_POINTS,
    MAX_SERIES, draw,
};
pub use profile::{ColumnProfile, Details, Numbers, Profile};
pub use source::{Message, Source, looks_like_table, split_message};
pub use sql::{
    MAX_QUERY_TIME, MAX_RESULT_BYTES, MAX_RESULT_ROWS, MAX_SQL_BYTES, QueryResult, SqlError,
    extract_sql, query,
};
pub use table::{
    Cell, Column, Kind, MAX_BYTES, MAX_CELLS, MAX_COLUMNS, MAX_ROWS, ReadError, Table,
};
pub(crate) use table::{Growing, unique};
pub use workbench::{
    DrawChart, ListTables, MAX_TOOL_BYTES, MAX_TOOL_ROWS, Offer, ProfileTable, RunSql, Statement,
    Work, Workbench, instructions,
};
