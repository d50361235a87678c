//! Sections of the protocol that the code cites must exist. A citation reads: the folder of the
//! protocol's documents, then the word "section", then its number, on one line or over two lines
//! of a comment. The documents number their headings: `## 3. Authority`, `### 3.2 Requests`.

use super::Finding;
use super::links::lines_outside_fences;
use super::source::Source;

/// The folder of the protocol's documents, put together so that this file cites nothing.
const FOLDER: &str = concat!("docs/", "protocol/");

/// Every citation of a section that no document has. Nothing is checked before the documents'
/// first page is there.
pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let first_page = format!("{FOLDER}README.md");
    if !sources.iter().any(|source| source.path == first_page) {
        return Vec::new();
    }
    let documents = sources.iter().filter(|source| source.path.starts_with(FOLDER));
    let sections: Vec<String> =
        documents.flat_map(|document| numbered_headings(&document.text)).collect();
    sources
        .iter()
        .flat_map(|source| {
            let cited = citations(&source.text).into_iter();
            cited.map(move |(offset, section)| (source, offset, section))
        })
        .filter(|(_, _, section)| !sections.contains(section))
        .map(|(source, offset, section)| {
            Finding::at(source, offset, format!("{FOLDER} has no section {section}"))
        })
        .collect()
}

fn numbered_headings(text: &str) -> Vec<String> {
    lines_outside_fences(text)
        .into_iter()
        .filter(|(_, line)| line.starts_with('#'))
        .map(|(_, line)| number(line.trim_start_matches(['#', ' '])))
        .filter(|number| !number.is_empty())
        .collect()
}

/// The cited sections of a text, each with where its citation begins.
fn citations(text: &str) -> Vec<(usize, String)> {
    text.match_indices(FOLDER)
        .flat_map(|(offset, _)| {
            let rest = &text[offset + FOLDER.len()..];
            sections(rest).into_iter().map(move |section| (offset, section))
        })
        .collect()
}

/// The numbers behind "section" or "sections", where that word follows next.
fn sections(rest: &str) -> Vec<String> {
    let file = rest.find(|c: char| !(c.is_alphanumeric() || "-_.".contains(c)));
    let rest = skip_filler(&rest[file.unwrap_or(rest.len())..]);
    let Some(rest) = rest.strip_prefix("sections").or_else(|| rest.strip_prefix("section")) else {
        return Vec::new();
    };
    let mut rest = skip_filler(rest);
    let mut found = Vec::new();
    loop {
        let number = number(rest);
        if number.is_empty() {
            return found;
        }
        rest = skip_filler(&rest[number.len()..]);
        found.push(number);
        let next = ["and ", "to ", "-", "–"].iter().find_map(|word| rest.strip_prefix(word));
        match next {
            Some(next) => rest = skip_filler(next),
            None => return found,
        }
    }
}

/// Blanks, the marks around a name, and what begins the next line of a comment.
fn skip_filler(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_whitespace() || "`,/!*#".contains(c))
}

/// A section's number at the beginning of a text, without a last dot.
fn number(text: &str) -> String {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    text[..end].trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# The protocol\n## 1. Names\n### 1.2 Ids\n## 3. Time\n";

    fn check_text(page: &str, text: &str) -> Vec<String> {
        let text = text.replace("DOCS", FOLDER);
        let first = Source::new(&format!("{FOLDER}{page}"), PAGE);
        let findings = check(&[first, Source::new("a.rs", &text)]);
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn sections_that_exist_may_be_cited() {
        for text in [
            "//! See `DOCS` section 1.",
            "//! (DOCS, section 1.2), then",
            "//! `DOCSnames.md`, section 3",
            "// `DOCS` sections 1 and 3",
            "// `DOCS`\n    // section 1",
            "// `DOCS` says a lot",
        ] {
            assert_eq!(check_text("README.md", text), [""; 0], "{text}");
        }
    }

    #[test]
    fn sections_that_do_not_exist_are_found() {
        for text in [
            "\n//! See `DOCS` section 2.",
            "\n//! `DOCS` section 1.3",
            "\n// `DOCS` sections 1 and 2",
            "\n// `DOCS`\n    // section 4: x",
        ] {
            let found = check_text("README.md", text);
            assert_eq!(found.len(), 1, "{text}");
            assert!(found[0].starts_with("a.rs:2: "), "{found:?}");
        }
    }

    #[test]
    fn nothing_is_asked_before_the_first_page_is_there() {
        assert_eq!(check_text("other.md", "//! `DOCS` section 9"), [""; 0]);
    }
}
