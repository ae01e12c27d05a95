//! Runs that are asked to end, and readers of standard output who leave.

use crate::kit::program::{plainsight, plainsight_heeding_signals};
use crate::tool::{SECRET, code, elsewhere, lesson, saved, stderr, text};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

/// Each ends a run as Ctrl-C does: with its summary and whole reports.
#[test]
fn every_ending_signal_ends_with_whole_reports() {
    for name in ["-INT", "-TERM", "-HUP", "-QUIT"] {
        let folder = tempfile::tempdir().unwrap();
        let (sarif, har) = (folder.path().join("x.sarif"), folder.path().join("x.har"));
        let mut child = plainsight_heeding_signals()
            .args(["replay", "--format", "json", "--canary", SECRET, "-"])
            .args(["--output", &format!("sarif={}", sarif.display()), "--output", &format!("har={}", har.display())])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(&lesson(1)).unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.next().unwrap().unwrap().contains(SECRET));
        signal(&child, name);
        assert!(lines.next().unwrap().unwrap().starts_with(r#"{"type":"summary""#), "{name}");
        let output = child.wait_with_output().unwrap();
        assert_eq!(code(&output), 0, "{name}: {}", stderr(&output));
        for path in [sarif, har] {
            let report: Result<serde_json::Value, _> = serde_json::from_slice(&fs::read(&path).unwrap());
            assert!(report.is_ok(), "{name} {}: {report:?}", path.display());
        }
        drop(input);
    }
}

/// Whatever the pipe is, and whatever is read before it.
#[test]
fn a_pipe_that_runs_dry_does_not_hold_up_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let first = saved(&folder, "first.pcap", &lesson(1));
    let fifo = folder.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    for names in [&["-"][..], &[text(&first), "-"], &[text(&fifo)], &[text(&first), text(&fifo)]] {
        let writer = fs::File::options().read(true).write(true).open(&fifo).unwrap();
        let mut child = plainsight_heeding_signals()
            .args(["replay", "--format", "json"])
            .args(names)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let capture = elsewhere(1);
        input.write_all(&capture).unwrap();
        (&writer).write_all(&capture).unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for _ in names {
            assert!(lines.next().unwrap().unwrap().contains(SECRET), "{names:?}");
        }
        signal(&child, "-TERM");
        assert!(lines.next().unwrap().unwrap().starts_with(r#"{"type":"summary""#), "{names:?}");
        assert_eq!(code(&child.wait_with_output().unwrap()), 0, "{names:?}");
        drop((input, writer));
    }
}

/// As under `nohup`.
#[test]
fn an_ignored_hangup_stays_ignored() {
    let mut child = Command::new("sh")
        .args(["-c", r#"trap "" HUP; exec "$0" replay --format json -"#, text(plainsight().get_program().as_ref())])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let whole = lesson(2);
    let (begin, end) = whole.split_at(lesson(1).len());
    input.write_all(begin).unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains(SECRET));
    signal(&child, "-HUP");
    std::thread::sleep(Duration::from_millis(300));
    input.write_all(end).unwrap();
    assert!(lines.next().unwrap().unwrap().contains(SECRET), "it went on");
    drop(input);
    assert_eq!(code(&child.wait_with_output().unwrap()), 0);
}

/// No copy is left behind, not even an unfinished one of another name.
#[test]
fn a_signal_to_redact_leaves_nothing() {
    for name in ["-TERM", "-HUP", "-QUIT"] {
        let folder = tempfile::tempdir().unwrap();
        let path = saved(&folder, "long.pcap", &lesson(100_000));
        let output = folder.path().join("copy.pcap");
        let mut command = plainsight_heeding_signals();
        command.args(["redact", "--canary", SECRET]).arg(&path).arg(&output);
        let mut child = command.stderr(Stdio::piped()).process_group(0).spawn().unwrap();
        let began = Instant::now();
        let names = || fs::read_dir(folder.path()).unwrap().count();
        while names() < 2 && began.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(child.try_wait().unwrap().is_none(), "it is at work");
        signal(&child, name);
        let ended = child.wait_with_output().unwrap();
        assert_eq!(code(&ended), 2, "{name}: {}", stderr(&ended));
        assert!(stderr(&ended).contains("the run was asked to end"), "{name}: {}", stderr(&ended));
        assert_eq!(names(), 1, "{name}");
    }
}

/// What else there is to do is done to its end, and the exit code is the true one.
#[test]
fn a_reader_who_leaves_does_not_end_what_else_there_is_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let count = 1000;
    let path = saved(&folder, "long.pcap", &lesson(count));
    let file = |name: &str| folder.path().join(name);
    let json = format!("json={}", file("x.json").display());
    for (arguments, want) in [
        (&["--output", &json][..], 0),
        (&["--output", &json, "--canary", SECRET, "--fail-on-leak"], 1),
        (&["--canary", SECRET, "--exit-code", "7"], 7),
        (&["--canary", "never said", "--fail-on-leak"], 0),
        (&["-w", text(&file("w.pcap"))], 0),
        (&["--canary", SECRET, "--evidence", text(&file("e.pcap"))], 0),
    ] {
        for threads in ["1", "2"] {
            let mut child = plainsight()
                .args(["replay", "-q", "--format", "json", "--threads", threads])
                .args(arguments)
                .arg(&path)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            child.stdout.take().unwrap().read_exact(&mut [0; 10]).unwrap();
            let output = child.wait_with_output().unwrap();
            assert_eq!((code(&output), stderr(&output)), (want, ""), "{arguments:?}");
        }
    }
    assert_eq!(fs::read_to_string(file("x.json")).unwrap().lines().count(), count as usize + 1);
    assert_eq!(fs::read(file("w.pcap")).unwrap(), fs::read(&path).unwrap());
    assert!(fs::metadata(file("e.pcap")).unwrap().len() > 1000);
}
