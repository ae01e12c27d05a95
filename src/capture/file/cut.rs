//! Remembers that a file became shorter while it was read.
//!
//! It refuses to know who noticed it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a file became shorter while it was mapped: this one, and any of those that are read as one.
#[derive(Debug, Clone, Default)]
pub(super) struct Cut {
    here: Arc<AtomicBool>,
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux maps files"))]
    any: Arc<AtomicBool>,
}

impl Cut {
    /// Of another file among those that share `any`.
    pub(super) fn another(any: &Arc<AtomicBool>) -> Self {
        Self { here: Arc::default(), any: Arc::clone(any) }
    }

    #[cfg(target_os = "linux")]
    pub(super) fn set(&self) {
        self.here.store(true, Ordering::Relaxed);
        self.any.store(true, Ordering::Relaxed);
    }

    /// Whether this file did.
    pub(super) fn is_set(&self) -> bool {
        self.here.load(Ordering::Relaxed)
    }
}
