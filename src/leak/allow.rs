//! Findings that a project allows: the allowlist in its `.plainsight.toml`.
//!
//! An entry allows what meets every one of its conditions. It refuses to be without any.
//!
//! ```
//! use plainsight::leak::Allowlist;
//!
//! let list = Allowlist::parse(
//!     r#"
//!     [[allow]]
//!     reason = "the test server's login, which is in the manual"
//!     rules = ["http-basic"]
//!     hosts = ["localhost", "*.test"]
//!     "#,
//! )?;
//! assert!(!list.is_empty());
//! # Ok::<(), plainsight::leak::AllowlistError>(())
//! ```

use super::finding::Finding;
use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;
use std::ops::Range;

/// What is allowed to cross the wire.
#[derive(Debug, Clone, Default)]
pub struct Allowlist {
    entries: Vec<Entry>,
}

/// Why a file is no allowlist.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct AllowlistError {
    /// Where, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub reason: String,
}

#[derive(Debug, Clone)]
struct Entry {
    rules: Vec<String>,
    hosts: Vec<String>,
    paths: Vec<String>,
    fingerprints: Vec<String>,
    regexes: Vec<Regex>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    allow: Vec<toml::Spanned<Written>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// For people.
    #[serde(rename = "reason")]
    _reason: Option<String>,
    #[serde(default)]
    rules: Vec<String>,
    #[serde(default)]
    hosts: Vec<String>,
    #[serde(default)]
    paths: Vec<String>,
    #[serde(default)]
    fingerprints: Vec<String>,
    #[serde(default)]
    regexes: Vec<toml::Spanned<String>>,
}

/// The most memory that an expression may take, compiled.
const COMPILED_LIMIT: usize = 10 << 20;

impl Allowlist {
    /// Reads a `.plainsight.toml`.
    ///
    /// # Errors
    /// It is no TOML, has an unknown key, an entry without a condition, or an expression that is
    /// broken or too large.
    pub fn parse(text: &str) -> Result<Self, AllowlistError> {
        let file: File = toml::from_str(text).map_err(|error| {
            let reason = error.message().lines().collect::<Vec<_>>().join(" ");
            AllowlistError { line: error.span().map_or(1, |span| line(text, &span)), reason }
        })?;
        let entries = file.allow.into_iter().map(|written| Entry::new(text, written)).collect::<Result<_, _>>()?;
        Ok(Self { entries })
    }

    /// Whether a finding is allowed, which stood in an exchange with `host` whose request had
    /// this `target` (empty outside HTTP).
    pub fn allows(&self, finding: &Finding, host: &[u8], target: &[u8]) -> bool {
        self.entries.iter().any(|entry| entry.allows(finding, host, target))
    }

    /// The patterns for rules that match none of `rules`, each once, in the order of the file.
    pub fn patterns_without_rule(&self, rules: &[&str]) -> Vec<&str> {
        let mut missing = Vec::new();
        for pattern in self.entries.iter().flat_map(|entry| &entry.rules).map(String::as_str) {
            let matches = rules.iter().any(|rule| glob(pattern.as_bytes(), rule.as_bytes()));
            if !matches && !missing.contains(&pattern) {
                missing.push(pattern);
            }
        }
        missing
    }

    /// Whether nothing is allowed.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Entry {
    fn new(text: &str, written: toml::Spanned<Written>) -> Result<Self, AllowlistError> {
        let span = written.span();
        let Written { rules, hosts, paths, fingerprints, regexes, .. } = written.into_inner();
        let regexes: Vec<_> = regexes.into_iter().map(|regex| compile(text, &regex)).collect::<Result<_, _>>()?;
        let entry = Self { rules, hosts, paths, fingerprints, regexes };
        let conditions = [&entry.rules, &entry.hosts, &entry.paths, &entry.fingerprints];
        if conditions.into_iter().all(Vec::is_empty) && entry.regexes.is_empty() {
            let reason = "an entry needs rules, hosts, paths, fingerprints or regexes".to_owned();
            return Err(AllowlistError { line: line(text, &span), reason });
        }
        Ok(entry)
    }

    fn allows(&self, finding: &Finding, host: &[u8], target: &[u8]) -> bool {
        let host = String::from_utf8_lossy(host).to_ascii_lowercase();
        let name = without_port(&host);
        let path = target.split(|byte| matches!(byte, b'?' | b'#')).next().unwrap_or_default();
        let met = |patterns: &[String], holds: &dyn Fn(&str) -> bool| {
            patterns.is_empty() || patterns.iter().any(|pattern| holds(pattern))
        };
        met(&self.rules, &|pattern| glob(pattern.as_bytes(), finding.rule.as_bytes()))
            && met(&self.hosts, &|pattern| {
                let pattern = pattern.to_ascii_lowercase();
                glob(pattern.as_bytes(), host.as_bytes()) || glob(pattern.as_bytes(), name.as_bytes())
            })
            && met(&self.paths, &|pattern| glob(pattern.as_bytes(), path))
            && met(&self.fingerprints, &|fingerprint| fingerprint == finding.fingerprint)
            && (self.regexes.is_empty() || self.regexes.iter().any(|regex| regex.is_match(&finding.secret)))
    }
}

fn compile(text: &str, expression: &toml::Spanned<String>) -> Result<Regex, AllowlistError> {
    let built = RegexBuilder::new(expression.get_ref()).unicode(false).size_limit(COMPILED_LIMIT).build();
    built.map_err(|error| {
        let reason = match error {
            regex::Error::CompiledTooBig(limit) => format!("the expression takes more than {limit} bytes compiled"),
            // The last line of what the compiler says is the reason; those before draw an arrow.
            other => {
                other.to_string().lines().last().unwrap_or_default().replace("error: ", "the expression is broken: ")
            }
        };
        AllowlistError { line: line(text, &expression.span()), reason }
    })
}

/// The number of the line in which a span begins.
fn line(text: &str, span: &Range<usize>) -> usize {
    text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1
}

/// A host without its port.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty() => name,
        _ => host,
    }
}

/// Whether `text` has the shape of `pattern`, in which `*` stands for any text and `?` for any
/// one byte.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    // Where to go on when the text after the last `*` does not fit: one byte later.
    let (mut p, mut t, mut star) = (0, 0, None);
    while let Some(byte) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p + 1, t));
                p += 1;
            }
            Some(b'?') => (p, t) = (p + 1, t + 1),
            Some(want) if want == byte => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((after, from)) => {
                    star = Some((after, from + 1));
                    (p, t) = (after, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::finding::{Severity, Where};
    use super::*;
    use crate::packet::Place;
    use proptest::prelude::*;

    pub(in crate::leak) fn finding(rule: &str, secret: &str, fingerprint: &str) -> Finding {
        Finding {
            rule: rule.to_owned(),
            severity: Severity::High,
            title: String::new(),
            location: Where::RequestBody,
            place: Place::default(),
            offset: 0,
            length: 0,
            via: Vec::new(),
            secret: secret.as_bytes().to_vec(),
            redacted: false,
            about: Vec::new(),
            fix: String::new(),
            fingerprint: fingerprint.to_owned(),
            secret_id: None,
            identity: 0,
        }
    }

    #[test]
    fn an_entry_allows_what_meets_all_its_conditions() {
        let found = finding("http-basic", "fox:fluffy", "0123");
        for (list, want) in [
            ("", false),
            ("[[allow]]\nrules = ['http-basic']", true),
            ("[[allow]]\nrules = ['http-*', 'x']", true),
            ("[[allow]]\nrules = ['http']", false),
            ("[[allow]]\nhosts = ['den.example']", true),
            ("[[allow]]\nhosts = ['DEN.example:8080']", true),
            ("[[allow]]\nhosts = ['*.example']", true),
            ("[[allow]]\nhosts = ['den.example:80']", false),
            ("[[allow]]\npaths = ['/login*']", true),
            ("[[allow]]\npaths = ['/log?n']", true),
            ("[[allow]]\npaths = ['/log']", false),
            ("[[allow]]\npaths = ['*next*']", false),
            ("[[allow]]\nfingerprints = ['0123']", true),
            ("[[allow]]\nfingerprints = ['012*']", false),
            ("[[allow]]\nregexes = ['^fox:']", true),
            ("[[allow]]\nregexes = ['wolf', 'fluffy$']", true),
            ("[[allow]]\nrules = ['http-basic']\nhosts = ['elsewhere']", false),
            ("[[allow]]\nreason = 'x'\nrules = ['no']\n[[allow]]\nrules = ['http-basic']\nregexes = ['fox']", true),
        ] {
            let allowed = Allowlist::parse(list).unwrap().allows(&found, b"Den.example:8080", b"/login?next=/");
            assert_eq!(allowed, want, "{list}");
        }
    }

    #[test]
    fn mistakes_name_their_line() {
        for (list, line, part) in [
            ("[[allow]]\nrule = ['x']", 2, "unknown field `rule`"),
            ("\n[[allow]]\nrules = 'x'", 3, "invalid type"),
            ("[[allow]]\nrules = ['x'", 2, ""),
            ("[allow]\nrules = ['x']", 1, ""),
            ("min = 1", 1, "unknown field `min`"),
            ("[[allow]]\nrules = ['a']\n\n[[allow]]\nreason = 'none'", 4, "an entry needs"),
            ("[[allow]]\nregexes = [\n 'a',\n '(',\n]", 4, "broken"),
            ("[[allow]]\nregexes = ['(?:x{1000}){1000}']", 2, "compiled"),
        ] {
            let error = Allowlist::parse(list).unwrap_err();
            assert!(error.line == line && error.reason.contains(part), "{list}: {error}");
            assert_eq!(error.to_string().lines().count(), 1, "{error}");
        }
    }

    #[test]
    fn patterns_that_match_no_rule_are_named_once() {
        for (list, want) in [
            ("", &[][..]),
            ("[[allow]]\nhosts = ['basic-*']", &[]),
            ("[[allow]]\nrules = ['http-*', 'canary']", &[]),
            (
                "[[allow]]\nrules = ['basic-*']\n[[allow]]\nrules = ['http-*', 'Canary', 'basic-*']",
                &["basic-*", "Canary"],
            ),
        ] {
            let list = Allowlist::parse(list).unwrap();
            assert_eq!(list.patterns_without_rule(&["http-basic", "canary"]), want, "{list:?}");
        }
    }

    #[test]
    fn globs() {
        for (pattern, text, want) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b-", false),
            ("/v?/*", "/v1/keys/7", true),
            ("*.test", "den.test", true),
            ("*.test", "test", false),
        ] {
            assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), want, "{pattern} {text}");
        }
    }

    proptest! {
        #[test]
        fn a_glob_is_as_an_expression_says(pattern in "[ab*?]{0,8}", text in "[ab]{0,10}") {
            let expression = pattern.replace('*', ".*").replace('?', ".");
            let regex = Regex::new(&format!("^(?s-u:{expression})$")).unwrap();
            prop_assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), regex.is_match(text.as_bytes()));
        }
    }
}
