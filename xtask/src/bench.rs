//! `cargo xtask bench`: hands its arguments to the benches, built for release. The figures are
//! made in `conformance/bench`; nothing is measured here.

use crate::process::{self, Outcome};

/// What `bench` is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The figures to print; all of them if none is named.
    names: Vec<String>,
    /// One JSON object a line instead of a table.
    #[arg(long)]
    json: bool,
}

/// Builds the benches and runs those named.
pub(crate) fn run(options: &Options) -> Outcome {
    let mut cargo = process::cargo();
    cargo.args(["run", "--quiet", "--release", "--package", "comity-bench", "--"]);
    cargo.args(&options.names);
    if options.json {
        cargo.arg("--json");
        // The lines are for a program: nothing else goes to its input.
        return process::run_unseen(&mut cargo);
    }
    process::run(&mut cargo)
}
