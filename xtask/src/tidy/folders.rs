//! The arrows between the folders of `node/src`, as a table. A layer may reach further down than
//! to its neighbour, never up or sideways; the journal is the writer's alone.

use super::Finding;
use super::paths::{CodePath, paths};
use super::source::Source;

const ROOT: &str = "node/src/";

/// Each module below `node/src` and what it may use. `ALL` stands for every other module.
const ARROWS: [(&str, &[&str]); 20] = [
    ("main", ALL),
    ("lib", ALL),
    ("cli", ALL),
    ("config", ALL),
    ("server", ALL),
    ("logging", &["config"]),
    ("keys", &["disk"]),
    (
        "edge",
        &["doctor", "feed", "presence", "push", "search", "admin", "writer", "store", "clock"],
    ),
    // Words for what the edge, or a command without a node, has found out.
    ("doctor", &["admin"]),
    ("feed", &["writer", "store", "clock"]),
    ("presence", &["writer", "store", "clock"]),
    ("push", &["clock", "keys"]),
    ("search", &["feed", "writer", "store", "clock"]),
    ("admin", &["writer", "store", "clock"]),
    ("writer", &["journal", "store", "disk", "clock"]),
    ("journal", &["disk"]),
    ("store", &["disk"]),
    // The traits towards the world outside; everything stands on them, they on nothing.
    ("clock", &[]),
    ("disk", &[]),
    // What tests share.
    ("testing", ALL),
];

const ALL: &[&str] = &["*"];

/// Every use of another folder that the table does not draw. Tests may use what they need.
pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let modules: Vec<_> = sources.iter().filter_map(module_of).collect();
    sources
        .iter()
        .filter(|source| module_of(source).is_some())
        .flat_map(|source| check_source(source, &modules))
        .collect()
}

fn check_source(source: &Source, modules: &[&str]) -> Vec<Finding> {
    let from = module_of(source).unwrap_or_default();
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == from) else {
        let text = format!("{from} has no row in the table of arrows (xtask/src/tidy/folders.rs)");
        return vec![Finding::of_file(&source.path, text)];
    };
    let is_drawn = |to: &str| to == from || *allowed == ALL || allowed.contains(&to);
    paths(source)
        .iter()
        .filter(|path| !source.is_test(path.offset))
        .filter_map(|path| Some((path, target_of(source, path)?)))
        .filter(|(_, to)| modules.contains(to) && !is_drawn(to))
        .map(|(path, to)| {
            Finding::at(source, path.offset, format!("node/src: {from} must not use {to}"))
        })
        .collect()
}

/// The module right below `node/src` in which a file stands.
fn module_of(source: &Source) -> Option<&str> {
    let inner = source.path.strip_prefix(ROOT)?.strip_suffix(".rs")?;
    inner.split('/').next()
}

/// The module below the crate's root that a path leads to, where it leads through the root.
fn target_of<'a>(source: &Source, path: &CodePath<'a>) -> Option<&'a str> {
    match path.names.first().copied()? {
        "crate" | "comity" => path.names.get(1).copied(),
        "super" => {
            let steps = path.names.iter().take_while(|name| **name == "super").count();
            let depth = depth_of(&source.path) + source.inline_modules(path.offset);
            (steps == depth).then(|| path.names.get(steps).copied())?
        }
        _ => None,
    }
}

/// How many steps up the crate's root is from a file.
fn depth_of(path: &str) -> usize {
    let inner = path.strip_prefix(ROOT).unwrap_or(path);
    let names = inner.split('/').count();
    if inner.ends_with("mod.rs") || inner == "lib.rs" { names - 1 } else { names }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_file(path: &str, text: &str) -> Vec<String> {
        let others = ["store", "feed", "edge", "journal", "clock"]
            .map(|name| Source::new(&format!("{ROOT}{name}/mod.rs"), ""));
        let mut sources = Vec::from(others);
        sources.push(Source::new(path, text));
        check(&sources).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn arrows_downwards_pass() {
        let text =
            "use crate::store::View;\nuse super::writer::Writer;\nfn f() { crate::clock::now() }";
        assert_eq!(check_file("node/src/feed/mod.rs", text), [""; 0]);
        assert_eq!(
            check_file("node/src/server.rs", "use crate::{edge::Edge, journal::File};"),
            [""; 0]
        );
        let test = "#[cfg(test)]\nmod tests { use crate::edge::Edge; }";
        assert_eq!(check_file("node/src/feed/local.rs", test), [""; 0]);
    }

    #[test]
    fn arrows_upwards_are_found_however_they_are_written() {
        let expected = ["node/src/feed/local.rs:1: node/src: feed must not use edge"];
        let check = |text| check_file("node/src/feed/local.rs", text);
        assert_eq!(check("use crate::edge::Edge;"), expected);
        assert_eq!(check("use crate::{clock, edge::Edge};"), expected);
        assert_eq!(check("fn f() { crate::edge::wake() }"), expected);
        assert_eq!(check("use super::super::edge::Edge;"), expected);
        assert_eq!(check("mod inner { use super::super::super::edge; }"), expected);
        assert_eq!(check("use super::edge::Edge;"), [""; 0], "a module of feed's own");
    }

    #[test]
    fn the_journal_is_the_writers_alone() {
        assert_eq!(check_file("node/src/writer/step.rs", "use crate::journal::Entry;"), [""; 0]);
        let found = check_file("node/src/feed/mod.rs", "use crate::journal::Entry;");
        assert_eq!(found, ["node/src/feed/mod.rs:1: node/src: feed must not use journal"]);
    }

    #[test]
    fn a_folder_without_a_row_is_found() {
        let found = check_file("node/src/helpers/mod.rs", "");
        assert!(found[0].contains("helpers has no row"), "{found:?}");
    }
}
