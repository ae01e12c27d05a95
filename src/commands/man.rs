//! `plainsight man`: the manual, as pages for `man`.
//!
//! It knows no command by itself; it asks the command line's own description.

use super::failure::{Failure, print};
use clap::Command;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  plainsight man | man -l -
  plainsight man sniff | man -l -
  plainsight man > ~/.local/share/man/man1/plainsight.1";

/// The arguments of `man`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The command whose page to write, instead of the program's own
    command: Option<String>,
}

/// Writes the page of `program`, or of one of its commands, to standard output.
pub fn run(args: &Args, mut program: Command) -> Result<ExitCode, Failure> {
    program.build();
    let command = match &args.command {
        None => program,
        Some(name) => {
            let names: Vec<_> = program.get_subcommands().map(|command| command.get_name().to_owned()).collect();
            let command = program.find_subcommand(name).cloned();
            let command = command
                .ok_or_else(|| Failure::new(format!("there is no command {name}; there are {}", names.join(", "))))?;
            let page = format!("plainsight-{}", command.get_name());
            command.display_name(page)
        }
    };
    let mut page = Vec::new();
    let written =
        clap_mangen::Man::new(command).source(concat!("plainsight ", env!("CARGO_PKG_VERSION"))).render(&mut page);
    written.map_err(|error| Failure::new(format!("cannot write the manual page: {error}")))?;
    // What stands after the options is examples, to be kept line by line.
    let page = String::from_utf8_lossy(&page).replace(".SH EXTRA\nExamples:\n", ".SH EXAMPLES\n.nf\n");
    print(page.replace(".SH VERSION\n", ".fi\n.SH VERSION\n").as_bytes())
}
