//! The lines of the file that outlives a client's process, and what they add up to. It must not
//! touch the file itself (see [`crate::keep`]).
//!
//! ```text
//! comity-keep 1 00000000000001f4          the version, and whose nonces these are
//! 5c1b8e07 q 1790000000000001 - {"type":… a request was queued: its nonce, the cursor of the event
//!                                         that it answers, if any, and its frame
//! 9a0f44d1 s 1790000000000001             it was settled
//! 03d7a9be c CQkJCQkJ…                    the client has finished with the feed up to here
//! 77e2c310 n 1790000000000002             nonces below this one were given out
//! ```
//!
//! A line begins with the CRC-32C of what follows its first space, in hexadecimal, and ends with a
//! line feed. An answer and the cursor of what it answers stand in one line, so that both are there
//! or neither is. A last line that is not whole was never called queued and is cut off; one that is
//! broken further up is an error, for then the disk has lost something.

use std::collections::BTreeMap;
use std::fmt::Write;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    Cursor(String),
    Nonce(u64),
    Queued { nonce: u64, cursor: Option<String>, frame: String },
    Settled(u64),
}

/// What a file's lines add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) device: String,
    pub(crate) cursor: Option<String>,
    pub(crate) nonce_next: u64,
    /// By nonce: oldest first.
    pub(crate) queued: BTreeMap<u64, String>,
}

/// Why a file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RecordError {
    /// The first line is not one of ours.
    Foreign,
    /// A line that is not the last is broken: its number, from 1.
    Line(usize),
}

impl Kept {
    pub(crate) fn of_device(device: &str) -> Self {
        Self { device: device.to_owned(), ..Self::default() }
    }

    /// Reads a file; also how many of its bytes are whole lines.
    pub(crate) fn read(bytes: &[u8]) -> Result<(Self, usize), RecordError> {
        let mut kept: Option<Self> = None;
        let mut whole = 0;
        let mut lines = bytes.split_inclusive(|b| *b == b'\n').enumerate().peekable();
        while let Some((number, line)) = lines.next() {
            let is_last = lines.peek().is_none();
            let text = line.strip_suffix(b"\n").and_then(|line| std::str::from_utf8(line).ok());
            match (&mut kept, text) {
                (None, Some(text)) => {
                    let device = text.strip_prefix(HEADER).ok_or(RecordError::Foreign)?;
                    kept = Some(Self::of_device(device));
                }
                (None, None) => return Err(RecordError::Foreign),
                (Some(kept), text) => match text.and_then(Record::parse) {
                    Some(record) => kept.apply(record),
                    None if is_last => break,
                    None => return Err(RecordError::Line(number + 1)),
                },
            }
            whole += line.len();
        }
        Ok((kept.ok_or(RecordError::Foreign)?, whole))
    }

    /// The shortest file that says the same.
    pub(crate) fn write(&self) -> String {
        let mut text = format!("{HEADER}{}\n", self.device);
        Record::Nonce(self.nonce_next).push(&mut text);
        if let Some(cursor) = &self.cursor {
            Record::Cursor(cursor.clone()).push(&mut text);
        }
        for (nonce, frame) in &self.queued {
            Record::Queued { nonce: *nonce, cursor: None, frame: frame.clone() }.push(&mut text);
        }
        text
    }

    pub(crate) fn apply(&mut self, record: Record) {
        match record {
            Record::Cursor(cursor) => self.cursor = Some(cursor),
            Record::Nonce(nonce) => self.nonce_next = self.nonce_next.max(nonce),
            Record::Queued { nonce, cursor, frame } => {
                self.nonce_next = self.nonce_next.max(nonce.saturating_add(1));
                self.cursor = cursor.or(self.cursor.take());
                self.queued.insert(nonce, frame);
            }
            Record::Settled(nonce) => drop(self.queued.remove(&nonce)),
        }
    }
}

impl Record {
    /// Appends the line.
    pub(crate) fn push(&self, text: &mut String) {
        let said = match self {
            Self::Cursor(cursor) => format!("c {cursor}"),
            Self::Nonce(nonce) => format!("n {nonce}"),
            Self::Queued { nonce, cursor, frame } => {
                format!("q {nonce} {} {frame}", cursor.as_deref().unwrap_or("-"))
            }
            Self::Settled(nonce) => format!("s {nonce}"),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:08x} {said}", crc32c::crc32c(said.as_bytes()));
    }

    fn parse(line: &str) -> Option<Self> {
        let (sum, said) = line.split_once(' ')?;
        if u32::from_str_radix(sum, 16).ok()? != crc32c::crc32c(said.as_bytes()) {
            return None;
        }
        let (kind, rest) = said.split_once(' ')?;
        Some(match kind {
            "c" => Self::Cursor(rest.to_owned()),
            "n" => Self::Nonce(rest.parse().ok()?),
            "q" => {
                let (nonce, rest) = rest.split_once(' ')?;
                let (cursor, frame) = rest.split_once(' ')?;
                let cursor = Some(cursor.to_owned()).filter(|cursor| cursor != "-");
                Self::Queued { nonce: nonce.parse().ok()?, cursor, frame: frame.to_owned() }
            }
            "s" => Self::Settled(rest.parse().ok()?),
            _ => return None,
        })
    }
}

const HEADER: &str = "comity-keep 1 ";

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn queued(nonce: u64, frame: &str) -> Record {
        Record::Queued { nonce, cursor: None, frame: frame.to_owned() }
    }

    fn file(records: &[Record]) -> String {
        let mut text = format!("{HEADER}d1\n");
        records.iter().for_each(|record| record.push(&mut text));
        text
    }

    #[test]
    fn lines_add_up_and_the_shortest_file_says_the_same() {
        let text = file(&[
            queued(7, "{\"text\":\"하나\"}"),
            queued(8, "{}"),
            Record::Settled(7),
            Record::Cursor("here".to_owned()),
            queued(9, "{}"),
            Record::Settled(9),
        ]);
        let (kept, whole) = Kept::read(text.as_bytes()).unwrap();
        assert_eq!(whole, text.len());
        assert_eq!((kept.device.as_str(), kept.cursor.as_deref()), ("d1", Some("here")));
        assert_eq!(kept.queued.keys().copied().collect::<Vec<_>>(), [8]);
        assert_eq!(kept.nonce_next, 10, "also above what was settled");
        let short = kept.write();
        assert!(short.len() < text.len());
        assert_eq!(Kept::read(short.as_bytes()).unwrap().0, kept);
    }

    #[test]
    fn a_torn_last_line_is_cut_off_wherever_it_was_torn() {
        let before = file(&[queued(7, "{}")]);
        let text = {
            let mut text = before.clone();
            queued(8, "{\"text\":\"둘\"}").push(&mut text);
            text.into_bytes()
        };
        for end in before.len()..text.len() {
            let (kept, whole) = Kept::read(&text[..end]).unwrap();
            assert_eq!((whole, kept.queued.len()), (before.len(), 1), "cut at {end}");
        }
        assert_eq!(Kept::read(&text).unwrap().0.queued.len(), 2);
    }

    #[test]
    fn an_answer_and_the_cursor_of_what_it_answers_are_one() {
        let cursor = Some("there".to_owned());
        let answer = Record::Queued { nonce: 7, cursor, frame: "{}".to_owned() };
        let text = file(&[Record::Cursor("here".to_owned()), answer]);
        let (kept, _) = Kept::read(text.as_bytes()).unwrap();
        assert_eq!((kept.cursor.as_deref(), kept.queued.len()), (Some("there"), 1));
        let (kept, _) = Kept::read(&text.as_bytes()[..text.len() - 1]).unwrap();
        assert_eq!((kept.cursor.as_deref(), kept.queued.len()), (Some("here"), 0));
    }

    #[test]
    fn what_the_disk_changed_is_found() {
        let text = file(&[queued(7, "{\"a\":1}"), Record::Settled(8)]);
        let changed = text.replace("\"a\":1", "\"a\":2");
        assert_eq!(Kept::read(changed.as_bytes()), Err(RecordError::Line(2)));
        assert_eq!(Kept::read(b"something else\n"), Err(RecordError::Foreign));
        assert_eq!(Kept::read(b""), Err(RecordError::Foreign));
    }
}
