//! Pure crates stay pure: no I/O, no clock, no threads, no randomness of their own. Their
//! Cargo.toml may name only what the list below allows; what Cargo cannot hold, because the
//! standard library brings it, is looked for in the sources.

use super::Finding;
use super::paths::{CodePath, paths};
use super::source::Source;
use crate::metadata::Package;

/// The pure crates.
const PURE: [&str; 8] = [
    "comity-discovery",
    "comity-identity",
    "comity-machine",
    "comity-presence",
    "comity-protocol",
    "comity-push",
    "comity-replica",
    "comity-session",
];

/// Parts of other crates that are held to the same: files, or folders that end with a slash.
const PURE_PARTS: [&str; 11] = [
    "client-api/client/src/core/",
    "node/src/cli/chat/tui/editor.rs",
    "node/src/cli/chat/tui/keys.rs",
    "node/src/cli/chat/tui/mention.rs",
    "node/src/cli/chat/tui/model.rs",
    "node/src/cli/chat/tui/paint.rs",
    "node/src/cli/chat/tui/room.rs",
    "node/src/cli/chat/tui/rows.rs",
    "node/src/cli/chat/tui/view.rs",
    "node/src/cli/chat/tui/watch.rs",
    "node/src/cli/chat/tui/wrap.rs",
];

/// What a pure crate may use besides pure crates: each computes, none waits or looks around.
const PURE_ELSEWHERE: [&str; 12] = [
    "bytes",
    "data-encoding",
    "ed25519-dalek",
    "minicbor",
    "serde",
    "serde_json",
    "sha2",
    "subtle",
    "thiserror",
    "tracing",
    "unicode-normalization",
    "zeroize",
];

/// Modules and types of the world outside, by the beginning of their path.
const WORLD: [&[&str]; 12] = [
    &["getrandom"],
    &["rand"],
    &["std", "env"],
    &["std", "fs"],
    &["std", "io", "stderr"],
    &["std", "io", "stdin"],
    &["std", "io", "stdout"],
    &["std", "net", "TcpListener"],
    &["std", "net", "TcpStream"],
    &["std", "net", "UdpSocket"],
    &["std", "process"],
    &["std", "thread"],
];

/// Calls that read a clock or a source of randomness, wherever in a path they stand.
const CALLS: [&[&str]; 5] = [
    &["Instant", "now"],
    &["SystemTime", "now"],
    &["OsRng", "default"],
    &["SigningKey", "generate"],
    &["RandomState", "new"],
];

/// What the Cargo.toml of a pure crate must not name. Tests may use what they need.
pub(crate) fn check_manifests(packages: &[Package]) -> Vec<Finding> {
    let pure = packages.iter().filter(|package| PURE.contains(&package.name.as_str()));
    pure.flat_map(|package| {
        package
            .dependencies
            .iter()
            .filter(|dependency| !dependency.is_dev)
            .map(|dependency| dependency.name.as_str())
            .filter(|name| !PURE.contains(name) && !PURE_ELSEWHERE.contains(name))
            .map(|name| {
                let text = format!("{} is pure and must not depend on {name}", package.name);
                Finding::of_file(&package.manifest, text)
            })
    })
    .collect()
}

/// What the sources of a pure crate must not do outside their tests.
pub(crate) fn check_sources(packages: &[Package], sources: &[Source]) -> Vec<Finding> {
    let pure = packages.iter().filter(|package| PURE.contains(&package.name.as_str()));
    let folders: Vec<_> =
        pure.filter_map(|package| package.manifest.strip_suffix("Cargo.toml")).collect();
    sources
        .iter()
        .filter(|source| source.is_rust())
        .filter(|source| {
            let is_part = PURE_PARTS.iter().any(|part| source.path.starts_with(part));
            is_part || folders.iter().any(|folder| is_below(&source.path, folder))
        })
        .flat_map(check_source)
        .collect()
}

fn check_source(source: &Source) -> Vec<Finding> {
    let of_paths = paths(source)
        .into_iter()
        .filter(is_impure)
        .map(|path| (path.offset, path.names.join("::")));
    let of_words = ["async", "await"]
        .into_iter()
        .flat_map(|word| source.words(word).map(move |offset| (offset, word.to_owned())));
    of_paths
        .chain(of_words)
        .filter(|(offset, _)| !source.is_test(*offset))
        .map(|(offset, what)| Finding::at(source, offset, format!("`{what}` in a pure crate")))
        .collect()
}

fn is_impure(path: &CodePath<'_>) -> bool {
    WORLD.iter().any(|names| path.starts_with(names))
        || CALLS.iter().any(|names| path.contains(names))
}

/// Whether a file belongs to the crate in a folder, and not to its tests.
fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|inner| inner.starts_with("src/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Dependency;

    fn machine(dependency: &str, is_dev: bool) -> Package {
        Package {
            name: "comity-machine".into(),
            manifest: "node/machine/Cargo.toml".into(),
            dependencies: vec![Dependency { name: dependency.into(), is_dev }],
            ..Package::default()
        }
    }

    fn check(path: &str, text: &str) -> Vec<String> {
        let packages = [machine("minicbor", false)];
        let findings = check_sources(&packages, &[Source::new(path, text)]);
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_manifest_names_pure_crates_only() {
        assert_eq!(check_manifests(&[machine("sha2", false)]), []);
        assert_eq!(check_manifests(&[machine("tempfile", true)]), []);
        let found = check_manifests(&[machine("tokio", false)]);
        assert_eq!(found[0].text, "comity-machine is pure and must not depend on tokio");
        let impure = Package { name: "comity".into(), ..machine("tokio", false) };
        assert_eq!(check_manifests(&[impure]), []);
    }

    #[test]
    fn clocks_sockets_files_threads_and_waiting_are_found() {
        for text in [
            "fn f() { std::time::Instant::now(); }",
            "fn f() { SystemTime::now(); }",
            "use std::{collections::BTreeMap, fs};",
            "use std::net::{IpAddr, UdpSocket};",
            "fn f() { std::thread::spawn(g); }",
            "fn f() { getrandom::fill(&mut b); }",
            "fn f() { g().await; }",
            "async fn f() {}",
        ] {
            assert_eq!(check("node/machine/src/a.rs", text).len(), 1, "{text}");
        }
        let found = check("node/machine/src/a.rs", "//! x\nasync fn f() {}");
        assert_eq!(found, ["node/machine/src/a.rs:2: `async` in a pure crate"]);
    }

    #[test]
    fn what_computes_only_passes() {
        for text in [
            "use std::net::IpAddr; use std::time::{Duration, Instant};",
            "// std::fs, .await\nconst A: &str = \"async\";",
            "fn f(now: Instant, awaited: u8, random: [u8; 32]) {}",
            "#[cfg(test)]\nmod tests { fn t() { std::fs::read(p); } }",
        ] {
            assert_eq!(check("node/machine/src/a.rs", text), [""; 0], "{text}");
        }
        assert_eq!(check("node/src/a.rs", "use std::fs;"), [""; 0]);
        assert_eq!(check("client-api/client/src/a.rs", "use std::fs;"), [""; 0]);
        assert_eq!(check("client-api/client/src/core/a.rs", "use std::fs;").len(), 1);
        assert_eq!(check("node/machine/tests/a.rs", "use std::fs;"), [""; 0]);
    }
}
