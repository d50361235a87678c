//! What of a text can be found: its words, and in scripts that write without spaces each pair of
//! neighbours, so that a word is found wherever it stands in a longer run.

use std::ops::Range;

use crate::fold::{Class, Folded, fold};

/// Longest word in characters; the rest of a longer one is a word of its own beside it.
const WORD_CHARS_MAX: usize = 32;

/// What can be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// In the form in which it is searched.
    pub text: String,
    /// Its place among the text's tokens; neighbours have neighbouring places.
    pub position: usize,
    /// The bytes of the text that it stands for.
    pub range: Range<usize>,
    /// What it is.
    pub kind: Kind,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A word.
    Word,
    /// Two neighbours of a run without spaces.
    Pair,
    /// The last character of such a run, alone.
    Last,
}

/// The tokens of a text, in their order.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut cutter = Cutter::default();
    fold(text, |folded| cutter.take(folded));
    cutter.end_word();
    cutter.end_run();
    cutter.found
}

#[derive(Default)]
struct Cutter {
    found: Vec<Token>,
    word: String,
    word_chars: usize,
    word_range: Range<usize>,
    /// The character before, where a run goes on.
    before: Option<Folded>,
}

impl Cutter {
    fn take(&mut self, folded: Folded) {
        if folded.class != Class::Word {
            self.end_word();
        }
        match folded.class {
            Class::Gap => self.end_run(),
            Class::Gram => {
                if let Some(before) = self.before.replace(folded) {
                    let text = [before.char, folded.char].iter().collect();
                    self.put(text, before.start..folded.end, Kind::Pair);
                }
            }
            Class::Word => {
                self.end_run();
                if self.word_chars == WORD_CHARS_MAX {
                    self.end_word();
                }
                if self.word_chars == 0 {
                    self.word_range.start = folded.start;
                }
                self.word.push(folded.char);
                self.word_chars += 1;
                self.word_range.end = folded.end;
            }
        }
    }

    fn end_word(&mut self) {
        if self.word_chars > 0 {
            self.word_chars = 0;
            let (text, range) = (std::mem::take(&mut self.word), self.word_range.clone());
            self.put(text, range, Kind::Word);
        }
    }

    fn end_run(&mut self) {
        if let Some(last) = self.before.take() {
            self.put(last.char.to_string(), last.start..last.end, Kind::Last);
        }
    }

    fn put(&mut self, text: String, range: Range<usize>, kind: Kind) {
        let position = self.found.len();
        self.found.push(Token { text, position, range, kind });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        tokens(text).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn words_are_cut_at_what_is_no_letter_and_no_digit() {
        assert_eq!(texts("Tea at five, isn't it?"), ["tea", "at", "five", "isn", "t", "it"]);
        assert_eq!(texts("fn find_by_id(x: u64)"), ["fn", "find", "by", "id", "x", "u64"]);
        let url = texts("https://acme.example/a-b?q=1");
        assert_eq!(url, ["https", "acme", "example", "a", "b", "q", "1"]);
        assert_eq!(texts(&"x".repeat(70)), ["x".repeat(32), "x".repeat(32), "x".repeat(6)]);
        assert_eq!(texts(" \n…"), [""; 0]);
    }

    #[test]
    fn runs_are_cut_into_pairs_and_their_last_character() {
        assert_eq!(texts("東京大学へ"), ["東京", "京大", "大学", "学へ", "へ"]);
        assert_eq!(texts("서울에서 tea"), ["서울", "울에", "에서", "서", "tea"]);
        assert_eq!(texts("猫"), ["猫"]);
        assert_eq!(texts("v2東京"), ["v2", "東京", "京"]);
    }

    #[test]
    fn places_are_those_of_the_text() {
        let text = "Ça, 東京";
        let found: Vec<&str> =
            tokens(text).iter().map(|token| &text[token.range.clone()]).collect();
        assert_eq!(found, ["Ça", "東京", "京"]);
    }
}
