//! `cargo xtask bench`: hands its arguments to the benches, built for release together with the
//! homeserver that they run. The figures are made in `conformance/bench`; nothing is measured here.

use std::process::Command;

use crate::process::{self, Outcome};
use crate::programs;

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
    // Both at once: each alone would have features of its own, and be built anew.
    cargo.args(["build", "--quiet", "--release", "--package", "comity"]);
    cargo.args(["--package", "comity-bench"]);
    process::run_unseen(&mut cargo)?;
    let mut bench = Command::new(programs::path("comity-bench", "release"));
    bench.args(&options.names);
    if options.json {
        bench.arg("--json");
        // The lines are for a program: nothing else goes to its input.
        return process::run_unseen(&mut bench);
    }
    process::run(&mut bench)
}
