//! What is known and allowed already: the baseline and the project's own file.
//!
//! It finds and reads the files; what stands in them is `leak`'s.

use super::failure::{Failure, say};
use super::streams;
use crate::leak::{Allowlist, BUILTINS, Baseline, CANARY_RULE, Rules};
use crate::report::escape;
use std::io::{BufReader, ErrorKind};
use std::path::Path;

/// The project's file, in the folder where the program runs.
const PROJECT_FILE: &str = ".plainsight.toml";

/// Reads the allowlist in `named`, or in the project's file where there is one, and warns about
/// patterns in it that match no rule. `rules` are those of `--rules`, if given.
pub(super) fn allowlist(named: Option<&Path>, rules: Option<&Rules>, quiet: bool) -> Result<Allowlist, Failure> {
    let path = named.unwrap_or(Path::new(PROJECT_FILE));
    let name = path.display();
    let text = match streams::read(path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => return Ok(Allowlist::default()),
        Err(error) => return Err(Failure::new(format!("cannot read {name}: {error}"))),
    };
    let text = String::from_utf8(text).map_err(|error| {
        let before = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
        let line = before.filter(|byte| **byte == b'\n').count() + 1;
        Failure::new(format!("{name}, line {line}: it is not in UTF-8"))
    })?;
    let list = Allowlist::parse(&text).map_err(|error| {
        // Those who come from gitleaks know a --config of another kind.
        let rules = text.lines().any(|line| matches!(line.trim(), "[[rules]]" | "[extend]"));
        let advice = if rules { "; this looks like a gitleaks configuration, which --rules takes" } else { "" };
        Failure::new(format!("{name}, {error}{advice}"))
    })?;
    if named.is_none() && !quiet && !list.is_empty() {
        say(format!("what {name} allows is not reported"));
    }
    if !quiet {
        for pattern in patterns_without_rule(&list, rules) {
            let (name, pattern) = (escape::str(&name.to_string()), escape::str(pattern));
            say(format!("{name}: no rule matches the pattern `{pattern}` (`plainsight rules` lists the rules)"));
        }
    }
    Ok(list)
}

/// The patterns of an allowlist that match no rule: none of `rules`, or of our own where those are
/// not given, and none of those for HTTP and canaries.
fn patterns_without_rule<'list>(list: &'list Allowlist, rules: Option<&Rules>) -> Vec<&'list str> {
    let without = |rules: &Rules| {
        let ids = rules.iter().map(|rule| rule.id.as_str()).chain(BUILTINS.iter().map(|rule| rule.id));
        list.patterns_without_rule(&ids.chain([CANARY_RULE]).collect::<Vec<_>>())
    };
    // Most lists name no rules, and then no rules need to be compiled.
    if list.patterns_without_rule(&[]).is_empty() {
        return Vec::new();
    }
    if let Some(rules) = rules {
        return without(rules);
    }
    let missing = without(&Rules::defaults(false));
    // One project's file serves runs with --pii and without.
    if missing.is_empty() { missing } else { without(&Rules::defaults(true)) }
}

/// Reads the baseline in `path`, or an empty one. `with_key` is whether identifiers of secrets can be
/// compared.
///
/// # Errors
/// It cannot be read, is of another kind, or has identifiers that nobody can compare.
pub(super) fn baseline(path: Option<&Path>, with_key: bool) -> Result<Baseline, Failure> {
    let Some(path) = path else { return Ok(Baseline::default()) };
    let name = path.display();
    let file =
        streams::open(path).map_err(|error| Failure::new(format!("cannot read the baseline {name}: {error}")))?;
    let baseline = Baseline::read(BufReader::new(file)).map_err(|error| {
        Failure::new(format!(
            "{name} is no baseline: {error}; give an earlier report of plainsight, in JSON Lines or SARIF"
        ))
    })?;
    if baseline.has_secret_ids() && !with_key {
        return Err(Failure::new(format!(
            "the baseline {name} has a `secret_id` for its secrets; give the key that they were made with \
             (--secret-id-key-env or --secret-id-key-file)"
        )));
    }
    Ok(baseline)
}

/// What is said of a baseline's entries without an identifier of their secret, where there are any.
pub(super) fn without_ids(entries: u64) -> Option<String> {
    match entries {
        0 => None,
        1 => Some("1 baseline entry matches any secret at its place".to_owned()),
        _ => Some(format!("{entries} baseline entries match any secret at their place")),
    }
}
