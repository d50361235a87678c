//! What the index notes with each commit: how far into this node's order it goes, and whether it
//! had all of the history that came by then.

use comity_protocol::cursor::{Cursor, Pos};

/// How far an index goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Note {
    /// All records up to here are in it.
    pub(super) cursor: Cursor,
    /// Whether its process ended in order: history has no place in the order, so that after a crash
    /// nobody knows how much of it is in.
    pub(super) is_final: bool,
}

impl Note {
    pub(super) fn text(&self) -> String {
        let Cursor { store, start, pos } = self.cursor;
        format!("{store:x}.{start:x}.{:x}.{}", pos.0, u8::from(self.is_final))
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let mut number = || u64::from_str_radix(parts.next()?, 16).ok();
        let (store, start, pos, is_final) = (number()?, number()?, Pos(number()?), number()? == 1);
        Some(Self { cursor: Cursor { store, start, pos }, is_final })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_back() {
        let cursor = Cursor { store: u64::MAX, start: 7, pos: Pos(0x1234_5678_9abc) };
        for is_final in [true, false] {
            let note = Note { cursor, is_final };
            assert_eq!(Note::parse(&note.text()).unwrap(), note);
        }
        for text in ["", "1.2.3", "1.2.x.1"] {
            assert_eq!(Note::parse(text), None, "{text}");
        }
    }
}
