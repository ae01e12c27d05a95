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

/// A UDP datagram between 127.0.0.1:40000 and 127.0.0.1:53 on Ethernet.
fn datagram(payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0; 12];
    frame.extend([8, 0, 0x45, 0]);
    frame.extend(u16::try_from(28 + payload.len()).unwrap().to_be_bytes());
    frame.extend([0, 0, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
    frame.extend([40_000_u16, 53, u16::try_from(8 + payload.len()).unwrap(), 0].map(u16::to_be_bytes).concat());
    frame.extend(payload);
    frame
}

/// The frames of a pcap file.
fn frames(capture: &[u8]) -> Vec<Vec<u8>> {
    let (mut rest, mut frames) = (&capture[24..], Vec::new());
    while !rest.is_empty() {
        let length = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
        frames.push(rest[16..16 + length].to_vec());
        rest = &rest[16 + length..];
    }
    frames
}

/// The lesson, another connection with nothing in it, and datagrams with and without the secret;
/// all mixed. Beside it the frames that leak.
fn mixed() -> (Vec<u8>, Vec<Vec<u8>>) {
    let leaking = frames(&lesson(2));
    let innocent: Vec<_> = frames(&elsewhere(&lesson(2)))
        .into_iter()
        .map(|frame| String::from_utf8_lossy(&frame).contains(SECRET).then(Vec::new).unwrap_or(frame))
        .filter(|frame| !frame.is_empty())
        .collect();
    let (mut all, mut evidence) = (Vec::new(), Vec::new());
    for (at, frame) in leaking.iter().enumerate() {
        all.extend(innocent.get(at).cloned());
        all.push(datagram(b"nothing of interest"));
        all.push(frame.clone());
        evidence.push(frame.clone());
    }
    let told = datagram(format!("here it is: {SECRET}").as_bytes());
    all.push(told.clone());
    evidence.push(told);
    all.extend(innocent.get(leaking.len()..).unwrap_or_default().iter().cloned());
    (pcap(&all), evidence)
}

#[test]
fn evidence_has_the_packets_of_what_leaks_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let (capture, want) = mixed();
    let capture = saved(&folder, "all.pcap", &capture);
    let twice = folder.path().join("twice.pcap");
    let kept = folder.path().join("kept.pcap");
    let arguments = ["replay", "-q", "--canary", SECRET, "--format", "json", "--evidence"];
    // A file is read twice; a pipe's packets are kept.
    let read_twice = run(&[&arguments[..], &[text(&twice), text(&capture)]].concat());
    let mut command = plainsight();
    command.args([&arguments[..], &[text(&kept), "-"]].concat()).stdin(File::open(&capture).unwrap());
    let piped = command.output().unwrap();
    assert_eq!(stdout(&read_twice), stdout(&piped));
    for (path, output) in [(&twice, &read_twice), (&kept, &piped)] {
        assert_eq!(code(output), 0, "{}", stderr(output));
        let mut got = frames(&fs::read(path).unwrap());
        let mut want = want.clone();
        got.sort();
        want.sort();
        assert_eq!(got.len(), want.len(), "{}", path.display());
        assert_eq!(got, want, "{}", path.display());
    }
    // What is evidence proves the same.
    let again = run(&["replay", "-q", "--canary", SECRET, "--format", "json", text(&twice)]);
    let findings = |output| json(output).iter().filter(|line| line.get("type").unwrap() != "summary").count();
    assert_eq!(findings(&again), 3);
}

/// Whether the text stands anywhere in the file, or in what it decompresses to.
fn holds(path: &Path, wanted: &str) -> bool {
    fs::read(path).unwrap().windows(wanted.len()).any(|part| part == wanted.as_bytes())
}

#[test]
fn a_secret_of_the_environment_is_found_and_written_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let (capture, want) = mixed();
    let capture = saved(&folder, "all.pcap", &capture);
    assert!(holds(&capture, SECRET));
    let env = folder.path().join("den.env");
    fs::write(&env, format!("# the den's\nDEN_SECRET={SECRET}\nDEBUG=true\n")).unwrap();
    let names = ["a.pcap", "a.json", "a.sarif", "a.har", "a.csv", "a.txt"].map(|name| folder.path().join(name));
    let [evidence, reports @ ..] = &names;
    let outputs: Vec<_> = ["json", "sarif", "har", "csv", "text"]
        .iter()
        .zip(reports)
        .flat_map(|(format, path)| ["--output".to_owned(), format!("{format}={}", path.display())])
        .collect();
    for canary in [["--canary-env", "DEN_*"], ["--canary-file", text(&env)]] {
        for piped in [false, true] {
            let mut command = plainsight();
            command.args(["replay", "--fail-on-leak", "--evidence", text(evidence)]).args(canary).args(&outputs);
            command.env("DEN_SECRET", SECRET);
            if piped {
                command.arg("-").stdin(File::open(&capture).unwrap());
            } else {
                command.arg(&capture);
            }
            let output = command.output().unwrap();
            assert_eq!(code(&output), 1, "{}", stderr(&output));
            assert!(!stdout(&output).contains(SECRET) && !stderr(&output).contains(SECRET));
            for name in &names {
                assert!(!holds(name, SECRET), "{}", name.display());
            }
            // The packets are all there, without it.
            let got = frames(&fs::read(evidence).unwrap());
            assert_eq!(got.len(), want.len());
        }
    }
}

#[test]
fn what_is_redacted_is_in_no_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let capture = saved(&folder, "all.pcap", &mixed().0);
    let evidence = folder.path().join("evidence.pcapng");
    let output = run(&["replay", "-q", "--redact", "--canary", SECRET, "--evidence", text(&evidence), text(&capture)]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(!holds(&evidence, SECRET) && !stdout(&output).contains(SECRET));
    let half = run(&["replay", "-q", "--redact=50", "--format", "json", "--canary", SECRET, text(&capture)]);
    let secrets: Vec<_> = json(&half)
        .iter()
        .flat_map(|line| line.get("findings").and_then(|all| all.as_array()).cloned().unwrap_or_default())
        .map(|finding| finding.get("secret").unwrap().as_str().unwrap().to_owned())
        .collect();
    let shown = SECRET.len() / 2;
    let marks = "*".repeat(SECRET.len() - shown);
    assert!(!secrets.is_empty());
    for secret in secrets {
        assert_eq!(secret, format!("{}{marks}", &SECRET[..shown]));
    }
}

#[test]
fn without_a_leak_the_evidence_is_an_empty_capture() {
    let folder = tempfile::tempdir().unwrap();
    let capture = saved(&folder, "all.pcap", &mixed().0);
    let evidence = folder.path().join("evidence.pcapng");
    let output = run(&["replay", "-q", "--canary", "wolf's ear", "--evidence", text(&evidence), text(&capture)]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let again = run(&["replay", "--format", "json", text(&evidence)]);
    assert_eq!(code(&again), 0, "{}", stderr(&again));
    assert_eq!(json(&again).last().unwrap().get("packets").unwrap(), 0);
}

#[test]
fn bodies_are_written_whole_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let long = "fluffy tail ".repeat(2000);
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Disposition: attachment; filename=\"../../../evil\0.sh\"\r\nContent-Length: {}\r\n\r\n",
        long.len()
    );
    let request = b"POST /../..%2f..%2fetc/passwd HTTP/1.1\r\nHost: fox\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc";
    let mut stream = vec![
        segment(true, 0x02, 99, 0, b""),
        segment(false, 0x12, 199, 100, b""),
        segment(true, 0x10, 100, 200, request),
    ];
    let bytes = [answer.as_bytes(), long.as_bytes()].concat();
    for (at, part) in (0_u32..).zip(bytes.chunks(1000)) {
        stream.push(segment(false, 0x10, 200 + at * 1000, 100 + u32::try_from(request.len()).unwrap(), part));
    }
    let capture = saved(&folder, "bodies.pcap", &pcap(&stream));
    let bodies = folder.path().join("bodies");
    for (round, number) in [(1, ""), (2, "-2")] {
        let output = run(&[
            "replay",
            "-q",
            "--format",
            "json",
            "--max-body",
            "5",
            "--export-bodies",
            text(&bodies),
            text(&capture),
        ]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let response =
            json(&output)[0].pointer("/response/body").unwrap_or_else(|| panic!("{}", stdout(&output))).clone();
        assert_eq!((&response["text"], &response["truncated"]), (&"fluff".into(), &true.into()));
        assert_eq!(fs::read_to_string(bodies.join(format!("0-1-response{number}-evil_.sh"))).unwrap(), long);
        assert_eq!(fs::read_to_string(bodies.join(format!("0-1-request{number}-passwd.txt"))).unwrap(), "abc");
        assert_eq!(fs::read_dir(&bodies).unwrap().count(), round * 2);
    }
    let file = saved(&folder, "file", b"");
    for wrong in [text(&file), "/proc/fox", "/no/such/folder"] {
        let output = run(&["replay", "--export-bodies", wrong, text(&capture)]);
        assert_eq!(code(&output), 2, "{wrong}: {}", stderr(&output));
        assert!(stderr(&output).starts_with("plainsight: cannot write bodies to"), "{}", stderr(&output));
    }
}

#[test]
fn several_reports_at_once_and_a_baseline_of_each() {
    let folder = tempfile::tempdir().unwrap();
    let capture = saved(&folder, "lesson.pcap", &lesson(2));
    let file = |name: &str| folder.path().join(name);
    let output = |format: &str| format!("{format}={}", file(&format!("leaks.{format}")).display());
    let (json, sarif, csv, har) = (output("json"), output("sarif"), output("csv"), output("har"));
    let outputs = ["--output", &json, "--output", &sarif, "--output", &csv, "--output", &har];
    let all = run(&[&["replay", "-q", "--canary", SECRET, "--fail-on-leak", text(&capture)], &outputs[..]].concat());
    assert_eq!(code(&all), 1, "{}", stderr(&all));
    let read = |name: &str| fs::read_to_string(file(name)).unwrap();
    let value = |name: &str| serde_json::from_str::<serde_json::Value>(&read(name)).unwrap();
    assert_eq!(read("leaks.json").lines().count(), 3);
    assert_eq!(read("leaks.csv").lines().count(), 3);
    assert_eq!(value("leaks.sarif").pointer("/runs/0/results").unwrap().as_array().unwrap().len(), 1);
    assert_eq!(value("leaks.har").pointer("/log/entries").unwrap().as_array().unwrap().len(), 2);
    for (name, want) in [("leaks.json", 0), ("leaks.sarif", 0), ("leaks.csv", 2), ("leaks.har", 2), ("lesson.pcap", 2)]
    {
        let baseline = file(name);
        let arguments = ["replay", "--canary", SECRET, "--fail-on-leak", "--baseline", text(&baseline), text(&capture)];
        let known = run(&arguments);
        assert_eq!(code(&known), want, "{name}: {}", stderr(&known));
        assert!(!stdout(&known).contains("LEAK"), "{name}");
    }
    // As in gitleaks.
    let path = file("gitleaks.sarif");
    let arguments = ["replay", "-q", "--canary", SECRET, "--report-format", "sarif", "--report-path", text(&path)];
    let like = run(&[&arguments[..], &[text(&capture)]].concat());
    assert!(stdout(&like).contains("LEAK"), "{}", stdout(&like));
    assert_eq!(read("gitleaks.sarif"), read("leaks.sarif"));
    for wrong in [
        &["--output", "json=/no/such/folder/x"][..],
        &["--output", &format!("json={}", capture.display())],
        &["--output", &json, "--output", &json],
        &["--output", "json"],
        &["--min-severity", "bad"],
        &["--config", "/no/such/file"],
    ] {
        let output = run(&[&["replay", text(&capture)], wrong].concat());
        assert_eq!(code(&output), 2, "{wrong:?}: {}", stderr(&output));
    }
    assert_eq!(fs::read(&capture).unwrap(), lesson(2));
}

#[test]
fn what_the_project_allows_is_not_reported() {
    let folder = tempfile::tempdir().unwrap();
    let capture = saved(&folder, "lesson.pcap", &lesson(1));
    let run_there = |list: &str| {
        fs::write(folder.path().join(".plainsight.toml"), list).unwrap();
        let mut command = plainsight();
        command.current_dir(folder.path()).args(["replay", "--canary", SECRET, "--fail-on-leak", text(&capture)]);
        command.output().unwrap()
    };
    for (list, want, said) in [
        ("[[allow]]\nhosts = ['fox.example']\nregexes = ['tail$']", 0, "1 allowed by the project"),
        ("[[allow]]\nhosts = ['wolf.example']", 1, "1 finding"),
        ("[[allow]]\nhost = 'fox.example'", 2, ".plainsight.toml, line 2: unknown field `host`"),
        ("[[allow]]\nregexes = ['(']", 2, ".plainsight.toml, line 2: "),
    ] {
        let output = run_there(list);
        assert_eq!(code(&output), want, "{list}: {}", stderr(&output));
        assert!(stderr(&output).contains(said), "{list}: {}", stderr(&output));
    }
}
