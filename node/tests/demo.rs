//! `comity demo` as whoever tries Comity first sees it: the built binary, its output, the commands
//! that it prints.
#![allow(clippy::unwrap_used)]

mod common;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{Process, lines, wait_for};

fn demo(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comity"));
    command.current_dir(dir).env_clear().env("TMPDIR", dir).arg("demo");
    command
}

fn is_empty(dir: &Path) -> bool {
    std::fs::read_dir(dir).unwrap().next().is_none()
}

#[test]
fn a_message_crosses_both_ways_and_nothing_stays() {
    let dir = tempfile::tempdir().unwrap();
    let output = demo(dir.path()).arg("--exit").output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    let complaints = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && complaints.is_empty(), "{shown}{complaints}");
    let crossed = |from: &str, to: &str| {
        let words = |line: &str| line.split_whitespace().take(3).collect::<Vec<_>>().join(" ");
        shown.lines().any(|line| words(line) == format!("{from} -> {to}"))
    };
    assert!(crossed("alice@acme.test", "bob@globex.test"), "{shown}");
    assert!(crossed("bob@globex.test", "alice@acme.test"), "{shown}");
    assert!(is_empty(dir.path()));
}

#[test]
fn the_printed_commands_chat() {
    let dir = tempfile::tempdir().unwrap();
    let child = demo(dir.path()).stdout(Stdio::piped()).spawn().unwrap();
    let mut running = Process(child);
    let shown = lines(running.0.stdout.take().unwrap());
    let commands: Vec<String> =
        ["--user alice", "--user bob", "--user carol"].map(|who| wait_for(&shown, who)).into();
    wait_for(&shown, "Ctrl-C");

    let sit = |command: &str| {
        let mut shell = Command::new("sh");
        let child = shell.args(["-c", &format!("exec {command} --follow")]);
        let child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Process(child.spawn().unwrap())
    };
    let mut bob = sit(&commands[1]);
    let bob_sees = lines(bob.0.stdout.take().unwrap());
    let bob_is_told = lines(bob.0.stderr.take().unwrap());
    wait_for(&bob_is_told, "in alice@acme.test");

    let script = "안녕 bob\n/new lunch\n/invite bob@globex.test\n/open x@nowhere.test\n";
    let alice = Command::new("sh")
        .args(["-c", &format!("printf '{}' | {}", script.replace('\n', "\\n"), commands[0])])
        .output()
        .unwrap();
    let complaints = String::from_utf8(alice.stderr).unwrap();
    assert!(complaints.contains("domain_not_found"), "{complaints}");
    assert!(!complaints.contains("not sent"), "{complaints}");
    wait_for(&bob_sees, "alice@acme.test: 안녕 bob");
    wait_for(&bob_sees, "alice@acme.test * invites you to #lunch");
    // The group's organisation lets him in; only then is it open, and nothing goes elsewhere.
    let mut typed = bob.0.stdin.take().unwrap();
    writeln!(typed, "/accept").unwrap();
    wait_for(&bob_is_told, "accepted: #lunch opens when its organisation lets you in");
    wait_for(&bob_is_told, "in #lunch");
    writeln!(typed, "at noon?\n/open alice@acme.test\n/history").unwrap();
    wait_for(&bob_sees, "bob@globex.test: at noon?");
    wait_for(&bob_is_told, "in alice@acme.test");
    writeln!(typed, "/new end").unwrap();
    wait_for(&bob_is_told, "in #end");
    let elsewhere = bob_sees.try_iter().find(|line| line.contains("at noon?"));
    assert_eq!(elsewhere, None, "a line for the group went to alice");

    let interrupted = Command::new("kill").args(["-INT", &running.0.id().to_string()]).status();
    assert!(interrupted.unwrap().success());
    assert!(running.0.wait().unwrap().success());
    assert!(is_empty(dir.path()));
}

#[test]
fn a_kept_demo_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let output = demo(dir.path()).args(["--exit", "--data-dir", "kept"]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    assert!(dir.path().join("kept/acme.test/node.key").exists());
}
