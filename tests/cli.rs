//! The command line from outside: what it prints where, and how it ends.
#![cfg(all(feature = "cli", unix))]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const SECRET: &str = "fluffy tail";

/// The program, knowing nothing of the tester's own terminal.
fn plainsight() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plainsight"));
    command.stdin(Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command
}

fn run(arguments: &[&str]) -> Output {
    plainsight().args(arguments).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("it was killed: {}", output.status))
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

fn json(output: &Output) -> Vec<serde_json::Value> {
    stdout(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A pcap file with Ethernet frames, one a second.
fn pcap(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 262_144, 1] {
        file.extend(word.to_le_bytes());
    }
    for (second, frame) in (1_795_467_000_u32..).zip(frames) {
        let length = u32::try_from(frame.len()).unwrap();
        for word in [second, 59, length, length] {
            file.extend(word.to_le_bytes());
        }
        file.extend(frame);
    }
    file
}

/// A TCP segment between 127.0.0.1:40000 and 127.0.0.1:5683 on Ethernet.
fn segment(from_client: bool, flags: u8, sequence: u32, acknowledgment: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0; 12];
    frame.extend([8, 0, 0x45, 0]);
    frame.extend(u16::try_from(40 + payload.len()).unwrap().to_be_bytes());
    frame.extend([0, 0, 0, 0, 64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
    let ports: [u16; 2] = if from_client { [40_000, 5683] } else { [5683, 40_000] };
    frame.extend(ports.map(u16::to_be_bytes).concat());
    frame.extend(sequence.to_be_bytes());
    frame.extend(acknowledgment.to_be_bytes());
    frame.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    frame.extend(payload);
    frame
}

/// The lesson: one connection, with `exchanges` requests for the secret.
fn lesson(exchanges: u32) -> Vec<u8> {
    const SYN: u8 = 0x02;
    const ACK: u8 = 0x10;
    let request = b"GET / HTTP/1.1\r\nHost: fox.example\r\n\r\n";
    let response =
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{SECRET}", SECRET.len());
    let mut frames = vec![segment(true, SYN, 99, 0, b""), segment(false, SYN | ACK, 199, 100, b"")];
    let (mut asked, mut told) = (100, 200);
    for _ in 0..exchanges {
        frames.push(segment(true, ACK, asked, told, request));
        asked += u32::try_from(request.len()).unwrap();
        frames.push(segment(false, ACK, told, asked, response.as_bytes()));
        told += u32::try_from(response.len()).unwrap();
    }
    pcap(&frames)
}

/// The same from another client port.
fn elsewhere(capture: &[u8]) -> Vec<u8> {
    let mut other = capture.to_vec();
    for at in 1..capture.len() {
        if capture[at - 1..=at] == 40_000_u16.to_be_bytes() {
            other[at] += 1;
        }
    }
    other
}

fn saved(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

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
        let good = saved(&folder, "good.pcap", &elsewhere(&lesson(1)));
        let output =
            run(&["replay", "--format", "json", "--fail-on-leak", "--canary", SECRET, text(&path), text(&good)]);
        let (lines, said) = (json(&output), stderr(&output));
        assert_eq!(code(&output), 2, "a failure outranks a leak: {said}");
        assert!(said.contains(name) && said.contains("2 findings"), "{said}");
        let bodies = lines.iter().filter(|line| line["response"]["body"]["text"] == SECRET).count();
        assert_eq!(bodies, 2, "one of each file: {lines:?}");
        assert_eq!(lines.last().unwrap()["type"], "summary");
    }
}

#[test]
fn a_replay_tells_the_exchange_and_its_leak() {
    let folder = tempfile::tempdir().unwrap();
    let path = saved(&folder, "lesson.pcap", &lesson(1));
    let output = run(&["replay", "--format", "json", "--canary", SECRET, text(&path)]);
    let [exchange, summary] = &json(&output)[..] else { panic!("{}", stdout(&output)) };
    assert_eq!(code(&output), 0);
    assert_eq!(exchange["response"]["body"]["text"], SECRET);
    let finding = &exchange["findings"][0];
    assert_eq!((&finding["where"], &finding["packet"]), (&"response.body".into(), &4.into()));
    let at = usize::try_from(finding["packet_offset"].as_u64().unwrap()).unwrap();
    let fourth = segment(false, 0, 0, 0, b"").len();
    assert!(at > fourth, "{finding}");
    assert_eq!(
        (&summary["type"], &summary["packets"], &summary["exchanges"]),
        (&"summary".into(), &4.into(), &1.into())
    );
    assert_eq!(summary["findings"]["critical"], 1);
    let output = run(&["replay", "--canary", SECRET, text(&path)]);
    for part in ["GET fox.example/", "200 OK", "LEAK", SECRET, "Packet 4"] {
        assert!(stdout(&output).contains(part), "{part} in {}", stdout(&output));
    }
    assert!(stderr(&output).contains("4 packets; 1 exchange in 1 TCP stream; 1 finding"), "{}", stderr(&output));
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
fn several_files_are_one_capture() {
    let folder = tempfile::tempdir().unwrap();
    let whole = lesson(1);
    // The header and the first three of four packets; the header again and the last.
    let third = whole.len()
        - (16 + segment(false, 0, 0, 0, b"").len())
        - format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 11\r\n\r\n{SECRET}").len();
    let first = saved(&folder, "first.pcap", &whole[..third]);
    let second = saved(&folder, "second.pcap", &[&whole[..24], &whole[third..]].concat());
    let output = run(&["replay", "--format", "json", text(&first), text(&second)]);
    let lines = json(&output);
    let exchange = &lines[0];
    assert_eq!((&exchange["request"]["packet"], &exchange["request"]["file"]), (&3.into(), &text(&first).into()));
    assert_eq!((&exchange["response"]["packet"], &exchange["response"]["file"]), (&1.into(), &text(&second).into()));
    assert_eq!((lines.len(), code(&output)), (2, 0));
}

#[test]
fn standard_input_and_a_saved_copy_give_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = saved(&folder, "lesson.pcap", &lesson(3));
    let want = run(&["replay", "--format", "json", text(&path)]);
    let piped =
        plainsight().args(["replay", "--format", "json", "-"]).stdin(File::open(&path).unwrap()).output().unwrap();
    assert_eq!(stdout(&piped), stdout(&want));
    for name in ["copy.pcap", "copy.pcapng", "copy.pcap.gz", "copy.pcapng.zst"] {
        let copy = folder.path().join(name);
        let output = run(&["replay", "--format", "json", "-w", text(&copy), text(&path)]);
        assert_eq!((code(&output), stdout(&output)), (0, stdout(&want)), "{name}: {}", stderr(&output));
        let output = run(&["replay", "--format", "json", text(&copy)]);
        assert_eq!((code(&output), stdout(&output)), (0, stdout(&want)), "{name}: {}", stderr(&output));
    }
}

#[test]
fn a_reader_who_leaves_ends_the_run_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let path = saved(&folder, "long.pcap", &lesson(5000));
    for format in ["text", "json"] {
        for (arguments, want) in [(&[][..], 0), (&["--canary", "never said", "--fail-on-leak"], 2)] {
            let mut child = plainsight()
                .args(["replay", "-q", "--format", format])
                .args(arguments)
                .arg(&path)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            child.stdout.take().unwrap().read_exact(&mut [0; 10]).unwrap();
            let output = child.wait_with_output().unwrap();
            assert_eq!((code(&output), stderr(&output)), (want, ""), "{format} {arguments:?}");
        }
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
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let output = plainsight().arg("replay").arg(&path).stdout(full()).output().unwrap();
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("standard output: No space left"), "{}", stderr(&output));
    let output = run(&["replay", "--format", "json", "-w", "/dev/full", text(&path)]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("/dev/full: No space left"), "{}", stderr(&output));
}

#[test]
fn colours_are_for_terminals_and_for_who_asks() {
    let folder = tempfile::tempdir().unwrap();
    let path = saved(&folder, "lesson.pcap", &lesson(1));
    for (arguments, variable, want) in [
        (&[][..], ("TERM", "xterm"), false),
        (&[], ("CLICOLOR_FORCE", "1"), true),
        (&["--color", "always"], ("NO_COLOR", "1"), true),
        (&["--color", "never"], ("CLICOLOR_FORCE", "1"), false),
        (&["--color", "always", "--format", "json"], ("TERM", "xterm"), false),
    ] {
        let output =
            plainsight().arg("replay").args(arguments).arg(&path).env(variable.0, variable.1).output().unwrap();
        assert_eq!(stdout(&output).contains('\x1b'), want, "{arguments:?} {variable:?}");
        assert!(!stderr(&output).contains('\x1b'));
    }
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

#[test]
fn interfaces_have_loopback_among_them() {
    let output = run(&["interfaces", "--format", "json"]);
    let list: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let loopback = list.as_array().unwrap().iter().find(|row| row["loopback"] == true).unwrap();
    let name = loopback["name"].as_str().unwrap();
    assert!(stdout(&run(&["sniff", "-D"])).lines().any(|line| line.starts_with(name)));
    let output = run(&["sniff", "-i", "nonsense"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("`nonsense`") && stderr(&output).contains(name), "{}", stderr(&output));
}
