//! Where events go: standard output and the reports in files, how far they may go, and what
//! they said.
//!
//! A reader of standard output who leaves ends a run that does nothing else quietly. This module refuses to know where events come
//! from.

use super::bodies::Bodies;
use super::evidence::Leak;
use super::failure::{Failure, say};
use super::options::Options;
use super::reports::{self, About, ReportFile, Written};
use crate::analyzer::{Drafter, Event, Exchange};
use crate::engine::Listener;
use crate::leak::{Baseline, Finding, Severity};
use crate::report::{Layout, Report, Summary};
use clap::ColorChoice;
use std::io;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Standard output, for the run and for whoever notices that its packets have run dry.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Output>>);

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Output> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for Shared {
    fn event(&mut self, event: &mut Event) -> ControlFlow<()> {
        self.lock().event(event)
    }

    fn drafter(&self) -> Option<Drafter> {
        self.lock().drafter()
    }

    fn drafted(&mut self, id: u64, stream: u64, draft: &[u8]) -> ControlFlow<()> {
        self.lock().drafted(id, stream, draft)
    }

    fn pause(&mut self, idle: bool) -> ControlFlow<()> {
        self.lock().flush(idle)
    }
}

/// What standard output carries where it carries no report.
struct NoReport;

impl Report for NoReport {
    fn event(&mut self, _: &Event) -> io::Result<()> {
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        Ok(())
    }
}

/// Where events go.
#[allow(clippy::struct_excessive_bools)] // each is a state of its own
pub(super) struct Output {
    /// Standard output's.
    report: Box<dyn Report + Send>,
    /// Those in files that take more.
    files: Vec<Written>,
    about: About,
    baseline: Baseline,
    /// How many findings the baseline knew.
    known: u64,
    /// Where bodies are written, and how much of each is shown.
    bodies: Option<Bodies>,
    max_body: usize,
    /// What leaked since it was last asked for; `None` where nobody asks.
    leaking: Option<Vec<Leak>>,
    /// Whether a file took no more.
    failed: bool,
    /// How many exchanges may be shown.
    limit: u64,
    exchanges: u64,
    findings: [u64; Severity::ALL.len()],
    error: Option<io::Error>,
    /// Whether something is in the report's buffer, and, in a live capture, since when.
    waiting: bool,
    since: Option<Instant>,
    live: bool,
    /// Whether there is something to do when nobody reads standard output any more.
    goes_on: bool,
}

impl Output {
    /// How long an event of a live capture may wait for others to be written with.
    const PATIENCE: Duration = Duration::from_millis(10);

    /// The report that `options` ask for. `captures` are those read as one; `live` is whether
    /// someone may be waiting for each exchange.
    pub(super) fn shared(options: &Options, captures: Vec<String>, live: bool) -> Shared {
        let about = options.about(captures);
        let report = match options.format() {
            Some(format) => reports::to(io::stdout(), format, &about, layout(options.color, options.verbose)),
            None => Box::new(NoReport),
        };
        Shared(Arc::new(Mutex::new(Self::of(report, about, options.exchanges, live))))
    }

    /// A live run's, with this report in the place of standard output's.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))] // for guard, which needs Linux
    pub(super) fn with(report: Box<dyn Report + Send>, about: About) -> Shared {
        Shared(Arc::new(Mutex::new(Self::of(report, about, None, true))))
    }

    fn of(report: Box<dyn Report + Send>, about: About, limit: Option<u64>, live: bool) -> Self {
        let limit = limit.unwrap_or(u64::MAX);
        Self {
            report,
            files: Vec::new(),
            about,
            baseline: Baseline::default(),
            known: 0,
            bodies: None,
            max_body: usize::MAX,
            leaking: None,
            failed: false,
            limit,
            exchanges: 0,
            findings: Default::default(),
            error: None,
            waiting: false,
            since: None,
            live,
            goes_on: false,
        }
    }

    /// Findings that are in the baseline are passed over from now on.
    pub(super) fn passing_over(&mut self, baseline: Baseline) {
        self.baseline = baseline;
    }

    /// Creates the reports in files, and the folder for bodies.
    pub(super) fn create_files(&mut self, options: &Options) -> Result<(), Failure> {
        self.bodies = options.export_bodies.as_deref().map(Bodies::open).transpose()?;
        self.max_body = options.max_body;
        self.leaking = options.evidence.as_ref().map(|_| Vec::new());
        self.goes_on = options.does_more_than_print();
        let layout = Layout { verbose: options.verbose, ..Layout::default() };
        self.create_reports(&options.report_files(), layout)
    }

    /// Creates reports in files.
    pub(super) fn create_reports(&mut self, files: &[ReportFile], layout: Layout) -> Result<(), Failure> {
        for file in files {
            self.files.push(reports::create(file, &self.about, layout)?);
        }
        Ok(())
    }

    /// Shows an event, where there is still someone to see it. `Break` where it was the last.
    pub(super) fn event(&mut self, event: &mut Event) -> ControlFlow<()> {
        if self.is_done() || !self.is_new(event) {
            return self.flow();
        }
        match event {
            Event::Exchange(exchange) => {
                self.exchanges += 1;
                exchange.findings.iter().for_each(|finding| self.count(finding));
            }
            Event::Finding(found) => self.count(&found.finding),
            Event::Tls(_) => {}
        }
        if let Some(leaking) = &mut self.leaking {
            leaking.extend(Leak::of(event, self.about.least));
        }
        if let Event::Exchange(exchange) = event {
            self.export(exchange);
        }
        let written = self.report.event(event);
        self.note(written);
        self.each_file(|report| report.event(event));
        self.note_waiting();
        self.flow()
    }

    /// What writes drafts, where nobody but the report on standard output wants to know more.
    fn drafter(&self) -> Option<Drafter> {
        let alone = self.files.is_empty() && self.bodies.is_none() && self.leaking.is_none();
        if alone { self.report.drafter() } else { None }
    }

    /// Shows an exchange of which there is a draft. `Break` where it was the last.
    fn drafted(&mut self, id: u64, stream: u64, draft: &[u8]) -> ControlFlow<()> {
        if !self.is_done() {
            self.exchanges += 1;
            let written = self.report.drafted(id, stream, draft);
            self.note(written);
            self.note_waiting();
        }
        self.flow()
    }

    /// Notes how writing to standard output went. Where its reader has left, the run goes on for what
    /// else it is to do.
    fn note(&mut self, written: io::Result<()>) {
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe && self.goes_on => self.report = Box::new(NoReport),
            written => self.error = written.err(),
        }
    }

    /// Notes that something is in the report's buffer.
    fn note_waiting(&mut self) {
        self.waiting = true;
        if self.live && self.since.is_none() {
            self.since = Some(Instant::now());
        }
    }

    /// Writes an exchange's bodies, and leaves what is to be shown of them.
    fn export(&mut self, exchange: &mut Exchange) {
        let Some(bodies) = &mut self.bodies else { return };
        if let Err(error) = bodies.write(exchange) {
            self.failed = true;
            self.bodies = None;
            say(error);
        }
        for message in [&mut exchange.request, &mut exchange.response].into_iter().flatten() {
            message.body.truncated |= message.body.kept.len() > self.max_body;
            message.body.kept.truncate(self.max_body);
        }
    }

    /// What leaked since the last call.
    pub(super) fn take_leaking(&mut self) -> Vec<Leak> {
        self.leaking.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Where bodies are written.
    pub(super) const fn bodies(&self) -> Option<&Bodies> {
        self.bodies.as_ref()
    }

    /// Takes out what the baseline knows. False where nothing is left.
    fn is_new(&mut self, event: &mut Event) -> bool {
        if self.baseline.is_empty() {
            return true;
        }
        match event {
            Event::Exchange(exchange) => {
                let before = exchange.findings.len();
                exchange.findings.retain(|finding| !self.baseline.knows(finding));
                self.known += (before - exchange.findings.len()) as u64;
                true
            }
            Event::Finding(found) => {
                let known = self.baseline.knows(&found.finding);
                self.known += u64::from(known);
                !known
            }
            Event::Tls(_) => true,
        }
    }

    /// Lets each report in a file act. One that fails is told and gets no more.
    fn each_file(&mut self, mut act: impl FnMut(&mut dyn Report) -> io::Result<()>) {
        let failed = &mut self.failed;
        self.files.retain_mut(|Written { name, report }| match act(report.as_mut()) {
            Ok(()) => true,
            Err(error) => {
                *failed = true;
                say(format!("cannot write the report {name} any further: {error}"));
                false
            }
        });
    }

    fn count(&mut self, finding: &Finding) {
        let severity = Severity::ALL.iter().position(|severity| *severity == finding.severity);
        if let Some(count) = severity.and_then(|at| self.findings.get_mut(at)) {
            *count += 1;
        }
    }

    /// Whether nothing more can or may be shown.
    fn is_done(&self) -> bool {
        self.error.is_some() || self.exchanges >= self.limit
    }

    /// Whether the run goes on.
    fn flow(&self) -> ControlFlow<()> {
        if self.is_done() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Lets go of what has waited long enough; of everything where nothing else is to be
    /// done now. `Break` where nobody reads it any more.
    pub(super) fn flush(&mut self, idle: bool) -> ControlFlow<()> {
        if self.waiting && (idle || self.since.is_some_and(|since| since.elapsed() >= Self::PATIENCE)) {
            (self.waiting, self.since) = (false, None);
            if self.error.is_none() {
                let flushed = self.report.flush();
                self.note(flushed);
            }
            self.each_file(|report| report.flush());
        }
        self.flow()
    }

    /// Writes the end of each report; `summary` gets the numbers of what was really shown.
    pub(super) fn finish(&mut self, summary: &mut Summary) {
        summary.counters.exchanges = self.exchanges;
        summary.counters.findings = self.findings;
        summary.baseline_without_ids = self.baseline.without_secret_ids();
        let cut = self.bodies.as_ref().map_or(0, Bodies::cut);
        if cut > 0 {
            summary.counters.let_go.insert("ends of exported bodies".to_owned(), cut);
        }
        if self.error.is_none() {
            let finished = self.report.finish(summary);
            self.note(finished);
        }
        self.each_file(|report| report.finish(summary));
    }

    /// Whether a report in a file could not be written to its end.
    pub(super) const fn failed(&self) -> bool {
        self.failed
    }

    /// How many findings the baseline knew.
    pub(super) const fn known(&self) -> u64 {
        self.known
    }

    /// Why standard output took no more.
    pub(super) fn error(&self) -> Option<&io::Error> {
        self.error.as_ref()
    }

    /// How many findings count for the exit code.
    pub(super) fn leaks(&self) -> u64 {
        Severity::ALL
            .iter()
            .zip(self.findings)
            .filter(|(severity, _)| **severity >= self.about.least)
            .map(|(_, count)| count)
            .sum()
    }
}

/// The text report's layout: as wide as the terminal, coloured where one is looking.
pub(super) fn layout(color: ColorChoice, verbose: bool) -> Layout {
    let out = io::stdout();
    let color = match color {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => anstream::AutoStream::choice(&out) != anstream::ColorChoice::Never,
    };
    let width = terminal_size::terminal_size_of(&out).map(|(width, _)| usize::from(width.0));
    let usual = Layout::default();
    Layout { width: width.unwrap_or(usual.width), color, verbose }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Endpoint;
    use std::net::{IpAddr, Ipv4Addr};

    /// Breaks after `left` lines.
    struct Pipe {
        left: usize,
    }

    impl Report for Pipe {
        fn event(&mut self, _: &Event) -> io::Result<()> {
            self.left = self.left.checked_sub(1).ok_or(io::ErrorKind::BrokenPipe)?;
            Ok(())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
        fn finish(&mut self, _: &Summary) -> io::Result<()> {
            Ok(())
        }
    }

    fn exchange() -> Event {
        let end = Endpoint { address: IpAddr::V4(Ipv4Addr::LOCALHOST), port: 80 };
        Event::Exchange(Box::new(Exchange {
            id: 1,
            stream: 0,
            client: end,
            server: end,
            request: None,
            response: None,
            findings: Vec::new(),
            notes: Vec::new(),
        }))
    }

    fn about() -> About {
        About { captures: Vec::new(), saved: None, least: Severity::Medium }
    }

    #[test]
    fn no_more_exchanges_are_shown_and_counted_than_asked_for() {
        let mut output = Output::of(Box::new(Pipe { left: 9 }), about(), Some(2), false);
        for _ in 0..5 {
            _ = output.event(&mut exchange());
        }
        let mut summary = Summary::default();
        summary.counters.exchanges = 5;
        output.finish(&mut summary);
        assert!(output.is_done() && output.error().is_none());
        assert_eq!(summary.counters.exchanges, 2);
    }

    #[test]
    fn a_broken_pipe_ends_it() {
        let mut output = Output::of(Box::new(Pipe { left: 1 }), about(), None, true);
        _ = output.event(&mut exchange());
        assert!(!output.is_done());
        _ = output.event(&mut exchange());
        assert!(output.is_done() && output.error().is_some());
        assert_eq!(output.error().map(io::Error::kind), Some(io::ErrorKind::BrokenPipe));
    }

    #[test]
    fn a_broken_pipe_does_not_end_what_does_more() {
        let mut output = Output::of(Box::new(Pipe { left: 1 }), about(), None, true);
        output.goes_on = true;
        for _ in 0..5 {
            _ = output.event(&mut exchange());
        }
        assert!(!output.is_done() && output.error().is_none());
        let mut summary = Summary::default();
        output.finish(&mut summary);
        assert_eq!(summary.counters.exchanges, 5);
    }
}
