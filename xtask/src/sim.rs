//! `cargo xtask sim`: hands its arguments to the simulator. The runs are made and judged in
//! `conformance/sim`; nothing is decided here.

use crate::process::{self, Outcome, PROFILE};

/// What `sim` is asked for.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Options {
    /// What the simulator is asked for; `--help` tells.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// Seeds that `test` runs: always the same, so that a failure is a change's.
const TEST_SEEDS: u64 = 40;

/// Builds the simulator and runs it.
pub(crate) fn run(options: &Options) -> Outcome {
    let mut cargo = simulator(&options.words);
    // With --json the lines are for a program: nothing else goes to its input.
    let is_json = options.words.iter().any(|word| word == "--json");
    if is_json { process::run_unseen(&mut cargo) } else { process::run(&mut cargo) }
}

/// The part of `test`.
pub(crate) fn run_short() -> Outcome {
    process::run(&mut simulator(&[format!("--seeds={TEST_SEEDS}")]))
}

fn simulator(words: &[String]) -> std::process::Command {
    let mut cargo = process::cargo();
    cargo.args(["run", "--quiet", "--profile", PROFILE, "--package", "comity-sim", "--"]);
    cargo.args(words);
    cargo
}
