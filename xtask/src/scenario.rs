//! `cargo xtask scenario`: builds the program and lets the suite judge it in network namespaces.
//! The scenarios themselves are in `conformance/suite`, which shares no code with the server.

use std::ffi::OsStr;
use std::process::Command;
use std::time::Instant;

use crate::process::{self, Outcome, PROFILE};
use crate::{outside, programs, setup, tree};

const SUITE: &str = "conformance/suite";
/// The pinned vectors with the check that shares no code with the protocol.
const VECTORS: &str = "conformance/vectors";
/// Where the sentences are made that search is measured with.
const CORPUS: &str = "conformance/corpus";

/// The scenario whose peer needs modules of PyPI beside those of Debian.
const HOSTILE: &str = "hostile";

/// What `scenario` is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The scenario.
    name: String,
    /// Its short form, which is part of the tests.
    #[arg(long)]
    short: bool,
    /// How many times in a row; the first failure ends it.
    #[arg(long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    times: u32,
    /// Run the program as it is released, not as it is tested.
    #[arg(long)]
    release: bool,
    /// Further arguments for the suite.
    #[arg(last = true, value_name = "ARGUMENT")]
    rest: Vec<String>,
}

/// Builds the program and runs one scenario, as often as asked.
pub(crate) fn run(options: &Options) -> Outcome {
    setup::ensure()?;
    if options.name == HOSTILE {
        outside::ensure()?;
    }
    let profile = if options.release { "release" } else { PROFILE };
    programs::build(profile)?;
    for round in 1..=options.times {
        let began = Instant::now();
        let outcome = process::run(&mut suite(options, profile)?);
        if options.times > 1 {
            let seconds = began.elapsed().as_secs_f64();
            let word = if outcome.is_ok() { "passed" } else { "failed" };
            println!("{}: round {round} of {} {word}, {seconds:.1} s", options.name, options.times);
        }
        outcome?;
    }
    Ok(())
}

/// One scenario as part of the tests.
pub(crate) fn run_short(name: &str) -> Outcome {
    let name = name.to_owned();
    run(&Options { name, short: true, times: 1, release: false, rest: Vec::new() })
}

/// The tests of the suite itself: a checker that finds nothing proves nothing.
pub(crate) fn test_suite() -> Outcome {
    setup::ensure()?;
    [SUITE, VECTORS, CORPUS].into_iter().try_for_each(|folder| {
        let mut python = Command::new(setup::PYTHON);
        python.current_dir(tree::root()).env("PYTHONDONTWRITEBYTECODE", "1");
        process::run(python.args(["-m", "unittest", "discover", "--start-directory", folder]))
    })
}

fn suite(options: &Options, profile: &str) -> Result<Command, String> {
    let Some(prefix) = process::as_root() else {
        return Err("network namespaces need root, and `sudo -n` does not work here".to_owned());
    };
    let script = format!("{SUITE}/scenario.py");
    let modules = outside::interpreter();
    let python = if options.name == HOSTILE { modules.as_os_str() } else { setup::PYTHON.as_ref() };
    let words = [python, "-B".as_ref(), script.as_ref(), options.name.as_ref()];
    let prefix = prefix.iter().map(OsStr::new);
    let mut suite = process::words(&prefix.chain(words).collect::<Vec<_>>());
    suite.args(["--binary", programs::path("comity", profile).as_str()]);
    if options.short {
        suite.arg("--short");
    }
    suite.args(&options.rest);
    Ok(suite)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    #[test]
    fn a_line_says_which_scenario_and_how_often() {
        let words = ["x", "two-organisations", "--short", "--times", "10", "--", "--seed", "7"];
        let options = Line::try_parse_from(words).unwrap().options;
        assert!(options.short && !options.release);
        assert_eq!((options.name.as_str(), options.times), ("two-organisations", 10));
        assert_eq!(options.rest, ["--seed", "7"]);
        assert!(Line::try_parse_from(["x", "two-organisations", "--times", "0"]).is_err());
    }
}
