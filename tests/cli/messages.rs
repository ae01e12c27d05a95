//! What stands on standard error where names and texts are hostile.

use crate::kit::program::plainsight;
use crate::tool::{code, lesson, saved};
use std::fs;
use std::process::Output;

/// Writes to the clipboard, forges a line, turns the text around, and moves the cursor.
const HOSTILE: &str = "evil\x1b]52;c;ZXZp\x07\nplainsight: all is well\u{202e}\u{9b}2J\u{200b}\r.pcap";

#[track_caller]
fn is_harmless(output: &Output) {
    let said = std::str::from_utf8(&output.stderr).unwrap();
    let harmful = |c: char| c != '\n' && plainsight::report::escape::is_unsafe(c);
    assert!(!said.contains(harmful), "{said:?}");
    assert!(!said.contains("\nplainsight: all is well"), "{said:?}");
    assert!(said.contains("evil"), "{said:?}");
}

#[test]
fn names_of_files_cannot_drive_a_terminal_or_forge_a_line() {
    let folder = tempfile::tempdir().unwrap();
    saved(&folder, HOSTILE, b"x");
    saved(&folder, "good.pcap", &lesson(1));
    let missing = format!("missing-{HOSTILE}");
    let no_folder = format!("no/{HOSTILE}");
    let report = format!("json=no/{HOSTILE}");
    let same = format!("json={HOSTILE}");
    for arguments in [
        &["replay", HOSTILE][..],
        &["replay", &missing],
        &["replay", "-w", &no_folder, "good.pcap"],
        &["replay", "--evidence", &no_folder, "good.pcap"],
        &["replay", "--output", &report, "good.pcap"],
        &["replay", "--output", &same, "-w", HOSTILE, "good.pcap"],
        &["replay", "-w", HOSTILE, HOSTILE],
        &["replay", "--export-bodies", HOSTILE, "good.pcap"],
        &["replay", "--rules", HOSTILE, "good.pcap"],
        &["replay", "--rules", &missing, "good.pcap"],
        &["replay", "--config", HOSTILE, "good.pcap"],
        &["replay", "--config", &missing, "good.pcap"],
        &["replay", "--baseline", HOSTILE, "good.pcap"],
        &["replay", "--canary-file", &missing, "good.pcap"],
        &["replay", "--canary-env", HOSTILE, "good.pcap"],
        &["replay", "-f", HOSTILE, "good.pcap"],
        &["redact", HOSTILE, "o.pcap"],
        &["redact", &missing, "o.pcap"],
        &["redact", "good.pcap", &no_folder],
        &["rules", "check", &missing],
        &["server", "--secret-file", &missing],
        &["server", "--cert", &missing, "--key", &missing],
        &["client", "--ca", &missing, "https://localhost:1/"],
        &["client", HOSTILE],
        &["sniff", "-i", HOSTILE],
        &["guard", "--", &missing],
        // What the parser of arguments repeats.
        &["redact", "a", "b", HOSTILE],
        &["replay", "--output", HOSTILE, "good.pcap"],
        &["replay", "--min-severity", HOSTILE, "good.pcap"],
        &[HOSTILE],
    ] {
        let output = plainsight().current_dir(folder.path()).args(arguments).output().unwrap();
        assert_ne!(code(&output), 0, "{arguments:?}");
        is_harmless(&output);
    }
    fs::remove_file(folder.path().join(HOSTILE)).unwrap();
}

#[test]
fn what_is_wrong_with_rules_stands_on_a_line_each() {
    let folder = tempfile::tempdir().unwrap();
    let rules = "[[rules]]\nid = \"evil\\u001b[2J\\u202e\"\n[[rules]]\nid = 'b'\nregex = '('\n";
    saved(&folder, "rules.toml", rules.as_bytes());
    saved(&folder, "good.pcap", &lesson(1));
    let output = plainsight()
        .current_dir(folder.path())
        .args(["replay", "--rules", "rules.toml", "good.pcap"])
        .output()
        .unwrap();
    is_harmless(&output);
    assert_eq!(String::from_utf8_lossy(&output.stderr).lines().count(), 2);
}
