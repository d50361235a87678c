//! A short way to an open socket, past its task, for what goes to many at once. Where it is not
//! open, what is to be shown goes the usual way.

use std::sync::Arc;

use crate::model::presence_frame;
use crate::presence::Presence;
use crate::wire::{Sent, Side};

/// The short way to one socket. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Line(Side);

impl Line {
    pub(crate) fn new(side: Side) -> Self {
        Self(side)
    }

    /// Lets others go this way, or not any more.
    pub(crate) fn set_open(&self, is_open: bool) {
        self.0.set_open(is_open);
    }

    /// Shows accounts, if the socket takes the frame at once.
    pub fn show(&self, presences: &[Arc<Presence>]) -> Sent {
        self.0.send(&text_frame(&presence_frame(presences)))
    }
}

/// A text message in one frame, as a server sends it (RFC 6455 section 5.2).
fn text_frame(payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(HEAD_BYTES_MAX + payload.len());
    frame.push(FINAL_TEXT);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length), _) if length < LENGTH_IN_TWO => frame.push(length),
        (_, Ok(length)) => {
            frame.push(LENGTH_IN_TWO);
            frame.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            frame.push(LENGTH_IN_EIGHT);
            frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame
}

/// The last, and only, fragment of a text message.
const FINAL_TEXT: u8 = 0x81;
/// The length stands in the next two bytes.
const LENGTH_IN_TWO: u8 = 126;
/// In the next eight.
const LENGTH_IN_EIGHT: u8 = 127;
const HEAD_BYTES_MAX: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_as_few_bytes_as_the_standard_asks_for() {
        for (length, head) in [
            (0, &[0x81, 0][..]),
            (125, &[0x81, 125]),
            (126, &[0x81, 126, 0, 126]),
            (65_535, &[0x81, 126, 0xff, 0xff]),
            (65_536, &[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let frame = text_frame(&vec![b'x'; length]);
            assert_eq!((&frame[..head.len()], frame.len()), (head, head.len() + length));
        }
    }
}
