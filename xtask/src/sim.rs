//! `cargo xtask sim`: hands its arguments to the simulator. The runs are made and judged in
//! `conformance/sim`; nothing is decided here.

use crate::process::{self, Outcome, PROFILE};

/// What `sim` is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How long to go on with further seeds, in seconds.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// How many seeds to run, whatever time it takes.
    #[arg(long, conflicts_with = "seconds")]
    seeds: Option<u64>,
    /// The first seed; without `--seeds` it is the only one, and each of its steps is told.
    #[arg(long)]
    seed: Option<u64>,
    /// One JSON object a line instead of a table.
    #[arg(long)]
    json: bool,
}

/// Seeds that `test` runs: always the same, so that a failure is a change's.
const TEST_SEEDS: u64 = 40;

/// Builds the simulator and runs it.
pub(crate) fn run(options: &Options) -> Outcome {
    let Options { seconds, seeds, seed, json } = options;
    let mut words = match seeds {
        Some(seeds) => vec![format!("--seeds={seeds}")],
        None => vec![format!("--seconds={seconds}")],
    };
    words.extend(seed.map(|seed| format!("--seed={seed}")));
    words.extend(json.then(|| "--json".to_owned()));
    let mut cargo = simulator(&words);
    // With --json the lines are for a program: nothing else goes to its input.
    if *json { process::run_unseen(&mut cargo) } else { process::run(&mut cargo) }
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
