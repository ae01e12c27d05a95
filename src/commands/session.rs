//! One run from its first packet to its exit code: packets to the analyzer, events to the
//! report, and at the end what it all came to.
//!
//! `sniff` and `replay` differ only in where packets come from, which this module refuses to
//! know.

use super::core::{Core, Workers};
use super::evidence::Evidence;
use super::failure::{FAILED, Failure, say};
use super::gate::Gate;
use super::hiding::Hiding;
use super::options::Options;
use super::output::Shared;
use super::plan::SessionInputs;
use super::signals::stopped;
use super::statistics::Statistics;
use super::{confine, known, reports, streams};
use crate::analyzer::{Analyzer, Config, Incomplete, Loss};
use crate::capture::save::{self, Rotate, Saver};
use crate::capture::{self, Files, Interfaces};
use crate::confine::sandbox::Sandbox;
use crate::engine::OverloadPolicy;
use crate::leak::Severity;
use crate::packet::{self, Packet, PacketId};
use crate::protocol::Protocol;
use crate::report::text::figures::{count, size};
use crate::report::{Dropped, Summary};
use std::fmt::Write as _;
use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// What a run needs to know of where its packets come from.
#[derive(Default)]
pub(super) struct Origin {
    pub(super) interfaces: Interfaces,
    pub(super) rotate: Option<Rotate>,
    pub(super) keep_files: Option<NonZeroUsize>,
    /// Descriptors that packets are received from; what is written to them would be sent.
    pub(super) receive_only: Vec<i32>,
    /// Files that are opened when their turn comes.
    pub(super) readable: Vec<PathBuf>,
    /// Whether the packets can be read again.
    pub(super) twice: bool,
    /// Whether they come by themselves.
    pub(super) live: bool,
    /// Who reads them, where that takes several threads.
    pub(super) workers: Workers,
}

impl Origin {
    /// What of the packets is evidence goes to one file, whatever becomes of all of them.
    fn evidence(
        &self,
        path: &Path,
        options: &Options,
        wanted: &SessionInputs,
    ) -> Result<(Saver, Option<Hiding>), Failure> {
        let saving =
            |interfaces: &Interfaces| save::Options { interfaces: interfaces.clone(), ..save::Options::default() };
        if !options.hides_evidence(wanted) {
            return Ok((saver(path, saving(&self.interfaces))?, None));
        }
        // The names of interfaces may hold secrets too.
        let interfaces = Interfaces::default();
        let named = (saver(path, saving(&interfaces))?, interfaces);
        let (before, hiding) = Hiding::before(named, path, wanted.hidden.clone(), saving(&self.interfaces))?;
        Ok((before, Some(hiding)))
    }

    fn to(self, path: &Path) -> Result<Saver, Failure> {
        let Self { interfaces, rotate, keep_files, .. } = self;
        if rotate.is_some() && streams::is_standard(path) {
            return Err(Failure::new("--rotate needs files, and `-w -` is standard output; name a file"));
        }
        saver(path, save::Options { interfaces, rotate, keep_files, owner: None })
    }
}

/// Saves to a file, or in pcap to standard output.
fn saver(path: &Path, options: save::Options) -> Result<Saver, Failure> {
    if streams::is_standard(path) {
        return Ok(Saver::to_writer(streams::output()?, save::Format::Pcap, options)?);
    }
    Ok(Saver::create(path, options)?)
}

/// Whether packets went to a pipe that nobody reads any more.
fn is_unread(error: &save::Error) -> bool {
    matches!(error, save::Error::Write { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
}

/// A run.
#[allow(clippy::struct_excessive_bools)] // each is a state of its own
pub(super) struct Session {
    core: Core,
    output: Shared,
    /// What `-w` names; nothing once saving has failed.
    saver: Option<Saver>,
    /// What `--evidence` names; nothing once saving has failed.
    evidence: Option<Evidence>,
    /// For another reading of the same packets: what the analyzer was asked to do, and how many
    /// packets it took.
    asked: Config,
    packets: u64,
    packets_left: u64,
    /// What decides about the exit code, where failing on leaks was asked for.
    gate: Option<Gate>,
    /// How often the input was damaged.
    damaged: u64,
    /// Whether standard output carries packets.
    prints_packets: bool,
    /// Whether there is something to do when nobody reads standard output any more.
    goes_on: bool,
    /// Whether the run ends where packets cannot be saved any more.
    ends_unsaved: bool,
    /// Whether a capture without packets is incomplete.
    expects_packets: bool,
    /// Whether no summary is told.
    silent: bool,
    /// Whether something failed that did not end the run at once.
    failed: bool,
}

impl Session {
    /// Opens what is written, and confines the process to what is open.
    pub(super) fn new(options: &Options, output: Shared, origin: Origin) -> Result<Self, Failure> {
        let (receive_only, readable) = (origin.receive_only.clone(), origin.readable.clone());
        let expects_packets = origin.live;
        // Asked while files may be opened that tell of limits.
        let threads = options.threads(origin.live);
        let (policy, workers) =
            (if origin.live { OverloadPolicy::Shed } else { OverloadPolicy::Block }, origin.workers.clone());
        let written = options.written();
        reports::all_distinct(&written.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
        let open = || {
            // Read before anything is written: a report may take its baseline's place.
            let mut wanted = options.wanted()?;
            let budget = (!origin.twice).then(|| options.evidence_memory());
            let evidence =
                options.evidence.as_deref().map(|path| origin.evidence(path, options, &wanted)).transpose()?;
            let evidence = evidence.map(|(saver, hiding)| Evidence::new(saver, budget).hiding(hiding));
            let saver = options.write.as_deref().map(|path| origin.to(path)).transpose()?;
            let mut output = output.lock();
            output.passing_over(std::mem::take(&mut wanted.inputs.baseline));
            output.create_files(options)?;
            Ok((wanted, saver, evidence))
        };
        let (wanted, saver, evidence) = confine::drop_privileges(open)?;
        let mut folders: Vec<_> = saver.iter().filter_map(Saver::folder).map(Path::to_owned).collect();
        if let Some(bodies) = output.lock().bodies() {
            bodies.check()?;
            folders.push(bodies.path().to_owned());
        }
        if !options.sandbox.no_sandbox {
            let sandbox = Sandbox { writable_dirs: folders, readable, receive_only };
            confine::enter_beside(&sandbox, options.quiet)?;
        }
        let config = options.analysis(wanted);
        let core = Core::new(&config, threads, policy, &workers, &output);
        Ok(Self {
            evidence,
            packets_left: options.count.unwrap_or(u64::MAX),
            prints_packets: options.format().is_none(),
            goes_on: options.does_more_than_print(),
            silent: options.quiet,
            expects_packets,
            ..Self::of(core, config, output, saver, options.gate())
        })
    }

    /// A run that is read by `core`, which was asked for `config`; it ends where the packets do.
    fn of(core: Core, config: Config, output: Shared, saver: Option<Saver>, gate: Option<Gate>) -> Self {
        Self {
            core,
            output,
            saver,
            evidence: None,
            asked: config,
            packets: 0,
            packets_left: u64::MAX,
            gate,
            damaged: 0,
            prints_packets: false,
            goes_on: true,
            ends_unsaved: true,
            expects_packets: false,
            silent: true,
            failed: false,
        }
    }

    /// A run beside something that is not to be ended: that packets cannot be saved any more fails it
    /// in the end. `expects_packets`: an empty capture is an incomplete one.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))] // for guard, which needs Linux
    pub(super) fn beside(
        config: Config,
        output: Shared,
        saver: Option<Saver>,
        gate: Gate,
        expects_packets: bool,
    ) -> Self {
        let core = Core::new(&config, NonZeroUsize::MIN, OverloadPolicy::Shed, &Workers::default(), &output);
        Self { ends_unsaved: false, expects_packets, ..Self::of(core, config, output, saver, Some(gate)) }
    }

    /// How many packets are wanted at most.
    pub(super) const fn wanted(&self) -> u64 {
        self.packets_left
    }

    /// Takes a packet. `Break` where it was the last that is wanted, or none can be saved.
    pub(super) fn packet(&mut self, packet: &Packet<'_>) -> ControlFlow<()> {
        self.shared_packet(packet, None)
    }

    /// As `packet`, of one that is a part of what is `shared`.
    pub(super) fn shared_packet(&mut self, packet: &Packet<'_>, shared: Option<&packet::Shared>) -> ControlFlow<()> {
        let flow = self.core.packet(packet, shared);
        self.packets += 1;
        self.packets_left = self.packets_left.saturating_sub(1);
        self.evidence(Some(packet))?;
        self.save(|saver| saver.packet(packet))?;
        if self.packets_left == 0 { ControlFlow::Break(()) } else { flow }
    }

    /// `Break` where it failed and that ends the run; nothing is saved any more then.
    fn save<T>(&mut self, save: impl FnOnce(&mut Saver) -> Result<T, save::Error>) -> ControlFlow<()> {
        match self.saver.as_mut().map(save) {
            Some(Err(error)) => {
                self.saver = None;
                self.unsaved(&error)
            }
            _ => ControlFlow::Continue(()),
        }
    }

    /// Notes why packets cannot be saved any more. `Continue` where the run goes on: standard output lost its
    /// reader, and there is more to do.
    fn unsaved(&mut self, error: &save::Error) -> ControlFlow<()> {
        let goes_on = if self.prints_packets && is_unread(error) {
            self.goes_on
        } else {
            self.failed(error);
            !self.ends_unsaved
        };
        if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    /// Lets the evidence have what leaked, and the packet that was read. `Break` where it failed
    /// and that ends the run; nothing is kept any more then.
    #[inline]
    fn evidence(&mut self, packet: Option<&Packet<'_>>) -> ControlFlow<()> {
        if self.evidence.is_none() { ControlFlow::Continue(()) } else { self.keep_evidence(packet) }
    }

    fn keep_evidence(&mut self, packet: Option<&Packet<'_>>) -> ControlFlow<()> {
        let Some(evidence) = &mut self.evidence else { return ControlFlow::Continue(()) };
        let now = packet.map_or(PacketId::default(), |packet| packet.id);
        let leaks = self.output.lock().take_leaking();
        let mut saved = leaks.into_iter().try_for_each(|leak| evidence.leak(leak, now));
        if let (Some(packet), Some(analyzer)) = (packet, self.core.analyzer()) {
            saved = saved.and_then(|()| evidence.packet(packet, analyzer));
        }
        self.hold(saved)
    }

    /// `Break` where saving evidence failed and that ends the run.
    fn hold(&mut self, saved: Result<(), save::Error>) -> ControlFlow<()> {
        let Err(error) = saved else { return ControlFlow::Continue(()) };
        self.evidence = None;
        self.unsaved(&error)
    }

    /// A second has passed without a packet: what would come late has come.
    pub(super) fn quiet(&mut self) {
        self.core.quiet();
        // Whether the run goes on, the next packet or pause answers.
        _ = self.evidence(None);
    }

    /// Some packets have been taken; `idle` is whether no other has arrived. Whoever waits for
    /// a line gets it. `Break` where no more is wanted.
    pub(super) fn pause(&mut self, idle: bool) -> ControlFlow<()> {
        let flow = self.core.pause(idle);
        let flushed = if idle { self.evidence.as_mut().map_or(Ok(()), Evidence::flush) } else { Ok(()) };
        self.hold(flushed)?;
        if idle {
            self.save(Saver::flush)?;
        }
        flow
    }

    /// What a live capture is to say of itself, given what it has lost.
    pub(super) fn statistics(&self, statistics: &mut Statistics, dropped: Dropped) -> String {
        let (counters, load) = (self.core.counters(), self.core.load());
        let dropped = Dropped { queue: load.shed, ..dropped };
        statistics.line(counters.packets, counters.bytes, dropped, &load)
    }

    /// Notes a failure and goes on.
    pub(super) fn failed(&mut self, failure: impl std::fmt::Display) {
        self.failed = true;
        say(failure);
    }

    /// Notes that a file could not be read to its end, and goes on. Where failing on leaks was asked for,
    /// one that is damaged makes the answer incomplete; it is a failure otherwise.
    pub(super) fn unread(&mut self, error: &capture::Error) {
        if error.is_damage() && self.gate.is_some() {
            self.damaged += 1;
            return say(error);
        }
        self.failed(error);
    }

    /// Tells what is still open.
    pub(super) fn close(&mut self) {
        self.core.finish();
        _ = self.evidence(None);
    }

    /// Reads the packets again, where something leaked, and saves those that are evidence.
    pub(super) fn read_again(&mut self, mut files: Files, stop: &AtomicBool) {
        self.close();
        let Some(evidence) = self.evidence.as_mut().filter(|evidence| evidence.wants_more()) else { return };
        evidence.begin_again();
        // One that is asked the same counts the same streams, whatever it has to let go.
        let mut analyzer = Analyzer::new(&self.asked);
        let mut saved = Ok(());
        let ended_early = stopped(stop);
        for _ in 0..self.packets {
            if !ended_early && stopped(stop) {
                break;
            }
            // What is damaged was told of the first time.
            let packet = loop {
                if let Ok(packet) = files.next() {
                    break packet;
                }
            };
            let Some(packet) = packet else { break };
            analyzer.packet(&packet, |_| {});
            saved = evidence.packet(&packet, &mut analyzer);
            if saved.is_err() {
                break;
            }
        }
        _ = self.hold(saved);
    }

    /// Writes the end of what `-w` names.
    fn finish_saving(&mut self) {
        if let Some(Err(error)) = self.saver.take().map(Saver::finish) {
            _ = self.unsaved(&error);
        }
    }

    /// Ends the run without a word but errors: the exit code.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))] // for guard, which needs Linux
    pub(super) fn abandon(mut self) -> u8 {
        self.close();
        self.finish_saving();
        if self.failed { FAILED } else { 0 }
    }

    /// Ends the run: what is still open, the summary, the exit code. `dropped` is `None` where
    /// nothing was captured live.
    pub(super) fn finish(mut self, dropped: Option<Dropped>) -> Result<u8, Failure> {
        self.close();
        let dropped = dropped.map(|dropped| Dropped { queue: self.core.load().shed, ..dropped });
        self.finish_saving();
        let mut counters = self.core.counters();
        if let Some(evidence) = self.evidence.take() {
            if evidence.let_go() > 0 {
                counters.let_go.insert("packets kept for evidence".to_owned(), evidence.let_go());
            }
            if let Err(error) = evidence.finish(&self.asked) {
                self.failed(error);
            }
        }
        // A run that failed at its very start has nothing to sum up.
        if self.failed && counters.packets == 0 && dropped.is_none() {
            return Ok(FAILED);
        }
        counters.incomplete.add(Loss::DamagedInput, self.damaged);
        counters.incomplete.add(Loss::NothingCaptured, u64::from(self.expects_packets && counters.packets == 0));
        let mut summary = Summary { counters, dropped: dropped.unwrap_or_default(), ..Summary::default() };
        let mut output = self.output.lock();
        output.finish(&mut summary);
        let incomplete = summary.incomplete();
        if !self.silent {
            say(told(&summary, output.known(), dropped.is_some(), &incomplete));
        }
        let code = match output.error() {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                return Err(Failure::new(format!("cannot write to standard output: {error}")));
            }
            _ => {
                let failed = self.failed || output.failed();
                let without = if failed { FAILED } else { 0 };
                self.gate.map_or(without, |gate| gate.exit_code(failed, output.leaks() > 0, &incomplete))
            }
        };
        Ok(code)
    }
}

/// The summary in words.
fn told(summary: &Summary, known: u64, live: bool, incomplete: &Incomplete) -> String {
    let Summary { counters, dropped, baseline_without_ids } = summary;
    let mut text = count(counters.packets, "packet", "packets");
    if live {
        _ = write!(text, " seen, {} dropped by the kernel, {} by the interface", dropped.kernel, dropped.interface);
        if dropped.queue > 0 {
            _ = write!(text, ", {} here for want of time", dropped.queue);
        }
    }
    _ = write!(text, "; {} in ", count(counters.exchanges, "exchange", "exchanges"));
    text += &count(counters.streams, "TCP stream", "TCP streams");
    let http2 = counters.protocols.of(Protocol::Http2);
    if http2.streams > 0 {
        let streams = count(http2.streams, "HTTP/2 stream", "HTTP/2 streams");
        _ = write!(text, "; {streams}, {}, not read", size(http2.bytes));
    }
    let found: u64 = counters.findings.iter().sum();
    if found > 0 {
        let severities = Severity::ALL.iter().zip(counters.findings).rev().filter(|(_, count)| *count > 0);
        let severities: Vec<_> = severities.map(|(severity, count)| format!("{count} {severity}")).collect();
        _ = write!(text, "; {} ({})", count(found, "finding", "findings"), severities.join(", "));
    }
    for (what, count) in [("in the baseline", known), ("allowed by the project", counters.allowed)] {
        if count > 0 {
            _ = write!(text, "; {count} {what}");
        }
    }
    if let Some(note) = known::without_ids(*baseline_without_ids) {
        _ = write!(text, "; {note}");
    }
    for (what, counts) in [("not understood", &counters.not_understood), ("let go", &counters.let_go)] {
        if !counts.is_empty() {
            let counts: Vec<_> = counts.iter().map(|(reason, count)| format!("{reason} ({count})")).collect();
            _ = write!(text, "; {what}: {}", counts.join(", "));
        }
    }
    if !incomplete.is_empty() {
        let counts: Vec<_> = incomplete.iter().map(|(loss, count)| format!("{} ({count})", loss.name())).collect();
        _ = write!(text, "; incomplete: {}", counts.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyzer::Counters;

    #[test]
    fn the_summary_in_words() {
        let quiet = Counters { packets: 1, exchanges: 0, streams: 1, ..Counters::default() };
        let busy = Counters {
            packets: 14,
            streams: 2,
            exchanges: 1,
            findings: [0, 0, 1, 0, 2],
            not_understood: [("link: type 147".to_owned(), 3), ("ip: cut".to_owned(), 1)].into(),
            let_go: [("idle flow".to_owned(), 9)].into(),
            allowed: 3,
            ..Counters::default()
        };
        for (counters, known, dropped, want) in [
            (quiet, 0, None, "1 packet; 0 exchanges in 1 TCP stream"),
            (
                busy,
                4,
                Some(Dropped { kernel: 5, interface: 0, queue: 7 }),
                "14 packets seen, 5 dropped by the kernel, 0 by the interface, 7 here for want of time; 1 exchange in 2 TCP streams; \
                 3 findings (2 critical, 1 medium); 4 in the baseline; 3 allowed by the project; 1 baseline entry matches any secret at its place; not understood: ip: cut (1), link: type 147 (3); \
                 let go: idle flow (9); incomplete: packets dropped by the kernel (5), packets dropped by the queue (7)",
            ),
        ] {
            let baseline_without_ids = u64::from(known > 0);
            let summary = Summary { counters, dropped: dropped.unwrap_or_default(), baseline_without_ids };
            assert_eq!(told(&summary, known, dropped.is_some(), &summary.incomplete()), want);
        }
    }
}
