//! The files that rules are written in.
//!
//! It refuses to know what a rule finds.

use super::definition::{self, Examples, Rule};
use super::policy::Outside;
use crate::leak::finding::Severity;
use serde::Deserialize;

/// Our own rules, a file a family.
const FAMILIES: &[(&str, &str)] = &[
    ("ai", include_str!("../rules/ai.toml")),
    ("auth", include_str!("../rules/auth.toml")),
    ("chat", include_str!("../rules/chat.toml")),
    ("ci", include_str!("../rules/ci.toml")),
    ("cloud", include_str!("../rules/cloud.toml")),
    ("code-hosting", include_str!("../rules/code-hosting.toml")),
    ("data", include_str!("../rules/data.toml")),
    ("databases", include_str!("../rules/databases.toml")),
    ("mail", include_str!("../rules/mail.toml")),
    ("monitoring", include_str!("../rules/monitoring.toml")),
    ("office", include_str!("../rules/office.toml")),
    ("packages", include_str!("../rules/packages.toml")),
    ("payment", include_str!("../rules/payment.toml")),
    ("programs", include_str!("../rules/programs.toml")),
    ("social", include_str!("../rules/social.toml")),
    ("generic", include_str!("../rules/generic.toml")),
];

/// Personal data, looked for only where it was asked for.
const PERSONAL: (&str, &str) = (definition::PERSONAL, include_str!("../rules/pii.toml"));

/// What stands between the name of a secret and its value: at least one mark or space, with a
/// word such as `value` or `Bearer` among them where a format puts one there.
const JOIN: &str =
    r#"[\]\)"'`\\\s:=>,(|?&{\[+.]{1,12}(?:(?i:value|bearer|basic|token|is|string)[\]\)"'`\\\s:=>,(]{1,6})?"#;

/// What tells a credential from other things that a provider's name stands by.
const CREDENTIAL: &str = "(?i:key|token|secret|pass|pwd|auth|bearer|cred|api|pat|hook|init|client|licen[cs]e)";

/// What may follow a value: nothing that could be more of it.
const END: &str = "(?:[^A-Za-z0-9_+/=-]|$)";

/// Why a rule file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// It is no TOML, or lacks a key, or has one that means nothing.
    #[error("{family}.toml: {source}")]
    Toml {
        /// The file, without its extension.
        family: &'static str,
        /// What the parser says, with line and column.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A rule contradicts itself.
    #[error("{family}.toml: rule {id}: {reason}")]
    Rule {
        /// The file, without its extension.
        family: &'static str,
        /// The rule.
        id: String,
        /// What is wrong.
        reason: String,
    },
}

/// A rule as its file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Written {
    id: String,
    title: String,
    severity: String,
    /// The whole expression, or only the value's where `name` or `near` stands beside it.
    regex: String,
    /// An expression for the whole name to which the value is assigned.
    name: Option<String>,
    /// An expression for the provider; a word for a credential follows within 40 bytes, then the value.
    near: Option<String>,
    #[serde(default)]
    secret_group: usize,
    keywords: Vec<String>,
    /// Whether every match holds a token: known ahead, since it takes long to find out. A test does.
    #[serde(default)]
    token: bool,
    #[serde(default)]
    entropy: f64,
    check: Option<String>,
    allow: Option<String>,
    fix: String,
    #[serde(default)]
    examples: Examples,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rules: Vec<Written>,
}

impl Rule {
    /// The rule that is written so in the file of its family.
    fn written(family: &'static str, written: Written) -> Result<Self, RuleError> {
        let id = written.id;
        let fail = |reason: String| RuleError::Rule { family, id: id.clone(), reason };
        let severity = Severity::ALL
            .into_iter()
            .find(|severity| severity.name() == written.severity)
            .ok_or_else(|| fail(format!("no severity is named {:?}", written.severity)))?;
        let check = written.check.map(|name| name.parse()).transpose().map_err(fail)?;
        let value = &written.regex;
        let (expression, secret_group) = match (written.name, written.near) {
            (None, None) => (written.regex, written.secret_group),
            (Some(name), None) => (format!(r"(?i:{name})\w{{0,24}}{JOIN}({value}){END}"), 1),
            (None, Some(near)) => {
                (format!(r"(?i:{near})(?:(?s:.){{0,40}}?{CREDENTIAL})?\w{{0,16}}{JOIN}({value}){END}"), 1)
            }
            (Some(_), Some(_)) => return Err(fail("has both name and near".into())),
        };
        let searched = family == PERSONAL.0 || !written.keywords.is_empty();
        if !searched || written.keywords.iter().any(|word| word.is_empty() || *word != word.to_ascii_lowercase()) {
            return Err(fail("needs keywords, in lower case".into()));
        }
        Ok(Self {
            id,
            title: written.title,
            family,
            severity,
            expression,
            secret_group,
            keywords: written.keywords,
            entropy: written.entropy,
            check,
            allow: written.allow,
            fix: written.fix,
            examples: written.examples,
            outside: Outside::default(),
            is_outside: false,
            holds_token: Some(written.token),
        })
    }
}

/// Reads the rules of one file.
///
/// # Errors
/// When the file is not TOML of this form, or a rule contradicts itself. Expressions are compiled
/// later, when first needed.
pub fn parse(family: &'static str, text: &str) -> Result<Vec<Rule>, RuleError> {
    let file: File = toml::from_str(text).map_err(|source| RuleError::Toml { family, source: Box::new(source) })?;
    file.rules.into_iter().map(|written| Rule::written(family, written)).collect()
}

/// Our own rules, without those for personal data.
///
/// # Errors
/// Never for the files in the program, which the tests read.
pub fn defaults() -> Result<Vec<Rule>, RuleError> {
    let mut rules = Vec::with_capacity(512);
    for &(family, text) in FAMILIES {
        rules.extend(parse(family, &without_examples(text))?);
    }
    Ok(rules)
}

/// The rules for personal data (`--pii`).
///
/// # Errors
/// Never for the file in the program, which the tests read.
pub fn personal() -> Result<Vec<Rule>, RuleError> {
    parse(PERSONAL.0, &without_examples(PERSONAL.1))
}

/// `text` without the examples, which are most of it and need not be read at every start.
fn without_examples(text: &str) -> String {
    let mut rest = String::with_capacity(text.len());
    let mut skip = false;
    for line in text.lines() {
        match line {
            "[rules.examples]" => skip = true,
            "[[rules]]" => skip = false,
            _ => {}
        }
        // Skipped lines stay as empty ones, so that an error names the right line.
        rest.push_str(if skip { "" } else { line });
        rest.push('\n');
    }
    rest
}

/// Our own rules with their examples, those for personal data too.
///
/// # Errors
/// As [`defaults`].
pub fn with_examples() -> Result<Vec<Rule>, RuleError> {
    let mut rules = Vec::with_capacity(1024);
    for &(family, text) in FAMILIES.iter().chain([&PERSONAL]) {
        rules.extend(parse(family, text)?);
    }
    Ok(rules)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_rules_are_the_same_without_their_examples() {
        let mut rules = defaults().unwrap();
        rules.extend(personal().unwrap());
        let all = with_examples().unwrap();
        assert_eq!(rules.len(), all.len());
        for (short, long) in rules.iter().zip(&all) {
            assert_eq!((&short.id, &short.expression, &short.fix), (&long.id, &long.expression, &long.fix));
            assert!(short.examples.found.is_empty());
        }
    }

    #[test]
    fn a_broken_file_is_named() {
        for (text, want) in [
            ("rules = 1", "test.toml: TOML parse error at line 1, column 9"),
            ("[[rules]]\nid = 'a'\ncolour = 1", "unknown field `colour`"),
            (
                "[[rules]]\nid = 'a'\ntitle = 'A'\nseverity = 'bad'\nregex = 'a'\nkeywords = ['a']\nfix = 'f'",
                "test.toml: rule a: no severity is named \"bad\"",
            ),
            (
                "[[rules]]\nid = 'a'\ntitle = 'A'\nseverity = 'low'\nregex = 'a'\nkeywords = []\nfix = 'f'",
                "test.toml: rule a: needs keywords, in lower case",
            ),
            (
                "[[rules]]\nid = 'a'\ntitle = 'A'\nseverity = 'low'\nregex = 'a'\nname = 'n'\nnear = 'n'\nkeywords = ['a']\nfix = 'f'",
                "test.toml: rule a: has both name and near",
            ),
            (
                "[[rules]]\nid = 'a'\ntitle = 'A'\nseverity = 'low'\nregex = 'a'\ncheck = 'none'\nkeywords = ['a']\nfix = 'f'",
                "test.toml: rule a: no check is named \"none\"",
            ),
        ] {
            let error = parse("test", text).map(|_| ()).unwrap_err().to_string();
            assert!(error.contains(want), "{error}");
        }
    }
}
