//! The relay as a program, for suites that are not written in Rust. It prints where it listens, and
//! carries until it is ended. Each line of its input changes what it does: options as at its start,
//! or `rebind`.

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser};
use comity_relay::{Conditions, Relay, RelaySettings};

/// Carries datagrams to an address and the answers back, as badly as wanted
#[derive(Debug, Parser)]
struct Arguments {
    /// Where it is reached; port 0 takes a free one
    #[arg(long)]
    listen: SocketAddr,
    /// Where it leads
    #[arg(long)]
    to: SocketAddr,
    /// From which all is drawn
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    network: Network,
}

/// What is done to datagrams, in both directions alike.
#[derive(Args, Debug)]
struct Network {
    /// How long each is on its way at least
    #[arg(long, default_value_t = 0.0, value_parser = milliseconds)]
    delay_ms: f64,
    /// Up to how much longer
    #[arg(long, default_value_t = 0.0, value_parser = milliseconds)]
    jitter_ms: f64,
    /// Which share is lost, from 0 to 1
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    loss: f64,
    /// Which share comes twice
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    duplicate: f64,
    /// Which share is held back, so that others overtake it
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    reorder: f64,
    /// For how long
    #[arg(long, default_value_t = 10.0, value_parser = milliseconds)]
    reorder_ms: f64,
}

/// A line of the input.
#[derive(Debug, Parser)]
#[command(no_binary_name = true)]
struct Change {
    #[command(flatten)]
    network: Network,
}

/// More than any network takes.
const MILLISECONDS_MAX: f64 = 3_600_000.0;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to be told when standard error is closed too.
            let _ = writeln!(io::stderr(), "comity-relay: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let Arguments { listen, to, seed, .. } = *arguments;
    let conditions = arguments.network.conditions();
    let relay =
        Relay::start(RelaySettings { listen, to, there: conditions, back: conditions, seed })?;
    let mut out = io::stdout();
    writeln!(out, "listening on {}", relay.addr())?;
    out.flush()?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        if line.trim() == "rebind" {
            relay.rebind();
        } else {
            let change = Change::try_parse_from(line.split_whitespace())?;
            let conditions = change.network.conditions();
            relay.set(conditions, conditions);
        }
        writeln!(out, "done")?;
        out.flush()?;
    }
    // Whoever has nothing more to say may still want it.
    loop {
        std::thread::park();
    }
}

impl Network {
    fn conditions(&self) -> Conditions {
        let time = |ms: f64| Duration::from_secs_f64(ms / 1e3);
        Conditions {
            delay: time(self.delay_ms),
            jitter: time(self.jitter_ms),
            loss: self.loss,
            duplicate: self.duplicate,
            reorder: self.reorder,
            reorder_by: time(self.reorder_ms),
        }
    }
}

fn milliseconds(text: &str) -> Result<f64, String> {
    within(text, MILLISECONDS_MAX)
}

fn share(text: &str) -> Result<f64, String> {
    within(text, 1.0)
}

fn within(text: &str, most: f64) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|error| format!("{error}"))?;
    if (0.0..=most).contains(&number) {
        Ok(number)
    } else {
        Err(format!("it has to be from 0 to {most}"))
    }
}
