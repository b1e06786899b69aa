//! Memory that goes back to the system when there is nothing to do.

/// Gives back what the allocator keeps of this thread, and all that is free in the process. It takes some
/// milliseconds, so it is for when nobody waits.
///
/// The allocator would do so itself, a moment after memory is freed, if something were allocated then: a
/// process that has become quiet keeps what its load took.
pub(crate) fn give_back() {
    #[allow(unsafe_code, reason = "the allocator has no other interface to this")]
    // SAFETY: it may be called at any time, on any thread.
    unsafe {
        libmimalloc_sys::mi_collect(true);
    }
}
