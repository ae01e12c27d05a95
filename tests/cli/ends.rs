//! How runs end: usage errors, damage, limits, pipes, full disks; and what help knows.

use crate::kit::program::plainsight;
use crate::tool::{SECRET, code, elsewhere, json, lesson, run, saved, stderr, stdout, text};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Command, Stdio};

#[test]
fn usage_errors_end_with_2() {
    for arguments in [
        &[][..],
        &["fox"],
        &["replay"],
        &["replay", "--fox", "x.pcap"],
        &["replay", "--exit-code", "300", "x.pcap"],
        &["replay", "--max-body", "many", "x.pcap"],
        &["replay", "--memory", "-1", "x.pcap"],
        &["replay", "--no-leaks", "--canary", "x", "x.pcap"],
        &["replay", "--canary", "", "x.pcap"],
        &["replay", "--format", "xml", "x.pcap"],
        &["replay", "-c", "0", "x.pcap"],
        &["sniff", "--rotate", "1h"],
        &["sniff", "-w", "x.pcap", "--rotate", "1"],
        &["sniff", "-w", "x.pcap", "--rotate", "1h", "--keep-files", "0"],
        &["sniff", "-f", "tcp", "udp"],
        &["sniff", "--duration", "soon"],
        &["completions", "fish-and-chips"],
        &["man", "fox"],
    ] {
        let output = run(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", stderr(&output));
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn what_is_no_capture_is_told_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let good = saved(&folder, "good.pcap", &lesson(1));
    let empty = saved(&folder, "empty", b"");
    let byte = saved(&folder, "byte", b"x");
    let png = saved(&folder, "fox.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0");
    let missing = folder.path().join("missing.pcap");
    let inside = folder.path().join("no/such/folder.pcap");
    for (arguments, part) in [
        (&[text(folder.path())][..], "a directory"),
        (&[text(&empty)], "an empty file"),
        (&[text(&byte)], "1 byte"),
        (&[text(&png)], "PNG"),
        (&[text(&missing)], "No such file"),
        (&["-"], "empty"),
        (&["-f", "port http and", text(&good)], "`port http and`"),
        (&["-w", text(&inside), text(&good)], "No such file"),
        (&["-w", text(&good), text(&good)], "one of the files to read"),
    ] {
        for format in ["text", "json"] {
            let output = plainsight().args(["replay", "--format", format]).args(arguments).output().unwrap();
            let said = stderr(&output);
            assert_eq!(code(&output), 2, "{arguments:?}: {said}");
            assert!(output.stdout.is_empty(), "{arguments:?}: {}", stdout(&output));
            assert!(said.starts_with("plainsight: ") && said.contains(part) && said.lines().count() == 1, "{said}");
        }
    }
    assert_eq!(fs::read(&good).unwrap(), lesson(1), "what is read is never written");
}

#[test]
fn what_came_before_the_damage_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let mut cut = lesson(2);
    cut.truncate(cut.len() - 5);
    let mut huge = lesson(1);
    for word in [0, 0, u32::MAX, u32::MAX] {
        huge.extend(word.to_le_bytes());
    }
    for (name, bytes) in [("cut.pcap", cut), ("huge.pcap", huge)] {
        let path = saved(&folder, name, &bytes);
        let good = saved(&folder, "good.pcap", &elsewhere(1));
        let output =
            run(&["replay", "--format", "json", "--fail-on-leak", "--canary", SECRET, text(&path), text(&good)]);
        let (lines, said) = (json(&output), stderr(&output));
        assert_eq!(code(&output), 1, "a leak outranks a damaged input: {said}");
        assert!(said.contains(name) && said.contains("2 findings"), "{said}");
        let bodies = lines.iter().filter(|line| line["response"]["body"]["text"] == SECRET).count();
        assert_eq!(bodies, 2, "one of each file: {lines:?}");
        assert_eq!(lines.last().unwrap()["type"], "summary");
    }
}

#[test]
fn the_exit_code_says_whether_it_leaked_where_that_was_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = saved(&folder, "lesson.pcap", &lesson(1));
    for (arguments, want) in [
        (&["--canary", SECRET][..], 0),
        (&["--canary", SECRET, "--fail-on-leak"], 1),
        (&["--canary", SECRET, "--exit-code", "7"], 7),
        (&["--canary", SECRET, "--exit-code", "0"], 0),
        (&["--canary", "bushy tail", "--fail-on-leak"], 0),
        (&["--no-leaks"], 0),
    ] {
        let output = plainsight().arg("replay").args(arguments).arg(&path).output().unwrap();
        assert_eq!(code(&output), want, "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn limits_stop_early() {
    let folder = tempfile::tempdir().unwrap();
    let path = saved(&folder, "lesson.pcap", &lesson(5));
    for (arguments, packets, exchanges) in [
        (&[][..], 12, 5),
        (&["-c", "6"], 6, 2),
        (&["--exchanges", "3"], 8, 3),
        (&["-f", "tcp dst port 5683"], 6, 5),
        (&["-f", "udp"], 0, 0),
    ] {
        let output = plainsight().args(["replay", "--format", "json"]).args(arguments).arg(&path).output().unwrap();
        let lines = json(&output);
        let summary = lines.last().unwrap();
        assert_eq!((&summary["packets"], &summary["exchanges"]), (&packets.into(), &exchanges.into()), "{arguments:?}");
        assert_eq!(lines.len(), exchanges + 1, "{arguments:?}");
    }
}

#[test]
fn a_reader_who_leaves_ends_the_run_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let path = saved(&folder, "long.pcap", &lesson(5000));
    for format in ["text", "json"] {
        let mut child = plainsight()
            .args(["replay", "-q", "--format", format])
            .arg(&path)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdout.take().unwrap().read_exact(&mut [0; 10]).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!((code(&output), stderr(&output)), (0, ""), "{format}");
    }
    let mut child = plainsight().args(["completions", "bash"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}

/// As of `tcpdump -U -w - | plainsight replay -`.
#[test]
fn a_pipe_that_runs_dry_shows_what_there_is_and_ends_with_the_program() {
    for (close, signal) in [(true, None), (false, Some("-TERM"))] {
        let mut child = plainsight()
            .args(["replay", "--format", "json", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take();
        // One packet more, of which a part is still to come.
        let capture = [&lesson(1)[..], &[0; 7]].concat();
        input.as_mut().unwrap().write_all(&capture).unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next().unwrap().unwrap();
        assert!(line.contains(SECRET), "{line}");
        if close {
            drop(input.take());
        }
        if let Some(signal) = signal {
            assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        }
        assert!(lines.next().unwrap().unwrap().starts_with(r#"{"type":"summary""#));
        let output = child.wait_with_output().unwrap();
        let cut = stderr(&output).contains("cut off");
        assert_eq!((code(&output), cut), if close { (2, true) } else { (0, false) }, "{}", stderr(&output));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = saved(&folder, "lesson.pcap", &lesson(5000));
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    let output = plainsight().arg("replay").arg(&path).stdout(full()).output().unwrap();
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("standard output: No space left"), "{}", stderr(&output));
    let output = run(&["replay", "--format", "json", "-w", "/dev/full", text(&path)]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("/dev/full: No space left"), "{}", stderr(&output));
}

#[test]
fn help_manual_and_completions_know_every_command() {
    let help = run(&["--help"]);
    assert_eq!(code(&help), 0);
    let section = stdout(&help).split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    let commands: Vec<_> = section.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.contains(&"sniff") && commands.contains(&"replay"), "{commands:?}");
    for command in &commands {
        let help = run(&[command, "--help"]);
        assert!(code(&help) == 0 && stdout(&help).contains("Examples:"), "{command}: {}", stdout(&help));
        let page = run(&["man", command]);
        assert!(stdout(&page).contains(".SH EXAMPLES") && stdout(&page).contains(".SH SYNOPSIS"), "{command}");
    }
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = run(&["completions", shell]);
        assert!(commands.iter().all(|command| stdout(&output).contains(command)), "{shell}");
    }
}
