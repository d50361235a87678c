//! `cargo xtask bench`: hands its arguments to the benches, built for release together with the
//! homeserver that they run. The figures are made in `conformance/bench`, and those of the web
//! client in `client-api/web/bench`; nothing is measured here.

use std::process::Command;

use crate::process::{self, Outcome};
use crate::{programs, web};

/// What `bench` is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The figures to print; all of them if none is named, but those of the web client (`web`),
    /// which need Node.js and Chromium.
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
    let of_web = |name: &&String| name.starts_with("web");
    let (web, others): (Vec<_>, Vec<_>) = options.names.iter().partition(of_web);
    if !others.is_empty() || web.is_empty() {
        let mut bench = Command::new(programs::path("comity-bench", "release"));
        run_bench(bench.args(others), options.json)?;
    }
    if web.is_empty() {
        return Ok(());
    }
    let mut bench = web::bench()?;
    run_bench(bench.args(web), options.json)
}

fn run_bench(bench: &mut Command, json: bool) -> Outcome {
    if json {
        bench.arg("--json");
        // The lines are for a program: nothing else goes to its input.
        return process::run_unseen(bench);
    }
    process::run(bench)
}
