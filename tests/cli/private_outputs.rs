//! Who can read what is written, and whose links lead there.

use crate::tool::{SECRET, code, lesson, run, saved, stderr, text};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use tempfile::TempDir;

/// The commands that write a file of this name.
fn commands(capture: &Path, file: &Path) -> Vec<Vec<String>> {
    let (capture, file) = (text(capture), text(file));
    let owned = |arguments: &[&str]| arguments.iter().copied().map(str::to_owned).collect::<Vec<_>>();
    let replay = |options: &[&str]| owned(&[&["replay", "-q", "--canary", SECRET], options, &[capture]].concat());
    let mut all = vec![
        replay(&["-w", file]),
        replay(&["--evidence", file]),
        replay(&["--redact", "--evidence", file]),
        replay(&["--report-path", file]),
        owned(&["redact", "-q", "--canary", SECRET, capture, file]),
    ];
    let formats = ["text", "json", "sarif", "csv", "har"];
    all.extend(formats.map(|format| replay(&["--output", &format!("{format}={file}")])));
    all
}

fn run_all(command: &[String]) -> std::process::Output {
    run(&command.iter().map(String::as_str).collect::<Vec<_>>())
}

fn shared_folder(folder: &TempDir, mode: u32) -> std::path::PathBuf {
    let shared = folder.path().join("shared");
    fs::create_dir(&shared).unwrap();
    fs::set_permissions(&shared, Permissions::from_mode(mode)).unwrap();
    shared
}

#[test]
fn every_output_is_its_owners_alone_even_where_it_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let capture = saved(&folder, "lesson.pcap", &lesson(2));
    let shared = shared_folder(&folder, 0o1777);
    let file = shared.join("output.pcap");
    for command in commands(&capture, &file) {
        for before in [None, Some(0o666), Some(0o644)] {
            if let Some(mode) = before {
                fs::write(&file, "before").unwrap();
                fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            }
            let output = run_all(&command);
            assert_eq!(code(&output), 0, "{command:?}: {}", stderr(&output));
            let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o7777;
            assert_eq!(mode, 0o600, "{command:?} where it was {before:?}");
            assert!(!fs::read(&file).unwrap().starts_with(b"before"), "{command:?}");
            fs::remove_file(&file).unwrap();
        }
    }
}

#[test]
fn no_output_goes_through_a_link_in_a_folder_that_others_may_write() {
    let folder = tempfile::tempdir().unwrap();
    let capture = saved(&folder, "lesson.pcap", &lesson(2));
    let victim = saved(&folder, "victim", b"the victim's");
    let home = folder.path().join("home");
    fs::create_dir(&home).unwrap();
    let shared = shared_folder(&folder, 0o1777);
    symlink(&victim, shared.join("link.pcap")).unwrap();
    symlink(&home, shared.join("home")).unwrap();
    let mut all = commands(&capture, &shared.join("link.pcap"));
    all.extend(commands(&capture, &shared.join("home/new.pcap")));
    let bodies = shared.join("home");
    let bodies = ["replay", "-q", "--export-bodies", text(&bodies), text(&capture)];
    all.push(bodies.map(str::to_owned).to_vec());
    for command in all {
        let output = run_all(&command);
        assert_eq!(code(&output), 2, "{command:?}: {}", stderr(&output));
        assert!(
            stderr(&output).contains("is a symbolic link in a folder that others may write"),
            "{}",
            stderr(&output)
        );
        assert_eq!(fs::read(&victim).unwrap(), b"the victim's", "{command:?}");
        assert_eq!(fs::read_dir(&home).unwrap().count(), 0, "{command:?}");
    }
    // In a folder of one's own a link is one's own.
    symlink(&victim, folder.path().join("own.pcap")).unwrap();
    let own = folder.path().join("own.pcap");
    let output = run(&["replay", "-q", "-w", text(&own), text(&capture)]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(fs::read(&victim).unwrap(), lesson(2));
}

#[test]
fn the_next_file_of_a_rotation_is_private_too() {
    let folder = tempfile::tempdir().unwrap();
    let capture = saved(&folder, "lesson.pcap", &lesson(1));
    // Only `sniff` rotates; what it calls is a library's.
    let mut files = plainsight::capture::Files::open([&capture]).unwrap();
    let name = folder.path().join("day.pcap");
    for number in 1..=4 {
        let file = folder.path().join(format!("day_0000{number}.pcap"));
        fs::write(&file, "before").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o666)).unwrap();
    }
    let options = plainsight::capture::save::Options { rotate: Some("1B".parse().unwrap()), ..Default::default() };
    let mut saver = plainsight::capture::Saver::create(&name, options).unwrap();
    while let Some(packet) = files.next().unwrap() {
        saver.packet(&packet).unwrap();
    }
    saver.finish().unwrap();
    for number in 1..=4 {
        let file = folder.path().join(format!("day_0000{number}.pcap"));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o600, "{number}");
    }
}
