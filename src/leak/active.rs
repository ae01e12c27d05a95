//! The rules that are looked for.
//!
//! Made once and shared by all that scan. It refuses to know where rules are written.

use super::engine::Engine;
use super::http_rules::{self, BUILTINS, Builtin};
use super::rule::{self, Rule};
use std::sync::{Arc, LazyLock};

/// The rules that are looked for, ready to be used from any number of threads.
#[derive(Debug, Default)]
pub struct Rules {
    engine: Engine,
    /// Those that know HTTP.
    builtins: Vec<&'static Builtin>,
}

/// Made when first asked for: a run without leaks never does.
static DEFAULTS: LazyLock<Arc<Rules>> = LazyLock::new(|| {
    // Tests read each of the program's own files; none can fail.
    Arc::new(Rules::new(rule::defaults().unwrap_or_default(), BUILTINS.to_vec()))
});

/// The same, and personal data.
static WITH_PERSONAL: LazyLock<Arc<Rules>> = LazyLock::new(|| {
    let mut rules = rule::defaults().unwrap_or_default();
    rules.extend(rule::personal().unwrap_or_default());
    Arc::new(Rules::new(rules, BUILTINS.to_vec()))
});

impl Rules {
    /// These rules and no others; of those that know HTTP, `builtins`.
    pub fn new(rules: Vec<Rule>, builtins: Vec<&'static Builtin>) -> Self {
        let notice = if builtins.is_empty() { &[] } else { http_rules::ROOTS };
        Self { engine: Engine::new(rules, notice), builtins }
    }

    /// Our own rules; with `personal` also those for personal data.
    pub fn defaults(personal: bool) -> Arc<Self> {
        Arc::clone(if personal { &WITH_PERSONAL } else { &DEFAULTS })
    }

    /// Each of the rules.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.engine.rules()
    }

    /// Each of the rules that know HTTP.
    pub fn builtins(&self) -> impl Iterator<Item = &'static Builtin> {
        self.builtins.iter().copied()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.engine.is_empty() && self.builtins.is_empty()
    }

    pub(super) fn has_builtins(&self) -> bool {
        !self.builtins.is_empty()
    }

    pub(super) fn has(&self, builtin: &Builtin) -> bool {
        self.builtins.len() == BUILTINS.len() || self.builtins.contains(&builtin)
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }
}
