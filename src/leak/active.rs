//! The rules that are looked for.
//!
//! Made once and shared by all that scan. It refuses to know where rules are written.

use super::engine::Engine;
use super::rule::{self, Rule};
use std::sync::{Arc, LazyLock};

/// The rules that are looked for, ready to be used from any number of threads.
#[derive(Debug, Default)]
pub struct Rules(Engine);

/// Made when first asked for: a run without leaks never does.
static DEFAULTS: LazyLock<Arc<Rules>> = LazyLock::new(|| {
    // Tests read each of the program's own files; none can fail.
    Arc::new(Rules::new(rule::defaults().unwrap_or_default()))
});

/// The same, and personal data.
static WITH_PERSONAL: LazyLock<Arc<Rules>> = LazyLock::new(|| {
    let mut rules = rule::defaults().unwrap_or_default();
    rules.extend(rule::personal().unwrap_or_default());
    Arc::new(Rules::new(rules))
});

impl Rules {
    /// These rules and no others.
    pub fn new(rules: Vec<Rule>) -> Self {
        Self(Engine::new(rules))
    }

    /// Our own rules; with `personal` also those for personal data.
    pub fn defaults(personal: bool) -> Arc<Self> {
        Arc::clone(if personal { &WITH_PERSONAL } else { &DEFAULTS })
    }

    /// Each of the rules.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.0.rules()
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.0
    }
}
