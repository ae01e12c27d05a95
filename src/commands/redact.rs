//! `plainsight redact`: a copy of a capture without its secrets.
//!
//! It opens the files and says what came of it; finding and overwriting are `redact`'s.

use super::canaries::Canaries;
use super::{FAILED, Failure, confine, rule_files, say, units};
use crate::analyzer::Config;
use crate::capture::{self, Files, Saver, save};
use crate::confine::sandbox::Sandbox;
use crate::redact::{self, Outcome};
use crate::report::text::figures::count;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tempfile::TempPath;

const EXAMPLES: &str = "\
Examples:
  plainsight redact capture.pcapng shared.pcapng
  plainsight redact --canary 's3cret' --canary-file .env capture.pcap.gz shared.pcap

Every secret found becomes as many `*`, in every packet that brought it: retransmitted, mirrored,
in fragments. Compressed bodies that held one become marks as a whole. Checksums are mended by the
difference, so that wrong ones stay as wrong. TLS keys, comments and name tables of a pcapng are
left out. The copy is then searched for what might be left; times, addresses, names and everything
that was not found to be a secret stay: look before you share.

Exit codes: 0 the copy is there and no secret is left in it; 2 something else.";

/// The arguments of `redact`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The capture: pcap or pcapng, also compressed by gzip or zstd
    #[arg(value_name = "IN")]
    input: PathBuf,

    /// The copy, replaced where it exists: pcap, or pcapng for that extension; `.gz` and `.zst` compress
    #[arg(value_name = "OUT")]
    output: PathBuf,

    #[command(flatten)]
    canaries: Canaries,

    /// Overwrite what a gitleaks configuration describes, in place of our own rules unless it extends them
    #[arg(long, value_name = "FILE", conflicts_with = "pii", help_heading = "Leaks")]
    rules: Option<PathBuf>,

    /// Overwrite personal data too: payment cards, bank accounts, e-mail addresses…
    #[arg(long, help_heading = "Leaks")]
    pii: bool,

    /// Hold at most this much in memory for everything unfinished (MiB without a unit)
    #[arg(long, value_name = "SIZE", default_value = "512MiB", value_parser = units::mib, help_heading = "Limits")]
    memory: usize,

    /// Do not give up the right to open files and sockets before the first packet
    #[arg(long, help_heading = "Limits")]
    no_sandbox: bool,

    /// Say nothing but errors
    #[arg(short = 'q', long)]
    quiet: bool,
}

/// Makes the copy.
pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    let found = args.canaries.find()?;
    if let Some(note) = found.note().filter(|_| !args.quiet) {
        say(note);
    }
    let rules = rule_files::wanted(args.rules.as_deref())?;
    let place = Place::open(&args.input, &args.output)?;
    if !args.no_sandbox {
        let sandbox = Sandbox { writable_dirs: vec![place.folder.clone()], ..Sandbox::default() };
        let report = sandbox.enter().map_err(|error| Failure::new(error.to_string()))?;
        if !report.is_complete() && !args.quiet {
            say(report);
        }
    }
    let config = Config { memory: args.memory, max_body: 0, rules, personal: args.pii, ..Config::default() };
    let outcome = redact::redact(&place, &config, &found.texts()).map_err(|error| Failure::new(error.to_string()))?;
    for error in &outcome.unread {
        say(error);
    }
    if !outcome.left.is_empty() {
        return Err(left(&outcome, &args.output));
    }
    place.keep()?;
    if !args.quiet {
        say(told(&outcome, &args.output));
    }
    Ok(ExitCode::from(if outcome.unread.is_empty() { 0 } else { FAILED }))
}

/// How many of the findings left are told.
const MOST_TOLD: usize = 10;

fn left(outcome: &Outcome, output: &Path) -> Failure {
    let mut told: Vec<_> = outcome.left.iter().take(MOST_TOLD).cloned().collect();
    if outcome.left.len() > told.len() {
        told.push(format!("and {} more", outcome.left.len() - told.len()));
    }
    Failure::new(format!("{} was not made, since secrets would be left in it: {}", output.display(), told.join("; ")))
}

fn told(outcome: &Outcome, output: &Path) -> String {
    format!(
        "{} overwritten in {} of {}; none is left in {}",
        count(outcome.findings, "finding", "findings"),
        outcome.changed,
        count(outcome.packets, "packet", "packets"),
        output.display()
    )
}

/// The capture, and a copy that has its name only once it is good.
struct Place {
    name: String,
    original: Arc<File>,
    copy: Arc<File>,
    path: TempPath,
    folder: PathBuf,
    output: PathBuf,
}

impl Place {
    fn open(input: &Path, output: &Path) -> Result<Self, Failure> {
        let name = input.display().to_string();
        let original = File::open(input).map_err(|error| Failure::new(format!("cannot open {name}: {error}")))?;
        if !original.metadata().is_ok_and(|metadata| metadata.is_file()) {
            return Err(Failure::new(format!("cannot redact {name}: it is read several times, so it must be a file")));
        }
        let there = std::fs::metadata(output);
        // By its identity, whatever it is called.
        if Files::open([input])?.reads(output) {
            return Err(Failure::new(format!("cannot write to {}: it is the capture itself", output.display())));
        }
        if there.is_ok_and(|metadata| !metadata.is_file()) {
            return Err(Failure::new(format!("cannot write to {}: it is no file", output.display())));
        }
        let output = output.canonicalize().unwrap_or_else(|_| output.to_owned());
        let folder = match output.parent() {
            Some(folder) if folder != Path::new("") => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        // Its extensions say how it is written.
        let file_name = output.file_name().unwrap_or_default().to_owned();
        let mut end = std::ffi::OsString::from(".");
        end.push(&file_name);
        let created = confine::drop_privileges(|| {
            tempfile::Builder::new()
                .prefix(".")
                .suffix(&end)
                .tempfile_in(&folder)
                .map_err(|error| Failure::new(format!("cannot create a file in {}: {error}", folder.display())))
        })?;
        let (file, path) = created.into_parts();
        let (original, copy) = (Arc::new(original), Arc::new(file));
        Ok(Self { name, original, copy, path, folder, output })
    }

    /// Gives the copy its name.
    fn keep(self) -> Result<(), Failure> {
        let failed = |error| Failure::new(format!("cannot create {}: {error}", self.output.display()));
        let synced = self.copy.sync_all();
        let path = self.path.keep().map_err(|error| failed(error.error))?;
        synced.and_then(|()| std::fs::rename(&path, &self.output)).map_err(failed)
    }
}

impl redact::Place for Place {
    fn original(&self) -> Result<Files, capture::Error> {
        Ok(Files::from_reader(self.name.clone(), FromStart::new(Arc::clone(&self.original))))
    }

    fn create(&self, original: &Files) -> Result<Saver, save::Error> {
        Saver::create(&self.path, save::Options { interfaces: original.interfaces(), ..save::Options::default() })
    }

    fn copy(&self) -> Result<Files, capture::Error> {
        Ok(Files::from_reader("the copy", FromStart::new(Arc::clone(&self.copy))))
    }
}

/// Reads a file that others read as well, each from its own place in it.
pub(super) struct FromStart {
    file: Arc<File>,
    at: u64,
}

impl FromStart {
    pub(super) const fn new(file: Arc<File>) -> Self {
        Self { file, at: 0 }
    }
}

impl Read for FromStart {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        use std::os::unix::fs::FileExt as _;
        let count = self.file.read_at(into, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}
