//! Runs the tests of a program that has no libtest, one after the other in the main thread.
//!
//! The command line and the output are libtest's, for cargo, nextest and editors.

use clap::Parser;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::process::ExitCode;

/// A test: its name and what it does. It fails by a panic.
pub(crate) type Test = (&'static str, fn());

/// How libtest ends where a test fails or the command line is wrong.
const FAILURE: u8 = 101;

/// The command line.
#[derive(Parser)]
struct Options {
    #[command(flatten)]
    libtest: Arguments,
    /// More filters: a test is run where its name has one of them
    #[arg(value_name = "FILTER")]
    filters: Vec<String>,
    /// Another name of --nocapture
    #[arg(long)]
    no_capture: bool,
}

impl Options {
    /// Whether the test is run: it matches one of the filters, if there are any, and no `--skip`.
    fn select(&self, name: &str) -> bool {
        let matches = |filter: &String| if self.libtest.exact { name == filter } else { name.contains(filter) };
        let mut filters = self.libtest.filter.iter().chain(&self.filters).peekable();
        (filters.peek().is_none() || filters.any(matches)) && !self.libtest.skip.iter().any(matches)
    }
}

/// Does what the command line asks for.
///
/// `prepare` is called before any test is run, while the process has a single thread, and not where
/// none is run. Its error is the reason why none can be: it is printed, and each is then ignored,
/// or fails where the environment has `CI=true`.
pub(crate) fn main(tests: &[Test], prepare: impl FnOnce() -> Result<(), String>) -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { FAILURE.into() } else { ExitCode::SUCCESS };
        }
    };
    if options.libtest.test_threads == Some(0) {
        eprintln!("error: argument for --test-threads must not be 0");
        return FAILURE.into();
    }
    // libtest_mimic takes a single filter; what is skipped, it counts as filtered out.
    let names = tests.iter().map(|(name, _)| *name);
    let skip = names.filter(|name| !options.select(name)).map(str::to_owned).collect();
    let arguments = Arguments { filter: None, exact: true, skip, test_threads: Some(1), ..options.libtest };
    let runs = |trial: &Trial| !arguments.is_filtered_out(trial) && !arguments.is_ignored(trial);
    let count = trials(tests, false).iter().filter(|trial| runs(trial)).count();
    let refusal = if arguments.list || count == 0 { None } else { prepare().err() };
    if let Some(reason) = &refusal {
        println!("NOT RUN: {reason} ({count} scenarios)");
    }
    libtest_mimic::run(&arguments, trials(tests, refusal.is_some())).exit_code()
}

/// The tests; none of them does anything if the system refuses what they need.
fn trials(tests: &[Test], is_refused: bool) -> Vec<Trial> {
    let is_required = std::env::var_os("CI").is_some_and(|value| value == "true");
    let trial = |&(name, test): &Test| {
        Trial::ignorable_test(name, move || {
            if !is_refused {
                test();
                Ok(Completion::Completed)
            } else if is_required {
                Err(Failed::from("NOT RUN"))
            } else {
                Ok(Completion::ignored_with("NOT RUN"))
            }
        })
    };
    tests.iter().map(trial).collect()
}
