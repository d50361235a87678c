//! `cargo xtask sim`: hands its arguments to the simulator. The runs are made and judged in
//! `conformance/sim`; nothing is decided here.

use crate::process::{self, Outcome, PROFILE};
use crate::programs;

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
    // With --json the lines are for a program: nothing else goes to its input.
    if options.words.iter().any(|word| word == "--json") {
        programs::build_unseen(PROFILE)?;
        return process::run_unseen(&mut simulator(&options.words));
    }
    programs::build(PROFILE)?;
    process::run(&mut simulator(&options.words))
}

/// The part of `test`.
pub(crate) fn run_short() -> Outcome {
    programs::build(PROFILE)?;
    process::run(&mut simulator(&[format!("--seeds={TEST_SEEDS}")]))
}

fn simulator(words: &[String]) -> std::process::Command {
    let mut simulator = process::words(&[programs::path("comity-sim", PROFILE)]);
    simulator.args(words);
    simulator
}
