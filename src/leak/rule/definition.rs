//! What a rule is, and when what its expression matched is a secret.

use super::expression::parse_expression;
use super::policy::{self, Outside};
use crate::leak::check::{Check, entropy};
use crate::leak::finding::Severity;
use crate::leak::literal::placeholder;
use serde::Deserialize;

/// The family of personal data.
pub(super) const PERSONAL: &str = "pii";

/// The longest secret that is looked for, in bytes: a private key of 8,192 bits in PEM and then some.
pub const MAX_REACH: usize = 16 << 10;

/// One kind of secret: how it looks, how bad it is and what to do about it.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The name by which reports, allowlists and baselines know it.
    pub id: String,
    /// What it finds, in a few words.
    pub title: String,
    /// The file it is from: `cloud`, `payment`, `pii`.
    pub family: &'static str,
    /// How bad it is when one is found.
    pub severity: Severity,
    /// The expression in the `regex` crate's syntax, on bytes; classes such as `\w` are ASCII.
    pub expression: String,
    /// Which group of the expression is the secret; 0 for the whole match.
    pub secret_group: usize,
    /// In lower case; unless one of them stands in the text in any case, the rule cannot match.
    pub keywords: Vec<String>,
    /// The least Shannon entropy of the secret, in bits a byte.
    pub entropy: f64,
    /// What the secret must pass beyond the expression.
    pub check: Option<Check>,
    /// An expression that excuses a match in which, or in the name before which, it is found.
    pub allow: Option<String>,
    /// How to stop the leak, one line.
    pub fix: String,
    /// Lines to try the rule on; only [`with_examples`](super::with_examples) reads them.
    pub examples: Examples,
    /// What a rule has that was not written for this program.
    pub(in crate::leak) outside: Outside,
    /// Whether its matches are judged as gitleaks judges them.
    pub(in crate::leak) is_outside: bool,
    /// Whether every match holds a token by which it can be found, where that is known.
    pub(in crate::leak) holds_token: Option<bool>,
}

/// Lines that a rule finds a secret in, and lines in which it must not.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Examples {
    /// The secret stands between `«` and `»`, which are not part of the line.
    #[serde(rename = "true")]
    pub found: Vec<String>,
    /// Near misses.
    #[serde(rename = "false")]
    pub quiet: Vec<String>,
}

impl Rule {
    /// A rule from outside, which finds nothing yet.
    pub(in crate::leak) fn from_outside(id: &str, family: &'static str, severity: Severity) -> Self {
        Self {
            id: id.to_owned(),
            title: id.to_owned(),
            family,
            severity,
            expression: String::new(),
            secret_group: 0,
            keywords: Vec::new(),
            entropy: 0.0,
            check: None,
            allow: None,
            fix: "Send it only over HTTPS, and revoke it where it was issued.".to_owned(),
            examples: Examples::default(),
            outside: Outside::default(),
            is_outside: true,
            holds_token: None,
        }
    }

    /// Gives the rule another expression, of which nothing that was known of the old one holds.
    pub(in crate::leak) fn replace_expression(&mut self, expression: String, is_outside: bool) {
        self.expression = expression;
        self.is_outside = is_outside;
        (self.check, self.allow, self.secret_group, self.holds_token) = (None, None, 0, None);
    }

    /// Whether it looks at nothing but paths.
    pub(in crate::leak) fn is_of_paths(&self) -> bool {
        self.is_outside && self.expression.is_empty() && self.outside.path.is_some()
    }

    /// The most bytes that a match can have: how much text round a keyword is worth a try. At
    /// most [`MAX_REACH`], which is also the answer where only the text itself bounds a match.
    pub fn reach(&self) -> usize {
        let most = parse_expression(&self.expression).ok().and_then(|parsed| parsed.properties().maximum_len());
        most.map_or(MAX_REACH, |most| most.min(MAX_REACH))
    }

    /// Whether `secret`, which matched, is one.
    pub fn accepts(&self, secret: &[u8]) -> bool {
        if self.is_outside {
            return policy::accepts(&self.id, self.entropy, secret);
        }
        // What costs most comes last. Numbers such as 4111 1111 1111 1111 look like placeholders; their
        // check digits decide.
        self.check.is_none_or(|check| check.passes(secret))
            && entropy(secret) >= self.entropy
            && (self.family == PERSONAL || !placeholder(secret))
    }

    /// Whether a secret without a digit is certainly none.
    pub(in crate::leak) fn needs_digit(&self) -> bool {
        !self.is_outside && self.check.is_some_and(Check::needs_digit)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::leak::engine::{Engine, Sighting};
    use crate::leak::quota::Unkept;
    use crate::leak::rule::with_examples;
    use std::collections::HashSet;

    fn all() -> Vec<Rule> {
        with_examples().unwrap_or_else(|error| panic!("{error}"))
    }

    /// A line without its marks, and the secret between them.
    fn unmark(line: &str) -> (String, String) {
        let (before, rest) = line.split_once('«').unwrap_or_else(|| panic!("no « in {line}"));
        let (secret, after) = rest.split_once('»').unwrap_or_else(|| panic!("no » in {line}"));
        (format!("{before}{secret}{after}"), secret.into())
    }

    /// What an engine of `rule` alone finds in `text`, in order.
    fn found(rule: &Rule, text: &str) -> Vec<Sighting> {
        let mut found = Engine::new(vec![rule.clone()], &[]).find(text.as_bytes(), &mut Unkept::default());
        found.sort_by_key(|sighting| sighting.span.start);
        found
    }

    #[test]
    fn each_rule_finds_its_examples_and_no_near_miss() {
        let mut wrong = Vec::new();
        for rule in all() {
            if rule.examples.found.is_empty() || rule.examples.quiet.len() < 2 {
                wrong.push(format!("{}: too few examples", rule.id));
            }
            for line in &rule.examples.found {
                let (text, secret) = unmark(line);
                match found(&rule, &text).first() {
                    Some(first) if first.secret == secret.as_bytes() => {}
                    other => wrong.push(format!("{}: {other:?} in {line}", rule.id)),
                }
                let lower = text.to_ascii_lowercase();
                if !rule.keywords.is_empty() && !rule.keywords.iter().any(|word| lower.contains(word.as_str())) {
                    wrong.push(format!("{}: no keyword in {line}", rule.id));
                }
            }
            for line in &rule.examples.quiet {
                if let Some(found) = found(&rule, line).first() {
                    wrong.push(format!("{}: finds {found:?} in {line}", rule.id));
                }
            }
        }
        assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    }

    #[test]
    fn rules_have_names_of_their_own_and_say_what_to_do() {
        let rules = all();
        let ids: HashSet<_> = rules.iter().map(|rule| &rule.id).collect();
        assert_eq!(ids.len(), rules.len());
        assert!(rules.len() >= 700, "{}", rules.len());
        for rule in &rules {
            assert!(
                rule.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
                "{}",
                rule.id
            );
            assert!(!rule.fix.is_empty() && !rule.fix.contains('\n') && !rule.title.is_empty(), "{}", rule.id);
            assert!(rule.keywords.iter().all(|word| word.len() >= 3) || rule.family == "pii", "{}", rule.id);
        }
    }

    #[test]
    fn a_match_reaches_no_further_than_its_expression() {
        let rules = all();
        let reach = |id: &str| rules.iter().find(|rule| rule.id == id).map(Rule::reach);
        assert_eq!(reach("github-personal-access-token"), Some(40));
        assert_eq!(reach("private-key-rsa"), Some(MAX_REACH));
        let long: Vec<_> = rules.iter().filter(|rule| rule.reach() >= 4096).map(|rule| rule.id.as_str()).collect();
        assert!(long.len() < 40, "{long:?}");
    }

    #[test]
    fn what_was_no_secret_does_not_hide_the_next_one() {
        let rules = all();
        let rule = rules.iter().find(|rule| rule.id == "github-personal-access-token").unwrap();
        let real = rule.examples.found.first().map(|line| unmark(line).1).unwrap();
        let text = format!("ghp_{} {real}", "x".repeat(36));
        let spans: Vec<_> = found(rule, &text).iter().map(|found| (found.span.start, found.span.end)).collect();
        assert_eq!(spans, [(41, 81)]);
    }
}
