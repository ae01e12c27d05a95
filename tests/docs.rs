//! What the manual and the help say of rules: their names exist.
#![cfg(feature = "cli")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use plainsight::leak::{Allowlist, BUILTINS, CANARY_RULE, Rules};
use regex::Regex;
use std::path::Path;
use std::process::Command;

const COMMANDS: &[&str] = &["demo", "sniff", "replay", "guard", "redact", "rules", "server", "client", "interfaces"];

/// Every text that names rules: where it stands, and what it says.
fn texts() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = vec![root.join("README.md"), root.join("CHANGELOG.md"), root.join("src/leak/allow.rs")];
    let docs = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    paths.extend(docs.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    let mut texts: Vec<_> =
        paths.iter().map(|path| (path.display().to_string(), std::fs::read_to_string(path).unwrap())).collect();
    for command in COMMANDS {
        let help = Command::new(env!("CARGO_BIN_EXE_plainsight")).args([command, "--help"]).output().unwrap();
        assert!(help.status.success(), "{command}");
        texts.push((format!("{command} --help"), String::from_utf8(help.stdout).unwrap()));
    }
    texts
}

#[test]
fn rules_that_are_named_exist() {
    let rules = Rules::defaults(true);
    let ids = rules.iter().map(|rule| rule.id.as_str()).chain(BUILTINS.iter().map(|rule| rule.id));
    let ids: Vec<_> = ids.chain([CANARY_RULE]).collect();
    // As allowlists name them, and as reports do.
    let allowed = Regex::new(r"(?m)^(?://[!/])?\s*rules = (\[[^\]]*\])").unwrap();
    let reported = Regex::new(r"\(rule ([^)\s]+)\)").unwrap();
    let mut named = 0;
    for (place, text) in texts() {
        let lists = allowed.captures_iter(&text).map(|found| format!("[[allow]]\nrules = {}", &found[1]));
        let reports = reported.captures_iter(&text).map(|found| format!("[[allow]]\nrules = ['{}']", &found[1]));
        for list in lists.chain(reports) {
            let list = Allowlist::parse(&list).unwrap_or_else(|error| panic!("{place}: {list}: {error}"));
            assert_eq!(list.patterns_without_rule(&ids), [""; 0], "{place}");
            named += 1;
        }
    }
    assert!(named >= 3, "README names rules in an allowlist and a report, and the library's documentation does");
}

#[test]
fn the_allowlist_in_readme_is_one() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let lists: Vec<_> = readme
        .split("```toml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .filter(|block| block.contains("[[allow]]"))
        .collect();
    assert!(!lists.is_empty());
    for list in lists {
        assert!(!Allowlist::parse(list).unwrap_or_else(|error| panic!("{list}: {error}")).is_empty());
    }
}
