//! Configurations in, rules out; and how those judge.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::http::{Body, Message};
use crate::leak::{Canaries, Run, Scanner, Side};
use crate::packet::Place;

fn from(text: &str) -> Result<Rules, RulesErrors> {
    load("rules.toml", text, |path| match path {
        "base.toml" => {
            Ok("[[rules]]\nid = 'base'\nregex = 'base-(\\d{4})'\n[[rules]]\nid = 'other'\nregex = 'o'\n".into())
        }
        "loop.toml" => Ok("[extend]\npath = 'loop.toml'\n".into()),
        _ => Err(io::ErrorKind::NotFound.into()),
    })
}

/// What the rules find in a body: `rule secret` of each.
fn found(rules: &str, target: &str, text: &str) -> Vec<String> {
    let scanner = Scanner::new(Arc::new(from(rules).unwrap()), Canaries::default());
    let mut run = Run::default();
    for piece in text.as_bytes().chunks(7) {
        scanner.feed(&mut run, piece, Place::default());
    }
    let message = Message { body: Body { encoding: "identity".into(), ..Body::default() }, ..Message::default() };
    let found = scanner.look(Side::Response, &message, run, target.as_bytes());
    let line = |finding: &crate::leak::Finding| format!("{} {}", finding.rule, finding.secret.escape_ascii());
    found.iter().map(|found| line(&found.finding)).collect()
}

#[test]
fn matches_are_judged_as_gitleaks_judges() {
    let rule = |more: &str| format!("[[rules]]\nid = 'r'\nregex = 'key=(\\w+)(x)?'\nkeywords = ['KEY']\n{more}\n");
    for (rules, target, text, want) in [
        (rule(""), "/", "a key=abc b", &["r abc"][..]),
        (rule("secretGroup = 2"), "/", "a key=ab b", &["r key=ab"]),
        (rule("entropy = 1.0"), "/", "key=aaaa key=ab key=abc", &["r abc"]),
        (rule("path = '\\.env$'"), "/", "key=abc", &[]),
        (rule("path = '\\.env$'"), "/a/.env?x=.txt", "key=abc", &["r abc"]),
        (rule("[[rules.allowlists]]\nregexes = ['^ab']"), "/", "key=abc key=bcd", &["r bcd"]),
        (rule("[[rules.allowlists]]\nregexes = ['^key=ab']\nregexTarget = 'match'"), "/", "key=abc", &[]),
        (rule("[[rules.allowlists]]\nregexes = ['^no']\nregexTarget = 'line'"), "/", "no key=abc\nkey=bcd", &["r bcd"]),
        (rule("[rules.allowlist]\nstopwords = ['EXAM']"), "/", "key=myExample key=mine", &["r mine"]),
        (
            rule("[[rules.allowlists]]\ncondition = 'AND'\npaths = ['^test']\nregexes = ['abc']"),
            "/test/x",
            "key=abc key=bcd",
            &["r bcd"],
        ),
        (
            rule("[[rules.allowlists]]\ncondition = 'AND'\npaths = ['^test']\nregexes = ['abc']"),
            "/x",
            "key=abc",
            &["r abc"],
        ),
        (
            rule("[[rules.allowlists]]\ncommits = ['f00']\nregexes = ['abc']\ncondition = '&&'"),
            "/",
            "key=abc",
            &["r abc"],
        ),
        (format!("{}[[allowlists]]\nregexes = ['abc']", rule("")), "/", "key=abc", &[]),
        (format!("{}[[allowlists]]\ntargetRules = ['r']\npaths = ['x']", rule("")), "/x", "key=abc", &[]),
        (rule(""), "/", "key=abc # gitleaks:allow\nkey=bcd", &["r bcd"]),
        (rule("skipReport = true"), "/", "key=abc", &[]),
        (rule("").replace("'r'", "'generic-r'"), "/", "key=abc key=abc1", &["generic-r abc1"]),
        // An expression of Go's: no vertical tab among spaces, and ASCII words.
        ("[[rules]]\nid = 's'\nregex = 'k\\sv'".into(), "/", "k\u{b}v k\tv", &["s k\\tv"]),
    ] {
        assert_eq!(found(&rules, target, text), want, "{text} by\n{rules}");
    }
}

#[test]
fn a_rule_may_require_another_near_by() {
    let rules = "[[rules]]\nid = 'id'\nregex = 'id=(\\w+)'\nskipReport = true\n\
                 [[rules]]\nid = 'key'\nregex = 'key=(\\w+)'\n[[rules.required]]\nid = 'id'\nwithinLines = 1\n";
    assert_eq!(found(rules, "/", "key=abc\nid=x"), ["key abc"]);
    assert!(found(rules, "/", "key=abc\n\nid=x").is_empty());
    assert!(found(rules, "/", "key=abc").is_empty());
    let far = format!("{}\nkey=abc\n{}\nid=x\nkey=bcd", "line\n".repeat(3000), "line\n".repeat(3000));
    assert_eq!(found(rules, "/", &far), ["key bcd"]);
}

#[test]
fn rules_extend_others() {
    let ids = |text: &str| {
        let mut ids: Vec<_> = from(text).unwrap().iter().map(|rule| rule.id.clone()).collect();
        ids.sort();
        ids
    };
    let base = "[extend]\npath = 'base.toml'\n";
    assert_eq!(ids(base), ["base", "other"]);
    assert_eq!(ids(&format!("{base}disabledRules = ['other']\n[[rules]]\nid = 'new'\nregex = 'n'")), ["base", "new"]);
    let changed = format!("{base}[[rules]]\nid = 'base'\n[[rules.allowlists]]\nstopwords = ['9']");
    assert_eq!(found(&changed, "/", "base-1234 base-9999"), ["base 1234"]);
    let ours = from("[extend]\nuseDefault = true\ndisabledRules = ['http-basic', 'aws-access-key-id']").unwrap();
    assert!(ours.iter().count() > 500 && ours.builtins().count() + 1 == BUILTINS.len());
    assert!(!ours.iter().any(|rule| rule.id == "aws-access-key-id"));
    assert!(from("title = 'none'").unwrap().builtins().next().is_none());
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (text, want) in [
        ("[[rules]]\nid = 'a'\nregex = '''x(y'''", "rules.toml:3:13: rule a: the regex is broken here: unclosed group"),
        ("[[rules]]\nid = 'a'\nregex = \"[z-a]\"", "rules.toml:3:11: rule a: the regex is broken here"),
        ("[[rules]]\nid = 'a'\nregexp = 'x'", "rules.toml:3:1: unknown field `regexp`"),
        ("[[rules]]\nid = 'a'", "rules.toml:1:1: rule a: has neither a regex nor a path"),
        ("[[rules]]\nregex = 'a'", "rules.toml:1:1: a rule has no id"),
        (
            "[[rules]]\nid = 'a'\nregex = 'x'\nsecretGroup = 1",
            "rules.toml:1:1: rule a: secretGroup is 1, but the regex has 0",
        ),
        (
            "[[rules]]\nid = 'a'\nregex = '((x{999}){999}){999}'",
            "rules.toml:3:10: rule a: the regex is broken here: would take too much memory",
        ),
        ("[[rules]]\nid = 'a'\nregex = 'x'\n[[rules.allowlists]]\nregexes = ['ok', '(']", "rules.toml:5:19: rule a"),
        (
            "[[rules]]\nid = 'a'\nregex = 'x'\n[[rules.allowlists]]\ncondition = 'XOR'\npaths = ['a']",
            "rules.toml:5:13: rule a: no condition is called XOR",
        ),
        (
            "[[rules]]\nid = 'a'\nregex = 'x'\n[[rules.required]]\nid = 'b'",
            "requires the rule \"b\", which there is not",
        ),
        ("[extend]\npath = 'gone.toml'", "rules.toml:2:8: cannot read gone.toml"),
        ("[extend]\npath = 'loop.toml'", "files extend each other too deeply"),
        ("[extend]\nurl = 'https://x'", "extending a URL is not supported"),
        ("[[rules]", "rules.toml:1:"),
    ] {
        let error = from(text).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(want), "{error}\nfor\n{text}");
    }
    // Everything that is wrong, not only the first.
    let two = from("[[rules]]\nid = 'a'\nregex = '('\n[[rules]]\nid = 'b'\nregex = ')'").unwrap_err();
    assert_eq!(two.0.len(), 2);
}

#[test]
fn a_path_alone_is_enough() {
    let rules = from("[[rules]]\nid = 'p12'\npath = '\\.p12$'").unwrap();
    let scanner = Scanner::new(Arc::new(rules), Canaries::default());
    assert!(!scanner.is_idle());
}

#[test]
fn a_rule_that_is_changed_is_found_by_what_it_is_then() {
    // As the whole match is the secret now, its digit may stand in the name.
    let rules = "[extend]\nuseDefault = true\n[[rules]]\nid = 'jira-token'\nsecretGroup = 0\n";
    let secret = "JIRA_API_KEY7 =vvblYBOsJJFvbZTJIuDvtzLl";
    for before in [0, 1 << 21] {
        let text = "a word of prose ".repeat(before / 16) + "\n" + secret + "\n";
        assert_eq!(found(rules, "/", &text), [format!("jira-token {secret}\\n")], "after {before} bytes");
    }
}
