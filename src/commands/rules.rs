//! `plainsight rules`: what is looked for, and whether a file of rules can be.
//!
//! It lists and reports; what a rule is, `leak` knows.

use super::options::Format;
use super::{Failure, print};
use crate::leak::{Rules, Severity};
use crate::report::escape;
use serde::Serialize;
use std::fmt::Write as _;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  plainsight rules
  plainsight rules --pii --format json | jq -r 'select(.severity == \"critical\") | .id'";

/// The arguments of `rules`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// List the rules for personal data too, which --pii adds
    #[arg(long)]
    pii: bool,

    /// A table for people, or a JSON object a line
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// Lists the rules.
pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    let rules = Rules::defaults(args.pii);
    print(list(&rules, args.format).as_bytes())
}

/// A rule, as the list shows it.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Line<'r> {
    id: &'r str,
    severity: &'static str,
    family: &'r str,
    title: &'r str,
    fix: &'r str,
}

fn list(rules: &Rules, format: Format) -> String {
    let builtins = rules.builtins().map(|rule| (rule.severity, rule.id, "http", rule.title, rule.fix));
    let others =
        rules.iter().map(|rule| (rule.severity, rule.id.as_str(), rule.family, rule.title.as_str(), rule.fix.as_str()));
    let mut all: Vec<(Severity, &str, &str, &str, &str)> = builtins.chain(others).collect();
    // The worst first, then by name.
    all.sort_by_key(|(severity, id, ..)| (std::cmp::Reverse(*severity), *id));
    let lines =
        all.iter().map(|(severity, id, family, title, fix)| Line { id, severity: severity.name(), family, title, fix });
    let mut text = String::new();
    match format {
        Format::Json => {
            for line in lines {
                // Writing to a string cannot fail, and a line has nothing that JSON has not.
                _ = writeln!(text, "{}", serde_json::to_string(&line).unwrap_or_default());
            }
        }
        Format::Text => {
            let width = all.iter().map(|(_, id, ..)| id.len()).max().unwrap_or(0);
            for Line { id, severity, title, .. } in lines {
                _ = writeln!(text, "{severity:8}  {:width$}  {}", escape::str(id), escape::str(title));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_listed_the_worst_first() {
        let rules = Rules::defaults(true);
        let number = rules.iter().count() + rules.builtins().count();
        let text = list(&rules, Format::Text);
        assert_eq!(text.lines().count(), number);
        assert!(text.starts_with("critical  "), "{}", text.lines().next().unwrap_or_default());
        let json = list(&rules, Format::Json);
        let lines: Vec<serde_json::Value> =
            json.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
        assert_eq!(lines.len(), number);
        let find = |id: &str| lines.iter().find(|line| line["id"] == id).expect("a rule").clone();
        assert_eq!(find("http-basic")["severity"], "critical");
        assert_eq!(find("http-basic")["family"], "http");
        assert!(find("cookie-flags")["fix"].as_str().is_some_and(|fix| fix.ends_with('.')));
        let without = list(&Rules::defaults(false), Format::Text);
        assert!(without.lines().count() < number);
    }
}
