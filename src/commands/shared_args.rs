//! Options that several commands have in common, in groups: what a user may type, and nothing that is
//! decided from it.

use super::secret_id::KeySource;
use super::units;
use crate::leak::Severity;
use std::path::PathBuf;

/// What secrets look like.
#[derive(Debug, clap::Args)]
pub(super) struct RuleArgs {
    /// Look for what a gitleaks configuration describes, in place of our own rules unless it extends them
    #[arg(long, value_name = "FILE", conflicts_with = "pii", help_heading = "Leaks")]
    pub(super) rules: Option<PathBuf>,

    /// Look for personal data too: payment cards, bank accounts, e-mail addresses…
    #[arg(long, help_heading = "Leaks")]
    pub(super) pii: bool,
}

/// Which findings count, and which are known.
#[derive(Debug, clap::Args)]
pub(super) struct KnownArgs {
    /// Only findings at least this bad count: info, low, medium, high or critical
    #[arg(long, value_name = "SEVERITY", default_value = "medium", value_parser = severity, help_heading = "Leaks")]
    pub(super) min_severity: Severity,

    /// Do not repeat what an earlier report (JSON or SARIF) found: an entry with a `secret_id` matches that
    /// secret alone, one without it any secret at its place
    #[arg(long, value_name = "FILE", alias = "baseline-path", help_heading = "Leaks")]
    pub(super) baseline: Option<PathBuf>,

    #[command(flatten)]
    pub(super) secret_id_key: KeySource,

    /// What the project allows [default: .plainsight.toml, where there is one]
    #[arg(long, value_name = "FILE", help_heading = "Leaks")]
    pub(super) config: Option<PathBuf>,
}

/// How much memory there is. Each command has its own heading for it.
#[derive(Debug, clap::Args)]
pub(super) struct MemoryArgs {
    /// Hold at most this much in memory for everything unfinished (MiB without a unit)
    #[arg(long, value_name = "SIZE", default_value = "512MiB", value_parser = units::mib)]
    pub(super) memory: usize,
}

/// Whether the process is confined. Each command has its own heading for it.
#[derive(Debug, clap::Args)]
pub(super) struct SandboxArgs {
    /// Do not give up the right to open files and sockets before the first packet
    #[arg(long)]
    pub(super) no_sandbox: bool,
}

/// Which packets are taken. Each command has its own heading for it.
#[derive(Debug, clap::Args)]
pub(super) struct FilterArgs {
    /// Only packets that this capture filter accepts (see `man 7 pcap-filter`)
    #[arg(short = 'f', long, value_name = "BPF")]
    pub(super) filter: Option<String>,
}

/// A severity by its name.
fn severity(name: &str) -> Result<Severity, String> {
    let found = Severity::ALL.into_iter().find(|severity| severity.name().eq_ignore_ascii_case(name));
    found.ok_or_else(|| "it is one of info, low, medium, high and critical".to_owned())
}
