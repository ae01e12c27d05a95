//! The options that `sniff` and `replay` have in common, and what they ask of the rooms.
//!
//! This module decides nothing that a user did not type.

use super::canaries::Canaries;
use super::failure::{Failure, say};
use super::gate::{Allowed, Gate};
use super::reports::{About, ReportFile, ReportFormat};
use super::secret_id::KeySource;
use super::{known, rule_files, streams, units};
use crate::analyzer::Config;
use crate::leak::{self, Allowlist, Rules, SecretIdKey, Severity};
use crate::redact::Texts;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::available_parallelism;

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

    /// Hold at most this much in memory for everything unfinished (MiB without a unit)
    #[arg(long, value_name = "SIZE", default_value = "512MiB", value_parser = units::mib, help_heading = LIMITS)]
    memory: usize,

    /// Read with N threads, 1 for none of their own [default: as many as there are processors for
    /// files, 1 live]; --exchanges, --evidence, --export-bodies and a --max-body above 65536 read
    /// with 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=MOST_THREADS), help_heading = LIMITS)]
    threads: Option<u16>,

    /// Refuse segments with a wrong checksum (network cards often fill it in later)
    #[arg(long, help_heading = LIMITS)]
    verify_checksums: bool,

    /// Do not give up the right to open files and sockets before the first packet
    #[arg(long, help_heading = LIMITS)]
    pub(super) no_sandbox: bool,

    /// Save the packets to FILE as well, unchanged, with all secrets in them: pcap, or pcapng for that extension; `-` for
    /// standard output, which has no report then
    #[arg(short = 'w', long, value_name = "FILE", help_heading = OUTPUT)]
    pub(super) write: Option<PathBuf>,

    /// What standard output carries [default: text]
    #[arg(long, value_name = "FORMAT", alias = "report-format", help_heading = OUTPUT)]
    format: Option<ReportFormat>,

    /// Write a report to FILE as well, such as sarif=leaks.sarif, `-` for standard output; may be given several times
    #[arg(long = "output", value_name = "FORMAT=FILE", help_heading = OUTPUT)]
    outputs: Vec<ReportFile>,

    /// As in gitleaks: write the report to FILE, in --report-format or as its extension says
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    report_path: Option<PathBuf>,

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
    sha256: bool,

    /// When to use colours
    #[arg(long, value_name = "WHEN", default_value = "auto", help_heading = OUTPUT)]
    pub(super) color: clap::ColorChoice,

    #[command(flatten)]
    canaries: Canaries,

    /// Look for what a gitleaks configuration describes, in place of our own rules unless it extends them
    #[arg(long, value_name = "FILE", conflicts_with = "pii", help_heading = LEAKS)]
    rules: Option<PathBuf>,

    /// Look for personal data too: payment cards, bank accounts, e-mail addresses…
    #[arg(long, help_heading = LEAKS)]
    pii: bool,

    /// Hide secrets, or so much of each from its end on, in all that is written but -w
    #[arg(long, value_name = "PERCENT", num_args = 0..=1, require_equals = true, default_missing_value = "100",
        value_parser = clap::value_parser!(u8).range(0..=100), help_heading = LEAKS)]
    redact: Option<u8>,

    /// Only findings at least this bad count: info, low, medium, high or critical
    #[arg(long, value_name = "SEVERITY", default_value = "medium", value_parser = severity, help_heading = LEAKS)]
    pub(super) min_severity: Severity,

    /// Do not repeat what an earlier report (JSON or SARIF) found: an entry with a `secret_id` matches that
    /// secret alone, one without it any secret at its place
    #[arg(long, value_name = "FILE", alias = "baseline-path", help_heading = LEAKS)]
    pub(super) baseline: Option<PathBuf>,

    #[command(flatten)]
    pub(super) secret_id_key: KeySource,

    /// What the project allows [default: .plainsight.toml, where there is one]
    #[arg(long, value_name = "FILE", help_heading = LEAKS)]
    pub(super) config: Option<PathBuf>,

    /// Exit with 1 where a leak was found
    #[arg(long, help_heading = LEAKS)]
    fail_on_leak: bool,

    /// Exit with N where a leak was found
    #[arg(long, value_name = "N", help_heading = LEAKS)]
    exit_code: Option<u8>,

    #[command(flatten)]
    allowed: Allowed,

    /// Do not look for leaks
    #[arg(long, conflicts_with_all = ["canary", "canary_env", "canary_file", "canary_ignore_case", "rules", "pii", "redact",
        "baseline", "secret_id_key_env", "secret_id_key_file", "config", "fail_on_leak", "exit_code"], help_heading = LEAKS)]
    no_leaks: bool,
}

const MOST_THREADS: i64 = 256;

/// The longest `--max-body` with which several threads read.
const MOST_BODY: usize = 64 << 10;

const LIMITS: &str = "Limits";
const OUTPUT: &str = "Output";
const LEAKS: &str = "Leaks";

/// What the standard output of a command that reports no traffic carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}

/// A severity by its name.
pub(super) fn severity(name: &str) -> Result<Severity, String> {
    let found = Severity::ALL.into_iter().find(|severity| severity.name().eq_ignore_ascii_case(name));
    found.ok_or_else(|| "it is one of info, low, medium, high and critical".to_owned())
}

/// What the command line names that has to be read from files and variables.
#[derive(Debug)]
pub(super) struct Wanted {
    allow: Allowlist,
    canaries: leak::Canaries,
    rules: Option<Arc<Rules>>,
    pub(super) secret_id_key: Option<SecretIdKey>,
    /// Canaries that are to be left in nothing but what `-w` writes.
    pub(super) hidden: Texts,
}

impl Options {
    /// Reads what is looked for and what is allowed.
    ///
    /// # Errors
    /// A file cannot be read or is of another kind; a canary cannot be looked for.
    pub(super) fn wanted(&self) -> Result<Wanted, Failure> {
        let rules = rule_files::wanted(self.rules.as_deref())?;
        let allow = known::allowlist(self.config.as_deref(), rules.as_deref(), self.quiet)?;
        let found = self.canaries.find()?;
        if let Some(note) = found.note().filter(|_| !self.quiet) {
            say(note);
        }
        let hidden = if self.redact.is_some() { found.texts() } else { found.masked() };
        let secret_id_key = self.secret_id_key.read()?;
        Ok(Wanted { allow, canaries: found.canaries()?, rules, secret_id_key, hidden })
    }

    /// Whether secrets are left out of the evidence.
    pub(super) fn hides_evidence(&self, wanted: &Wanted) -> bool {
        self.redact.is_some() || !wanted.hidden.texts.is_empty()
    }

    /// What the analyzer is asked to do.
    pub(super) fn analysis(&self, wanted: Wanted) -> Config {
        // What is kept beside the analyzer has its share of the memory.
        let memory = self.memory - self.evidence.as_ref().map_or(0, |_| self.evidence_memory());
        // A whole body, where it is to be written; its buffer may grow to twice that.
        let whole = self.export_bodies.as_ref().map_or(0, |_| memory / 4);
        Config {
            memory,
            max_body: self.max_body.max(whole),
            trace: self.evidence.is_some(),
            sha256: self.sha256,
            leaks: !self.no_leaks,
            rules: wanted.rules,
            personal: self.pii,
            canaries: wanted.canaries,
            redact: self.redact,
            secret_id_key: wanted.secret_id_key,
            verify_checksums: self.verify_checksums,
            allow: wanted.allow,
        }
    }

    /// Whether somebody looks at bodies.
    pub(super) fn wants_bodies(&self) -> bool {
        !self.no_leaks || self.max_body > 0 || self.sha256 || self.export_bodies.is_some()
    }

    /// How many threads read packets that are live, or that are not.
    pub(super) fn threads(&self, live: bool) -> NonZeroUsize {
        // Some need to know of every packet what it led to before they take the next; large bodies
        // of several batches would take too much memory.
        let packetwise = self.exchanges.is_some() || self.evidence.is_some();
        if packetwise || self.export_bodies.is_some() || self.max_body > MOST_BODY {
            return NonZeroUsize::MIN;
        }
        let asked = self.threads.and_then(|threads| NonZeroUsize::new(threads.into()));
        let usual = || if live { NonZeroUsize::MIN } else { available_parallelism().unwrap_or(NonZeroUsize::MIN) };
        asked.unwrap_or_else(usual)
    }

    /// How many bytes of packets may be kept that might become evidence.
    pub(super) const fn evidence_memory(&self) -> usize {
        self.memory / 4
    }

    /// Whether a run is of use when nobody reads standard output: it writes files, or its exit code is
    /// asked for.
    pub(super) fn does_more_than_print(&self) -> bool {
        !self.written().is_empty() || self.export_bodies.is_some() || self.gate().is_some()
    }

    /// What decides about the exit code, where failing on leaks was asked for.
    pub(super) fn gate(&self) -> Option<Gate> {
        let leak_code = self.exit_code.or(self.fail_on_leak.then_some(1))?;
        Some(Gate { leak_code, allowed: self.allowed })
    }

    /// The report that standard output carries; `None` where it carries packets.
    pub(super) fn format(&self) -> Option<ReportFormat> {
        if [&self.write, &self.evidence].into_iter().flatten().any(|path| streams::is_standard(path)) {
            return None;
        }
        if let Some(report) = self.outputs.iter().find(|report| streams::is_standard(&report.path)) {
            return Some(report.format);
        }
        Some(match &self.report_path {
            // The format is the file's.
            Some(path) if !streams::is_standard(path) => ReportFormat::Text,
            Some(_) => self.format.unwrap_or(ReportFormat::Json),
            None => self.format.unwrap_or(ReportFormat::Text),
        })
    }

    /// Refuses two uses of standard input or output, and outputs that are inputs. `captures` are the
    /// files whose packets are read.
    ///
    /// # Errors
    /// A sentence that says which.
    pub(super) fn check_streams(&self, captures: &[PathBuf]) -> Result<(), Failure> {
        let is_standard = |path: &Option<PathBuf>| path.as_deref().is_some_and(streams::is_standard);
        let mut written = Vec::new();
        let packets = [("--write -", &self.write), ("--evidence -", &self.evidence)];
        written.extend(packets.iter().filter(|(_, path)| is_standard(path)).map(|(name, _)| (*name).to_owned()));
        let reports = self.outputs.iter().filter(|report| streams::is_standard(&report.path));
        written.extend(reports.map(|report| format!("--output {}=-", report.format.name())));
        if is_standard(&self.report_path) {
            written.push("--report-path -".to_owned());
        } else if let (Some(format), None) = (self.format, &self.report_path) {
            written.push(format!("--format {}", format.name()));
        }
        streams::one_output(&written)?;

        let captured = captures.iter().filter(|path| streams::is_standard(path)).map(|_| "the capture `-`".to_owned());
        let canaries = self.canaries.files().iter().map(|path| ("--canary-file -", path));
        let named = [("--rules -", &self.rules), ("--config -", &self.config), ("--baseline -", &self.baseline)];
        let named = named.into_iter().filter_map(|(name, path)| Some((name, path.as_ref()?)));
        let key = self.secret_id_key.file().map(|path| ("--secret-id-key-file -", path));
        let files: Vec<_> = canaries.chain(named).chain(key).collect();
        let read = files.iter().filter(|(_, path)| streams::is_standard(path)).map(|(name, _)| (*name).to_owned());
        streams::one_input(&captured.chain(read).collect::<Vec<_>>())?;

        if is_standard(&self.export_bodies) {
            return Err(Failure::new(
                "--export-bodies writes several files, and `-` is standard output; name a folder",
            ));
        }
        streams::keep_from_output(captures)?;
        // A report may take its baseline's place, which is read before.
        let files = files.into_iter().filter(|(name, _)| *name != "--baseline -").map(|(_, path)| path);
        let inputs: Vec<_> = captures.iter().chain(files).cloned().collect();
        streams::keep_inputs(&inputs, &self.written())
    }

    /// The reports in files.
    pub(super) fn report_files(&self) -> Vec<ReportFile> {
        let path = self.report_path.as_ref();
        let named = path.map(|path| {
            let format = self.format.unwrap_or_else(|| ReportFormat::of_file(path));
            ReportFile { format, path: path.clone() }
        });
        let all = self.outputs.iter().cloned().chain(named);
        all.filter(|report| !streams::is_standard(&report.path)).collect()
    }

    /// Every file that is written.
    pub(super) fn written(&self) -> Vec<PathBuf> {
        let reports = self.report_files().into_iter().map(|file| file.path);
        let packets = self.write.iter().chain(&self.evidence).filter(|path| !streams::is_standard(path)).cloned();
        packets.chain(reports).collect()
    }

    /// What reports have to know of a run over these captures.
    pub(super) fn about(&self, captures: Vec<String>) -> About {
        let saved = self.evidence.clone().or_else(|| self.write.clone()).filter(|_| captures.is_empty());
        let saved = saved.filter(|path| !streams::is_standard(path));
        About { captures, saved, least: self.min_severity }
    }
}
