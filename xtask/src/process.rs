//! Runs other programs. Every command is shown before it runs, so that a reader of the log can
//! repeat it by hand. Holds no rule of the house.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::tree;

/// What a command of this crate ends with: a sentence where it failed.
pub(crate) type Outcome = Result<(), String>;

/// The profile of all tests, lints and scenarios, so that nothing is compiled twice.
pub(crate) const PROFILE: &str = "ci";

/// Cargo, in the root of the tree.
///
/// What `cargo run` told this process about its own package is taken away again: build scripts
/// that watch those variables (ring's does) would otherwise run anew under each kind of call.
pub(crate) fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(tree::root());
    for (name, _) in std::env::vars_os() {
        if is_of_one_package(&name) {
            command.env_remove(name);
        }
    }
    command
}

/// Shows a command and runs it with this process's terminal.
pub(crate) fn run(command: &mut Command) -> Outcome {
    println!("$ {}", shown(command));
    run_unseen(command)
}

/// Runs a command with this process's terminal, without showing it first.
pub(crate) fn run_unseen(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|error| cannot_run(command, &error))?;
    if status.success() { Ok(()) } else { Err(format!("`{}`: {status}", shown(command))) }
}

/// Runs a command and returns what it printed. Its error stream stays on the terminal.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let output =
        command.stderr(Stdio::inherit()).output().map_err(|error| cannot_run(command, &error))?;
    if !output.status.success() {
        return Err(format!("`{}`: {}", shown(command), output.status));
    }
    String::from_utf8(output.stdout)
        .map_err(|_| format!("`{}` printed something that is not UTF-8", shown(command)))
}

/// Whether a command runs and succeeds, with nothing shown.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Where a program is, on the path or where Debian keeps what only administrators run.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")])
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// What has to stand before a command that needs root: nothing as root, `sudo -n` where that
/// works without a question, otherwise there is no way.
pub(crate) fn as_root() -> Option<&'static [&'static str]> {
    let id = output(Command::new("id").arg("-u")).unwrap_or_default();
    if id.trim() == "0" {
        return Some(&[]);
    }
    succeeds(Command::new("sudo").args(["-n", "true"])).then_some(&["sudo", "-n"])
}

/// A command made of words, the first of which is the program.
pub(crate) fn words<S: AsRef<OsStr>>(words: &[S]) -> Command {
    let mut command = Command::new(words.first().map_or(OsStr::new(""), AsRef::as_ref));
    command.args(words.iter().skip(1)).current_dir(tree::root());
    command
}

fn is_of_one_package(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn cannot_run(command: &Command, error: &std::io::Error) -> String {
    format!("cannot run `{}`: {error}", shown(command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_command_is_named_with_its_status() {
        let reason = run(&mut words(&["sh", "-c", "exit 3"])).unwrap_err();
        assert_eq!(reason, "`sh -c exit 3`: exit status: 3");
    }

    #[test]
    fn a_program_that_does_not_exist_is_named() {
        let reason = run(&mut words(&["no-such-program-here"])).unwrap_err();
        assert!(reason.starts_with("cannot run `no-such-program-here`"), "{reason}");
        assert_eq!(find("no-such-program-here"), None);
    }

    #[test]
    fn the_variables_of_one_package_do_not_reach_cargo() {
        let removed: Vec<_> = cargo().get_envs().map(|(name, _)| name.to_owned()).collect();
        assert!(removed.iter().any(|name| name == "CARGO_PKG_NAME"), "{removed:?}");
    }
}
