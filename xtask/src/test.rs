//! `cargo xtask test`: everything that CI runs, part by part. A part that fails does not keep the
//! others from running, and none is skipped in silence: what cannot run has failed. The last line
//! is the count.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use clap::ValueEnum;

use crate::process::{self, Outcome, PROFILE};
use crate::{documents, outside, programs, scenario, setup, sim, tidy, web};

/// What `test` is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The parts to run; all of them if none is named.
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The system packages and modules that the tests need, installed where they are missing.
    Setup,
    /// `cargo fmt`, which changes nothing here.
    Formatting,
    /// Clippy over all targets, warnings denied.
    Lints,
    /// The rules of the house.
    Rules,
    /// All tests of all crates, those in their documentation too.
    Crates,
    /// The simulator's first seeds.
    Sim,
    /// The tests of the black-box suite itself, of the checks from outside and of the hostile peer.
    Suite,
    /// The commands that the documents name.
    Documents,
    /// The short form of the scenario `two-organisations`.
    TwoOrganisations,
    /// The short form of the scenario `three-organisations`.
    ThreeOrganisations,
    /// The short form of the scenario `five-organisations`.
    FiveOrganisations,
    /// The scenario `everyday`.
    Everyday,
    /// The scenario `bad-input`.
    BadInput,
    /// The short form of the scenario `hostile`.
    Hostile,
    /// The client API judged from outside, the short form.
    Outside,
    /// The TypeScript SDK's own tests.
    Sdk,
    /// The web client in a browser.
    Web,
}

impl Part {
    fn run(self) -> Outcome {
        match self {
            Self::Setup => setup::ensure().and_then(|()| outside::ensure()),
            Self::Formatting => tidy::formatting(),
            Self::Lints => tidy::lints(),
            Self::Rules => tidy::rules(),
            Self::Crates => crates(),
            Self::Sim => sim::run_short(),
            Self::Suite => scenario::test_suite().and_then(|()| outside::test_checks()),
            Self::Documents => documents::run(),
            Self::TwoOrganisations => scenario::run_short("two-organisations"),
            Self::ThreeOrganisations => scenario::run_short("three-organisations"),
            Self::FiveOrganisations => scenario::run_short("five-organisations"),
            Self::Everyday => scenario::run_short("everyday"),
            Self::BadInput => scenario::run_short("bad-input"),
            Self::Hostile => scenario::run_short("hostile"),
            Self::Outside => outside::run_short(),
            Self::Sdk => web::test_sdk(),
            Self::Web => web::test_web(),
        }
    }

    /// Whether it waits most of the time, for nodes and for what is to be seen there, in namespaces
    /// of its own: such parts run beside each other.
    fn waits(self) -> bool {
        matches!(
            self,
            Self::TwoOrganisations
                | Self::ThreeOrganisations
                | Self::FiveOrganisations
                | Self::Everyday
                | Self::BadInput
                | Self::Hostile
                | Self::Outside
                | Self::Sdk
                | Self::Web
        )
    }

    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// Runs the parts and prints what became of each, and how long it took.
pub(crate) fn run(options: &Options) -> Outcome {
    let began = Instant::now();
    let asked = if options.parts.is_empty() { Part::value_variants() } else { &options.parts };
    let (waiting, working): (Vec<Part>, Vec<Part>) = asked.iter().partition(|part| part.waits());
    let mut results: Vec<Row> = working.into_iter().map(run_here).collect();
    results.extend(match waiting[..] {
        [only] => vec![run_here(only)],
        _ => run_beside(&waiting),
    });
    print!("\n{}", report(&results, began.elapsed()));
    // The count is the last line: the exit code alone tells of the failure.
    if results.iter().all(|row| row.outcome.is_ok()) { Ok(()) } else { Err(String::new()) }
}

/// Runs a part in this process: its output comes as it is made.
fn run_here(part: Part) -> Row {
    println!("\n== {}", part.name());
    let began = Instant::now();
    let outcome = part.run();
    if let Err(reason) = &outcome {
        println!("{}: {reason}", part.name());
    }
    Row { name: part.name(), outcome, took: began.elapsed() }
}

/// Runs parts at most [`AT_ONCE`] at a time, each in a process of its own, whose output stands
/// together.
fn run_beside(parts: &[Part]) -> Vec<Row> {
    let (next, rows) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let lane = || {
        while let Some((place, part)) = {
            let place = next.fetch_add(1, Ordering::Relaxed);
            parts.get(place).map(|part| (place, *part))
        } {
            let row = run_apart(part);
            rows.lock().unwrap_or_else(PoisonError::into_inner).push((place, row));
        }
    };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(lane);
        }
    });
    let mut rows = rows.into_inner().unwrap_or_else(PoisonError::into_inner);
    rows.sort_by_key(|(place, _)| *place);
    rows.into_iter().map(|(_, row)| row).collect()
}

fn run_apart(part: Part) -> Row {
    let began = Instant::now();
    // Not the file that this process was started from: a build may have replaced it.
    let program = programs::path("xtask", PROFILE);
    let output = Command::new(program).args(["test", &part.name()]).output();
    let outcome = output.map_err(|error| error.to_string()).and_then(|output| {
        let said = [output.stdout, output.stderr].concat();
        print!("{}", String::from_utf8_lossy(&said));
        if output.status.success() { Ok(()) } else { Err(output.status.to_string()) }
    });
    Row { name: part.name(), outcome, took: began.elapsed() }
}

struct Row {
    name: String,
    outcome: Outcome,
    took: Duration,
}

/// Parts that wait most of the time run so many at a time.
const AT_ONCE: usize = 2;

fn report(rows: &[Row], took: Duration) -> String {
    let mut text = format!("{:<20} {:<7} {:>9}\n", "part", "result", "time");
    let mut line = |name: &str, result: &str, took: Duration| {
        text.push_str(&format!("{name:<20} {result:<7} {:>7.1} s\n", took.as_secs_f64()));
    };
    for row in rows {
        let result = if row.outcome.is_ok() { "passed" } else { "failed" };
        line(&row.name, result, row.took);
    }
    line("all", "", took);
    let failed = rows.iter().filter(|row| row.outcome.is_err()).count();
    text.push_str(&format!("{} passed, {failed} failed\n", rows.len() - failed));
    text
}

fn crates() -> Outcome {
    let mut cargo = process::cargo();
    cargo.args(["test", "--workspace", "--profile", PROFILE, "--no-fail-fast"]);
    process::run(cargo.env("RUST_BACKTRACE", "1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_ends_with_the_count() {
        let row = |name: &str, outcome| Row {
            name: name.to_owned(),
            outcome,
            took: Duration::from_millis(1_500),
        };
        let rows = [row("rules", Ok(())), row("crates", Err("no".into()))];
        let text = report(&rows, Duration::from_secs(3));
        let expected = "\
part                 result       time
rules                passed      1.5 s
crates               failed      1.5 s
all                              3.0 s
1 passed, 1 failed
";
        assert_eq!(text, expected);
    }

    #[test]
    fn parts_are_named_as_they_are_typed() {
        assert_eq!(Part::TwoOrganisations.name(), "two-organisations");
    }
}
