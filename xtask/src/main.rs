//! The project's own commands:
//! `cargo xtask setup | test | tidy | bench | outside | scenario | sim`.
//! One file per command. No other crate may depend on this one, and it knows no other crate:
//! it runs cargo and the built programs from outside, as a person at a terminal would.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command talks to its terminal")]

mod bench;
mod documents;
mod metadata;
mod outside;
mod process;
mod programs;
mod scenario;
mod setup;
mod sim;
mod test;
mod tidy;
mod tree;
mod web;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print measured figures, each beside its floor (builds for release).
    Bench(bench::Options),
    /// Judge the client API by clients that share no code with it.
    Outside(outside::Options),
    /// Run a scenario with the built program in network namespaces.
    Scenario(scenario::Options),
    /// Install the system packages that the tests need.
    Setup(setup::Options),
    /// Run the simulator: whole nodes, networks, disks and clocks from one seed.
    Sim(sim::Options),
    /// Run everything that CI runs.
    Test(test::Options),
    /// Check formatting, lints and the rules of the house.
    Tidy(tidy::Options),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Bench(options) => bench::run(&options),
        Command::Outside(options) => outside::run(&options),
        Command::Scenario(options) => scenario::run(&options),
        Command::Setup(options) => setup::run(&options),
        Command::Sim(options) => sim::run(&options),
        Command::Test(options) => test::run(&options),
        Command::Tidy(options) => tidy::run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            // `test` ends with its own count, which stays the last line.
            if !reason.is_empty() {
                eprintln!("xtask: {reason}");
            }
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
