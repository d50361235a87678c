//! Figures of a node, each beside a floor that the same run measured: what a message costs, and
//! what it waits for. Nodes run as processes of their own, so that their cost is not mixed with
//! that of the clients made here. Nothing here passes or fails; a figure is a number.

mod bulk;
mod catchup;
mod conn;
mod cpu;
mod direct;
mod distant;
mod federated;
mod floor;
mod group;
mod hop;
mod join;
mod links;
mod load;
mod lossy;
mod node;
mod pages;
mod presence;
mod push;
mod relay;
mod row;
mod search;
mod searched;
mod senders;
mod stats;
mod storm;

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use tempfile::TempDir;

use row::{Row, Rows};

/// The program's own: what is measured in this process must not differ by its allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a figure may end with; its text is all that is shown.
type Failure = Box<dyn Error + Send + Sync>;

/// Prints what messages cost on this machine.
#[derive(Debug, Parser)]
struct Arguments {
    /// The figures to print, by the beginnings of their names; all of them if none is named
    names: Vec<String>,
    /// One JSON object a line instead of a table
    #[arg(long)]
    json: bool,
}

impl Arguments {
    /// Whether a figure was asked for. `direct` asks for `direct.cpu_us`, and so does the name
    /// of the whole.
    fn wants(&self, figure: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|name| figure.starts_with(name.as_str()))
    }

    fn wants_any(&self, figures: &[&str]) -> bool {
        figures.iter().any(|figure| self.wants(figure))
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to be told when standard error is closed too.
            let _ = writeln!(std::io::stderr(), "comity-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut rows = Rows::new(arguments.json);
    let wanted = |row: &Row| arguments.wants(row.name);
    if arguments.wants_any(&direct::NAMES) {
        rows.print(direct::measure(&Place::new()?, arguments)?.into_iter().filter(wanted))?;
    }
    if arguments.wants_any(&federated::NAMES) {
        rows.print(federated::measure(&Place::new()?, arguments)?.into_iter().filter(wanted))?;
    }
    if arguments.wants_any(&join::NAMES) {
        rows.print(join::measure(&Place::new()?)?.into_iter().filter(wanted))?;
    }
    if arguments.wants_any(&distant::NAMES) {
        rows.print(distant::measure(&Place::new()?)?.into_iter().filter(wanted))?;
    }
    if arguments.wants_any(&hop::NAMES) {
        rows.print(hop::measure(&Place::new()?)?.into_iter().filter(wanted))?;
    }
    if arguments.wants_any(&lossy::NAMES) {
        rows.print(lossy::measure(&Place::new()?)?.into_iter().filter(wanted))?;
    }
    if arguments.wants_any(&links::NAMES) {
        rows.print(links::measure(&Place::new()?)?.into_iter().filter(wanted))?;
    }
    if arguments.wants_any(&bulk::NAMES) {
        rows.print(bulk::measure()?.into_iter().filter(wanted))?;
    }
    if arguments.wants_any(&catchup::NAMES) {
        rows.print(catchup::measure(&Place::new()?)?.into_iter().filter(wanted))?;
    }
    if arguments.wants_any(&group::NAMES) {
        rows.print(group::measure(&Place::new()?, arguments)?.into_iter().filter(wanted))?;
    }
    if arguments.wants_any(&pages::NAMES) {
        rows.print(pages::measure(&Place::new()?)?.into_iter().filter(wanted))?;
    }
    if arguments.wants_any(&storm::NAMES) {
        rows.print(storm::measure(&Place::new()?)?.into_iter().filter(wanted))?;
    }
    if arguments.wants_any(&presence::NAMES) {
        rows.print(presence::measure(&Place::new()?)?.into_iter().filter(wanted))?;
    }
    if arguments.wants_any(&push::NAMES) {
        rows.print(push::measure(&Place::new()?)?.into_iter().filter(wanted))?;
    }
    if arguments.wants_any(&senders::NAMES) {
        rows.print(senders::measure(&Place::new()?)?.into_iter().filter(wanted))?;
    }
    if arguments.wants_any(&search::NAMES) {
        rows.print(search::measure(&Place::new()?)?.into_iter().filter(wanted))?;
    }
    if arguments.wants_any(&searched::NAMES) {
        rows.print(searched::measure(&Place::new()?, arguments)?.into_iter().filter(wanted))?;
    }
    if rows.is_empty() {
        return Err("no figure has such a name".into());
    }
    Ok(())
}

/// A directory for one bench, on the disk that the build is on: a real one, unlike many a
/// system's directory for temporary files. Removed with all that is in it.
struct Place(TempDir);

impl Place {
    fn new() -> Result<Self, Failure> {
        let built = std::env::current_exe()?;
        let target = built.parent().and_then(Path::parent).ok_or("not run from a build")?;
        Ok(Self(tempfile::Builder::new().prefix("bench-").tempdir_in(target)?))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}
