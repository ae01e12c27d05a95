//! What is tried.

use crate::tools::{SECRET, Sniffer, exchange, lines, listen, path, plainsight, run, terminal, text};
use nix::sys::signal::Signal;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::Stdio;
use std::time::Duration;

pub(crate) fn demo() {
    let folder = tempfile::tempdir().unwrap();
    let keep = folder.path().join("kept");
    let output = run(&["demo", "--keep", path(&keep), "--color", "never"]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}\n{}", text(&output.stderr));
    for part in ["The secret message is:\n  fluffy tail", "LEAK", "HTTP   LEAKED", "HTTPS  HIDDEN", "localhost"] {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
    for (name, leaks) in [("http.pcap", true), ("https.pcap", false)] {
        let file = keep.join(name);
        let bytes = std::fs::read(&file).unwrap();
        assert_eq!(memchr::memmem::find(&bytes, SECRET.as_bytes()).is_some(), leaks, "{name}");
        let replayed = run(&["replay", "--canary", SECRET, "--fail-on-leak", path(&file)]);
        assert_eq!(replayed.status.code(), Some(i32::from(leaks)), "{name}");
    }
}

pub(crate) fn demo_on_a_taken_port() {
    // Where something else has it already, it is taken all the same.
    let _taken = std::net::TcpListener::bind("127.0.0.1:5683");
    let output = run(&["demo", "--format", "json", "--secret", "a secret of one's own"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    let [verdict] = &lines(&output)[..] else { panic!("one object: {}", text(&output.stdout)) };
    assert_eq!(verdict["passed"], true);
    assert_eq!(verdict["http"]["leaked"], true);
    assert_eq!(verdict["http"]["message"], "a secret of one's own");
    assert_ne!(verdict["http"]["filter"], "tcp port 5683");
    assert_eq!(verdict["https"]["leaked"], false);
    assert_eq!(verdict["https"]["server_name"], "localhost");
    assert!(verdict["http"]["packet_offset"].as_u64().unwrap() > 54);
    // A person is told, with commands that have the other port and the secret.
    let output = run(&["demo", "--secret", "it's mine"]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(said.matches("Port 5683 is not free here, so this act uses port ").count(), 2, "{said}");
    let sniffers: Vec<_> = said.lines().filter(|line| line.contains("plainsight sniff")).collect();
    assert_eq!(sniffers.len(), 2, "{said}");
    assert!(sniffers.iter().all(|line| line.ends_with(r"' --canary 'it'\''s mine'")), "{sniffers:?}");
    assert!(!said.contains("5683'"), "{said}");
}

/// Between the acts it waits for Enter at a terminal, and nowhere else.
pub(crate) fn demo_pauses() {
    let output = run(&["demo", "--pause"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "plainsight: standard input is no terminal, so --pause does not wait\n");
    assert!(text(&output.stdout).contains("HTTPS  HIDDEN"), "{}", text(&output.stdout));
    assert_eq!(run(&["demo", "--pause", "--format", "json"]).status.code(), Some(2));

    let (mut keys, terminal) = terminal();
    let mut child =
        plainsight(&["demo", "--pause"]).stdin(terminal).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut prompts = child.stderr.take().unwrap();
    let mut prompt = |want: &str| {
        let mut said = String::new();
        while !said.ends_with("] ") {
            let mut byte = [0];
            prompts.read_exact(&mut byte).unwrap();
            said.push(char::from(byte[0]));
        }
        assert_eq!(said, format!("\n[Enter: {want}] "));
    };
    prompt("act two, HTTPS");
    // It waits for as long as nobody types.
    std::thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none());
    keys.write_all(b"\n").unwrap();
    prompt("the verdict");
    keys.write_all(b"\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("HTTPS  HIDDEN"), "{}", text(&output.stdout));
}

pub(crate) fn demo_without_reader() {
    let mut child = plainsight(&["demo"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "");
}

pub(crate) fn sniff_shows_the_lesson() {
    let mut server = plainsight(&["server", "--listen", "127.0.0.1:0"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(server.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
    let port = url.trim_end_matches('/').rsplit(':').next().unwrap().to_owned();

    let filter = format!("tcp port {port}");
    let sniffer =
        Sniffer::start(&["-f", &filter, "--exchanges", "1", "--format", "json", "--canary", SECRET, "--fail-on-leak"]);
    let client = plainsight(&["client"]).env("SECRET_URL", &url).output().unwrap();
    assert_eq!(text(&client.stdout), "The secret message is:\nfluffy tail\n");
    let output = sniffer.finish();
    server.kill().unwrap();
    server.wait().unwrap();

    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains(&filter), "{}", text(&output.stderr));
    let [exchange, summary] = &lines(&output)[..] else { panic!("{}", text(&output.stdout)) };
    assert_eq!(exchange["request"]["method"], "GET");
    assert_eq!(exchange["response"]["body"]["text"], SECRET);
    assert_eq!(exchange["findings"][0]["where"], "response.body");
    assert_eq!(exchange["findings"][0]["secret"], SECRET);
    assert_eq!(summary["dropped"]["kernel"], 0);
    assert_eq!(summary["exchanges"], 1);
}

pub(crate) fn replay_gives_what_was_shown() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.pcap", "a.pcapng", "a.pcap.gz", "a.pcapng.zst"] {
        let file = folder.path().join(name);
        let (listener, port) = listen();
        let sniffer =
            Sniffer::start(&["--exchanges", "2", "--format", "json", "-w", path(&file), "tcp", "port", &port]);
        exchange(&listener, SECRET);
        exchange(&listener, "another");
        let shown = sniffer.finish();
        assert_eq!(shown.status.code(), Some(0), "{}", text(&shown.stderr));
        let replayed = run(&["replay", "--format", "json", "--exchanges", "2", path(&file)]);
        let exchanges = |output: &std::process::Output| {
            lines(output).into_iter().filter(|line| line["type"] == "exchange").collect::<Vec<_>>()
        };
        assert_eq!(exchanges(&shown), exchanges(&replayed), "{name}");
        assert_eq!(exchanges(&shown).len(), 2);
    }
}

pub(crate) fn tls_hides() {
    let data = tempfile::tempdir().unwrap();
    let mut server = plainsight(&["server", "--tls", "--listen", "127.0.0.1:0"])
        .env("XDG_DATA_HOME", data.path())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(server.stderr.take().unwrap());
    let mut heard = String::new();
    let url = loop {
        let at = heard.len();
        assert!(said.read_line(&mut heard).unwrap() > 0, "{heard}");
        if let Some(url) = heard[at..].split_whitespace().find(|word| word.starts_with("https://")) {
            break url.to_owned();
        }
    };
    let port = url.trim_end_matches('/').rsplit(':').next().unwrap().to_owned();
    let sniffer = Sniffer::start(&["--canary", SECRET, "--fail-on-leak", "-f", &format!("tcp port {port}")]);
    let client = plainsight(&["client", &url]).env("XDG_DATA_HOME", data.path()).output().unwrap();
    assert_eq!(text(&client.stdout), "The secret message is:\nfluffy tail\n", "{}", text(&client.stderr));
    sniffer.signal(Signal::SIGINT);
    let output = sniffer.finish();
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    assert!(!shown.contains(SECRET), "{shown}");
    assert!(shown.contains("TLS") && shown.contains("localhost"), "{shown}");
}

pub(crate) fn signals_end_with_a_summary() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT] {
        let (listener, port) = listen();
        let folder = tempfile::tempdir().unwrap();
        let har = folder.path().join("x.har");
        let output = format!("har={}", har.display());
        let sniffer = Sniffer::start(&["--format", "json", "--output", &output, "tcp", "port", &port]);
        exchange(&listener, SECRET);
        // The packets are in the kernel's ring before the connection is over.
        sniffer.signal(signal);
        let output = sniffer.finish();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let last = lines(&output).pop().unwrap();
        assert_eq!(last["type"], "summary");
        let har: serde_json::Value = serde_json::from_slice(&std::fs::read(har).unwrap()).unwrap();
        assert_eq!(har["log"]["entries"].as_array().map(Vec::len), Some(1), "{signal}");
        assert!(text(&output.stderr).contains("dropped by the kernel"), "{}", text(&output.stderr));
    }
}

pub(crate) fn limits() {
    let (listener, port) = listen();
    let sniffer = Sniffer::start(&["-c", "3", "--format", "json", "tcp", "port", &port]);
    exchange(&listener, SECRET);
    let output = sniffer.finish();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(lines(&output).pop().unwrap()["packets"], 3);
    let output = Sniffer::start(&["--duration", "50ms", "--format", "json", "tcp", "port", &port]).finish();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(lines(&output).len(), 1);
}

/// A figure in a file of proc(5): what follows `name:`.
#[cfg(target_os = "linux")]
fn figure(file: &std::path::Path, name: &str) -> u64 {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or_default()
}

#[cfg(target_os = "linux")]
pub(crate) fn threads() {
    let (listener, port) = listen();
    let options = ["--threads", "2", "--stats-interval", "20ms", "--format", "json", "--canary", SECRET];
    let sniffer = Sniffer::start(&[&options[..], &["tcp", "port", &port]].concat());
    // They start with the first packet.
    exchange(&listener, SECRET);
    let tasks = || std::fs::read_dir(sniffer.proc().join("task")).unwrap().map(|task| task.unwrap().path());
    while tasks().count() < 4 {
        exchange(&listener, SECRET);
    }
    for task in tasks() {
        let status = task.join("status");
        assert_eq!(figure(&status, "Seccomp"), 2, "{}", status.display());
        assert_eq!(figure(&status, "NoNewPrivs"), 1, "{}", status.display());
    }
    for _ in 0..20 {
        exchange(&listener, SECRET);
    }
    sniffer.signal(Signal::SIGINT);
    let output = sniffer.finish();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("packets/s, "), "{}", text(&output.stderr));
    let lines = lines(&output);
    let (summary, exchanges) = lines.split_last().unwrap();
    assert!(exchanges.len() > 20 && summary["exchanges"] == exchanges.len());
    for (at, exchange) in exchanges.iter().enumerate() {
        assert_eq!((&exchange["id"], &exchange["stream"]), (&(at + 1).into(), &at.into()));
        assert_eq!(exchange["findings"][0]["secret"], SECRET);
    }
}

#[cfg(target_os = "linux")]
pub(crate) fn slow_reader() {
    let (listener, port) = listen();
    let options = ["--threads", "2", "--memory", "1MiB", "--format", "json"];
    let sniffer = Sniffer::start(&[&options[..], &["tcp", "port", &port]].concat());
    // Nobody reads what it writes.
    for _ in 0..500 {
        exchange(&listener, &"x".repeat(4096));
    }
    let most = figure(&sniffer.proc().join("status"), "VmHWM");
    sniffer.signal(Signal::SIGINT);
    let output = sniffer.finish();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    // Most of it is the kernel's ring.
    assert!(most < 100 << 10, "{most} KiB");
    let dropped = lines(&output).pop().unwrap()["dropped"].clone();
    assert!(dropped["queue"].as_u64().unwrap() > 100, "{dropped}");
    assert!(text(&output.stderr).contains(" here for want of time"), "{}", text(&output.stderr));
}

pub(crate) fn rotation() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("turns.pcap");
    let (listener, port) = listen();
    let size = ["--rotate", "4KiB", "--keep-files", "2"];
    let sniffer =
        Sniffer::start(&[&["--exchanges", "6", "-w", path(&file)], &size[..], &["tcp", "port", &port]].concat());
    for _ in 0..6 {
        exchange(&listener, &"x".repeat(3000));
    }
    let output = sniffer.finish();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let mut names: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 2, "{names:?}");
    for name in names {
        let replayed = run(&["replay", "--format", "json", path(&folder.path().join(&name))]);
        assert_eq!(replayed.status.code(), Some(0), "{name}: {}", text(&replayed.stderr));
    }
}

pub(crate) fn bad_filter() {
    let output = run(&["sniff", "-f", "port http and"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("port http and"), "{}", text(&output.stderr));
}

pub(crate) fn several_interfaces() {
    let folder = tempfile::tempdir().unwrap();
    let (listener, port) = listen();
    let file = folder.path().join("both.pcap");
    // Ethernet on one, Linux cooked on the other: no pcap has room for both.
    let refused = run(&["sniff", "-i", "lo", "-i", "any", "-w", path(&file), "--duration", "1s"]);
    if cfg!(target_os = "linux") {
        assert_eq!(refused.status.code(), Some(2), "{}", text(&refused.stderr));
        assert!(text(&refused.stderr).contains(".pcapng"), "{}", text(&refused.stderr));
        let file = folder.path().join("both.pcapng");
        let sniffer = Sniffer::start(&["-i", "lo", "-i", "any", "-w", path(&file), "tcp", "port", &port]);
        exchange(&listener, SECRET);
        sniffer.signal(Signal::SIGINT);
        let output = sniffer.finish();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let shown = text(&output.stdout);
        assert_eq!(shown.matches("GET ").count(), 1, "what two interfaces saw is one exchange: {shown}");
    }
}
