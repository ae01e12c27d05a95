//! Runs the command and judges it.

use super::super::failure::Failure;
#[cfg(target_os = "linux")]
use super::super::streams;
use super::args::Args;
#[cfg(target_os = "linux")]
use super::supervisor;
#[cfg(target_os = "linux")]
use std::path::PathBuf;
use std::process::ExitCode;

/// Runs the command and judges it.
#[cfg(target_os = "linux")]
pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    check_files(args)?;
    supervisor::run(args)
}

/// Refuses standard input and output, which are the command's, and outputs that are inputs.
#[cfg(target_os = "linux")]
fn check_files(args: &Args) -> Result<(), Failure> {
    let of_files = [&args.rules.rules, &args.known.config]
        .into_iter()
        .flatten()
        .chain(args.canaries.files())
        .chain(args.known.secret_id_key.file())
        .cloned();
    let inputs: Vec<PathBuf> = of_files.collect();
    let outputs: Vec<PathBuf> = args.outputs.iter().map(|file| &file.path).chain(&args.write).cloned().collect();
    if inputs.iter().chain(&args.known.baseline).any(|path| streams::is_standard(path)) {
        return Err(Failure::new("the command was not run: guard leaves standard input to it, so `-` cannot be read"));
    }
    if outputs.iter().any(|path| streams::is_standard(path)) {
        return Err(Failure::new(
            "the command was not run: guard leaves standard output to it; name a file in place of `-`",
        ));
    }
    // A report may take its baseline's place, which is read before.
    streams::keep_inputs(&inputs, &outputs).map_err(|failure| failure.after("the command was not run: "))
}

/// Runs no command: namespaces and what else it takes are Linux's.
#[cfg(not(target_os = "linux"))]
pub fn run(_: &Args) -> Result<ExitCode, Failure> {
    Err(Failure::new("guard needs Linux; elsewhere, run `plainsight sniff --fail-on-leak` beside the command"))
}
