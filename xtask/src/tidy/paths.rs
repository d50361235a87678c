//! The paths that a file names, with groups spelt out: `use std::{fs, net::TcpStream as T};`
//! is `std::fs` and `std::net::TcpStream`. Knows nothing of what the names mean.

use super::source::{Source, is_word};

/// A path in the code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CodePath<'a> {
    /// Where it, or its member of a group, begins.
    pub(crate) offset: usize,
    /// Its names, from the left.
    pub(crate) names: Vec<&'a str>,
}

impl CodePath<'_> {
    /// Whether it begins with these names.
    pub(crate) fn starts_with(&self, names: &[&str]) -> bool {
        self.names.starts_with(names)
    }

    /// Whether these names stand in it side by side.
    pub(crate) fn contains(&self, names: &[&str]) -> bool {
        self.names.windows(names.len()).any(|window| window == names)
    }
}

/// All paths with at least two names, in the order of the text.
pub(crate) fn paths(source: &Source) -> Vec<CodePath<'_>> {
    let mut found = Vec::new();
    let mut reader = Reader { code: &source.code, at: 0 };
    while reader.at < reader.code.len() {
        if reader.name().is_some_and(|name| reader.rest(name, &mut found)) {
            continue;
        }
        reader.advance();
    }
    found
}

struct Reader<'a> {
    code: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    /// Reads on after a first name; whether anything was read.
    fn rest(&mut self, name: (usize, &'a str), found: &mut Vec<CodePath<'a>>) -> bool {
        let (offset, name) = name;
        let mut members = Vec::new();
        self.tree(vec![name], offset, &mut members);
        found.extend(members.into_iter().filter(|path| path.names.len() > 1));
        true
    }

    /// What follows a prefix: more names, a group, or nothing.
    fn tree(&mut self, mut names: Vec<&'a str>, offset: usize, found: &mut Vec<CodePath<'a>>) {
        while self.take("::") {
            if self.take("{") {
                return self.group(&names, found);
            }
            if self.take("*") {
                names.push("*");
                break;
            }
            match self.name() {
                Some((_, name)) => names.push(name),
                None => break,
            }
        }
        found.push(CodePath { offset, names });
    }

    /// The members of a group, up to its closing brace.
    fn group(&mut self, prefix: &[&'a str], found: &mut Vec<CodePath<'a>>) {
        while self.at < self.code.len() && !self.take("}") {
            match self.name() {
                Some((offset, name)) => {
                    let names = [prefix, &[name]].concat();
                    self.tree(names, offset, found);
                    self.skip_alias();
                }
                None => self.advance(),
            }
        }
    }

    /// Past an `as name`, to the comma or brace behind a member.
    fn skip_alias(&mut self) {
        let rest = &self.code[self.at..];
        self.at += rest.find([',', '}']).unwrap_or(rest.len());
    }

    /// The name that begins here, behind blanks.
    fn name(&mut self) -> Option<(usize, &'a str)> {
        let start = self.code.len() - self.code[self.at..].trim_start().len();
        let rest = &self.code[start..];
        let length = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
        if length == 0 {
            return None;
        }
        self.at = start + length;
        Some((start, &rest[..length]))
    }

    fn take(&mut self, mark: &str) -> bool {
        let rest = self.code[self.at..].trim_start();
        match rest.strip_prefix(mark) {
            Some(after) => {
                self.at = self.code.len() - after.len();
                true
            }
            None => false,
        }
    }

    fn advance(&mut self) {
        self.at += self.code[self.at..].chars().next().map_or(1, char::len_utf8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let source = Source::new("a.rs", text);
        let found: Vec<_> = paths(&source).iter().map(|path| path.names.join("::")).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn groups_are_spelt_out() {
        check("use std::fs;", &["std::fs"]);
        check(
            "use crate::{\n    feed::{Feed, wake as w},\n    store::*,\n    clock,\n};\nuse a::b;",
            &["crate::feed::Feed", "crate::feed::wake", "crate::store::*", "crate::clock", "a::b"],
        );
    }

    #[test]
    fn paths_in_expressions_count() {
        check("let x = std::time::Instant::now() + f(y::<u8>::z);", &["std::time::Instant::now"]);
        check("a :: b; // std::fs\n \"std::net\"", &["a::b"]);
        check("match x { A::B => 1, _ => C::D }", &["A::B", "C::D"]);
    }

    #[test]
    fn an_offset_names_the_member() {
        let source = Source::new("a.rs", "use std::{\n    io,\n    fs,\n};");
        let lines: Vec<_> = paths(&source).iter().map(|path| source.line_of(path.offset)).collect();
        assert_eq!(lines, [2, 3]);
        let found = paths(&source);
        assert!(found[1].starts_with(&["std", "fs"]) && found[1].contains(&["fs"]));
    }
}
