//! Standard output: the report in its format, how far it may go, and what it said.
//!
//! A reader who leaves ends the run quietly. This module refuses to know where events come
//! from.

use super::options::{Format, Options};
use crate::analyzer::Event;
use crate::leak::{Finding, Severity};
use crate::report::{Json, Layout, Report, Summary, Text};
use clap::ColorChoice;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Only findings that are at least this bad count for the exit code.
const COUNTS: Severity = Severity::Medium;

/// Standard output, for the run and for whoever notices that its packets have run dry.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Output>>);

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Output> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where events go.
pub(super) struct Output {
    report: Box<dyn Report + Send>,
    /// How many exchanges may be shown.
    limit: u64,
    exchanges: u64,
    findings: [u64; Severity::ALL.len()],
    error: Option<io::Error>,
    /// Whether something is in the report's buffer, and, in a live capture, since when.
    waiting: bool,
    since: Option<Instant>,
    live: bool,
}

impl Output {
    /// How long an event of a live capture may wait for others to be written with.
    const PATIENCE: Duration = Duration::from_millis(10);

    /// The report that `options` ask for. `files` are the captures read as one; `live` is
    /// whether someone may be waiting for each exchange.
    pub(super) fn shared(options: &Options, files: Vec<String>, live: bool) -> Shared {
        let out = io::stdout();
        let report: Box<dyn Report + Send> = match options.format {
            Format::Json => Box::new(Json::new(out, files)),
            Format::Text => Box::new(Text::new(out, layout(options.color, options.verbose), files)),
        };
        Shared(Arc::new(Mutex::new(Self::of(report, options.exchanges, live))))
    }

    fn of(report: Box<dyn Report + Send>, limit: Option<u64>, live: bool) -> Self {
        let limit = limit.unwrap_or(u64::MAX);
        Self {
            report,
            limit,
            exchanges: 0,
            findings: Default::default(),
            error: None,
            waiting: false,
            since: None,
            live,
        }
    }

    /// Shows an event, where there is still someone to see it. True where it was the last.
    pub(super) fn event(&mut self, event: &Event) -> bool {
        if self.is_done() {
            return true;
        }
        match event {
            Event::Exchange(exchange) => {
                self.exchanges += 1;
                exchange.findings.iter().for_each(|finding| self.count(finding));
            }
            Event::Finding(found) => self.count(&found.finding),
            Event::Tls(_) => {}
        }
        self.error = self.report.event(event).err();
        self.waiting = true;
        if self.live && self.since.is_none() {
            self.since = Some(Instant::now());
        }
        self.is_done()
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

    /// Lets go of what has waited long enough; of everything where nothing else is to be
    /// done now. True where nobody reads it any more.
    pub(super) fn flush(&mut self, idle: bool) -> bool {
        if self.waiting && (idle || self.since.is_some_and(|since| since.elapsed() >= Self::PATIENCE)) {
            (self.waiting, self.since) = (false, None);
            self.error = self.error.take().or_else(|| self.report.flush().err());
        }
        self.is_done()
    }

    /// Writes the end of the report; `summary` gets the numbers of what was really shown.
    pub(super) fn finish(&mut self, summary: &mut Summary) {
        summary.counters.exchanges = self.exchanges;
        summary.counters.findings = self.findings;
        if self.error.is_none() {
            self.error = self.report.finish(summary).err();
        }
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
            .filter(|(severity, _)| **severity >= COUNTS)
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
    use crate::analyzer::Exchange;
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

    #[test]
    fn no_more_exchanges_are_shown_and_counted_than_asked_for() {
        let mut output = Output::of(Box::new(Pipe { left: 9 }), Some(2), false);
        for _ in 0..5 {
            output.event(&exchange());
        }
        let mut summary = Summary::default();
        summary.counters.exchanges = 5;
        output.finish(&mut summary);
        assert!(output.is_done() && output.error().is_none());
        assert_eq!(summary.counters.exchanges, 2);
    }

    #[test]
    fn a_broken_pipe_ends_it() {
        let mut output = Output::of(Box::new(Pipe { left: 1 }), None, true);
        output.event(&exchange());
        assert!(!output.is_done());
        output.event(&exchange());
        assert!(output.is_done() && output.error().is_some());
        assert_eq!(output.error().map(io::Error::kind), Some(io::ErrorKind::BrokenPipe));
    }
}
