//! What the exit code says where failing was asked for: whether something leaked, and if not, whether
//! everything was seen.
//!
//! It refuses to know where packets came from.

use super::failure::{FAILED, say};
use crate::analyzer::{Incomplete, Loss};
use crate::report::text::figures::count;

/// What of an incomplete answer is passed over.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(super) struct Allowed {
    /// Pass where packets were dropped, which might have shown a secret
    #[arg(long, help_heading = "Leaks")]
    allow_drops: bool,

    /// Pass where something was not seen for any reason: dropped, evicted, missing, damaged or not read
    #[arg(long, help_heading = "Leaks")]
    allow_incomplete: bool,
}

/// Decides about a run that is to fail where something leaked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gate {
    /// The exit code for a leak.
    pub(super) leak_code: u8,
    pub(super) allowed: Allowed,
}

impl Gate {
    /// The exit code: for a failure, else for a leak, else for an incomplete answer. Says what was not
    /// seen.
    pub(super) fn exit_code(self, failed: bool, leaked: bool, incomplete: &Incomplete) -> u8 {
        let reasons = self.reasons(incomplete);
        for reason in &reasons {
            say(reason);
        }
        if failed || (!leaked && !reasons.is_empty()) {
            FAILED
        } else if leaked {
            self.leak_code
        } else {
            0
        }
    }

    /// A sentence for each reason that is not passed over.
    fn reasons(self, incomplete: &Incomplete) -> Vec<String> {
        let Allowed { allow_drops, allow_incomplete } = self.allowed;
        let passed_over = |loss: Loss| allow_incomplete || (allow_drops && loss.is_drop());
        let counts = incomplete.iter().filter(|(loss, _)| !passed_over(*loss));
        counts.map(|(loss, count)| sentence(loss, count, incomplete)).collect()
    }
}

/// How many kinds of packets that were not read are named.
const MOST_NAMED: usize = 5;

/// What was not seen, what it may have held, and what helps.
fn sentence(loss: Loss, number: u64, incomplete: &Incomplete) -> String {
    let packets = || count(number, "packet", "packets");
    let be = if number == 1 { "was" } else { "were" };
    let (what, advice) = match loss {
        Loss::NothingCaptured => {
            return "no packet was captured, so that nothing is known; the interface or the filter may be wrong, \
                    --allow-incomplete passes over it"
                .to_owned();
        }
        Loss::DroppedByKernel => {
            (format!("{} {be} dropped by the kernel", packets()), "a larger --buffer-size helps, --allow-drops")
        }
        Loss::DroppedByInterface => (format!("{} {be} dropped by the interface", packets()), "--allow-drops"),
        Loss::DroppedByQueue => (
            format!("{} {be} passed over since they came faster than they were read", packets()),
            "a narrower filter helps, --allow-drops",
        ),
        Loss::DamagedInput => {
            (format!("the input is damaged or cut off in {}", count(number, "place", "places")), "--allow-incomplete")
        }
        Loss::NotRead => {
            let kinds = incomplete.not_read().iter();
            let mut named: Vec<_> = kinds.take(MOST_NAMED).map(|(kind, count)| format!("{kind} ({count})")).collect();
            if incomplete.not_read().len() > MOST_NAMED {
                named.push("…".to_owned());
            }
            (format!("{} {be} not read: {};", packets(), named.join(", ")), "--allow-incomplete")
        }
        Loss::FragmentsLost => (
            format!("{} {be} not put together from fragments", count(number, "datagram", "datagrams")),
            "--allow-incomplete",
        ),
        Loss::StreamsEvicted => (
            format!("{} {be} evicted for want of memory", count(number, "TCP stream", "TCP streams")),
            "a larger --memory helps, --allow-incomplete",
        ),
        Loss::SegmentsEvicted => (
            format!("{} {be} evicted for want of memory", count(number, "early segment", "early segments")),
            "a larger --memory helps, --allow-incomplete",
        ),
        Loss::MissingBytes => (format!("{} {be} not captured", count(number, "byte", "bytes")), "--allow-incomplete"),
        Loss::Sightings => (
            format!("{} beyond 1,000 in one text {be} not kept", count(number, "sighting", "sightings")),
            "--allow-incomplete",
        ),
        Loss::Candidates => (
            format!("{} beyond 4,096 in one text {be} not tried", count(number, "candidate", "candidates")),
            "--allow-incomplete",
        ),
    };
    // After a list in the sentence, another clause begins.
    let and = if what.ends_with(';') { " they" } else { " and" };
    format!("{what}{and} may have held a secret; {advice} passes over it")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incomplete(losses: &[(Loss, u64)]) -> Incomplete {
        let mut incomplete = Incomplete::default();
        for (loss, count) in losses {
            incomplete.add(*loss, *count);
        }
        incomplete
    }

    #[test]
    fn a_failure_outranks_a_leak_which_outranks_an_incomplete_answer() {
        let nothing = Allowed::default();
        let drops = Allowed { allow_drops: true, ..nothing };
        let everything = Allowed { allow_incomplete: true, ..nothing };
        let (dropped, evicted) = ([(Loss::DroppedByKernel, 3)], [(Loss::StreamsEvicted, 1)]);
        let both = [dropped[0], evicted[0]];
        for (failed, leaked, losses, allowed, want) in [
            (false, false, &[][..], nothing, 0),
            (false, true, &[], nothing, 42),
            (true, true, &[], nothing, 2),
            (true, false, &dropped, everything, 2),
            (true, true, &dropped, nothing, 2),
            (false, false, &dropped, nothing, 2),
            (false, true, &dropped, nothing, 42),
            (false, false, &dropped, drops, 0),
            (false, false, &dropped, everything, 0),
            (false, false, &evicted, nothing, 2),
            (false, true, &evicted, nothing, 42),
            (false, false, &evicted, drops, 2),
            (false, false, &evicted, everything, 0),
            (false, false, &both, drops, 2),
            (false, false, &both, everything, 0),
            (false, false, &[(Loss::NothingCaptured, 1)], nothing, 2),
            (false, false, &[(Loss::NothingCaptured, 1)], everything, 0),
        ] {
            let gate = Gate { leak_code: 42, allowed };
            assert_eq!(
                gate.exit_code(failed, leaked, &incomplete(losses)),
                want,
                "{failed} {leaked} {losses:?} {allowed:?}"
            );
        }
    }

    #[test]
    fn each_reason_is_a_sentence() {
        for (loss, number, want) in [
            (
                Loss::DroppedByKernel,
                1,
                "1 packet was dropped by the kernel and may have held a secret; a larger --buffer-size helps, \
                 --allow-drops passes over it",
            ),
            (
                Loss::StreamsEvicted,
                2,
                "2 TCP streams were evicted for want of memory and may have held a secret; a larger --memory helps, \
                 --allow-incomplete passes over it",
            ),
        ] {
            assert_eq!(sentence(loss, number, &Incomplete::default()), want);
        }
    }
}
