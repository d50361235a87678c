//! `cargo xtask test sdk web`: the tests of the TypeScript SDK and of the web client, against the
//! tree's nodes and in a real browser; and the benches of the web client. Modules come from npm in
//! the versions and with the hashes of their lists; nothing of them runs as it is installed.

use std::process::Command;

use crate::process::{self, Outcome, PROFILE};
use crate::{programs, tree};

const SDK: &str = "client-api/sdk";
const WEB: &str = "client-api/web";

/// Tests the SDK: its types are those of the documents, and it does what it says.
pub(crate) fn test_sdk() -> Outcome {
    programs::build(PROFILE)?;
    install(SDK, process::run)?;
    process::run(npm(SDK).arg("test").env("COMITY_BINARY", programs::path("comity", PROFILE)))
}

/// Tests the web client: its files are those of its sources and within their budget, and people get
/// on with it.
pub(crate) fn test_web() -> Outcome {
    programs::build(PROFILE)?;
    install(SDK, process::run)?;
    install(WEB, process::run)?;
    process::run(npm(WEB).args(["run", "check"]))?;
    process::run(npm(WEB).arg("test").env("COMITY_BINARY", programs::path("comity", PROFILE)))
}

/// The benches of the web client, with the node that was built for release. Prepares without a
/// word: their output may be for a program.
pub(crate) fn bench() -> Result<Command, String> {
    let quietly = |command: &mut Command| process::output(command).map(drop);
    install(SDK, quietly)?;
    install(WEB, quietly)?;
    let mut bench = Command::new("node");
    bench.current_dir(tree::root().join(WEB)).arg("bench/main.mjs");
    bench.env("COMITY_BINARY", programs::path("comity", "release"));
    Ok(bench)
}

/// Brings the modules of a package, where they are not those of its list.
fn install(package: &str, run: impl Fn(&mut Command) -> Outcome) -> Outcome {
    let wanted = tree::read(&format!("{package}/package-lock.json"))?;
    let stamp = tree::root().join(package).join("node_modules/.comity-installed");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let options = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    run(npm(package).args(options))?;
    std::fs::write(&stamp, wanted)
        .map_err(|error| format!("cannot write {}: {error}", stamp.display()))
}

fn npm(package: &str) -> Command {
    let mut npm = Command::new("npm");
    npm.current_dir(tree::root().join(package));
    npm
}
