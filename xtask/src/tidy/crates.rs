//! The arrows between crates: who may depend on whom, as a table. A new arrow is the largest
//! size of change there is: it is drawn here first, with its reason.

use super::Finding;
use crate::metadata::Package;

/// Each crate, what it may use, and what its tests may use besides.
const ARROWS: [Row; 17] = [
    row("comity-protocol", &[], &[]),
    row("comity-identity", &["comity-protocol"], &[]),
    row("comity-discovery", &["comity-protocol", "comity-identity"], &[]),
    // Its tests let two real machines talk over a link.
    row("comity-replica", &["comity-protocol", "comity-identity"], &["comity-machine"]),
    row(
        "comity-federation",
        &["comity-protocol", "comity-identity", "comity-discovery", "comity-replica"],
        &["comity-relay"],
    ),
    row("comity-session", &["comity-protocol"], &[]),
    row("comity-client", &["comity-protocol"], &[]),
    row("comity-client-api", &["comity-protocol", "comity-session"], &["comity-client"]),
    row("comity-machine", &["comity-protocol", "comity-identity"], &[]),
    row("comity-presence", &["comity-protocol"], &[]),
    row("comity-push", &["comity-protocol"], &[]),
    row("comity-search", &[], &[]),
    row(
        "comity",
        &[
            "comity-protocol",
            "comity-identity",
            "comity-discovery",
            "comity-replica",
            "comity-federation",
            "comity-client-api",
            "comity-client",
            "comity-machine",
            "comity-presence",
            "comity-push",
            "comity-search",
        ],
        &["comity-relay"],
    ),
    // A bench runs nodes and their parts; nothing uses a bench.
    row(
        "comity-bench",
        &[
            "comity-protocol",
            "comity-identity",
            "comity-federation",
            "comity-machine",
            "comity-relay",
            "comity-replica",
            "comity",
            "comity-client",
            "comity-search",
        ],
        &[],
    ),
    // A bad network: it knows nothing of what it carries.
    row("comity-relay", &[], &[]),
    // The simulator is made of a node's parts; nothing uses it.
    row(
        "comity-sim",
        &["comity-protocol", "comity-identity", "comity-machine", "comity-replica", "comity"],
        &[],
    ),
    row("xtask", &[], &[]),
];

#[derive(Clone, Copy)]
struct Row {
    name: &'static str,
    uses: &'static [&'static str],
    tests_use: &'static [&'static str],
}

const fn row(
    name: &'static str,
    uses: &'static [&'static str],
    tests_use: &'static [&'static str],
) -> Row {
    Row { name, uses, tests_use }
}

/// Every arrow between packages of the tree that the table does not draw.
pub(crate) fn check(packages: &[Package]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        match ARROWS.iter().find(|row| row.name == package.name) {
            Some(row) => findings.extend(check_package(package, row, packages)),
            None => findings.push(Finding::of_file(
                &package.manifest,
                format!(
                    "{} has no row in the table of arrows (xtask/src/tidy/crates.rs)",
                    package.name
                ),
            )),
        }
    }
    for row in ARROWS {
        if !packages.iter().any(|package| package.name == row.name) {
            let text = format!("{} is drawn in the table of arrows, but does not exist", row.name);
            findings.push(Finding::of_file("xtask/src/tidy/crates.rs", text));
        }
    }
    findings
}

fn check_package(package: &Package, row: &Row, packages: &[Package]) -> Vec<Finding> {
    let ours = package
        .dependencies
        .iter()
        .filter(|dependency| packages.iter().any(|other| other.name == dependency.name));
    ours.filter(|dependency| {
        let name = dependency.name.as_str();
        !(row.uses.contains(&name) || dependency.is_dev && row.tests_use.contains(&name))
    })
    .map(|dependency| {
        let text = format!("{} must not use {}", package.name, dependency.name);
        Finding::of_file(&package.manifest, text)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Dependency;

    /// A tree that has every crate of the table and these arrows alone.
    fn check_arrows(arrows: &[(&str, &str, bool)]) -> Vec<String> {
        let mut packages: Vec<_> = ARROWS
            .iter()
            .map(|row| Package { name: row.name.into(), ..Package::default() })
            .collect();
        for (from, to, is_dev) in arrows {
            let package = packages.iter_mut().find(|package| package.name == *from).unwrap();
            package.dependencies.push(Dependency { name: (*to).into(), is_dev: *is_dev });
        }
        check(&packages).into_iter().map(|finding| finding.text).collect()
    }

    #[test]
    fn drawn_arrows_pass() {
        let arrows = [
            ("comity", "comity-machine", false),
            ("comity-client-api", "comity-client", true),
            ("comity-machine", "minicbor", false),
        ];
        assert_eq!(check_arrows(&arrows), [""; 0]);
    }

    #[test]
    fn arrows_that_are_not_drawn_are_found() {
        let sideways = check_arrows(&[("comity-client-api", "comity-federation", false)]);
        assert_eq!(sideways, ["comity-client-api must not use comity-federation"]);
        let upwards = check_arrows(&[("comity-machine", "comity", true)]);
        assert_eq!(upwards, ["comity-machine must not use comity"]);
        let in_the_product = check_arrows(&[("comity-client-api", "comity-client", false)]);
        assert_eq!(in_the_product, ["comity-client-api must not use comity-client"]);
    }

    #[test]
    fn the_table_and_the_tree_name_the_same_crates() {
        let stranger = Package { name: "comity-stranger".into(), ..Package::default() };
        let findings = check(&[stranger]);
        assert_eq!(findings.len(), ARROWS.len() + 1);
        assert!(findings[0].text.starts_with("comity-stranger has no row"));
    }
}
