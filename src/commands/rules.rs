//! `plainsight rules`: what is looked for, and whether a file of rules can be.
//!
//! It lists and reports; what a rule is, `leak` knows.

use super::failure::{FAILED, Failure, print};
use super::options::Format;
use super::rule_files;
use crate::leak::{Rules, Severity};
use crate::report::text::figures::count;
use crate::report::{escape, json_line};
use serde::Serialize;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  plainsight rules
  plainsight rules --pii --format json | jq -r 'select(.severity == \"critical\") | .id'
  plainsight rules --rules gitleaks.toml
  plainsight rules check gitleaks.toml

Exit codes: 0 done; 2 a file of rules cannot be used.";

/// The arguments of `rules`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    check: Option<Check>,

    /// List the rules of a gitleaks configuration
    #[arg(long, value_name = "FILE", conflicts_with = "pii")]
    rules: Option<PathBuf>,

    /// List the rules for personal data too, which --pii adds
    #[arg(long)]
    pii: bool,

    /// A table for people, or a JSON object a line
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Debug, clap::Subcommand)]
enum Check {
    /// Say whether a gitleaks configuration can be used for --rules, and what is wrong with it
    Check {
        /// The configuration
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// Lists the rules, or checks a file of them.
pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    if let Some(Check::Check { file }) = &args.check {
        return check(file);
    }
    let rules = rule_files::wanted(args.rules.as_deref())?.unwrap_or_else(|| Rules::defaults(args.pii));
    print(list(&rules, args.format).as_bytes())
}

fn check(file: &Path) -> Result<ExitCode, Failure> {
    match rule_files::read(file) {
        Ok(rules) => {
            let number = (rules.iter().count() + rules.builtins().count()) as u64;
            let line =
                format!("{}: {}, all good\n", escape::str(&file.display().to_string()), count(number, "rule", "rules"));
            print(line.as_bytes())
        }
        Err(rule_files::Error::Rules(errors)) => {
            // One a line, as compilers do; what is asked for is what is wrong.
            let lines: String = errors.0.iter().map(|error| escape::str(&error.to_string()) + "\n").collect();
            print(lines.as_bytes())?;
            Ok(ExitCode::from(FAILED))
        }
        Err(error) => Err(Failure::new(error.to_string())),
    }
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
                _ = writeln!(text, "{}", json_line(&line).unwrap_or_default());
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
