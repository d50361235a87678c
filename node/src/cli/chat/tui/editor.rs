//! What is being typed: a text of several lines, a cursor in it, and what was sent before. Pure; it
//! takes edits, not keys.

use unicode_segmentation::UnicodeSegmentation;

use super::wrap::{columns, wrap};

/// The text that is written.
#[derive(Clone, Debug, Default)]
pub(super) struct Editor {
    text: String,
    /// A byte of it, at the beginning of a character.
    cursor: usize,
    sent: Vec<String>,
    /// Which of what was sent is shown, counted from the newest, and what stood there before.
    recalled: Option<(usize, String)>,
}

/// Where the cursor goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Left,
    LineEnd,
    LineStart,
    Right,
    WordLeft,
    WordRight,
}

impl Editor {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether the cursor stands behind everything.
    pub(super) fn is_at_end(&self) -> bool {
        self.cursor == self.text.len()
    }

    /// Replaces everything; the cursor stands at the end.
    pub(super) fn set(&mut self, text: String) {
        self.cursor = text.len();
        self.text = text;
        self.recalled = None;
    }

    /// Takes the text out and remembers it.
    pub(super) fn take_sent(&mut self) -> String {
        let text = std::mem::take(&mut self.text);
        self.set(String::new());
        if self.sent.last() != Some(&text) {
            if self.sent.len() == SENT_MAX {
                self.sent.remove(0);
            }
            self.sent.push(text.clone());
        }
        text
    }

    /// Writes at the cursor. Of what is pasted, line feeds stay and other control characters go.
    pub(super) fn insert(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\t', "    ");
        let room = CHARS_MAX.saturating_sub(self.text.chars().count());
        let clean = |c: &char| *c == '\n' || !c.is_control();
        let text: String = text.chars().filter(clean).take(room).collect();
        self.text.insert_str(self.cursor, &text);
        self.cursor += text.len();
        self.recalled = None;
    }

    /// Takes away what stands before the cursor, up to where a step goes.
    pub(super) fn delete_before(&mut self, step: Step) {
        let to = self.target(step);
        if to < self.cursor {
            self.text.replace_range(to..self.cursor, "");
            self.cursor = to;
        }
    }

    /// Takes away what stands after the cursor, up to where a step goes.
    pub(super) fn delete_after(&mut self, step: Step) {
        let to = self.target(step);
        if to > self.cursor {
            self.text.replace_range(self.cursor..to, "");
        }
    }

    pub(super) fn go(&mut self, step: Step) {
        self.cursor = self.target(step);
    }

    /// A line up, or what was sent before.
    pub(super) fn up(&mut self, width: usize) {
        if !self.go_row(width, -1) {
            self.recall(1);
        }
    }

    /// A line down, or back towards what is being written.
    pub(super) fn down(&mut self, width: usize) {
        if !self.go_row(width, 1) {
            self.recall(-1);
        }
    }

    /// The lines as they are shown, and the cursor's column and line among them.
    pub(super) fn layout(&self, width: usize) -> (Vec<&str>, (usize, usize)) {
        let ranges = wrap(&self.text, width);
        let row = ranges.iter().rposition(|range| range.start <= self.cursor).unwrap_or(0);
        let range = &ranges[row];
        let column = columns(&self.text[range.start..self.cursor.clamp(range.start, range.end)]);
        (ranges.iter().map(|range| &self.text[range.clone()]).collect(), (column, row))
    }

    /// What was sent before what is shown.
    pub(super) fn recall_older(&mut self) {
        self.recall(1);
    }

    /// What was sent after it, or what is being written.
    pub(super) fn recall_newer(&mut self) {
        self.recall(-1);
    }

    fn go_row(&mut self, width: usize, by: isize) -> bool {
        let (_, (column, row)) = self.layout(width);
        let ranges = wrap(&self.text, width);
        let Some(range) = row.checked_add_signed(by).and_then(|row| ranges.get(row)) else {
            return false;
        };
        let line = &self.text[range.clone()];
        let (mut used, mut at) = (0, line.len());
        for (start, grapheme) in line.grapheme_indices(true) {
            if used >= column {
                at = start;
                break;
            }
            used += columns(grapheme);
        }
        self.cursor = range.start + at;
        true
    }

    fn recall(&mut self, by: isize) {
        let place = match (&self.recalled, by) {
            (None, 1) => Some(0),
            (Some((place, _)), _) => place.checked_add_signed(by),
            (None, _) => return,
        };
        match place {
            Some(place) if place < self.sent.len() => {
                let before = match self.recalled.take() {
                    Some((_, before)) => before,
                    None => self.text.clone(),
                };
                self.text = self.sent[self.sent.len() - 1 - place].clone();
                self.recalled = Some((place, before));
            }
            Some(_) => return,
            None => {
                if let Some((_, before)) = self.recalled.take() {
                    self.text = before;
                }
            }
        }
        self.cursor = self.text.len();
    }

    fn target(&self, step: Step) -> usize {
        let (before, after) = self.text.split_at(self.cursor);
        match step {
            Step::Left => before.grapheme_indices(true).next_back().map_or(0, |(at, _)| at),
            Step::LineEnd => self.cursor + after.find('\n').unwrap_or(after.len()),
            Step::LineStart => before.rfind('\n').map_or(0, |at| at + 1),
            Step::Right => self.cursor + after.graphemes(true).next().map_or(0, str::len),
            Step::WordLeft => {
                let trimmed = before.trim_end();
                trimmed
                    .rfind(char::is_whitespace)
                    .map_or(0, |at| at + trimmed[at..].chars().next().map_or(0, char::len_utf8))
            }
            Step::WordRight => {
                let skipped = after.len() - after.trim_start().len();
                let word = &after[skipped..];
                self.cursor + skipped + word.find(char::is_whitespace).unwrap_or(word.len())
            }
        }
    }
}

/// The longest message that a node takes.
const CHARS_MAX: usize = 100_000;
/// Texts that can be called back.
const SENT_MAX: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn editor(text: &str) -> Editor {
        let mut editor = Editor::default();
        editor.insert(text);
        editor
    }

    #[test]
    fn the_cursor_steps_over_what_is_read_as_one_character() {
        let mut editor = editor("가👩‍👩‍👧e\u{301}");
        for expected in ["가👩‍👩‍👧", "가", "", ""] {
            editor.delete_before(Step::Left);
            assert_eq!(editor.text(), expected);
        }
        editor.insert("one two  three");
        editor.delete_before(Step::WordLeft);
        assert_eq!(editor.text(), "one two  ");
        editor.go(Step::WordLeft);
        editor.insert("X");
        assert_eq!(editor.text(), "one Xtwo  ");
        editor.delete_after(Step::LineEnd);
        assert_eq!(editor.text(), "one X");
    }

    #[test]
    fn several_lines_can_be_pasted_and_walked() {
        let mut editor = editor("one\r\ntwo\x1b[31m\tthree\u{7}");
        assert_eq!(editor.text(), "one\ntwo[31m    three");
        let (lines, cursor) = editor.layout(40);
        assert_eq!((lines.len(), cursor), (2, (16, 1)));
        editor.up(40);
        assert_eq!(editor.layout(40).1, (3, 0));
        editor.go(Step::LineStart);
        editor.down(40);
        editor.insert("한");
        assert_eq!(editor.text(), "one\n한two[31m    three");
        assert_eq!(editor.layout(40).1, (2, 1));
    }

    #[test]
    fn what_was_sent_is_called_back_and_what_is_written_is_not_lost() {
        let mut editor = editor("first");
        assert_eq!(editor.take_sent(), "first");
        editor.insert("second");
        editor.take_sent();
        editor.insert("half");
        let mut texts = Vec::new();
        for _ in 0..3 {
            editor.up(40);
            texts.push(editor.text().to_owned());
        }
        assert_eq!(texts, ["second", "first", "first"]);
        editor.down(40);
        editor.down(40);
        assert_eq!(editor.text(), "half");
        editor.down(40);
        assert_eq!(editor.text(), "half");
    }

    #[test]
    fn no_more_is_taken_than_a_message_may_have() {
        let mut editor = editor(&"x".repeat(CHARS_MAX - 1));
        editor.insert("yz");
        assert!(editor.text().ends_with("xy") && editor.text().len() == CHARS_MAX);
    }
}
