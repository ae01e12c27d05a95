//! Where the lesson runs.

use std::io;

/// A runtime for one thread: it starts none itself, so the caller decides which thread does the
/// work. (A name that must be looked up is the exception: the resolver blocks, so it gets one.)
///
/// Built by hand and not by an attribute on `main`, because a namespace can only be entered while
/// the process has a single thread.
pub fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}
