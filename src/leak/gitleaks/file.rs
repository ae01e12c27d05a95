//! A gitleaks configuration as it is written.
//!
//! It refuses to know what its parts mean.

use serde::Deserialize;
use toml::Spanned;

/// The file (gitleaks 8: config/config.go, `ViperConfig`).
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    #[serde(rename = "title")]
    _title: Option<String>,
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(rename = "minVersion", alias = "minversion")]
    _min_version: Option<String>,
    pub(super) extend: Extend,
    pub(super) rules: Vec<Spanned<Written>>,
    pub(super) allowlist: Option<Excuses>,
    pub(super) allowlists: Vec<Excuses>,
}

/// What other rules it builds on.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Extend {
    pub(super) path: Option<Spanned<String>>,
    pub(super) url: Option<Spanned<String>>,
    #[serde(rename = "useDefault", alias = "usedefault")]
    pub(super) use_default: bool,
    #[serde(rename = "disabledRules", alias = "disabledrules")]
    pub(super) disabled_rules: Vec<String>,
}

/// One rule.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    pub(super) id: String,
    pub(super) description: Option<String>,
    pub(super) regex: Option<Spanned<String>>,
    pub(super) path: Option<Spanned<String>>,
    #[serde(rename = "secretGroup", alias = "secretgroup")]
    pub(super) secret_group: Option<usize>,
    pub(super) entropy: Option<f64>,
    pub(super) keywords: Vec<String>,
    #[serde(rename = "tags")]
    _tags: Vec<String>,
    #[serde(rename = "skipReport", alias = "skipreport")]
    pub(super) skip_report: bool,
    pub(super) allowlist: Option<Excuses>,
    pub(super) allowlists: Vec<Excuses>,
    pub(super) required: Vec<Required>,
}

/// Another rule that must match near by.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Required {
    pub(super) id: String,
    #[serde(rename = "withinLines", alias = "withinlines")]
    pub(super) within_lines: Option<u64>,
    #[serde(rename = "withinColumns", alias = "withincolumns")]
    pub(super) within_columns: Option<u64>,
}

/// What excuses a match.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Excuses {
    #[serde(rename = "description")]
    _description: Option<String>,
    pub(super) condition: Option<Spanned<String>>,
    /// Of a repository; what passes on a wire has none.
    pub(super) commits: Vec<String>,
    pub(super) paths: Vec<Spanned<String>>,
    pub(super) regexes: Vec<Spanned<String>>,
    #[serde(rename = "regexTarget", alias = "regextarget")]
    pub(super) regex_target: Option<Spanned<String>>,
    #[serde(rename = "stopwords", alias = "stopWords")]
    pub(super) stopwords: Vec<String>,
    #[serde(rename = "targetRules", alias = "targetrules")]
    pub(super) target_rules: Vec<String>,
}
