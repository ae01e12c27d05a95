//! The subcommands, one file each: they understand their arguments and call the rooms.
//!
//! What the work is like is known elsewhere; here it is only asked for and reported.

mod bodies;
mod canaries;
pub mod client;
pub mod completions;
mod confine;
mod core;
pub mod demo;
mod evidence;
mod gate;
pub mod guard;
mod hiding;
pub mod interfaces;
mod known;
pub mod man;
mod options;
mod output;
mod pipe;
pub mod redact;
pub mod replay;
mod reports;
mod rule_files;
pub mod rules;
mod secret_id;
pub mod server;
mod session;
mod signals;
pub mod sniff;
mod statistics;
mod streams;
mod units;

use crate::report::escape;
use clap::{Parser, Subcommand};
use std::fmt;
use std::io;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  plainsight demo                              the lesson, end to end
  plainsight sniff -i lo -f 'tcp port 8080'    watch a port of this machine
  plainsight replay capture.pcapng             look into a saved capture
  plainsight replay --canary 's3cret' --fail-on-leak ci.pcap

Watch only traffic that you may watch.";

/// Shows what leaves a machine in plain sight: HTTP and the secrets in it, live or from a capture
#[derive(Debug, Parser)]
#[command(name = "plainsight", version, after_help = EXAMPLES, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play the lesson on why HTTPS matters, end to end
    Demo(demo::Args),
    /// Watch an interface, live
    Sniff(sniff::Args),
    /// Look into saved captures
    Replay(replay::Args),
    /// Run a command, and fail if a secret of it crosses the wire in the clear
    Guard(guard::Args),
    /// Copy a capture without its secrets, so that it can be shared
    Redact(redact::Args),
    /// List what counts as a secret, or check a file of rules
    Rules(rules::Args),
    /// Serve the lesson's secret message
    Server(server::Args),
    /// Ask a server for its secret message
    Client(client::Args),
    /// List the interfaces that can be watched
    Interfaces(interfaces::Args),
    /// Write a shell's completions to standard output
    Completions(completions::Args),
    /// Write the manual page to standard output
    Man(man::Args),
}

/// Why a command failed: one sentence that says what failed, why, and what to do next.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure with this message, in which nothing can drive a terminal afterwards.
    pub fn new(message: impl AsRef<str>) -> Self {
        Self(escape::str(message.as_ref()))
    }

    /// A failure with several messages, a line each.
    fn of_lines(messages: impl IntoIterator<Item = String>) -> Self {
        Self(messages.into_iter().map(|message| escape::str(&message)).collect::<Vec<_>>().join("\n"))
    }

    /// The failure with words in front of it.
    #[cfg(target_os = "linux")]
    fn after(self, words: &str) -> Self {
        Self(format!("{words}{}", self.0))
    }

    /// Prints it on standard error.
    fn tell(&self) {
        print_message(&self.0);
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The rooms' errors are whole sentences already.
macro_rules! failure_from {
    ($($error:ty),+) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::new(error.to_string())
            }
        }
    )+};
}
failure_from!(
    crate::capture::Error,
    crate::capture::filter::Error,
    crate::capture::live::Error,
    crate::capture::save::Error
);

/// The exit code for usage errors and failures.
const FAILED: u8 = 2;

/// Runs the program with the arguments of its process.
pub fn main() -> ExitCode {
    let done = match parse().command {
        Command::Demo(args) => demo::run(&args),
        Command::Sniff(args) => sniff::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Guard(args) => guard::run(&args),
        Command::Redact(args) => redact::run(&args),
        Command::Rules(args) => rules::run(&args),
        Command::Server(args) => server::run(args),
        Command::Client(args) => client::run(args),
        Command::Interfaces(args) => interfaces::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    };
    done.unwrap_or_else(|failure| {
        failure.tell();
        ExitCode::from(FAILED)
    })
}

/// Understands the arguments, or ends the process with what is wrong.
fn parse() -> Cli {
    use std::os::unix::ffi::OsStrExt as _;
    let arguments: Vec<_> = std::env::args_os().collect();
    let error = match Cli::try_parse_from(&arguments) {
        Ok(cli) => return cli,
        Err(error) => error,
    };
    let harmless: Vec<_> = arguments.iter().map(|argument| escape::bytes(argument.as_bytes())).collect();
    if !error.use_stderr() || harmless.iter().zip(&arguments).all(|(harmless, argument)| harmless.as_str() == argument)
    {
        error.exit()
    }
    // The message repeats an argument, which may be the name of somebody else's file.
    if let Err(error) = Cli::try_parse_from(harmless) {
        error.exit()
    }
    say(error.render());
    std::process::exit(FAILED.into())
}

/// Prints a message of one line on standard error. Nothing in it can drive a terminal or look like
/// another line: it may have names of files and text from the wire.
fn say(what: impl fmt::Display) {
    print_message(&escape::str(&what.to_string()));
}

/// Prints on standard error; where nobody listens any more, nothing is lost.
fn print_message(escaped: &str) {
    use io::Write as _;
    _ = io::stderr().write_all(format!("plainsight: {escaped}\n").as_bytes());
}

/// Writes text that is a command's whole result. A reader who has left is no failure.
fn print(text: &[u8]) -> Result<ExitCode, Failure> {
    use io::Write as _;
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
