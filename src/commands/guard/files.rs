//! The reports that are written while the command runs, each to a file of its own.
//!
//! It refuses to know what counts as a leak.

use super::super::failure::Failure;
use super::super::failure::say;
use super::super::reports::{self, About, Written};
use super::Args;
use crate::analyzer::Event;
use crate::report::{Layout, Report, Summary};
use std::io;
use std::path::Path;

/// The reports in files.
#[derive(Debug, Default)]
pub(super) struct Files {
    written: Vec<Written>,
    /// Whether one could not be written to its end.
    pub(super) failed: bool,
}

impl Files {
    /// Creates them all.
    pub(super) fn create(args: &Args) -> Result<Self, Failure> {
        let paths: Vec<_> = args.outputs.iter().map(|file| &file.path).chain(&args.write).map(AsRef::as_ref).collect();
        reports::all_distinct(&paths as &[&Path])?;
        let about = About { captures: Vec::new(), saved: args.write.clone(), least: args.min_severity };
        let create = |file| reports::create(file, &about, Layout::default());
        Ok(Self { written: args.outputs.iter().map(create).collect::<Result<_, _>>()?, failed: false })
    }

    /// Writes an event to each.
    pub(super) fn event(&mut self, event: &Event) {
        self.each(|report| report.event(event));
    }

    /// Hands over what is gathered.
    pub(super) fn flush(&mut self) {
        self.each(|report| report.flush());
    }

    /// Writes the end of each.
    pub(super) fn finish(&mut self, summary: &Summary) {
        self.each(|report| report.finish(summary));
    }

    /// Lets each act. One that fails is told and gets no more.
    fn each(&mut self, mut act: impl FnMut(&mut (dyn Report + Send)) -> io::Result<()>) {
        let failed = &mut self.failed;
        self.written.retain_mut(|Written { name, report }| match act(report.as_mut()) {
            Ok(()) => true,
            Err(error) => {
                *failed = true;
                say(format!("cannot write the report {name} any further: {error}"));
                false
            }
        });
    }
}
