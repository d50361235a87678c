//! The ratchet on sizes: files, functions and lines have a target each; what is already larger
//! stands in `xtask/ratchet.toml` with its size and may shrink, never grow. An entry that is no
//! longer needed, or larger than what it excuses, is reported, so the ratchet closes.

use std::collections::BTreeMap;

use super::Finding;
use super::source::{Source, is_word, item_range};

/// Where the exceptions stand.
pub(crate) const RATCHET: &str = "xtask/ratchet.toml";

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;
const LINE_CHARACTERS_MAX: usize = 100;

/// A kind of size and the name of what has it.
type Key = (&'static str, String);

/// What may be larger than its target.
type Excused = BTreeMap<Key, usize>;

/// Something over its target: how large, and on which line to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Oversize {
    size: usize,
    line: Option<usize>,
}

/// All sizes of all code against their targets and the ratchet's text.
pub(crate) fn check(sources: &[Source], ratchet: &str) -> Vec<Finding> {
    let excused = match parse(ratchet) {
        Ok(excused) => excused,
        Err(reason) => return vec![Finding::of_file(RATCHET, reason)],
    };
    let code = sources.iter().filter(|s| s.is_rust() || s.path.ends_with(".py"));
    let mut over: BTreeMap<Key, Oversize> = BTreeMap::new();
    for (key, found) in code.flat_map(oversizes) {
        let largest = over.entry(key).or_default();
        *largest = found.max(*largest);
    }
    let grown = over.iter().filter_map(|(key, size)| grown(key, *size, excused.get(key).copied()));
    let loose = excused.iter().filter_map(|(key, size)| loose(key, *size, over.get(key)));
    grown.chain(loose).collect()
}

/// Everything in a file that is over its target.
fn oversizes(source: &Source) -> Vec<(Key, Oversize)> {
    let mut found = Vec::new();
    let lines = source.text.lines().count();
    if lines > FILE_LINES_MAX {
        found.push((("files", source.path.clone()), Oversize { size: lines, line: None }));
    }
    for (name, offset, size) in functions(source) {
        if size > FUNCTION_LINES_MAX {
            let line = Some(source.line_of(offset));
            let key = ("functions", format!("{}::{name}", source.path));
            found.push((key, Oversize { size, line }));
        }
    }
    let widths = source.text.lines().map(|line| line.chars().count()).enumerate();
    if let Some((index, size)) = widths.max_by_key(|(_, width)| *width)
        && size > LINE_CHARACTERS_MAX
    {
        let line = Some(index + 1);
        found.push((("lines", source.path.clone()), Oversize { size, line }));
    }
    found
}

/// The functions of a Rust file, each with where it begins and how many lines it has, from the
/// one with `fn` to the closing brace.
fn functions(source: &Source) -> Vec<(&str, usize, usize)> {
    source
        .words("fn")
        .filter_map(|offset| {
            let rest = source.code[offset + "fn".len()..].trim_start();
            let name = rest.split(|c| !is_word(c)).next()?;
            let lines = source.code[item_range(&source.code, offset)].lines().count();
            (!name.is_empty()).then_some((name, offset, lines))
        })
        .collect()
}

fn grown(key: &Key, over: Oversize, excused: Option<usize>) -> Option<Finding> {
    let (kind, name) = key;
    let (unit, target) = match *kind {
        "files" => ("lines in a file", FILE_LINES_MAX),
        "functions" => ("lines in a function", FUNCTION_LINES_MAX),
        _ => ("characters in a line", LINE_CHARACTERS_MAX),
    };
    let allowed = excused.unwrap_or(target);
    let (path, function) = name.split_once("::").unwrap_or((name, ""));
    let function = if function.is_empty() { String::new() } else { format!("{function}: ") };
    let text = format!("{function}{} {unit}, at most {allowed}", over.size);
    (over.size > allowed).then(|| Finding { path: path.to_owned(), line: over.line, text })
}

fn loose(key: &Key, excused: usize, over: Option<&Oversize>) -> Option<Finding> {
    let (kind, name) = key;
    let text = match over {
        Some(over) if over.size >= excused => return None,
        Some(Oversize { size, .. }) => {
            format!("[{kind}] \"{name}\" has shrunk: lower its entry to {size}")
        }
        None => format!("[{kind}] \"{name}\" is within its target or gone: remove its entry"),
    };
    Some(Finding::of_file(RATCHET, text))
}

fn parse(ratchet: &str) -> Result<Excused, String> {
    let table: toml::Table = ratchet.parse().map_err(|error| format!("{error}"))?;
    let mut excused = Excused::new();
    for (kind, entries) in &table {
        let Some(kind) = ["files", "functions", "lines"].into_iter().find(|known| known == kind)
        else {
            return Err(format!("[{kind}] is none of files, functions, lines"));
        };
        for (name, size) in entries.as_table().into_iter().flatten() {
            let size = size.as_integer().and_then(|size| usize::try_from(size).ok());
            let size = size.ok_or_else(|| format!("[{kind}] \"{name}\": not a size"))?;
            excused.insert((kind, name.clone()), size);
        }
    }
    Ok(excused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_file(text: &str, ratchet: &str) -> Vec<String> {
        let findings = check(&[Source::new("a.rs", text)], ratchet);
        findings.iter().map(ToString::to_string).collect()
    }

    fn function_of(lines: usize) -> String {
        format!("fn f(\n) {{\n{}}}\n", "    g();\n".repeat(lines - 3))
    }

    #[test]
    fn what_is_at_its_target_passes() {
        assert_eq!(check_file(&function_of(70), ""), [""; 0]);
        assert_eq!(check_file(&"//\n".repeat(600), ""), [""; 0]);
        assert_eq!(check_file(&"語".repeat(100), ""), [""; 0]);
        assert_eq!(check_file("trait T { fn f(); }", ""), [""; 0]);
    }

    #[test]
    fn what_is_larger_is_found() {
        assert_eq!(
            check_file(&function_of(71), ""),
            ["a.rs:1: f: 71 lines in a function, at most 70"]
        );
        assert_eq!(check_file(&"//\n".repeat(601), ""), ["a.rs: 601 lines in a file, at most 600"]);
        assert_eq!(
            check_file(&"x".repeat(101), ""),
            ["a.rs:1: 101 characters in a line, at most 100"]
        );
    }

    #[test]
    fn an_excuse_holds_until_growth() {
        let ratchet = "[functions]\n\"a.rs::f\" = 80";
        assert_eq!(check_file(&function_of(80), ratchet), [""; 0]);
        let grown = check_file(&function_of(81), ratchet);
        assert_eq!(grown, ["a.rs:1: f: 81 lines in a function, at most 80"]);
    }

    #[test]
    fn an_excuse_that_is_loose_or_stale_is_found() {
        let ratchet = "[functions]\n\"a.rs::f\" = 80";
        let shrunk = check_file(&function_of(75), ratchet);
        assert!(shrunk[0].ends_with("\"a.rs::f\" has shrunk: lower its entry to 75"), "{shrunk:?}");
        let stale = check_file(&function_of(70), ratchet);
        assert!(stale[0].ends_with("remove its entry"), "{stale:?}");
        assert!(check_file("", "[files]\n\"a.rs\" = \"big\"")[0].contains("not a size"));
        assert!(check_file("", "[folders]")[0].contains("none of"));
    }
}
