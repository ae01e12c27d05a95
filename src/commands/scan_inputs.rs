//! What is looked for and what is allowed, read from the files and variables that the command line names.

use super::canaries::Found;
use super::failure::Failure;
use super::shared_args::{KnownArgs, RuleArgs};
use super::{known, rule_files};
use crate::analyzer::Config;
use crate::leak::{Allowlist, Baseline, Canaries, Rules, SecretIdKey};
use std::sync::Arc;

/// All of it.
#[derive(Debug)]
pub(super) struct ScanInputs {
    allow: Allowlist,
    canaries: Canaries,
    rules: Option<Arc<Rules>>,
    personal: bool,
    secret_id_key: Option<SecretIdKey>,
    /// Findings that are not repeated.
    pub(super) baseline: Baseline,
}

impl ScanInputs {
    /// Reads the files. Nothing but errors is said where it is to be `quiet`.
    ///
    /// # Errors
    /// A file cannot be read or is of another kind; a canary cannot be looked for.
    pub(super) fn read(rules: &RuleArgs, known: &KnownArgs, found: Found, quiet: bool) -> Result<Self, Failure> {
        let personal = rules.pii;
        let rules = rule_files::wanted(rules.rules.as_deref())?;
        let allow = known::allowlist(known.config.as_deref(), rules.as_deref(), quiet)?;
        let secret_id_key = known.secret_id_key.read()?;
        let canaries = found.canaries()?;
        let baseline = known::baseline(known.baseline.as_deref(), secret_id_key.is_some())?;
        Ok(Self { allow, canaries, rules, personal, secret_id_key, baseline })
    }

    /// What the analyzer is asked to look for, within so much memory.
    pub(super) fn config(self, memory: usize) -> Config {
        let Self { allow, canaries, rules, personal, secret_id_key, .. } = self;
        Config { memory, rules, personal, canaries, secret_id_key, allow, ..Config::default() }
    }
}
