//! What the lockfile takes in, against `deny.toml`: licences, sources and bans. `cargo deny`
//! judges the same file where it is installed; this check needs nothing but cargo, so that it
//! always runs. It reads of `deny.toml` what it needs: `graph.targets`, `licenses.allow`,
//! `licenses.exceptions`, `bans.deny` and `sources.allow-registry`.

use toml::{Table, Value};

use super::{Finding, spdx};
use crate::metadata::Package;

/// The file with the rules.
pub(crate) const RULES: &str = "deny.toml";

/// The targets for which the rules hold.
pub(crate) fn targets(rules: &Table) -> Vec<String> {
    strings(rules, "graph", "targets")
}

/// Every package whose licence the rules do not allow, and every exception nobody needs.
pub(crate) fn check_licences(packages: &[Package], rules: &Table) -> Vec<Finding> {
    let allowed = strings(rules, "licenses", "allow");
    let exceptions = exceptions(rules);
    let foreign = || packages.iter().filter(|package| package.is_foreign);
    let refused = foreign().filter_map(|package| {
        let name = &package.name;
        let here: Vec<String> = exceptions
            .iter()
            .filter(|(of, _)| of == name)
            .flat_map(|(_, licences)| licences.clone())
            .chain(allowed.iter().cloned())
            .collect();
        let stated = package.license.as_deref().unwrap_or("none stated");
        (!spdx::allows(stated, &here)).then(|| {
            let text = format!("{name} {}: licence `{stated}` is not allowed", package.version);
            Finding::of_file("Cargo.lock", text)
        })
    });
    let stale = exceptions
        .iter()
        .filter(|(of, _)| !foreign().any(|package| package.name == *of))
        .map(|(of, _)| Finding::of_file(RULES, format!("exception for {of}, which is not in use")));
    refused.chain(stale).collect()
}

/// Every package of the lockfile that is banned or comes from somewhere not allowed.
pub(crate) fn check_lockfile(lockfile: &str, rules: &Table) -> Vec<Finding> {
    let lockfile: Table = match lockfile.parse() {
        Ok(table) => table,
        Err(error) => return vec![Finding::of_file("Cargo.lock", error.to_string())],
    };
    let registries = strings(rules, "sources", "allow-registry");
    let banned = banned(rules);
    let packages = lockfile.get("package").and_then(Value::as_array).into_iter().flatten();
    packages
        .flat_map(|package| {
            let field = |key: &str| package.get(key).and_then(Value::as_str);
            let name = field("name").unwrap_or_default();
            let ban = banned.iter().find(|(of, _)| of == name);
            let ban = ban.map(|(_, reason)| format!("{name} is banned: {reason}"));
            let source = field("source").filter(|source| !is_allowed(source, &registries));
            let source = source.map(|source| format!("{name} comes from {source}"));
            ban.into_iter().chain(source)
        })
        .map(|text| Finding::of_file("Cargo.lock", text))
        .collect()
}

fn is_allowed(source: &str, registries: &[String]) -> bool {
    source.strip_prefix("registry+").is_some_and(|of| registries.iter().any(|known| known == of))
}

fn exceptions(rules: &Table) -> Vec<(String, Vec<String>)> {
    tables(rules, "licenses", "exceptions")
        .map(|exception| (text_of(exception, "crate"), list_of(exception.get("allow"))))
        .collect()
}

fn banned(rules: &Table) -> Vec<(String, String)> {
    let banned = tables(rules, "bans", "deny");
    banned.map(|ban| (text_of(ban, "crate"), text_of(ban, "reason"))).collect()
}

fn tables<'a>(rules: &'a Table, section: &str, key: &str) -> impl Iterator<Item = &'a Table> {
    let list = rules.get(section).and_then(|section| section.get(key));
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table)
}

fn strings(rules: &Table, section: &str, key: &str) -> Vec<String> {
    list_of(rules.get(section).and_then(|section| section.get(key)))
}

fn list_of(value: Option<&Value>) -> Vec<String> {
    let list = value.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

fn text_of(table: &Table, key: &str) -> String {
    table.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        [licenses]
        allow = ["MIT"]
        exceptions = [{ crate = "special", allow = ["Zlib"] }]
        [bans]
        deny = [{ crate = "evil", reason = "it is evil" }]
        [sources]
        allow-registry = ["https://registry.test/index"]
    "#;

    fn rules() -> Table {
        TEXT.parse().unwrap()
    }

    fn package(name: &str, license: Option<&str>) -> Package {
        let license = license.map(str::to_owned);
        Package {
            name: name.into(),
            version: "1.0.0".into(),
            license,
            is_foreign: true,
            ..Package::default()
        }
    }

    fn check_package(name: &str, license: Option<&str>) -> Vec<String> {
        let packages = [package(name, license), package("special", Some("Zlib"))];
        let findings = check_licences(&packages, &rules());
        findings.into_iter().map(|finding| finding.text).collect()
    }

    #[test]
    fn licences_are_held_against_the_list() {
        assert_eq!(check_package("a", Some("MIT OR Apache-2.0")), [""; 0]);
        assert_eq!(
            check_package("a", Some("GPL-3.0")),
            ["a 1.0.0: licence `GPL-3.0` is not allowed"]
        );
        assert_eq!(check_package("a", Some("Zlib")).len(), 1, "an exception is for one crate");
        assert_eq!(check_package("a", None), ["a 1.0.0: licence `none stated` is not allowed"]);
        assert_eq!(
            check_licences(&[], &rules())[0].text,
            "exception for special, which is not in use"
        );
    }

    #[test]
    fn bans_and_sources_are_held() {
        let check = |package: &str| -> Vec<String> {
            let findings = check_lockfile(&format!("[[package]]\n{package}"), &rules());
            findings.into_iter().map(|finding| finding.text).collect()
        };
        assert_eq!(check("name = \"a\""), [""; 0]);
        let good = "name = \"a\"\nsource = \"registry+https://registry.test/index\"";
        assert_eq!(check(good), [""; 0]);
        assert_eq!(check("name = \"evil\""), ["evil is banned: it is evil"]);
        let git = "name = \"a\"\nsource = \"git+https://registry.test/index\"";
        assert_eq!(check(git), ["a comes from git+https://registry.test/index"]);
        let other = "name = \"a\"\nsource = \"registry+https://other.test\"";
        assert_eq!(check(other).len(), 1);
    }
}
