//! The loop of a live capture: packets to the session until the end is asked for and all that was sent
//! before it is here.

use super::failure::say;
use super::session::Session;
use crate::capture::live::{self, Live};
use crate::report::Dropped;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// How many packets are taken between two looks at the clock.
const MOST: u64 = 256;
/// After this long without a packet, what would come late has come.
const QUIET: Duration = Duration::from_millis(1200);

/// When a capture ends.
pub(super) trait End {
    /// Whether the end is asked for.
    fn is_asked(&mut self) -> bool;
    /// Whether what was sent before that is all here.
    fn is_reached(&self, round: &Round) -> bool;
    /// Something to be done now and then.
    fn between(&mut self, _live: &mut Live, _session: &Session) {}
}

/// How a round of packets went, once the end was asked for.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(target_os = "linux"), allow(dead_code))] // for guard, which needs Linux
pub(super) struct Round {
    /// How long ago that was.
    pub(super) since_asked: Duration,
    /// How long ago a packet came, or the end was asked for, whichever was later.
    pub(super) since_packet: Duration,
    /// Whether fewer packets came than could be taken.
    pub(super) idle: bool,
    /// Whether a packet of this round was captured after the end was asked for.
    pub(super) is_late: bool,
    /// The same of any round.
    pub(super) was_late: bool,
}

/// Takes packets until no more are wanted or there are none. Those that came before the end
/// was asked for are taken to the last: they are in the kernel's ring already.
pub(super) fn watch(live: &mut Live, session: &mut Session, end: &mut impl End) {
    let mut latest = Instant::now();
    let (mut is_quiet, mut was_late) = (false, false);
    let mut asked: Option<(Instant, i64)> = None;
    loop {
        if asked.is_none() && end.is_asked() {
            asked = Some((Instant::now(), live::now()));
        }
        let last = asked.map_or(i64::MAX, |(_, time)| time);
        let most = session.wanted().min(MOST);
        let (mut flow, mut is_late) = (ControlFlow::Continue(()), false);
        let taken = live.each(most as usize, |packet| {
            is_late |= packet.timestamp.nanos() > last;
            let next = session.packet(packet);
            flow = if flow.is_break() { flow } else { next };
        });
        let given = match taken {
            Ok(given) => given,
            Err(error) => return session.failed(error),
        };
        let idle = (given as u64) < most;
        was_late |= is_late;
        if given > 0 {
            (latest, is_quiet) = (Instant::now(), false);
        } else if !is_quiet && latest.elapsed() >= QUIET {
            is_quiet = true;
            session.quiet();
        }
        if session.pause(idle).is_break() || flow.is_break() {
            return;
        }
        end.between(live, session);
        let Some((since, _)) = asked else { continue };
        let since_asked = since.elapsed();
        let since_packet = latest.elapsed().min(since_asked);
        if end.is_reached(&Round { since_asked, since_packet, idle, is_late, was_late }) {
            return;
        }
    }
}

/// Says which interfaces have less of the kernel's memory than was asked for.
pub(super) fn say_smaller_buffers(live: &Live, wanted: usize) {
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    for (name, size) in live.smaller_buffers(wanted) {
        say(format!(
            "the kernel's buffer for {name} has {:.1} MiB, not the {:.1} MiB of --buffer-size",
            mib(size),
            mib(wanted as u64)
        ));
    }
}

/// What the capture has lost so far.
pub(super) fn dropped(live: &mut Live) -> Dropped {
    let mut dropped = Dropped::default();
    for interface in live.statistics() {
        dropped.kernel += interface.dropped_by_kernel;
        dropped.interface += interface.dropped_by_interface;
    }
    dropped
}
