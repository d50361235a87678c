//! A source file as the rules see it: its text, and its code with comments and the insides of
//! strings blanked out, so that a rule which looks for a word does not stumble over prose. A
//! scanner by hand, not a parser: it knows brackets, `mod`, attributes and paths, no types.

use std::ops::Range;

/// A file of the tree.
#[derive(Debug)]
pub(crate) struct Source {
    /// Its path from the root, with `/`.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
    /// The same length, comments and literals blanked; empty unless it is Rust.
    pub(crate) code: String,
    /// Where code for tests stands.
    tests: Vec<Range<usize>>,
}

impl Source {
    /// Reads one file's text.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let code = if path.ends_with(".rs") { super::mask::mask(text) } else { String::new() };
        let tests = test_ranges(path, &code);
        Self { path: path.to_owned(), text: text.to_owned(), code, tests }
    }

    /// Whether it is Rust.
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The line, from 1, on which a byte stands.
    pub(crate) fn line_of(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
    }

    /// Whether a byte stands in code that only tests see.
    pub(crate) fn is_test(&self, offset: usize) -> bool {
        self.tests.iter().any(|range| range.contains(&offset))
    }

    /// Where a word stands in the code, whole words only.
    pub(crate) fn words<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.code.match_indices(word).map(|(offset, _)| offset).filter(|offset| {
            let before = self.code[..*offset].chars().next_back();
            let after = self.code[offset + word.len()..].chars().next();
            !before.is_some_and(is_word) && !after.is_some_and(is_word)
        })
    }

    /// How many inline `mod name { … }` enclose a byte.
    pub(crate) fn inline_modules(&self, offset: usize) -> usize {
        self.words("mod")
            .take_while(|start| *start < offset)
            .filter(|start| item_range(&self.code, *start).contains(&offset))
            .count()
    }
}

/// Whether a character belongs to names.
pub(crate) fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Where the bracket that opens at `open` closes, or the end of the code.
pub(crate) fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 {
            return offset;
        }
    }
    code.len()
}

/// An item from its first byte to the brace or semicolon that ends it.
pub(crate) fn item_range(code: &str, start: usize) -> Range<usize> {
    let mut offset = start;
    while let Some(byte) = code.as_bytes().get(offset) {
        match byte {
            b'(' | b'[' => offset = closing(code, offset) + 1,
            b'{' => return start..closing(code, offset).saturating_add(1).min(code.len()),
            b';' => return start..offset + 1,
            _ => offset += 1,
        }
    }
    start..code.len()
}

fn test_ranges(path: &str, code: &str) -> Vec<Range<usize>> {
    let whole = path.split('/').any(|part| ["tests", "tests.rs", "benches"].contains(&part));
    if whole || code.contains("#![cfg(test)]") {
        return std::iter::once(0..code.len()).collect();
    }
    ["#[cfg(test)]", "#[test]"]
        .into_iter()
        .flat_map(|attribute| code.match_indices(attribute))
        .map(|(offset, _)| item_range(code, offset))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_for_tests_is_told_from_the_rest() {
        let text = "fn a() {}\n#[cfg(test)]\n#[allow(x)]\nmod t {\n fn b() { c() }\n}\nfn d() {}\n";
        let source = Source::new("x/src/lib.rs", text);
        let at = |word: &str| source.is_test(text.find(word).unwrap());
        assert!(!at("fn a") && at("fn b") && at("c()") && !at("fn d"));
        assert!(Source::new("x/tests/all.rs", "fn a() {}").is_test(3));
        assert!(Source::new("x/src/feed/tests.rs", "fn a() {}").is_test(3));
        assert!(!Source::new("x/src/latest.rs", "fn a() {}").is_test(3));
    }

    #[test]
    fn words_are_whole_and_lines_count_from_one() {
        let source = Source::new("a.rs", "modal mod\nmod_x\n mod");
        let lines: Vec<_> = source.words("mod").map(|offset| source.line_of(offset)).collect();
        assert_eq!(lines, [1, 3]);
    }

    #[test]
    fn inline_modules_are_counted() {
        let text = "mod a { mod b { here } } mod c; there";
        let source = Source::new("a.rs", text);
        assert_eq!(source.inline_modules(text.find("here").unwrap()), 2);
        assert_eq!(source.inline_modules(text.find("there").unwrap()), 0);
    }

    #[test]
    fn an_item_ends_with_its_brace_or_semicolon() {
        let code = "#[a(b = c)] fn f(x: [u8; 3]) { { } } fn g();";
        assert_eq!(&code[item_range(code, 0)], "#[a(b = c)] fn f(x: [u8; 3]) { { } }");
        assert_eq!(&code[item_range(code, 37)], "fn g();");
    }
}
