//! The command as an admin meets it: the built binary, its output, its exit status. What needs a
//! running node is judged by the scenarios.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Output};

fn comity(dir: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comity"));
    command.args(arguments).current_dir(dir).env_clear();
    command.envs(variables.iter().copied()).output().unwrap()
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn the_version_is_the_crates() {
    let dir = tempfile::tempdir().unwrap();
    let version = printed(&comity(dir.path(), &["--version"], &[]));
    assert_eq!(version, format!("comity {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_missing_domain_is_explained() {
    let dir = tempfile::tempdir().unwrap();
    let said = complaint(&comity(dir.path(), &["serve"], &[]));
    assert!(said.contains("`domain` is missing") && said.contains("COMITY_DOMAIN"), "{said}");
}

#[test]
fn the_settings_file_here_is_used_and_its_errors_are_placed() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("comity.toml"), "domain = \"acme.example\"\nport = 1\n")
        .unwrap();
    let said = complaint(&comity(dir.path(), &["dns"], &[]));
    assert!(said.starts_with("comity: comity.toml, line 2: port: "), "{said}");
}

#[test]
fn dns_prints_the_records_of_keys_that_stay() {
    let dir = tempfile::tempdir().unwrap();
    let acme = [("COMITY_DOMAIN", "acme.example")];
    let output = comity(dir.path(), &["dns"], &acme);
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(said.contains("made new keys for acme.example in"), "{said}");
    let first = printed(&output);
    let lines: Vec<_> = first.lines().collect();
    assert_eq!(lines[0], "_comity._udp.acme.example. 3600 IN SRV 10 5 4433 acme.example.");
    let txt = "_comity.acme.example. 3600 IN TXT \"v=comity1; k=ed25519; id=";
    assert!(lines[1].starts_with(txt) && lines.len() == 2, "{first}");

    let there = ["dns", "--host", "node1.acme.example", "--port", "443"];
    let second = printed(&comity(dir.path(), &there, &acme));
    assert!(second.contains("IN SRV 10 5 443 node1.acme.example.\n"), "{second}");
    assert_eq!(second.lines().nth(1), first.lines().nth(1), "the key stays");

    let output = comity(dir.path(), &["keys", "show"], &acme);
    assert!(output.stderr.is_empty(), "they were there");
    let shown = printed(&output);
    let key = lines[1].split("p=").nth(1).unwrap().split(';').next().unwrap();
    assert!(shown.contains(key) && shown.contains("recovery.key"), "{shown}");

    // While another key follows, the records of both are to be there.
    let rotated = printed(&comity(dir.path(), &["keys", "rotate"], &acme));
    let output = comity(dir.path(), &["dns"], &acme);
    let both = printed(&output);
    assert!(both.starts_with(&first) && both.lines().count() == 3, "{both}");
    assert!(rotated.contains(both.lines().last().unwrap()), "{rotated}{both}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("publish both until comity keys show"), "{said}");

    let other = [("COMITY_DOMAIN", "globex.example")];
    let said = complaint(&comity(dir.path(), &["keys", "show"], &other));
    assert!(said.contains("belongs to acme.example, not to globex.example"), "{said}");
    let said = complaint(&comity(dir.path(), &["user", "invite"], &other));
    assert!(said.contains("belongs to acme.example"), "{said}");
}

#[test]
fn a_key_missing_beside_records_is_never_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let acme = [("COMITY_DOMAIN", "acme.example")];
    printed(&comity(dir.path(), &["keys", "show"], &acme));
    let data = dir.path().join("comity-data");
    std::fs::create_dir(data.join("journal")).unwrap();
    std::fs::write(data.join("journal/1"), "records").unwrap();
    std::fs::remove_file(data.join("node.key")).unwrap();
    for arguments in [&["serve"][..], &["dns"], &["keys", "show"]] {
        let output = comity(dir.path(), arguments, &acme);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains("node.key is missing"), "{said}");
        assert!(said.contains("from your backup") && !data.join("node.key").exists(), "{said}");
    }
}

#[test]
fn users_need_a_running_node() {
    let dir = tempfile::tempdir().unwrap();
    let acme = [("COMITY_DOMAIN", "acme.example")];
    for arguments in [&["user", "add", "alice"][..], &["user", "invite", "--expires", "7d"]] {
        let said = complaint(&comity(dir.path(), arguments, &acme));
        assert!(said.contains("no node is running") && said.contains("comity serve"), "{said}");
    }
    let said = complaint(&comity(dir.path(), &["user", "invite", "--expires", "soon"], &acme));
    assert!(said.contains("12h or 7d"), "{said}");
}

#[test]
fn chat_says_what_it_lacks() {
    let dir = tempfile::tempdir().unwrap();
    let said = complaint(&comity(dir.path(), &["chat", "--user", "alice"], &[]));
    assert!(said.contains("--server"), "{said}");
    let bare = ["chat", "--user", "alice", "--server", "localhost:8008", "--password", "x"];
    let said = complaint(&comity(dir.path(), &bare, &[]));
    assert!(said.contains("http://localhost:8008"), "{said}");
    std::fs::write(dir.path().join("key.pem"), "no certificate").unwrap();
    let trusting = ["chat", "--user", "alice@acme.test", "--trust", "key.pem", "--password", "x"];
    let said = complaint(&comity(dir.path(), &trusting, &[]));
    assert!(said.contains("--trust key.pem: there is no certificate in it"), "{said}");
    let closed = ["chat", "--user", "alice", "--server", "http://127.0.0.1:1", "--password", "x"];
    let said = complaint(&comity(dir.path(), &closed, &[]));
    assert!(said.contains("cannot be reached"), "{said}");
}

/// The pinned proofs of forks, each with its bytes and what checking it comes to.
fn pinned_proofs() -> Vec<(String, Vec<u8>, String)> {
    let file = include_str!("../../conformance/vectors/proofs.json");
    let file: serde_json::Value = serde_json::from_str(file).unwrap();
    let cases = file["cases"].as_array().unwrap().iter();
    let text = |case: &serde_json::Value, name: &str| case[name].as_str().unwrap().to_owned();
    let hex = |text: String| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
    let is_fork = |case: &&serde_json::Value| case["kind"] == "fork_proof";
    cases
        .filter(is_fork)
        .map(|case| (text(case, "name"), hex(text(case, "hex")), text(case, "result")))
        .collect()
}

#[test]
fn a_proof_is_checked_by_the_file_alone() {
    let dir = tempfile::tempdir().unwrap();
    let check = |more: &[&str]| {
        let arguments = [&["proof", "check", "a.proof"][..], more].concat();
        comity(dir.path(), &arguments, &[])
    };
    let write = |bytes: &[u8]| std::fs::write(dir.path().join("a.proof"), bytes).unwrap();
    let proofs = pinned_proofs();
    for (name, bytes, result) in &proofs {
        write(bytes);
        match result.as_str() {
            "ok" => assert!(printed(&check(&[])).starts_with("It holds: "), "{name}"),
            _ => assert!(complaint(&check(&[])).contains("it proves nothing: "), "{name}"),
        }
    }
    let (_, genuine, _) = &proofs[0];
    write(genuine);
    let said = printed(&check(&[]));
    assert!(said.contains("globex.example wrote two histories of one message log"), "{said}");
    assert!(said.contains("Record 5 has two hashes") && said.contains("at record 14,"), "{said}");
    assert!(said.contains("TXT record of _comity.globex.example"), "{said}");

    // The same as text that a mail program has broken into lines.
    let text = data_encoding::BASE64URL_NOPAD.encode(genuine);
    let lines: Vec<&[u8]> = text.as_bytes().chunks(76).collect();
    write(&[&lines.join(&b"\r\n"[..]), &b"\n"[..]].concat());
    assert_eq!(printed(&check(&[])), said);

    let key = said.lines().find_map(|line| line.strip_prefix("public key  ")).unwrap();
    assert!(printed(&check(&["--key", key])).contains("the one that you gave"));
    let acme = [("COMITY_DOMAIN", "acme.example")];
    let other = printed(&comity(dir.path(), &["keys", "show"], &acme));
    let other = other.lines().find_map(|line| line.strip_prefix("public key     ")).unwrap();
    assert!(complaint(&check(&["--key", other])).contains("about another key than yours"));
    assert!(complaint(&check(&["--key", "globex.example"])).contains("44 characters"));

    for (bytes, reason) in [
        (&b"no proof at all"[..], "no proof: the bytes do not have the expected shape"),
        (&[&genuine[..], &[0]].concat(), "no proof: the bytes are not the deterministic"),
        (&vec![b'p'; 100_000], "too long"),
    ] {
        write(bytes);
        assert!(complaint(&check(&[])).contains(reason), "{reason}");
    }
    std::fs::remove_file(dir.path().join("a.proof")).unwrap();
    assert!(complaint(&check(&[])).starts_with("comity: a.proof: "));
}
