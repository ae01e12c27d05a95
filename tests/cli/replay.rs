//! What a replay prints of captures, files and pipes.

use crate::kit::program::plainsight;
use crate::kit::wire::{ETHERNET, IPV4, TCP};
use crate::tool::{SECRET, code, json, lesson, run, saved, stderr, stdout, text};
use std::fs::File;

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
    let headers = ETHERNET + IPV4 + TCP;
    assert!(at > headers, "{finding}");
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
fn several_files_are_one_capture() {
    let folder = tempfile::tempdir().unwrap();
    let whole = lesson(1);
    // The header and the first three of four packets; the header again and the last.
    let third = whole.len()
        - (16 + ETHERNET + IPV4 + TCP)
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
