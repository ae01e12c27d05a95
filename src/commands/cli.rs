//! The command line: which commands there are, and how the program is run with them.

use super::failure::{FAILED, say};
use super::{client, completions, demo, guard, interfaces, man, redact, replay, rules, server, sniff};
use crate::report::escape;
use clap::{CommandFactory as _, Parser, Subcommand};
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
        Command::Completions(args) => completions::run(&args, &mut Cli::command()),
        Command::Man(args) => man::run(&args, Cli::command()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
