//! The options that `sniff` and `replay` have in common.
//!
//! What is decided from them is in `plan`.

use super::canaries::Canaries;
use super::gate::Allowed;
use super::reports::{ReportFile, ReportFormat};
use super::shared_args::{KnownArgs, MemoryArgs, RuleArgs, SandboxArgs};
use std::path::PathBuf;

/// What both commands take.
#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools)] // each is a flag of its own
pub(super) struct Options {
    /// Stop after N packets
    #[arg(short = 'c', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = LIMITS)]
    pub(super) count: Option<u64>,

    /// Stop after N exchanges
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = LIMITS)]
    pub(super) exchanges: Option<u64>,

    #[command(flatten, next_help_heading = LIMITS)]
    pub(super) memory: MemoryArgs,

    /// Read with N threads, 1 for none of their own [default: as many as there are processors for
    /// files, 1 live]; --exchanges, --evidence, --export-bodies and a --max-body above 65536 read
    /// with 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=MOST_THREADS), help_heading = LIMITS)]
    pub(super) threads: Option<u16>,

    /// Refuse segments with a wrong checksum (network cards often fill it in later)
    #[arg(long, help_heading = LIMITS)]
    pub(super) verify_checksums: bool,

    #[command(flatten, next_help_heading = LIMITS)]
    pub(super) sandbox: SandboxArgs,

    /// Save the packets to FILE as well, unchanged, with all secrets in them: pcap, or pcapng for that extension; `-` for
    /// standard output, which has no report then
    #[arg(short = 'w', long, value_name = "FILE", help_heading = OUTPUT)]
    pub(super) write: Option<PathBuf>,

    /// What standard output carries [default: text]
    #[arg(long, value_name = "FORMAT", alias = "report-format", help_heading = OUTPUT)]
    pub(super) format: Option<ReportFormat>,

    /// Write a report to FILE as well, such as sarif=leaks.sarif, `-` for standard output; may be given several times
    #[arg(long = "output", value_name = "FORMAT=FILE", help_heading = OUTPUT)]
    pub(super) outputs: Vec<ReportFile>,

    /// As in gitleaks: write the report to FILE, in --report-format or as its extension says
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    pub(super) report_path: Option<PathBuf>,

    /// Save the packets of the streams that leak to FILE: pcap, or pcapng for that extension; `-` as with -w
    #[arg(long, value_name = "FILE", conflicts_with = "no_leaks", help_heading = OUTPUT)]
    pub(super) evidence: Option<PathBuf>,

    /// Write each decoded body to a file of its own in DIR; none is ever replaced
    #[arg(long, value_name = "DIR", help_heading = OUTPUT)]
    pub(super) export_bodies: Option<PathBuf>,

    /// Show heads, bodies and notes in full
    #[arg(short = 'v', long, help_heading = OUTPUT)]
    pub(super) verbose: bool,

    /// Say nothing on standard error but errors
    #[arg(short = 'q', long, help_heading = OUTPUT)]
    pub(super) quiet: bool,

    /// Show at most N bytes of each body, 0 for none
    #[arg(long, value_name = "N", default_value_t = 4096, help_heading = OUTPUT)]
    pub(super) max_body: usize,

    /// Add the SHA-256 of each decoded body
    #[arg(long, help_heading = OUTPUT)]
    pub(super) sha256: bool,

    /// When to use colours
    #[arg(long, value_name = "WHEN", default_value = "auto", help_heading = OUTPUT)]
    pub(super) color: clap::ColorChoice,

    #[command(flatten)]
    pub(super) canaries: Canaries,

    #[command(flatten)]
    pub(super) rules: RuleArgs,

    /// Hide secrets, or so much of each from its end on, in all that is written but -w
    #[arg(long, value_name = "PERCENT", num_args = 0..=1, require_equals = true, default_missing_value = "100",
        value_parser = clap::value_parser!(u8).range(0..=100), help_heading = LEAKS)]
    pub(super) redact: Option<u8>,

    #[command(flatten)]
    pub(super) known: KnownArgs,

    /// Exit with 1 where a leak was found
    #[arg(long, help_heading = LEAKS)]
    pub(super) fail_on_leak: bool,

    /// Exit with N where a leak was found
    #[arg(long, value_name = "N", help_heading = LEAKS)]
    pub(super) exit_code: Option<u8>,

    #[command(flatten)]
    pub(super) allowed: Allowed,

    /// Do not look for leaks
    #[arg(long, conflicts_with_all = ["canary", "canary_env", "canary_file", "canary_ignore_case", "rules", "pii", "redact",
        "baseline", "secret_id_key_env", "secret_id_key_file", "config", "fail_on_leak", "exit_code"], help_heading = LEAKS)]
    pub(super) no_leaks: bool,
}

const MOST_THREADS: i64 = 256;

const LIMITS: &str = "Limits";
const OUTPUT: &str = "Output";
const LEAKS: &str = "Leaks";

/// What the standard output of a command that reports no traffic carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}
