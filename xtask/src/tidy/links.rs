//! Links between the documents of the tree: every relative link leads to a file, every anchor to
//! a heading. Links to the web are not followed: a check must not depend on somebody's server.

use super::Finding;
use super::source::Source;

/// Every dead link. `exists` says whether a path from the root is a file or folder.
pub(crate) fn check(sources: &[Source], exists: &dyn Fn(&str) -> bool) -> Vec<Finding> {
    sources
        .iter()
        .filter(|source| is_document(&source.path))
        .flat_map(|source| {
            links(&source.text).into_iter().filter_map(|(line, target)| {
                let reason = why_dead(source, &target, sources, exists)?;
                Some(Finding::on_line(&source.path, line, format!("`{target}`: {reason}")))
            })
        })
        .collect()
}

fn why_dead(
    source: &Source,
    target: &str,
    sources: &[Source],
    exists: &dyn Fn(&str) -> bool,
) -> Option<&'static str> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let Some(path) = resolve(&source.path, path) else {
        return Some("leads out of the tree");
    };
    if !exists(&path) {
        return Some("no such file");
    }
    let document = sources.iter().find(|other| other.path == path && is_document(&path));
    match document {
        Some(other) if !anchor.is_empty() && !anchors(&other.text).contains(&anchor.to_owned()) => {
            Some("no such heading")
        }
        _ => None,
    }
}

/// A link's path from the root; none where it leaves the tree.
fn resolve(from: &str, link: &str) -> Option<String> {
    if link.is_empty() {
        return Some(from.to_owned());
    }
    if link.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.trim_end_matches('/').split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The targets of a document's links with their lines; code is not read.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in lines_outside_fences(text) {
        let line = without_code_spans(line);
        if let Some(target) = definition(&line) {
            found.push((number, target));
        }
        for (at, _) in line.match_indices("](") {
            let rest = &line[at + 2..];
            let target = rest.split([')', ' ']).next().unwrap_or_default();
            found.push((number, target.trim_matches(['<', '>']).to_owned()));
        }
    }
    found
}

/// The target of a line such as `[name]: path`.
fn definition(line: &str) -> Option<String> {
    let (name, target) = line.trim_start().strip_prefix('[')?.split_once("]: ")?;
    (!name.contains(']')).then(|| target.split_whitespace().next().unwrap_or_default().to_owned())
}

/// The anchors of a document's headings, as GitHub makes them, and those set by hand.
fn anchors(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (_, line) in lines_outside_fences(text) {
        let title = line.trim_start_matches('#');
        if title.len() < line.len() && title.starts_with(' ') {
            let slug = slug(title.trim());
            let repeats = found.iter().filter(|other| is_repeat(other, &slug)).count();
            found.push(if repeats == 0 { slug } else { format!("{slug}-{repeats}") });
        }
        for set in ["id=\"", "name=\""].into_iter().flat_map(|mark| line.split(mark).skip(1)) {
            found.extend(set.split('"').next().map(str::to_owned));
        }
    }
    found
}

fn is_repeat(anchor: &str, slug: &str) -> bool {
    let rest = anchor.strip_prefix(slug).map(|rest| rest.trim_start_matches('-'));
    rest.is_some_and(|rest| rest.chars().all(|character| character.is_ascii_digit()))
}

fn slug(title: &str) -> String {
    title
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// The lines of a document with their numbers, without fenced blocks.
pub(crate) fn lines_outside_fences(text: &str) -> Vec<(usize, &str)> {
    let mut is_fenced = false;
    let mut kept = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let is_fence = line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~");
        if is_fence {
            is_fenced = !is_fenced;
        } else if !is_fenced {
            kept.push((index + 1, line));
        }
    }
    kept
}

fn without_code_spans(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

fn is_document(path: &str) -> bool {
    path.ends_with(".md")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_links(text: &str) -> Vec<String> {
        let sources = [
            Source::new("docs/a.md", text),
            Source::new("docs/b/c.md", "# One\n## 2. `Two`, three\n## One\n```\n# no\n```\n"),
        ];
        let exists =
            |path: &str| ["docs/a.md", "docs/b", "docs/b/c.md", "README.md"].contains(&path);
        check(&sources, &exists).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn living_links_pass() {
        for text in [
            "[x](b/c.md) and ![y](../README.md \"title\")",
            "[x](b/c.md#one) [x](b/c.md#one-1) [x](b/c.md#2-two-three) [x](b/)",
            "[x](https://example.org/none) [x](mailto:me@example.org)",
            "[x]: b/c.md\n# Here\n[here](#here)",
            "`[x](none.md)`\n```\n[x](none.md)\n```",
        ] {
            assert_eq!(check_links(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn dead_links_are_found() {
        assert_eq!(check_links("\n[x](none.md)"), ["docs/a.md:2: `none.md`: no such file"]);
        assert_eq!(check_links("[x]: none.md"), ["docs/a.md:1: `none.md`: no such file"]);
        assert_eq!(check_links("[x](b/c.md#no)"), ["docs/a.md:1: `b/c.md#no`: no such heading"]);
        assert_eq!(check_links("[x](#no)"), ["docs/a.md:1: `#no`: no such heading"]);
        assert_eq!(check_links("[x](../../y)"), ["docs/a.md:1: `../../y`: leads out of the tree"]);
        assert_eq!(check_links("[x](/etc)"), ["docs/a.md:1: `/etc`: leads out of the tree"]);
    }
}
