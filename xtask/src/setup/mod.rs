//! `cargo xtask setup`: makes a Debian machine able to run the tests. Installs system packages
//! only, through apt-get, as root or by `sudo -n`; where it may not, it says what to type. It never
//! asks a question and never touches what a user installed for himself.

mod packages;

use std::process::Command;

use self::packages::{PACKAGES, Package};
use crate::process::{self, Outcome};

/// The Python that the suite runs under: Debian's modules belong to it, not to another one that
/// may come first on the path.
pub(crate) const PYTHON: &str = "/usr/bin/python3";

/// What `setup` is asked for.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// Install nothing; say what is there and what is missing.
    #[arg(long)]
    check: bool,
}

/// Installs what is missing, or with `--check` reports on it.
pub(crate) fn run(options: &Options) -> Outcome {
    let missing = missing();
    for package in &PACKAGES {
        let is_missing = missing.iter().any(|other| other.name == package.name);
        let mark = if is_missing { "missing" } else { "present" };
        println!("{mark}  {:<24} {}", package.name, package.why);
    }
    if missing.is_empty() {
        return Ok(());
    }
    if options.check { Err(how_to_get(&missing)) } else { install(&missing) }
}

/// Makes sure that everything is there; says nothing where it is.
pub(crate) fn ensure() -> Outcome {
    let missing = missing();
    if missing.is_empty() { Ok(()) } else { install(&missing) }
}

fn missing() -> Vec<&'static Package> {
    PACKAGES.iter().filter(|package| !package.is_present()).collect()
}

fn install(packages: &[&Package]) -> Outcome {
    let Some(prefix) = process::as_root() else {
        return Err(how_to_get(packages));
    };
    if process::find("apt-get").is_none() {
        return Err(how_to_get(packages));
    }
    let call = |words: &[String]| {
        let prefix = prefix.iter().map(|word| (*word).to_owned());
        let environment = ["env".to_owned(), "DEBIAN_FRONTEND=noninteractive".to_owned()];
        let words: Vec<String> = prefix.chain(environment).chain(words.to_vec()).collect();
        process::run(&mut process::words(&words))
    };
    // Lists that cannot be brought up to date may still be good enough to install from.
    let update = call(&["apt-get".to_owned(), "update".to_owned(), "--quiet".to_owned()]);
    call(&install_words(packages)).map_err(|reason| match update {
        Ok(()) => reason,
        Err(before) => format!("{before}; then {reason}"),
    })?;
    let still: Vec<_> = packages.iter().copied().filter(|package| !package.is_present()).collect();
    if still.is_empty() {
        return Ok(());
    }
    let names = names(&still);
    Err(format!("installed, but still not usable: {names} (see `cargo xtask setup --check`)"))
}

/// The words of the command that installs packages, without what makes them root's.
///
/// Slim images tell dpkg to leave out manuals and documents, which are the texts that the
/// scenarios send: these are asked for again, and `--reinstall` brings them where the package
/// itself is there already.
fn install_words(packages: &[&Package]) -> Vec<String> {
    let mut words: Vec<String> =
        ["apt-get", "install", "--yes", "--no-install-recommends", "--reinstall"]
            .map(str::to_owned)
            .into();
    for folder in packages.iter().filter_map(|package| package.folder) {
        words.extend(["-o".to_owned(), format!("Dpkg::Options::=--path-include={folder}/*")]);
    }
    words.extend(packages.iter().map(|package| package.name.to_owned()));
    words
}

fn how_to_get(packages: &[&Package]) -> String {
    let list: String = packages
        .iter()
        .map(|package| format!("\n  {:<24} {}", package.name, package.why))
        .collect();
    let install: Vec<String> = install_words(packages).iter().map(|word| quoted(word)).collect();
    let install = install.join(" ");
    format!(
        "{} of {} system packages are missing:{list}\nand this process may not install them. On \
         Debian or Ubuntu:\n  sudo apt-get update\n  sudo {install}",
        packages.len(),
        PACKAGES.len(),
    )
}

/// A word as a shell takes it, which would look for files where a star stands.
fn quoted(word: &str) -> String {
    if word.contains('*') { format!("'{word}'") } else { word.to_owned() }
}

fn names(packages: &[&Package]) -> String {
    packages.iter().map(|package| package.name).collect::<Vec<_>>().join(", ")
}

/// Whether the Python of the system has a module.
fn has_python_module(module: &str) -> bool {
    process::succeeds(Command::new(PYTHON).args(["-c", &format!("import {module}")]))
}

#[cfg(test)]
mod tests {
    use super::packages::Sign;
    use super::*;

    const ABSENT: Package = Package {
        name: "absent",
        why: "for this test",
        sign: Sign::Program("no-such-program-here"),
        folder: Some("/usr/share/absent"),
    };

    #[test]
    fn what_is_missing_is_named_with_the_command_that_brings_it() {
        let text = how_to_get(&[&ABSENT]);
        assert!(text.contains("absent                   for this test"), "{text}");
        let command = "sudo apt-get install --yes --no-install-recommends --reinstall \
            -o 'Dpkg::Options::=--path-include=/usr/share/absent/*' absent";
        assert!(text.ends_with(command), "{text}");
    }

    #[test]
    fn signs_tell_present_from_absent() {
        assert!(!ABSENT.is_present());
        let with = |sign| Package { sign, ..ABSENT }.is_present();
        assert!(with(Sign::Program("sh")) && with(Sign::File("/proc/self/exe")));
        assert!(!with(Sign::File("/no/such/file")) && !with(Sign::PythonModule("no_such_module")));
    }

    #[test]
    fn no_package_is_listed_twice() {
        let mut names: Vec<_> = PACKAGES.iter().map(|package| package.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), PACKAGES.len());
    }
}
