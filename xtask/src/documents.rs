//! The commands that the documents name are held against the programs: a sub-command or an option
//! that does not exist any more is a failure. Commands are read from fenced blocks; they are not
//! run, only asked for their help.

use std::process::Command;

use clap::CommandFactory;

use crate::process::{self, Outcome, PROFILE};
use crate::{Cli, programs, tree};

/// The two commands that a newcomer is promised.
const PROMISED: [&str; 2] = ["cargo run --release -- demo", "cargo xtask test"];

/// Checks every command in every document of the tree.
pub(crate) fn run() -> Outcome {
    programs::build(PROFILE)?;
    let program = programs::path("comity", PROFILE);
    let ask = |words: &[&str]| help_of(&program, words);
    let mut wrong = Vec::new();
    let mut count = 0;
    for path in tree::files()?.iter().filter(|path| path.ends_with(".md")) {
        for line in commands(&tree::read(path)?) {
            count += 1;
            wrong.extend(why_wrong(&line, &ask).map(|why| format!("{path}: `{line}`: {why}")));
        }
    }
    let readme = commands(&tree::read("README.md")?);
    let forgotten = PROMISED.iter().filter(|promised| !readme.iter().any(|line| line == *promised));
    wrong.extend(forgotten.map(|promised| format!("README.md: does not name `{promised}`")));
    for line in &wrong {
        println!("{line}");
    }
    println!("{count} commands in the documents");
    if wrong.is_empty() { Ok(()) } else { Err(format!("{} commands are wrong", wrong.len())) }
}

/// The commands of a document that are ours: in fenced blocks, without prompt and comment.
fn commands(text: &str) -> Vec<String> {
    let mut is_fenced = false;
    let mut found: Vec<String> = Vec::new();
    let mut is_continued = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_fenced = !is_fenced;
            continue;
        }
        let line = line.trim().trim_start_matches("$ ");
        let line = line.split(" #").next().unwrap_or_default().trim_end();
        let (line, continues) = line.strip_suffix('\\').map_or((line, false), |line| (line, true));
        if is_fenced && is_continued {
            if let Some(last) = found.last_mut() {
                last.push_str(line.trim());
            }
        } else if is_fenced && is_ours(line) {
            found.push(line.to_owned());
        } else {
            continue;
        }
        is_continued = continues;
    }
    found
}

fn is_ours(line: &str) -> bool {
    ["cargo xtask", "cargo run", "comity"]
        .iter()
        .any(|start| line == *start || line.starts_with(&format!("{start} ")))
}

/// What is wrong with a command; `ask` returns the help of a sub-command, where there is one.
fn why_wrong(line: &str, ask: &dyn Fn(&[&str]) -> Option<String>) -> Option<String> {
    let line = line.split([';', '|', '<', '>', '&']).next().unwrap_or_default();
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["cargo", "xtask", rest @ ..] => why_wrong_here(rest),
        ["cargo", "run", rest @ ..] => {
            let own = rest.iter().position(|word| *word == "--")?;
            // Another package's program answers for itself.
            let is_ours = !rest[..own].iter().any(|w| ["-p", "--package", "--bin"].contains(w));
            is_ours.then(|| why_wrong_there(&rest[own + 1..], ask))?
        }
        ["comity", rest @ ..] => why_wrong_there(rest, ask),
        _ => None,
    }
}

/// What is wrong with the words behind `cargo xtask`.
fn why_wrong_here(words: &[&str]) -> Option<String> {
    let line = std::iter::once("cargo xtask").chain(words.iter().copied());
    let error = Cli::command().try_get_matches_from(line).err()?;
    let is_help = !error.use_stderr();
    (!is_help).then(|| error.to_string().lines().next().unwrap_or_default().to_owned())
}

/// What is wrong with the words behind `comity`.
fn why_wrong_there(words: &[&str], ask: &dyn Fn(&[&str]) -> Option<String>) -> Option<String> {
    let is_option = |word: &&&str| word.starts_with('-');
    let named: Vec<&str> = words.iter().take_while(|word| !is_option(word)).copied().collect();
    // How many of the first words are sub-commands, the help tells; the others are arguments.
    let mut help = ask(&[])?;
    let mut depth = 0;
    while depth < named.len() && names(&help, named[depth]) {
        depth += 1;
        let Some(deeper) = ask(&named[..depth]) else {
            return Some(format!("`comity {}` has no help", named[..depth].join(" ")));
        };
        help = deeper;
    }
    if let Some(next) = named.get(depth)
        && help.contains("\nCommands:\n")
    {
        return Some(format!("there is no `{next}`"));
    }
    let mut options = words.iter().filter(is_option).map(|word| word.split('=').next());
    let unknown = options.find_map(|option| option.filter(|option| !mentions(&help, option)));
    unknown.map(|option| format!("there is no `{option}`"))
}

/// Whether a help lists a sub-command.
fn names(help: &str, command: &str) -> bool {
    let commands = help.split("\nCommands:\n").nth(1).unwrap_or_default();
    let lines = commands.lines().take_while(|line| line.starts_with(' '));
    lines.map(str::split_whitespace).any(|mut words| words.next() == Some(command))
}

/// Whether a help lists an option.
fn mentions(help: &str, option: &str) -> bool {
    let is_end = |c: char| !(c.is_alphanumeric() || c == '-');
    help.split(is_end).any(|word| word == option) || ["--help", "-h"].contains(&option)
}

fn help_of(program: &str, words: &[&str]) -> Option<String> {
    process::output(Command::new(program).args(words).arg("--help")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_from_fenced_blocks() {
        let text = "`comity no`\n```sh\n$ comity serve  # here\ncargo xtask test\nls\n\
            comity user add \\\n  --name x\n```\ncomity no";
        assert_eq!(
            commands(text),
            ["comity serve", "cargo xtask test", "comity user add --name x"]
        );
    }

    fn check(line: &str) -> Option<String> {
        why_wrong(line, &|words| match words {
            [] => Some("Usage\n\nCommands:\n  serve  Serves\n  user   Users\n\nOptions:\n".into()),
            ["serve"] => Some("Usage\n\nOptions:\n  -c, --config <FILE>  The file\n".into()),
            ["user"] => Some("Usage\n\nCommands:\n  add  Adds\n\nOptions:\n".into()),
            ["user", "add"] => Some("Usage: comity user add <NAME>\n".into()),
            _ => None,
        })
    }

    #[test]
    fn commands_that_exist_pass() {
        for line in [
            "comity serve --config /etc/comity.toml",
            "comity serve --config=x -c y > log",
            "comity user add alice",
            "comity --help",
            "cargo run --release -- serve",
            "cargo run --package other -- fly",
            "cargo xtask scenario two-organisations --short --times 10",
            "cargo xtask --help",
        ] {
            assert_eq!(check(line), None, "{line}");
        }
    }

    #[test]
    fn commands_that_do_not_exist_are_found() {
        assert_eq!(check("comity fly").unwrap(), "there is no `fly`");
        assert_eq!(check("cargo run --release -- fly").unwrap(), "there is no `fly`");
        assert_eq!(check("comity user remove alice").unwrap(), "there is no `remove`");
        assert_eq!(check("comity serve --conf x").unwrap(), "there is no `--conf`");
        assert!(check("cargo xtask fly").unwrap().contains("unrecognized subcommand 'fly'"));
    }
}
