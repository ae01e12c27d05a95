//! How a rule from outside decides: as gitleaks does (gitleaks 8: detect/detect.go).
//!
//! It refuses to know how such rules are written.

use crate::leak::check::entropy;
use regex::bytes::Regex;
use std::sync::Arc;

/// What a rule from outside has besides its expression.
#[derive(Debug, Clone, Default)]
pub(in crate::leak) struct Outside {
    /// The paths and file names at which it looks.
    pub(in crate::leak) path: Option<Regex>,
    /// What excuses its matches.
    pub(in crate::leak) excuses: Vec<Arc<Excuse>>,
    /// Other rules that must match near by.
    pub(in crate::leak) required: Vec<Required>,
    /// Whether it is only there for others to require.
    pub(in crate::leak) unreported: bool,
}

/// Another rule that must match near by.
#[derive(Debug, Clone)]
pub(in crate::leak) struct Required {
    pub(in crate::leak) id: String,
    pub(in crate::leak) within_lines: Option<u64>,
    pub(in crate::leak) within_columns: Option<u64>,
}

/// What excuses a match: any of its conditions, or all of them together.
#[derive(Debug, Clone, Default)]
pub(in crate::leak) struct Excuse {
    pub(in crate::leak) all: bool,
    /// Whether it names commits, which nothing on a wire is part of.
    pub(in crate::leak) commits: bool,
    pub(in crate::leak) paths: Vec<Regex>,
    pub(in crate::leak) regexes: Vec<Regex>,
    pub(in crate::leak) target: Target,
    /// In lower case.
    pub(in crate::leak) stopwords: Vec<String>,
}

/// What an excuse's expressions are tried on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::leak) enum Target {
    #[default]
    Secret,
    Match,
    Line,
}

/// What is known of a match.
#[derive(Debug, Clone, Copy)]
pub(in crate::leak) struct Evidence<'a> {
    pub(in crate::leak) secret: &'a [u8],
    pub(in crate::leak) matched: &'a [u8],
    pub(in crate::leak) line: &'a [u8],
    /// The path, and the file's name where one is given.
    pub(in crate::leak) paths: &'a [Vec<u8>],
}

/// A comment with which a line excuses itself.
const ALLOWED: &[u8] = b"gitleaks:allow";

impl Outside {
    /// Whether the rule looks at what stands there.
    pub(in crate::leak) fn looks_at(&self, paths: &[Vec<u8>]) -> bool {
        self.path.as_ref().is_none_or(|path| paths.iter().any(|name| path.is_match(name)))
    }

    /// Whether the match is excused.
    pub(in crate::leak) fn excuses(&self, evidence: &Evidence<'_>) -> bool {
        memchr::memmem::find(evidence.line, ALLOWED).is_some()
            || self.excuses.iter().any(|excuse| excuse.excuses(evidence))
    }
}

impl Excuse {
    fn excuses(&self, evidence: &Evidence<'_>) -> bool {
        let text = match self.target {
            Target::Secret => evidence.secret,
            Target::Match => evidence.matched,
            Target::Line => evidence.line,
        };
        let path = || self.paths.iter().any(|path| evidence.paths.iter().any(|name| path.is_match(name)));
        let regex = || self.regexes.iter().any(|regex| regex.is_match(text));
        let stopword = || {
            let secret = evidence.secret.to_ascii_lowercase();
            self.stopwords.iter().any(|word| memchr::memmem::find(&secret, word.as_bytes()).is_some())
        };
        if !self.all {
            return path() || regex() || stopword();
        }
        !self.commits
            && (self.paths.is_empty() || path())
            && (self.regexes.is_empty() || regex())
            && (self.stopwords.is_empty() || stopword())
    }
}

/// Whether a secret that the rule `id` matched is rich enough.
pub(in crate::leak) fn accepts(id: &str, least: f64, secret: &[u8]) -> bool {
    // gitleaks asks its generic rules for a digit, since Go's expressions cannot look ahead.
    let digit = !id.starts_with("generic") || secret.iter().any(u8::is_ascii_digit);
    digit && (least == 0.0 || entropy(secret) > least)
}
