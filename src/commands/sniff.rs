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
use super::watch::{End, Round, dropped, say_smaller_buffers, watch};
use super::{signals, units};
use crate::capture::live::{self, Live};
use crate::capture::save::Rotate;
use std::num::NonZeroUsize;
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
    let statistics = args.stats_interval.map(Statistics::new);
    let mut session = Session::new(options, Output::shared(options, Vec::new(), true), origin)?;
    if !options.quiet {
        let names: Vec<_> = live.interfaces().all().into_iter().filter_map(|interface| interface.name).collect();
        let filter = filter.map_or_else(|| "no filter".to_owned(), |filter| format!("filter `{filter}`"));
        say(format!("live capture on {}, {filter}; Ctrl-C ends it", names.join(", ")));
    }
    let mut ending = Ending { stop: &stop, began: Instant::now(), duration: args.duration, statistics };
    watch(&mut live, &mut session, &mut ending);
    let dropped = dropped(&mut live);
    Ok(ExitCode::from(session.finish(Some(dropped))?))
}

/// After the end was asked for, what is still in the kernel's ring is taken: for so long at
/// least, since the kernel hands a block over only after a while, and where packets go on to come,
/// for so long and until one comes that was captured after the end.
const LAST_LOOK: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(250));

/// Ends by a signal or after a while.
struct Ending<'a> {
    stop: &'a AtomicBool,
    began: Instant,
    duration: Option<Duration>,
    statistics: Option<Statistics>,
}

impl End for Ending<'_> {
    fn is_asked(&mut self) -> bool {
        signals::stopped(self.stop) || self.duration.is_some_and(|duration| self.began.elapsed() >= duration)
    }

    fn is_reached(&self, round: &Round) -> bool {
        let enough = if round.idle { LAST_LOOK.0 } else { LAST_LOOK.1 };
        (round.idle || round.is_late) && round.since_asked >= enough
    }

    fn between(&mut self, live: &mut Live, session: &Session) {
        if let Some(statistics) = self.statistics.as_mut().filter(|statistics| statistics.is_due()) {
            say(session.statistics(statistics, dropped(live)));
        }
    }
}
