//! `-` as standard input and standard output, and inputs that are named as outputs.

use crate::kit::capture::packets;
use crate::kit::program::plainsight;
use crate::tool::{SECRET, code, json, lesson, saved, stderr, stdout};
use std::fs::{self, File};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// The program in that folder, with a file of it as standard input.
fn run_in(folder: &TempDir, arguments: &[&str], input: Option<&str>) -> Output {
    command_in(folder, arguments, input).output().unwrap()
}

fn command_in(folder: &TempDir, arguments: &[&str], input: Option<&str>) -> Command {
    let mut command = plainsight();
    command.current_dir(folder.path()).args(arguments);
    if let Some(input) = input {
        command.stdin(File::open(folder.path().join(input)).unwrap());
    }
    command
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    saved(&folder, "x.pcap", &lesson(3));
    folder
}

#[test]
fn packets_go_to_standard_output_alone() {
    let folder = folder();
    for (arguments, count) in [
        (&["-w", "-", "x.pcap"][..], 8),
        (&["-w", "-", "-"], 8),
        (&["--write=-", "-c", "3", "x.pcap"], 3),
        (&["--canary", SECRET, "--evidence", "-", "x.pcap"], 8),
        (&["--canary", "never said", "--evidence", "-", "x.pcap"], 0),
        (&["-w", "-", "--output", "json=report.json", "x.pcap"], 8),
    ] {
        let output = run_in(&folder, &[&["replay"], arguments].concat(), Some("x.pcap"));
        assert_eq!(code(&output), 0, "{arguments:?}: {}", stderr(&output));
        assert_eq!(packets(&output.stdout).len(), count, "{arguments:?}");
        assert!(stderr(&output).contains("packet"), "the summary is elsewhere: {}", stderr(&output));
    }
    let hidden =
        run_in(&folder, &["replay", "--redact", "--canary", SECRET, "--evidence", "-", "x.pcap"], Some("x.pcap"));
    assert!(code(&hidden) == 0 && !String::from_utf8_lossy(&hidden.stdout).contains(SECRET));
    assert_eq!(packets(&hidden.stdout).len(), 8);
    assert_eq!(fs::read_to_string(folder.path().join("report.json")).unwrap().lines().count(), 4);
    assert!(!folder.path().join("-").exists());
}

#[test]
fn a_reader_of_packets_who_leaves_is_no_failure() {
    let folder = folder();
    saved(&folder, "long.pcap", &lesson(20_000));
    let mut child =
        command_in(&folder, &["replay", "-q", "-w", "-", "long.pcap"], None).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_report_goes_to_standard_output_by_its_format() {
    let folder = folder();
    let want = run_in(&folder, &["replay", "-q", "--format", "json", "x.pcap"], None);
    assert_eq!(json(&want).len(), 4);
    for arguments in [&["--output", "json=-"][..], &["--report-path", "-"], &["--report-path", "-", "--format", "json"]]
    {
        let output = run_in(&folder, &[&["replay", "-q", "x.pcap"], arguments].concat(), None);
        assert_eq!((code(&output), stdout(&output)), (0, stdout(&want)), "{arguments:?}: {}", stderr(&output));
    }
    assert!(!folder.path().join("-").exists());
}

#[test]
fn redact_reads_and_writes_standard_streams() {
    let folder = folder();
    let want = run_in(&folder, &["redact", "--canary", SECRET, "x.pcap", "file.pcap"], None);
    assert_eq!(code(&want), 0, "{}", stderr(&want));
    let want = fs::read(folder.path().join("file.pcap")).unwrap();
    // From a pipe, which cannot be read twice.
    let mut cat = Command::new("cat").arg(folder.path().join("x.pcap")).stdout(Stdio::piped()).spawn().unwrap();
    let mut piped = command_in(&folder, &["redact", "--canary", SECRET, "-", "piped.pcap"], None);
    let output = piped.stdin(cat.stdout.take().unwrap()).output().unwrap();
    assert!(cat.wait().unwrap().success());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(fs::read(folder.path().join("piped.pcap")).unwrap(), want);
    for (arguments, input) in [(["-", "-"], Some("x.pcap")), (["x.pcap", "-"], None)] {
        let output = run_in(&folder, &[&["redact", "--canary", SECRET][..], &arguments].concat(), input);
        assert_eq!(code(&output), 0, "{arguments:?}: {}", stderr(&output));
        assert_eq!(output.stdout, want, "{arguments:?}");
    }
    let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["file.pcap", "piped.pcap", "x.pcap"]);
}

#[test]
fn canaries_and_rules_come_from_standard_input() {
    let folder = folder();
    saved(&folder, "canaries", SECRET.as_bytes());
    saved(&folder, "rules.toml", b"[[rules]]\nid = 'tail'\nregex = 'fluffy t[a-z]+'\nkeywords = ['fluffy']\n");
    saved(&folder, "allow.toml", b"[[allow]]\nhosts = ['fox.example']\n");
    let arguments = ["replay", "--fail-on-leak", "--canary", SECRET, "--config", "-", "x.pcap"];
    assert_eq!(code(&run_in(&folder, &arguments, Some("allow.toml"))), 0);
    for (option, input) in [("--canary-file", "canaries"), ("--rules", "rules.toml")] {
        let output = run_in(&folder, &["replay", "--fail-on-leak", option, "-", "x.pcap"], Some(input));
        assert_eq!(code(&output), 1, "{option}: {}", stderr(&output));
    }
    assert_eq!(code(&run_in(&folder, &["rules", "check", "-"], Some("rules.toml"))), 0);
}

#[test]
fn each_stream_is_used_once() {
    let folder = folder();
    for (arguments, stream) in [
        (&["replay", "-", "-"][..], "input"),
        (&["replay", "--canary-file", "-", "-"], "input"),
        (&["replay", "--rules", "-", "--config", "-", "x.pcap"], "input"),
        (&["replay", "--baseline", "-", "-"], "input"),
        (&["redact", "--canary-file", "-", "-", "o.pcap"], "input"),
        (&["server", "--secret-file", "-", "--cert", "-", "--key", "k.pem"], "input"),
        (&["replay", "-w", "-", "--evidence", "-", "x.pcap"], "output"),
        (&["replay", "-w", "-", "--output", "json=-", "x.pcap"], "output"),
        (&["replay", "--output", "har=-", "--output", "json=-", "x.pcap"], "output"),
        (&["replay", "-w", "-", "--format", "json", "x.pcap"], "output"),
        (&["replay", "--report-path", "-", "--evidence", "-", "x.pcap"], "output"),
        (&["sniff", "-w", "-", "--output", "text=-"], "output"),
    ] {
        let output = run_in(&folder, arguments, Some("x.pcap"));
        assert_eq!(code(&output), 2, "{arguments:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty(), "{arguments:?}");
        let said = stderr(&output);
        assert!(said.contains(&format!("standard {stream} can")) && said.lines().count() == 1, "{said}");
    }
    for arguments in [&["-w", "-"][..], &["--output", "json=-"], &["--canary-file", "-"], &["--baseline", "-"]] {
        let output = run_in(&folder, &[&["guard"], arguments, &["--", "true"]].concat(), Some("x.pcap"));
        assert_eq!(code(&output), 2, "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("guard leaves standard"), "{}", stderr(&output));
    }
}

#[test]
fn no_input_is_emptied_by_naming_it_as_an_output() {
    let folder = folder();
    let rules = b"[[rules]]\nid = 'tail'\nregex = 'fluffy t[a-z]+'\nkeywords = ['fluffy']\n";
    saved(&folder, "rules.toml", rules);
    saved(&folder, "canaries", SECRET.as_bytes());
    std::os::unix::fs::symlink("x.pcap", folder.path().join("soft.pcap")).unwrap();
    fs::hard_link(folder.path().join("x.pcap"), folder.path().join("hard.pcap")).unwrap();
    for (arguments, input) in [
        (&["replay", "-w", "x.pcap", "-"][..], Some("x.pcap")),
        (&["replay", "-w", "soft.pcap", "-"], Some("x.pcap")),
        (&["replay", "--evidence", "hard.pcap", "-"], Some("x.pcap")),
        (&["replay", "--output", "json=x.pcap", "-"], Some("x.pcap")),
        (&["replay", "--report-path", "x.pcap", "-"], Some("x.pcap")),
        (&["replay", "-w", "hard.pcap", "x.pcap"], None),
        // Somebody else reads it after us.
        (&["replay", "-w", "canaries", "x.pcap"], Some("canaries")),
        (&["replay", "--rules", "rules.toml", "--output", "json=rules.toml", "x.pcap"], None),
        (&["replay", "--canary-file", "canaries", "-w", "canaries", "x.pcap"], None),
        (&["redact", "-", "x.pcap"], Some("x.pcap")),
        (&["redact", "x.pcap", "hard.pcap"], None),
        (&["redact", "--rules", "rules.toml", "x.pcap", "rules.toml"], None),
        (&["sniff", "-w", "x.pcap"], Some("x.pcap")),
        (&["guard", "-w", "x.pcap", "--", "true"], Some("x.pcap")),
        (&["guard", "--rules", "rules.toml", "--output", "json=rules.toml", "--", "true"], None),
    ] {
        let output = run_in(&folder, arguments, input);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("cannot write to "), "{arguments:?}: {}", stderr(&output));
        for (name, want) in [("x.pcap", &lesson(3)[..]), ("rules.toml", rules), ("canaries", SECRET.as_bytes())] {
            assert_eq!(fs::read(folder.path().join(name)).unwrap(), want, "{name} by {arguments:?}");
        }
    }
    // Standard output may not be written a second time either.
    let out = File::create(folder.path().join("out")).unwrap();
    let mut command = command_in(&folder, &["replay", "--output", "json=out", "x.pcap"], None);
    let output = command.stdout(out).output().unwrap();
    assert!(code(&output) == 2 && stderr(&output).contains("standard output"), "{}", stderr(&output));
    for arguments in [&["replay", "x.pcap"][..], &["replay", "-"], &["redact", "x.pcap", "-"]] {
        let appended = File::options().append(true).open(folder.path().join("x.pcap")).unwrap();
        let output = command_in(&folder, arguments, Some("x.pcap")).stdout(appended).output().unwrap();
        assert_eq!(code(&output), 2, "{arguments:?}: {}", stderr(&output));
        assert_eq!(fs::read(folder.path().join("x.pcap")).unwrap(), lesson(3), "{arguments:?}");
    }
    let output = run_in(&folder, &["replay", "--export-bodies", "-", "x.pcap"], None);
    assert!(code(&output) == 2 && !folder.path().join("-").exists(), "{}", stderr(&output));
}
