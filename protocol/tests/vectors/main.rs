//! The pinned vectors of `conformance/vectors/`: the crate agrees with every case of every file,
//! and the files are what the crate makes of the story in `world`. With `COMITY_WRITE_VECTORS` set,
//! a run writes them anew; whoever does that means to change bytes that other nodes rely on.

#![allow(clippy::unwrap_used)]

mod asks;
mod build;
mod check;
mod diagnostic;
mod forks;
mod key_changes;
mod names;
mod structures;
mod world;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/vectors")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// The files that are there.
fn names_of_files() -> BTreeSet<String> {
    let names = std::fs::read_dir(folder()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".json")).collect()
}

fn cases() -> Vec<(String, Value)> {
    let mut cases = Vec::new();
    for name in names_of_files() {
        let file: Value = serde_json::from_str(&read(&name)).unwrap();
        for (i, case) in file["cases"].as_array().unwrap().iter().enumerate() {
            cases.push((format!("{name}, case {i}"), case.clone()));
        }
    }
    cases
}

#[test]
fn every_case_holds() {
    let cases = cases();
    assert!(cases.len() > 100, "{} cases", cases.len());
    for (place, case) in &cases {
        let held = std::panic::catch_unwind(|| check::check(case));
        assert!(held.is_ok(), "{place}: {case:#}");
    }
}

#[test]
fn the_files_are_what_the_crate_makes() {
    let built = build::files();
    if std::env::var_os("COMITY_WRITE_VECTORS").is_some() {
        for (name, file) in &built {
            std::fs::write(folder().join(name), print(file)).unwrap();
        }
    }
    let expected: BTreeSet<String> = built.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names_of_files(), expected);
    for (name, file) in &built {
        let pinned: Value = serde_json::from_str(&read(name)).unwrap();
        let pairs = file["cases"].as_array().unwrap().iter();
        for (i, (new, old)) in pairs.zip(pinned["cases"].as_array().unwrap()).enumerate() {
            assert_eq!(new, old, "{name}, case {i}: these bytes are pinned");
        }
        assert_eq!(*file, pinned, "{name}");
    }
}

#[test]
fn every_kind_has_a_case() {
    let mut kinds: BTreeSet<(String, u64)> = BTreeSet::new();
    for (_, case) in cases().iter().filter(|(_, case)| case["kind"] == "structure") {
        let rule = check::text(case, "rule");
        let kind = check::kind(rule, &check::bytes(case, "hex"));
        kinds.extend(kind.map(|kind| (rule.to_owned(), kind)));
    }
    let of =
        |rule: &'static str| kinds.iter().filter(move |(of, _)| of == rule).map(|(_, kind)| *kind);
    assert!(of("event-header").eq(1..=12), "{kinds:?}");
    assert!(of("control-header").eq(1..=24), "{kinds:?}");
    assert!(of("frame").eq(0..=31), "{kinds:?}");
}

#[test]
fn the_cddl_tells_structures_apart() {
    const RULES: [&str; 6] =
        ["body", "control-header", "control-state", "event-header", "frame", "record"];
    for (place, case) in cases().iter().filter(|(_, case)| case["kind"] == "structure") {
        let (own, bytes) = (check::text(case, "rule"), check::bytes(case, "hex"));
        for rule in RULES.iter().filter(|rule| **rule != own) {
            assert!(check::cddl_takes(rule, &bytes).is_err(), "{place} is no {rule}");
        }
    }
    // A request whose arguments are those of no request.
    let genuine = world::World::new().accept;
    let forged = comity_protocol::event::EventHeader { args: Some(vec![0x80].into()), ..genuine };
    let bytes = comity_protocol::cbor::encode(&forged);
    assert!(check::cddl_takes("event-header", &bytes).is_err());
}

/// JSON with one line for each case, so that a change of one shows as one.
fn print(file: &Value) -> String {
    let cases = file["cases"].as_array().unwrap();
    let lines: Vec<String> = cases.iter().map(|case| format!("    {case}")).collect();
    format!("{{\n  \"about\": {},\n  \"cases\": [\n{}\n  ]\n}}\n", file["about"], lines.join(",\n"))
}
