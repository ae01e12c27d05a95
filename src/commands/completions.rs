//! `plainsight completions`: what a shell needs to complete our command line.
//!
//! It knows no command by itself; it asks the command line's own description.

use super::failure::{Failure, print};
use clap::Command;
use clap_complete::Shell;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  source <(plainsight completions bash)
  plainsight completions zsh  > ~/.zfunc/_plainsight
  plainsight completions fish > ~/.config/fish/completions/plainsight.fish";

/// The arguments of `completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The shell
    shell: Shell,
}

/// Writes the completions of `program` to standard output.
pub fn run(args: &Args, program: &mut Command) -> Result<ExitCode, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, program, "plainsight", &mut text);
    print(&text)
}
