//! `plainsight sniff`: what passes an interface, as it passes.
//!
//! It opens what the command line names, says so, and watches the clock; capturing is
//! `capture`'s.

use super::failure::{Failure, say};
use super::interfaces;
use super::options::{Format, Options};
use super::output::Output;
use super::reports::ReportFormat;
use super::session::{Origin, Session};
use super::statistics::Statistics;
use super::{signals, units};
use crate::capture::live::{self, Live};
use crate::capture::save::Rotate;
use crate::report::Dropped;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

const EXAMPLES: &str = "\
Examples:
  plainsight sniff                                     loopback, everything
  plainsight sniff -i eth0 -i lo tcp port 80
  plainsight sniff -i any -f 'tcp port 8080' --duration 1m
  plainsight sniff -i lo -w lesson.pcapng              show and save
  plainsight sniff -i eth0 -w day.pcap --rotate 1h --keep-files 24
  plainsight sniff --canary 's3cret' --fail-on-leak --exchanges 10

Ctrl-C ends it with its summary. Watch only traffic that you may watch.

Exit codes: 0 done; 2 usage or failure; with --fail-on-leak or --exit-code else 1, or N, where a leak
was found, else 2 where the answer is incomplete (see --allow-incomplete).";

/// The arguments of `sniff`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Capture on this interface, `any` for all; may be given several times [default: loopback]
    #[arg(short = 'i', long = "interface", value_name = "NAME")]
    interfaces: Vec<String>,

    /// Only packets that this capture filter accepts (see `man 7 pcap-filter`)
    #[arg(short = 'f', long, value_name = "BPF", conflicts_with = "expression")]
    filter: Option<String>,

    /// The same as --filter, in as many words as it takes
    #[arg(value_name = "BPF")]
    expression: Vec<String>,

    /// List the interfaces and end, as `plainsight interfaces` does
    #[arg(short = 'D', long)]
    list_interfaces: bool,

    /// Keep at most N bytes of each packet, 0 for all
    #[arg(short = 's', long, value_name = "N", default_value_t = 0)]
    snaplen: u32,

    /// The kernel's buffer for each interface (KiB without a unit); it is said where Linux gives less
    #[arg(short = 'B', long, value_name = "SIZE", default_value = "32MiB", value_parser = units::kib)]
    buffer_size: usize,

    /// Stop after this time, such as 10s or 5m (seconds without a unit)
    #[arg(long, value_name = "TIME", value_parser = units::duration, help_heading = "Limits")]
    duration: Option<Duration>,

    /// Say on standard error every so often how fast it is, what it lost and how much waits, such
    /// as 1s
    #[arg(long, value_name = "TIME", value_parser = units::duration, help_heading = "Limits")]
    stats_interval: Option<Duration>,

    /// Begin a new file at this size or after this time, such as 100MB or 1h
    #[arg(long, value_name = "SIZE|TIME", requires = "write", help_heading = "Output")]
    rotate: Option<Rotate>,

    /// Keep only the newest N files
    #[arg(long, value_name = "N", requires = "rotate", help_heading = "Output")]
    keep_files: Option<NonZeroUsize>,

    #[command(flatten)]
    options: Options,
}

/// Captures until it is told to stop.
pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    let Args { options, .. } = args;
    if args.list_interfaces {
        return interfaces::list(if options.format() == Some(ReportFormat::Json) {
            Format::Json
        } else {
            Format::Text
        });
    }
    options.check_streams(&[])?;
    let filter = args.filter.clone().or_else(|| (!args.expression.is_empty()).then(|| args.expression.join(" ")));
    let stop = signals::stop_flag()?;
    let mut live = Live::open(&live::Options {
        interfaces: args.interfaces.clone(),
        filter: filter.clone(),
        snaplen: args.snaplen,
        buffer_size: args.buffer_size,
        ..live::Options::default()
    })?;
    if !options.quiet {
        say_smaller_buffers(&live, args.buffer_size);
    }
    let origin = Origin {
        interfaces: live.interfaces(),
        rotate: args.rotate,
        keep_files: args.keep_files,
        receive_only: live.descriptors(),
        live: true,
        ..Origin::default()
    };
    let mut statistics = args.stats_interval.map(Statistics::new);
    let mut session = Session::new(options, Output::shared(options, Vec::new(), true), origin)?;
    if !options.quiet {
        let names: Vec<_> = live.interfaces().all().into_iter().filter_map(|interface| interface.name).collect();
        let filter = filter.map_or_else(|| "no filter".to_owned(), |filter| format!("filter `{filter}`"));
        say(format!("live capture on {}, {filter}; Ctrl-C ends it", names.join(", ")));
    }
    watch(&mut live, &mut session, args.duration, statistics.as_mut(), &stop);
    let dropped = dropped(&mut live);
    session.finish(Some(dropped))
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
fn dropped(live: &mut Live) -> Dropped {
    let mut dropped = Dropped::default();
    for interface in live.statistics() {
        dropped.kernel += interface.dropped_by_kernel;
        dropped.interface += interface.dropped_by_interface;
    }
    dropped
}

/// How many packets are taken between two looks at the clock.
const MOST: u64 = 256;
/// After this long without a packet, what would come late has come.
const QUIET: Duration = Duration::from_millis(1200);

/// After the end was asked for, what is still in the kernel's ring is taken: for so long at
/// least, since the kernel hands a block over only after a while, and where packets go on to come,
/// for so long and until one comes that was captured after the end.
const LAST_LOOK: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(250));

/// Takes packets until no more are wanted or there are none. Those that came before the end
/// was asked for are taken to the last: they are in the kernel's ring already.
fn watch(
    live: &mut Live,
    session: &mut Session,
    duration: Option<Duration>,
    mut statistics: Option<&mut Statistics>,
    stop: &AtomicBool,
) {
    let began = Instant::now();
    // When the last packet came, until it was said that none has come for long.
    let mut last = Some(began);
    let mut ending: Option<Instant> = None;
    let mut end = i64::MAX;
    loop {
        if ending.is_none() && (signals::stopped(stop) || duration.is_some_and(|duration| began.elapsed() >= duration))
        {
            ending = Some(Instant::now());
            end = live::now();
        }
        let most = session.wanted().min(MOST);
        let (mut flow, mut is_late) = (ControlFlow::Continue(()), false);
        let taken = live.each(most as usize, |packet| {
            is_late |= packet.timestamp.nanos() > end;
            if session.packet(packet).is_break() {
                flow = ControlFlow::Break(());
            }
        });
        let given = match taken {
            Ok(given) => given,
            Err(error) => return session.failed(error),
        };
        let idle = (given as u64) < most;
        if given > 0 {
            last = Some(Instant::now());
        } else if last.is_some_and(|last| last.elapsed() >= QUIET) {
            last = None;
            session.quiet();
        }
        if session.pause(idle).is_break() {
            flow = ControlFlow::Break(());
        }
        if let Some(statistics) = statistics.as_mut().filter(|statistics| statistics.is_due()) {
            say(session.statistics(statistics, dropped(live)));
        }
        let enough = if idle { LAST_LOOK.0 } else { LAST_LOOK.1 };
        if flow.is_break() || ending.is_some_and(|ending| (idle || is_late) && ending.elapsed() >= enough) {
            return;
        }
    }
}
