//! Small things that a file must have or must not have: a head, no disabled tests, nothing left
//! over from work in progress, no module that nobody declares.

use super::Finding;
use super::source::{Source, is_word};

/// Words that mark unfinished work, split so that this file does not find itself.
const LEFT_OVER: [&str; 3] = [concat!("FIX", "ME"), concat!("TO", "DO"), concat!("XX", "X")];

/// Attributes and macros with no place here, each with the reason.
const BANNED: [(&str, &str); 5] = [
    ("#[ignore", "a test runs or does not exist: assert today's result, with a reason"),
    ("#[should_panic", "assert on what is returned or seen"),
    ("dbg!", "left over"),
    ("todo!", "left over"),
    ("unimplemented!", "left over"),
];

/// All of these rules over all files.
pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let mut findings: Vec<_> = sources.iter().flat_map(check_left_over).collect();
    for source in sources.iter().filter(|source| source.is_rust()) {
        findings.extend(check_head(source));
        findings.extend(check_banned(source));
        findings.extend(check_declared(source, sources));
    }
    findings
}

fn check_head(source: &Source) -> Option<Finding> {
    (!source.text.starts_with("//!")).then(|| {
        let text = "a file opens with `//!`: what it is and what it must not do".to_owned();
        Finding::of_file(&source.path, text)
    })
}

fn check_banned(source: &Source) -> Vec<Finding> {
    BANNED
        .iter()
        .flat_map(|(banned, why)| {
            source
                .code
                .match_indices(banned)
                .filter(|(offset, _)| !source.code[..*offset].ends_with(is_word))
                .map(move |(offset, _)| Finding::at(source, offset, format!("`{banned}`: {why}")))
        })
        .collect()
}

/// Unfinished work, in comments and strings too. Documents may talk about it.
fn check_left_over(source: &Source) -> Vec<Finding> {
    if source.path.ends_with(".md") {
        return Vec::new();
    }
    let stands_alone = |offset: usize, word: &str| {
        let after = &source.text[offset + word.len()..];
        !source.text[..offset].ends_with(is_word) && !after.starts_with(is_word)
    };
    LEFT_OVER
        .iter()
        .flat_map(|word| source.text.match_indices(word))
        .filter(|(offset, word)| stands_alone(*offset, word))
        .map(|(offset, word)| Finding::at(source, offset, format!("`{word}` left over")))
        .collect()
}

/// A file below a `src` that no `mod` names is compiled by nobody.
fn check_declared(source: &Source, sources: &[Source]) -> Option<Finding> {
    let (folder, file) = source.path.rsplit_once('/')?;
    let (folder, name) = match file.strip_suffix(".rs")? {
        "mod" => folder.rsplit_once('/')?,
        name => (folder, name),
    };
    let is_root = ["main", "lib", "build"].contains(&name) || folder.ends_with("/bin");
    if is_root || !source.path.contains("/src/") {
        return None;
    }
    let parents = [
        format!("{folder}.rs"),
        format!("{folder}/mod.rs"),
        format!("{folder}/lib.rs"),
        format!("{folder}/main.rs"),
    ];
    let declares = |parent: &Source| {
        parent.words("mod").any(|offset| {
            let rest = parent.code[offset + "mod".len()..].trim_start();
            rest.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with(';'))
        })
    };
    let is_declared =
        sources.iter().any(|parent| parents.contains(&parent.path) && declares(parent));
    (!is_declared).then(|| {
        Finding::of_file(&source.path, format!("no `mod {name};`: nobody compiles this file"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_files(files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<_> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
        check(&sources).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_file_without_a_head_is_found() {
        assert_eq!(check_files(&[("a/src/lib.rs", "//! Head.\nfn f() {}")]), [""; 0]);
        let found = check_files(&[("a/src/lib.rs", "// Head.\n//! Late.")]);
        assert!(found[0].starts_with("a/src/lib.rs: a file opens with"), "{found:?}");
    }

    #[test]
    fn disabled_tests_and_left_overs_are_found() {
        for text in ["#[ignore]", "#[ignore = \"x\"]", "#[should_panic]", "fn f() { dbg!(x) }"] {
            let found = check_files(&[("a/src/lib.rs", &format!("//! H.\n{text}"))]);
            assert_eq!(found.len(), 1, "{text}");
            assert!(found[0].starts_with("a/src/lib.rs:2: "), "{found:?}");
        }
        for word in LEFT_OVER {
            assert_eq!(check_files(&[("a/b.py", &format!("# {word}: later"))]).len(), 1);
            assert_eq!(check_files(&[("a/b.py", &format!("# {word}S, my{word}"))]), [""; 0]);
        }
        assert_eq!(check_files(&[("a/src/lib.rs", "//! \"dbg!\" and #[ignore]")]), [""; 0]);
    }

    #[test]
    fn a_file_that_nobody_declares_is_found() {
        let lib = ("a/src/lib.rs", "//! H.\nmod b;\npub mod c;");
        let b = ("a/src/b.rs", "//! H.\nmod d;");
        let c = ("a/src/c/mod.rs", "//! H.");
        let d = ("a/src/b/d.rs", "//! H.");
        assert_eq!(check_files(&[lib, b, c, d]), [""; 0]);
        let found = check_files(&[("a/src/lib.rs", "//! H.\nmod b;"), b, c, d]);
        assert_eq!(found, ["a/src/c/mod.rs: no `mod c;`: nobody compiles this file"]);
    }
}
