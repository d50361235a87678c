//! `cargo xtask tidy`: formatting, lints and the rules of the house. Each rule is a module that
//! takes what it judges and returns findings; only this file reads the tree. A rule has tests
//! that show it failing: a rule that cannot fail is no rule.

mod bans;
mod citations;
mod crates;
mod folders;
mod licences;
mod links;
mod mask;
mod paths;
mod purity;
mod size;
mod source;
mod spdx;

use std::fmt;

use clap::ValueEnum;

use self::source::Source;
use crate::process::{self, Outcome, PROFILE};
use crate::{metadata, tree};

/// What `tidy` is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// What to check; everything if nothing is named.
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Part {
    /// `cargo fmt`, which changes nothing here.
    Formatting,
    /// Clippy over all targets, warnings denied.
    Lints,
    /// Arrows, purity, sizes, left-overs, links, citations, licences.
    Rules,
}

/// Runs the checks and fails if one of them found something.
pub(crate) fn run(options: &Options) -> Outcome {
    let asked = if options.parts.is_empty() { Part::value_variants() } else { &options.parts };
    let failed: Vec<String> = asked
        .iter()
        .filter_map(|part| match part {
            Part::Formatting => formatting().err(),
            Part::Lints => lints().err(),
            Part::Rules => rules().err(),
        })
        .collect();
    if failed.is_empty() { Ok(()) } else { Err(failed.join("; ")) }
}

/// Whether all code stands as `cargo fmt` would put it.
pub(crate) fn formatting() -> Outcome {
    process::run(process::cargo().args(["fmt", "--all", "--check"]))
}

/// Whether clippy is content with all targets.
pub(crate) fn lints() -> Outcome {
    let mut cargo = process::cargo();
    cargo.args(["clippy", "--workspace", "--all-targets", "--profile", PROFILE]);
    process::run(cargo.args(["--", "--deny", "warnings"]))
}

/// Whether the rules of the house hold; prints each finding.
pub(crate) fn rules() -> Outcome {
    let files = tree::files()?;
    let mut findings = of_sources(&files)?;
    findings.extend(of_dependencies()?);
    for finding in &findings {
        println!("{finding}");
    }
    if process::succeeds(process::cargo().args(["deny", "--version"])) {
        process::run(process::cargo().args(["deny", "check", "bans", "licenses", "sources"]))?;
    }
    match findings.len() {
        0 => Ok(()),
        1 => Err("1 finding against the rules of the house".to_owned()),
        count => Err(format!("{count} findings against the rules of the house")),
    }
}

/// What is wrong, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    path: String,
    line: Option<usize>,
    text: String,
}

impl Finding {
    /// Something about a file as a whole.
    fn of_file(path: &str, text: String) -> Self {
        Self { path: path.to_owned(), line: None, text }
    }

    /// Something on a line of a file.
    fn on_line(path: &str, line: usize, text: String) -> Self {
        Self { path: path.to_owned(), line: Some(line), text }
    }

    /// Something at a byte of a source.
    fn at(source: &Source, offset: usize, text: String) -> Self {
        Self::on_line(&source.path, source.line_of(offset), text)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.path, self.text),
            None => write!(f, "{}: {}", self.path, self.text),
        }
    }
}

/// What the rules about files find.
fn of_sources(files: &[String]) -> Result<Vec<Finding>, String> {
    let mut sources = Vec::new();
    for path in files.iter().filter(|path| is_read(path)) {
        sources.push(Source::new(path, &tree::read(path)?));
    }
    let packages = metadata::workspace()?;
    let exists = |path: &str| tree::root().join(path).exists();
    Ok([
        crates::check(&packages),
        folders::check(&sources),
        purity::check_manifests(&packages),
        purity::check_sources(&packages, &sources),
        bans::check(&sources),
        size::check(&sources, &tree::read(size::RATCHET)?),
        links::check(&sources, &exists),
        citations::check(&sources),
    ]
    .into_iter()
    .flatten()
    .collect())
}

/// What the rules about packages from elsewhere find.
fn of_dependencies() -> Result<Vec<Finding>, String> {
    let rules = tree::read(licences::RULES)?;
    let rules = rules.parse().map_err(|error| format!("{}: {error}", licences::RULES))?;
    let mut findings = licences::check_lockfile(&tree::read("Cargo.lock")?, &rules);
    let mut packages = Vec::new();
    for target in licences::targets(&rules) {
        for package in metadata::all_for(&target)? {
            if !packages.contains(&package) {
                packages.push(package);
            }
        }
    }
    findings.extend(licences::check_licences(&packages, &rules));
    Ok(findings)
}

/// The kinds of files that some rule reads.
fn is_read(path: &str) -> bool {
    [".md", ".py", ".rs", ".sh", ".toml", ".ts"].iter().any(|end| path.ends_with(end))
        || path == ".ci/run"
}
