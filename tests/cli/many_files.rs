//! More captures than the process may have descriptors.

use crate::kit::program::plainsight;
use crate::tool::{LOOPBACK, SECRET, code, json, lesson, lesson_of, packets, saved, stderr, text};
use std::process::Command;

/// The program with at most 256 descriptors, as on macOS.
fn with_few_descriptors() -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", r#"ulimit -n 256; exec "$0" "$@""#]).arg(plainsight().get_program());
    command
}

#[test]
fn more_files_than_descriptors_are_read_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let count = 600_u16;
    let names: Vec<_> = (0..count)
        .map(|number| saved(&folder, &format!("{number:04}.pcap"), &lesson_of((LOOPBACK, 20_000 + number), 1)))
        .collect();
    let evidence = folder.path().join("evidence.pcap");
    for options in [
        &["--canary", SECRET][..],
        &["--canary", SECRET, "--no-sandbox"],
        &["--canary", SECRET, "--evidence", text(&evidence)],
        &["--canary", SECRET, "--export-bodies", text(folder.path())],
    ] {
        let output = with_few_descriptors()
            .args(["replay", "--format", "json", "--fail-on-leak"])
            .args(options)
            .args(&names)
            .output()
            .unwrap();
        assert_eq!(code(&output), 1, "{options:?}: {}", stderr(&output));
        let (lines, count) = (json(&output), usize::from(count));
        assert_eq!(lines.len(), count + 1, "{options:?}");
        assert_eq!(lines[count - 1]["request"]["file"], text(&names[count - 1]), "{options:?}");
    }
    assert_eq!(packets(&evidence), 4 * usize::from(count));
}

#[test]
fn one_that_cannot_be_opened_shows_before_any_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let good = saved(&folder, "good.pcap", &lesson(1));
    let mut names = vec![good; 300];
    names.push(folder.path().join("missing.pcap"));
    let output = with_few_descriptors().arg("replay").args(&names).output().unwrap();
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("missing.pcap") && output.stdout.is_empty(), "{}", stderr(&output));
}
