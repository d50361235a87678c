//! What cargo says about packages: names, licences, where they come from, what they depend on.
//! Parses `cargo metadata`; judges nothing.

use serde_json::Value;

use crate::process;

/// A package as cargo describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// Its licence expression, where it states one.
    pub(crate) license: Option<String>,
    /// Its Cargo.toml, relative to the root for packages of the tree.
    pub(crate) manifest: String,
    /// Whether it comes from elsewhere.
    pub(crate) is_foreign: bool,
    /// What it says it depends on.
    pub(crate) dependencies: Vec<Dependency>,
}

/// A line among the dependencies of a Cargo.toml.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// The package's name, not what it is called here.
    pub(crate) name: String,
    /// Whether only tests need it.
    pub(crate) is_dev: bool,
}

/// The packages of the tree, without what they pull in.
pub(crate) fn workspace() -> Result<Vec<Package>, String> {
    ask(&["--no-deps"])
}

/// All packages that a build for one target takes in.
pub(crate) fn all_for(target: &str) -> Result<Vec<Package>, String> {
    ask(&["--filter-platform", target])
}

fn ask(arguments: &[&str]) -> Result<Vec<Package>, String> {
    let mut cargo = process::cargo();
    cargo.args(["metadata", "--quiet", "--locked", "--format-version", "1"]).args(arguments);
    parse(&process::output(&mut cargo)?)
}

fn parse(json: &str) -> Result<Vec<Package>, String> {
    let unreadable = |what: &str| format!("cargo metadata: {what}");
    let value: Value =
        serde_json::from_str(json).map_err(|error| unreadable(&error.to_string()))?;
    let root = value["workspace_root"].as_str().ok_or_else(|| unreadable("no root"))?;
    let packages = value["packages"].as_array().ok_or_else(|| unreadable("no packages"))?;
    let resolved = resolved_ids(&value);
    packages
        .iter()
        .filter(|package| resolved.as_ref().is_none_or(|ids| ids.contains(&&package["id"])))
        .map(|package| {
            package_of(package, root).ok_or_else(|| unreadable("a package without name"))
        })
        .collect()
}

/// The packages that a platform filter left in the graph; the list itself names all.
fn resolved_ids(metadata: &Value) -> Option<Vec<&Value>> {
    let nodes = metadata["resolve"]["nodes"].as_array()?;
    Some(nodes.iter().map(|node| &node["id"]).collect())
}

fn package_of(value: &Value, root: &str) -> Option<Package> {
    let manifest = value["manifest_path"].as_str()?;
    let dependencies = value["dependencies"].as_array()?;
    Some(Package {
        name: value["name"].as_str()?.to_owned(),
        version: value["version"].as_str()?.to_owned(),
        license: value["license"].as_str().map(str::to_owned),
        manifest: manifest.strip_prefix(root).unwrap_or(manifest).trim_start_matches('/').into(),
        is_foreign: !value["source"].is_null(),
        dependencies: dependencies.iter().filter_map(dependency_of).collect(),
    })
}

fn dependency_of(value: &Value) -> Option<Dependency> {
    Some(Dependency {
        name: value["name"].as_str()?.to_owned(),
        is_dev: value["kind"].as_str() == Some("dev"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{
        "workspace_root": "/home/me/comity",
        "packages": [
            {"id": "a", "name": "a", "version": "1.0.0", "license": "MIT", "source": null,
             "manifest_path": "/home/me/comity/sub/a/Cargo.toml",
             "dependencies": [{"name": "b", "kind": null}, {"name": "c", "kind": "dev"}]},
            {"id": "w", "name": "w", "version": "2.0.0", "license": null, "source": "registry+x",
             "manifest_path": "/elsewhere/w/Cargo.toml", "dependencies": []}
        ],
        "resolve": {"nodes": [{"id": "a"}]}
    }"#;

    #[test]
    fn packages_carry_what_the_rules_ask_for() {
        let packages = parse(JSON).unwrap();
        let expected = Package {
            name: "a".into(),
            version: "1.0.0".into(),
            license: Some("MIT".into()),
            manifest: "sub/a/Cargo.toml".into(),
            is_foreign: false,
            dependencies: vec![
                Dependency { name: "b".into(), is_dev: false },
                Dependency { name: "c".into(), is_dev: true },
            ],
        };
        assert_eq!(packages, [expected]);
    }

    #[test]
    fn what_a_platform_leaves_out_is_left_out() {
        let all =
            JSON.replace(r#""nodes": [{"id": "a"}]"#, r#""nodes": [{"id": "a"}, {"id": "w"}]"#);
        assert_eq!(parse(&all).unwrap().len(), 2);
        assert!(parse("{}").is_err());
    }
}
