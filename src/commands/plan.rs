//! What is decided from the options of `sniff` and `replay`.

use super::failure::{Failure, say};
use super::gate::Gate;
use super::options::Options;
use super::reports::{About, ReportFile, ReportFormat};
use super::scan_inputs::ScanInputs;
use super::streams;
use crate::analyzer::Config;
use crate::redact::Texts;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread::available_parallelism;

/// The longest `--max-body` with which several threads read.
const MOST_BODY: usize = 64 << 10;

/// What the command line names that has to be read from files and variables.
#[derive(Debug)]
pub(super) struct SessionInputs {
    pub(super) inputs: ScanInputs,
    /// Canaries that are to be left in nothing but what `-w` writes.
    pub(super) hidden: Texts,
}

impl Options {
    /// Reads what is looked for and what is allowed.
    ///
    /// # Errors
    /// A file cannot be read or is of another kind; a canary cannot be looked for.
    pub(super) fn wanted(&self) -> Result<SessionInputs, Failure> {
        let found = self.canaries.find()?;
        if let Some(note) = found.note().filter(|_| !self.quiet) {
            say(note);
        }
        let hidden = if self.redact.is_some() { found.texts() } else { found.masked() };
        Ok(SessionInputs { inputs: ScanInputs::read(&self.rules, &self.known, found, self.quiet)?, hidden })
    }

    /// Whether secrets are left out of the evidence.
    pub(super) fn hides_evidence(&self, wanted: &SessionInputs) -> bool {
        self.redact.is_some() || !wanted.hidden.texts.is_empty()
    }

    /// What the analyzer is asked to do.
    pub(super) fn analysis(&self, wanted: SessionInputs) -> Config {
        // What is kept beside the analyzer has its share of the memory.
        let memory = self.memory.memory - self.evidence.as_ref().map_or(0, |_| self.evidence_memory());
        // A whole body, where it is to be written; its buffer may grow to twice that.
        let whole = self.export_bodies.as_ref().map_or(0, |_| memory / 4);
        Config {
            max_body: self.max_body.max(whole),
            trace: self.evidence.is_some(),
            sha256: self.sha256,
            leaks: !self.no_leaks,
            redact: self.redact,
            verify_checksums: self.verify_checksums,
            ..wanted.inputs.config(memory)
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
        self.memory.memory / 4
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
        let named = [
            ("--rules -", &self.rules.rules),
            ("--config -", &self.known.config),
            ("--baseline -", &self.known.baseline),
        ];
        let named = named.into_iter().filter_map(|(name, path)| Some((name, path.as_ref()?)));
        let key = self.known.secret_id_key.file().map(|path| ("--secret-id-key-file -", path));
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
        About { captures, saved, least: self.known.min_severity }
    }
}
