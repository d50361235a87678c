//! `cargo xtask outside`: the client API judged by clients that share no code with it. Brings what
//! these need of PyPI and npm into the target folder, in the versions and with the hashes that
//! stand in the tree, and runs `conformance/outside`. Nothing of it touches the system.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{self, Outcome, PROFILE};
use crate::{programs, setup, tree};

/// The checks themselves, and the lists of what they need.
const FOLDER: &str = "conformance/outside";
/// The peer that lies (`scenario.rs`), whose modules are pinned in the same list.
const HOSTILE: &str = "conformance/hostile";
/// What pins the modules: whatever changes here is installed anew.
const LISTS: [&str; 3] = ["requirements.txt", "package.json", "package-lock.json"];
/// Says which lists the installed modules are of.
const STAMP: &str = "installed";

/// What `outside` is asked for.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// The parts: clients, rfc6455, frames, schema, bots, push, autobahn. All but the last if none
    /// is named.
    parts: Vec<String>,
    /// Many more examples for schemathesis.
    #[arg(long)]
    long: bool,
    /// Run the program as it is released, not as it is tested.
    #[arg(long)]
    release: bool,
    /// Further arguments for the checks.
    #[arg(last = true, value_name = "ARGUMENT")]
    rest: Vec<String>,
}

/// Builds the program, installs what is missing, and runs the parts.
pub(crate) fn run(options: &Options) -> Outcome {
    setup::ensure()?;
    ensure()?;
    let profile = if options.release { "release" } else { PROFILE };
    programs::build(profile)?;
    let mut checks = python();
    checks.arg("-B").arg(tree::root().join(FOLDER).join("outside.py"));
    checks.args(&options.parts);
    checks.args(["--binary", programs::path("comity", profile).as_str()]);
    checks.arg("--modules").arg(modules());
    if options.long {
        checks.arg("--long");
    }
    process::run(checks.args(&options.rest))
}

/// The short form, which is part of the tests.
pub(crate) fn run_short() -> Outcome {
    run(&Options::default())
}

/// The checks' own tests, and those of the hostile peer.
pub(crate) fn test_checks() -> Outcome {
    ensure()?;
    [FOLDER, HOSTILE].into_iter().try_for_each(|folder| {
        let mut python = python();
        python.current_dir(tree::root()).env("PYTHONDONTWRITEBYTECODE", "1");
        process::run(python.args(["-m", "unittest", "discover", "--start-directory", folder]))
    })
}

/// Makes sure that the modules are there, in the versions that the lists name.
pub(crate) fn ensure() -> Outcome {
    let wanted = LISTS
        .iter()
        .map(|list| tree::read(&format!("{FOLDER}/{list}")))
        .collect::<Result<String, _>>()?;
    let stamp = modules().join(STAMP);
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    std::fs::create_dir_all(modules()).map_err(|error| cannot("make", &modules(), &error))?;
    install()?;
    std::fs::write(&stamp, wanted).map_err(|error| cannot("write", &stamp, &error))
}

fn install() -> Outcome {
    let lists = tree::root().join(FOLDER);
    let place = environment();
    let mut venv = Command::new(setup::PYTHON);
    process::run(venv.args(["-m", "venv", "--clear"]).arg(&place))?;
    let mut pip = python();
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    // http_ece comes as source alone.
    pip.args(["--require-hashes", "--only-binary", ":all:", "--no-binary", "http-ece"]);
    pip.arg("--requirement");
    process::run(pip.arg(lists.join("requirements.txt")))?;
    for list in ["package.json", "package-lock.json"] {
        let copy = modules().join(list);
        std::fs::copy(lists.join(list), &copy).map_err(|error| cannot("write", &copy, &error))?;
    }
    let mut npm = Command::new("npm");
    // No package here has to run anything while it is installed.
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    process::run(npm.current_dir(modules()))
}

fn python() -> Command {
    Command::new(interpreter())
}

/// The Python that has the modules.
pub(crate) fn interpreter() -> PathBuf {
    environment().join("bin/python")
}

fn environment() -> PathBuf {
    modules().join("python")
}

/// Where the modules are.
fn modules() -> PathBuf {
    programs::target().join("outside")
}

fn cannot(verb: &str, path: &Path, error: &std::io::Error) -> String {
    format!("cannot {verb} {}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_is_pinned_by_a_hash() {
        let list = tree::read(&format!("{FOLDER}/requirements.txt")).unwrap();
        let pins = list.lines().filter(|line| line.contains("==")).count();
        let hashed = list
            .split("\n    # via")
            .filter(|entry| entry.contains("==") && entry.contains("--hash=sha256:"))
            .count();
        assert!(pins > 20 && hashed == pins, "{hashed} of {pins} modules have hashes");
        let lock = tree::read(&format!("{FOLDER}/package-lock.json")).unwrap();
        let packages = lock.matches("\"node_modules/").count();
        assert_eq!(lock.matches("\"integrity\": \"sha512-").count(), packages);
    }
}
