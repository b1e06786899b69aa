//! Listings: what is asked for and what comes back.

use crate::{State, Task};

/// Position in a listing: the last task of the page before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The `status_time` of that task when the page was read.
    pub status_time: u64,
    /// Its id.
    pub task_id: String,
}

/// Which tasks to list. Filters are combined with "and".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Only tasks of this conversation.
    pub context_id: Option<String>,
    /// Only tasks in this state.
    pub state: Option<State>,
    /// Only tasks whose status timestamp is at or after this, in milliseconds since the epoch.
    pub status_since: Option<u64>,
    /// Where the page before ended; none for the first page.
    pub after: Option<Cursor>,
    /// 1 to [`crate::MAX_PAGE_SIZE`].
    pub page_size: u32,
    /// Whether snapshots carry their artifacts.
    pub include_artifacts: bool,
    /// A page ends early rather than carry more payload bytes than this (one task always fits).
    pub max_bytes: u64,
}

/// One page of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Newest status first; equal timestamps by descending id.
    pub tasks: Vec<Task>,
    /// Where the next page begins; none when this is the last one.
    pub next: Option<Cursor>,
    /// How many tasks match, over all pages. Exact, except that a listing with `status_since`
    /// counts no further than [`crate::TOTAL_SINCE_BOUND`].
    pub total: u64,
}
