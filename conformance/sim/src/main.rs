//! The simulator's command: runs seeds and prints what became of each. It decides nothing about
//! what is right; the checkers do.
#![allow(clippy::print_stdout, reason = "a command talks to its terminal")]

use std::fs;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use comity_sim::{Report, run};

/// Runs the simulator.
#[derive(Debug, Parser)]
#[command(name = "comity-sim")]
struct Options {
    /// How long to go on with further seeds, in seconds; 20 where nothing else is asked for.
    #[arg(long)]
    seconds: Option<u64>,
    /// How many seeds to run, whatever time it takes.
    #[arg(long, conflicts_with = "seconds")]
    seeds: Option<u64>,
    /// The first seed; by itself it is the only one, and each step is told.
    #[arg(long)]
    seed: Option<u64>,
    /// One JSON object a line instead of a table.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let alone = options.seed.is_some() && options.seeds.is_none() && options.seconds.is_none();
    let first = options.seed.unwrap_or(1);
    let began = Instant::now();
    let limit = options.seconds.map_or(LIMIT, Duration::from_secs);
    let mut total = Total::default();
    for seed in first.. {
        let report = run(seed, alone && !options.json);
        print(&report, options.json);
        total.add(&report);
        let is_over = match options.seeds {
            Some(seeds) => total.seeds >= seeds,
            None => alone || began.elapsed() >= limit,
        };
        if is_over {
            break;
        }
    }
    total.print(cpu().unwrap_or_else(|| began.elapsed()), options.json);
    if total.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How long to go on where nobody says.
const LIMIT: Duration = Duration::from_secs(20);

/// CPU that this process has used, where the system tells.
fn cpu() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is a name in brackets, which may hold anything.
    let fields = stat.rsplit(')').next()?.split_whitespace();
    let ticks: Option<Vec<u64>> = fields.skip(11).take(2).map(|field| field.parse().ok()).collect();
    Some(Duration::from_millis(ticks?.iter().sum::<u64>() * 1_000 / TICKS_PER_SECOND))
}

/// The kernel's unit of `stat` towards programs, the same on every architecture that we run on.
const TICKS_PER_SECOND: u64 = 100;

fn print(report: &Report, as_json: bool) {
    if as_json {
        if let Ok(line) = serde_json::to_string(report) {
            println!("{line}");
        }
        return;
    }
    let Report { seed, nodes, virtual_ms, faults, acknowledged, lost, duplicated, .. } = report;
    println!(
        "seed {seed:>6}  {nodes} nodes  {:>5} s  {faults:>3} faults  \
         {acknowledged:>5} acknowledged  {lost:>2} lost  {duplicated:>2} duplicated  {:016x}",
        virtual_ms / 1_000,
        report.digest
    );
    for finding in &report.findings {
        println!("    {finding}");
    }
}

/// All seeds together.
#[derive(Default)]
struct Total {
    seeds: u64,
    acknowledged: u64,
    lost: usize,
    duplicated: usize,
    frames: u64,
    virtual_ms: u64,
    failed: Vec<u64>,
    counts: std::collections::BTreeMap<String, u64>,
}

impl Total {
    fn add(&mut self, report: &Report) {
        self.seeds += 1;
        self.acknowledged += report.acknowledged;
        self.lost += report.lost;
        self.duplicated += report.duplicated;
        self.frames += report.frames;
        self.virtual_ms += report.virtual_ms;
        for (name, count) in &report.counts {
            *self.counts.entry(name.clone()).or_default() += count;
        }
        if !report.findings.is_empty() {
            self.failed.push(report.seed);
        }
    }

    fn print(&self, took: Duration, as_json: bool) {
        let seconds = took.as_secs_f64().max(0.001);
        // Messages of one run are far below 2^52.
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let per_second = self.acknowledged as f64 / seconds;
        if as_json {
            let line = serde_json::json!({
                "seeds": self.seeds, "failed": self.failed, "acknowledged": self.acknowledged,
                "lost": self.lost, "duplicated": self.duplicated, "frames": self.frames,
                "virtual_ms": self.virtual_ms, "cpu_seconds": seconds, "per_cpu_second": per_second,
                "counts": self.counts,
            });
            println!("{line}");
            return;
        }
        for (name, count) in &self.counts {
            println!("{count:>9} {name}");
        }
        println!(
            "{} seeds, {} with findings; {} messages acknowledged, {} lost, {} duplicated; \
             {per_second:.0} messages a second of CPU",
            self.seeds,
            self.failed.len(),
            self.acknowledged,
            self.lost,
            self.duplicated,
        );
        if let Some(seed) = self.failed.first() {
            println!("replay the first one with: cargo xtask sim --seed {seed}");
        }
    }
}
