//! The command-line program.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use plainsight::commands::{client, server};

#[derive(Parser)]
#[command(name = "plainsight", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the lesson's secret message
    Server(server::Args),
    /// Ask a server for its secret message
    Client(client::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Server(args) => server::run(args),
        Command::Client(args) => client::run(args),
    };
    result.unwrap_or_else(|failure| {
        eprintln!("plainsight: {failure}");
        ExitCode::from(2)
    })
}
