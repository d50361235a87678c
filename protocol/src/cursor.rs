//! Cursors: (store id, start, pos), opaque to whoever holds one (`docs/protocol/` section 6).

use minicbor::{Decode, Encode};

/// A node's own 64-bit counter of what it applied: 48 bits of command, 16 of event within it.
/// Meaningless at other nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Pos(#[n(0)] pub u64);

impl Pos {
    /// The pos of event `index` of a command.
    pub const fn new(command: u64, index: u16) -> Self {
        Self((command << 16) | index as u64)
    }

    /// The command.
    pub const fn command(self) -> u64 {
        self.0 >> 16
    }
}

/// A place in one node's feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// Names the journal's order; drawn anew at creation or restore.
    pub store: u64,
    /// The process start in which `pos` was given.
    pub start: u64,
    /// The last pos seen.
    pub pos: Pos,
}

impl Cursor {
    /// Bytes of a cursor.
    pub const BYTES: usize = 24;

    /// The cursor as its holders keep it.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(&self.store.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.start.to_be_bytes());
        bytes[16..].copy_from_slice(&self.pos.0.to_be_bytes());
        bytes
    }

    /// Reads a cursor back; whether it is one of ours is for the store to say.
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        let part = |i: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&bytes[i..i + 8]);
            u64::from_be_bytes(word)
        };
        Self { store: part(0), start: part(8), pos: Pos(part(16)) }
    }
}
