//! `plainsight rules` and `rules check` with the real program.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod kit;

use kit::program::{plainsight, text};
use std::path::Path;
use std::process::Output;

fn rules(arguments: &[&str], folder: &Path) -> Output {
    let mut command = plainsight();
    command.arg("rules").args(arguments).current_dir(folder).output().unwrap()
}

#[test]
fn our_own_rules_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let output = rules(&[], folder.path());
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).lines().count() > 200);
    let personal = rules(&["--pii", "--format", "json"], folder.path());
    let lines: Vec<serde_json::Value> =
        text(&personal.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.len() > text(&output.stdout).lines().count());
    assert!(
        lines.iter().all(|line| line["id"].is_string() && line["severity"].is_string() && line["title"].is_string())
    );
}

#[test]
fn a_file_of_rules_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let rule =
        "[[rules]]\nid = \"mine\"\ndescription = \"Mine\"\nregex = '''mine-[a-z]{8}'''\nkeywords = [\"mine-\"]\n";
    write("good.toml", rule);
    write("more.toml", "[extend]\npath = \"good.toml\"\n[[rules]]\nid = \"more\"\nregex = '''more-[0-9]{8}'''\n");
    write("all.toml", "[extend]\nuseDefault = true\n");
    write("broken.toml", "[[rules]]\nid = \"mine\"\nregex = '''mine-([a-z]'''\n");
    write("huge.toml", "[[rules]]\nid = \"mine\"\nregex = '''((((a{900}){900}){900}){900}){900}'''\n");
    write("none.toml", "[[rules\n");
    write("binary.toml", "");
    std::fs::write(folder.path().join("binary.toml"), b"\xff\xfe\0").unwrap();
    for (name, part) in [("good.toml", "1 rule"), ("more.toml", "2 rules"), ("all.toml", " rules")] {
        let output = rules(&["check", name], folder.path());
        assert_eq!(output.status.code(), Some(0), "{name}: {}{}", text(&output.stdout), text(&output.stderr));
        assert!(text(&output.stdout).contains(part), "{name}: {}", text(&output.stdout));
    }
    for (name, parts) in [
        ("broken.toml", &["broken.toml:3:", "rule mine"][..]),
        ("huge.toml", &["huge.toml:3:"]),
        ("none.toml", &["none.toml:1:"]),
    ] {
        let output = rules(&["check", name], folder.path());
        assert_eq!(output.status.code(), Some(2), "{name}");
        for part in parts {
            assert!(text(&output.stdout).contains(part), "{name}: {}", text(&output.stdout));
        }
        // Whoever asks for it elsewhere is told the same.
        let listed = rules(&["--rules", name], folder.path());
        assert_eq!(listed.status.code(), Some(2), "{name}");
        assert!(text(&listed.stderr).contains(parts[0]), "{name}: {}", text(&listed.stderr));
    }
    for name in ["binary.toml", "missing.toml", "."] {
        let output = rules(&["check", name], folder.path());
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{name}");
        assert!(text(&output.stderr).contains(name), "{name}: {}", text(&output.stderr));
    }
    let listed = rules(&["--rules", "good.toml"], folder.path());
    assert!(text(&listed.stdout).contains("mine") && text(&listed.stdout).lines().count() == 1);
}
