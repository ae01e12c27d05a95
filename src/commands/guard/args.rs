//! What `plainsight guard` may be asked.

use super::super::canaries::Canaries;
use super::super::gate::Allowed;
use super::super::options::Format;
use super::super::reports::ReportFile;
use super::super::shared_args::{FilterArgs, KnownArgs, MemoryArgs, RuleArgs, SandboxArgs};
use super::super::units;
use std::ffi::OsString;
use std::path::PathBuf;
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
    pub(super) command: Vec<OsString>,

    #[command(flatten)]
    pub(super) canaries: Canaries,

    #[command(flatten)]
    pub(super) known: KnownArgs,

    #[command(flatten)]
    pub(super) rules: RuleArgs,

    /// Exit with N where a secret leaked
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = LEAKS)]
    pub(super) exit_code: u8,

    /// Show the secrets, but for those of --canary-env and --canary-file
    #[arg(long, help_heading = LEAKS)]
    pub(super) reveal: bool,

    /// Let the command use the machine's network, and watch all of its interfaces
    #[arg(long, help_heading = CAPTURE)]
    pub(super) host: bool,

    /// Watch only this interface; may be given several times
    #[arg(short = 'i', long = "interface", value_name = "NAME", requires = "host", help_heading = CAPTURE)]
    pub(super) interfaces: Vec<String>,

    #[command(flatten, next_help_heading = CAPTURE)]
    pub(super) filter: FilterArgs,

    /// The kernel's buffer (KiB without a unit); it is said where Linux gives less
    #[arg(short = 'B', long, value_name = "SIZE", default_value = "64MiB", value_parser = units::kib, help_heading = CAPTURE)]
    pub(super) buffer_size: usize,

    #[command(flatten)]
    pub(super) allowed: Allowed,

    /// How long processes that the command left behind may go on, and then how long they have to
    /// heed SIGTERM
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = units::duration, help_heading = CAPTURE)]
    pub(super) grace: Duration,

    #[command(flatten, next_help_heading = CAPTURE)]
    pub(super) memory: MemoryArgs,

    #[command(flatten, next_help_heading = CAPTURE)]
    pub(super) sandbox: SandboxArgs,

    /// Save the packets to FILE, with all secrets in them: pcap, or pcapng for that extension
    #[arg(short = 'w', long, value_name = "FILE", help_heading = OUTPUT)]
    pub(super) write: Option<PathBuf>,

    /// How what leaked is told on standard error: text for people, json (JSON Lines) for programs
    #[arg(long, value_name = "FORMAT", default_value = "text", alias = "report-format", help_heading = OUTPUT)]
    pub(super) format: Format,

    /// Write a report to FILE as well, such as sarif=leaks.sarif; may be given several times
    #[arg(long = "output", value_name = "FORMAT=FILE", help_heading = OUTPUT)]
    pub(super) outputs: Vec<ReportFile>,

    /// Say nothing but errors: the exit code tells
    #[arg(short = 'q', long, help_heading = OUTPUT)]
    pub(super) quiet: bool,

    /// When to use colours
    #[arg(long, value_name = "WHEN", default_value = "auto", help_heading = OUTPUT)]
    pub(super) color: clap::ColorChoice,
}

const LEAKS: &str = "Leaks";
const CAPTURE: &str = "Capture";
const OUTPUT: &str = "Output";
