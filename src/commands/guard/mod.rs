//! `plainsight guard`: runs a command and fails if it leaks.
//!
//! It decides what the exit code is; running the command, watching it and telling what leaked
//! are the modules' below.

#[cfg(target_os = "linux")]
mod supervisor;
#[cfg(target_os = "linux")]
mod tally;
#[cfg(target_os = "linux")]
mod watcher;

use super::canaries::Canaries;
use super::failure::Failure;
use super::gate::Allowed;
use super::options::{Format, severity};
use super::reports::ReportFile;
use super::secret_id::KeySource;
#[cfg(target_os = "linux")]
use super::streams;
use super::units;
use crate::leak::Severity;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  plainsight guard -- npm test
  plainsight guard --canary-env '*_TOKEN' --canary-env DB_PASSWORD -- pytest tests/
  plainsight guard --canary-file .env -w tests.pcapng -- ./integration-tests.sh
  plainsight guard --output sarif=leaks.sarif --baseline known.json -- npm test
  plainsight guard --host -f 'host api.example.com' -- ./smoke-test.sh

The command runs in a network namespace of its own, with nothing in it but loopback: no packet of
it is missed and no packet of anyone else is seen. That needs no root where the kernel lets users
make namespaces. With --host it runs in the machine's network, which is watched on all interfaces,
whoever sends; that needs the right to capture.

The command keeps its user, its terminal, its input and its output; what guard itself says comes
on standard error, before and after it. Signals to guard are passed on to it. When it ends and has
left processes behind, these have --grace to end by themselves, then SIGTERM, then SIGKILL.

Exit codes: the command's own where it is not 0 (126 and 127 where it cannot be run, 128+N where
signal N ended it); else 2 where the gate failed, such as where nothing could be captured; else 1, or
--exit-code, where a secret leaked; else 2 where the answer is incomplete, such as where packets were
dropped (see --allow-incomplete), or where with --host no packet was watched; else 0.";

/// The arguments of `guard`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[allow(clippy::struct_excessive_bools)] // each is a flag of its own
pub struct Args {
    /// The command and its arguments
    #[arg(value_name = "COMMAND", required = true, last = true)]
    command: Vec<OsString>,

    #[command(flatten)]
    canaries: Canaries,

    /// Only findings at least this bad count: info, low, medium, high or critical
    #[arg(long, value_name = "SEVERITY", default_value = "medium", value_parser = severity, help_heading = LEAKS)]
    min_severity: Severity,

    /// Do not repeat what an earlier report (JSON or SARIF) found: an entry with a `secret_id` matches that
    /// secret alone, one without it any secret at its place
    #[arg(long, value_name = "FILE", alias = "baseline-path", help_heading = LEAKS)]
    baseline: Option<PathBuf>,

    #[command(flatten)]
    secret_id_key: KeySource,

    /// What the project allows [default: .plainsight.toml, where there is one]
    #[arg(long, value_name = "FILE", help_heading = LEAKS)]
    config: Option<PathBuf>,

    /// Look for what a gitleaks configuration describes, in place of our own rules unless it extends them
    #[arg(long, value_name = "FILE", conflicts_with = "pii", help_heading = LEAKS)]
    rules: Option<PathBuf>,

    /// Look for personal data too: payment cards, bank accounts, e-mail addresses…
    #[arg(long, help_heading = LEAKS)]
    pii: bool,

    /// Exit with N where a secret leaked
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = LEAKS)]
    exit_code: u8,

    /// Show the secrets, but for those of --canary-env and --canary-file
    #[arg(long, help_heading = LEAKS)]
    reveal: bool,

    /// Let the command use the machine's network, and watch all of its interfaces
    #[arg(long, help_heading = CAPTURE)]
    host: bool,

    /// Watch only this interface; may be given several times
    #[arg(short = 'i', long = "interface", value_name = "NAME", requires = "host", help_heading = CAPTURE)]
    interfaces: Vec<String>,

    /// Only packets that this capture filter accepts (see `man 7 pcap-filter`)
    #[arg(short = 'f', long, value_name = "BPF", help_heading = CAPTURE)]
    filter: Option<String>,

    /// The kernel's buffer (KiB without a unit); it is said where Linux gives less
    #[arg(short = 'B', long, value_name = "SIZE", default_value = "64MiB", value_parser = units::kib, help_heading = CAPTURE)]
    buffer_size: usize,

    #[command(flatten)]
    allowed: Allowed,

    /// How long processes that the command left behind may go on, and then how long they have to
    /// heed SIGTERM
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = units::duration, help_heading = CAPTURE)]
    grace: Duration,

    /// Hold at most this much in memory for everything unfinished (MiB without a unit)
    #[arg(long, value_name = "SIZE", default_value = "512MiB", value_parser = units::mib, help_heading = CAPTURE)]
    memory: usize,

    /// Do not give up the right to open files and sockets before the first packet
    #[arg(long, help_heading = CAPTURE)]
    no_sandbox: bool,

    /// Save the packets to FILE, with all secrets in them: pcap, or pcapng for that extension
    #[arg(short = 'w', long, value_name = "FILE", help_heading = OUTPUT)]
    write: Option<PathBuf>,

    /// How what leaked is told on standard error: text for people, json (JSON Lines) for programs
    #[arg(long, value_name = "FORMAT", default_value = "text", alias = "report-format", help_heading = OUTPUT)]
    format: Format,

    /// Write a report to FILE as well, such as sarif=leaks.sarif; may be given several times
    #[arg(long = "output", value_name = "FORMAT=FILE", help_heading = OUTPUT)]
    outputs: Vec<ReportFile>,

    /// Say nothing but errors: the exit code tells
    #[arg(short = 'q', long, help_heading = OUTPUT)]
    quiet: bool,

    /// When to use colours
    #[arg(long, value_name = "WHEN", default_value = "auto", help_heading = OUTPUT)]
    color: clap::ColorChoice,
}

const LEAKS: &str = "Leaks";
const CAPTURE: &str = "Capture";
const OUTPUT: &str = "Output";

/// Runs the command and judges it.
#[cfg(target_os = "linux")]
pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    check_files(args)?;
    supervisor::run(args)
}

/// Refuses standard input and output, which are the command's, and outputs that are inputs.
#[cfg(target_os = "linux")]
fn check_files(args: &Args) -> Result<(), Failure> {
    let of_files = [&args.rules, &args.config]
        .into_iter()
        .flatten()
        .chain(args.canaries.files())
        .chain(args.secret_id_key.file())
        .cloned();
    let inputs: Vec<PathBuf> = of_files.collect();
    let outputs: Vec<PathBuf> = args.outputs.iter().map(|file| &file.path).chain(&args.write).cloned().collect();
    if inputs.iter().chain(&args.baseline).any(|path| streams::is_standard(path)) {
        return Err(Failure::new("the command was not run: guard leaves standard input to it, so `-` cannot be read"));
    }
    if outputs.iter().any(|path| streams::is_standard(path)) {
        return Err(Failure::new(
            "the command was not run: guard leaves standard output to it; name a file in place of `-`",
        ));
    }
    // A report may take its baseline's place, which is read before.
    streams::keep_inputs(&inputs, &outputs).map_err(|failure| failure.after("the command was not run: "))
}

/// Runs no command: namespaces and what else it takes are Linux's.
#[cfg(not(target_os = "linux"))]
pub fn run(_: &Args) -> Result<ExitCode, Failure> {
    Err(Failure::new("guard needs Linux; elsewhere, run `plainsight sniff --fail-on-leak` beside the command"))
}
