//! Measures the cases of one room: time, and on demand instructions, which noise does not hide in.
//!
//! `cargo bench --bench ROOM` prints for each case the best time of an iteration and the bytes a
//! second; arguments name the cases that are wanted by a part of their names. With
//! `-- --instructions` each case is run under `valgrind --tool=callgrind` instead, and its
//! instructions an iteration and a byte are printed. Without cargo's `--bench`, as when tests are
//! run, each case runs once.

#[path = "../../tests/kit/mod.rs"]
pub(crate) mod kit;
// Not every room takes both.
#[allow(dead_code)]
pub(crate) mod text;
#[allow(dead_code)]
pub(crate) mod traffic;

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

/// One thing to measure.
pub(crate) struct Case {
    /// What is printed for it.
    pub(crate) name: &'static str,
    /// So many bytes pass in an iteration.
    pub(crate) bytes: usize,
    /// One iteration.
    pub(crate) run: Box<dyn FnMut()>,
}

impl Case {
    /// A case named `name` in which `bytes` bytes pass.
    pub(crate) fn new(name: &'static str, bytes: usize, run: impl FnMut() + 'static) -> Self {
        Self { name, bytes, run: Box::new(run) }
    }
}

/// Each case is measured for this long.
const LONG_ENOUGH: Duration = Duration::from_millis(600);

/// Measures as the command line asks.
pub(crate) fn main(cases: Vec<Case>) -> ExitCode {
    let (options, wanted): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|word| word.starts_with("--"));
    let has = |option: &str| options.iter().any(|given| given == option);
    let is_wanted = |case: &Case| wanted.is_empty() || wanted.iter().any(|part| case.name.contains(part.as_str()));
    let once = |option: &String| option.strip_prefix("--iterations=").and_then(|count| count.parse().ok());
    let iterations: Option<u32> = options.iter().find_map(once);
    for mut case in cases.into_iter().filter(is_wanted) {
        if let Some(iterations) = iterations {
            (0..iterations).for_each(|_| (case.run)());
        } else if has("--instructions") {
            let Some(count) = instructions(case.name) else {
                eprintln!("valgrind does not run here");
                return ExitCode::FAILURE;
            };
            let each = count as f64 / case.bytes as f64;
            println!("{:<28} {count:>14} instructions {each:>9.3} a byte", case.name);
        } else if has("--bench") {
            let best = fastest(&mut case);
            let rate = case.bytes as f64 / best.as_secs_f64() / 1e9;
            println!("{:<28} {best:>14.2?} {rate:>9.3} GB/s", case.name);
        } else {
            (case.run)();
        }
    }
    ExitCode::SUCCESS
}

/// The best time of an iteration.
fn fastest(case: &mut Case) -> Duration {
    (case.run)();
    let start = Instant::now();
    let mut best = Duration::MAX;
    while start.elapsed() < LONG_ENOUGH {
        let before = Instant::now();
        (case.run)();
        best = best.min(before.elapsed());
    }
    best
}

/// The instructions of one iteration: those of three less those of one, halved, so that neither
/// the start nor what the first iteration builds counts.
fn instructions(name: &str) -> Option<u64> {
    let count = |iterations: u32| -> Option<u64> {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(std::env::current_exe().ok()?)
            .args([name, &format!("--iterations={iterations}")])
            .output()
            .ok()?;
        let told = String::from_utf8_lossy(&output.stderr);
        let (_, after) = told.rsplit_once("Collected : ")?;
        after.split_whitespace().next()?.parse().ok()
    };
    Some((count(3)?.checked_sub(count(1)?)?) / 2)
}
