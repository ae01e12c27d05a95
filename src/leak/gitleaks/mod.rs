//! Reads rules that others wrote: gitleaks' configurations, as they stand.
//!
//! Expressions mean what Go makes of them; matches are judged as gitleaks judges. This module
//! opens no file: whoever calls it reads them.

mod file;
mod loader;
mod syntax;

pub use loader::{RulesError, RulesErrors, load};
