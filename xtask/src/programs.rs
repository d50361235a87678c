//! Builds the tree's own programs and says where they are.

use std::path::PathBuf;

use crate::process::{self, Outcome, PROFILE};
use crate::tree;

/// Builds all programs of the tree.
///
/// In the profile of the tests they share everything with the tests: `--examples`, of which there
/// are none, makes cargo count the features that only tests ask of a library. Without it half a
/// hundred crates, ours among them, would be compiled a second time. A release has no such part.
pub(crate) fn build(profile: &str) -> Outcome {
    process::run(&mut build_of(profile))
}

/// The same without a word on the output, for runs whose output is for a program.
pub(crate) fn build_unseen(profile: &str) -> Outcome {
    process::run_unseen(build_of(profile).arg("--quiet"))
}

/// A program as a build with a profile leaves it.
pub(crate) fn path(name: &str, profile: &str) -> String {
    target().join(profile).join(name).to_string_lossy().into_owned()
}

/// Where cargo puts what it makes.
pub(crate) fn target() -> PathBuf {
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
    tree::root().join(target)
}

fn build_of(profile: &str) -> std::process::Command {
    let mut cargo = process::cargo();
    cargo.args(["build", "--workspace", "--bins", "--profile", profile]);
    if profile == PROFILE {
        cargo.arg("--examples");
    }
    cargo
}
