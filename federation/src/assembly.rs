//! Frames out of one stream's bytes: each is its length in 4 bytes, big-endian, and then so many
//! bytes. Knows nothing of sockets. A length is checked before anything is allocated for it, and
//! memory grows with what has come, not with what was claimed.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};

/// Bytes before each frame that say how long it is.
pub(crate) const LENGTH_BYTES: usize = 4;
/// What is allocated for a frame before its bytes have come, at most.
const EAGER_BYTES_MAX: usize = 64 * 1024;

/// A length of nothing, or beyond the longest frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadLength;

/// Bytes that came and are not yet taken as frames.
#[derive(Debug, Default)]
pub(crate) struct Assembly {
    chunks: VecDeque<Bytes>,
    available: usize,
    partial: Option<Partial>,
}

#[derive(Debug)]
struct Partial {
    length: usize,
    bytes: Vec<u8>,
}

impl Assembly {
    /// Adds what came.
    pub(crate) fn push(&mut self, chunk: Bytes) {
        self.available += chunk.len();
        self.chunks.push_back(chunk);
    }

    /// The next whole frame, if it is there, of so many bytes at most. Frames are copied out, so
    /// that a small one that is kept does not keep the datagram in which it came.
    pub(crate) fn next_frame(&mut self, bytes_max: usize) -> Result<Option<Bytes>, BadLength> {
        let mut partial = match self.partial.take() {
            Some(partial) => partial,
            None => match self.next_length(bytes_max)? {
                Some(length) => {
                    let bytes = Vec::with_capacity(length.min(EAGER_BYTES_MAX));
                    Partial { length, bytes }
                }
                None => return Ok(None),
            },
        };
        self.take_into(&mut partial);
        if partial.bytes.len() == partial.length {
            return Ok(Some(partial.bytes.into()));
        }
        self.partial = Some(partial);
        Ok(None)
    }

    fn next_length(&mut self, bytes_max: usize) -> Result<Option<usize>, BadLength> {
        if self.available < LENGTH_BYTES {
            return Ok(None);
        }
        let mut header = [0; LENGTH_BYTES];
        for byte in &mut header {
            *byte = self.next_byte();
        }
        let length = u32::from_be_bytes(header) as usize;
        if (1..=bytes_max).contains(&length) { Ok(Some(length)) } else { Err(BadLength) }
    }

    /// Only called where a byte is available; empty chunks are never kept.
    fn next_byte(&mut self) -> u8 {
        let Some(chunk) = self.chunks.front_mut() else { return 0 };
        let byte = chunk.get_u8();
        self.available -= 1;
        self.drop_empty();
        byte
    }

    fn take_into(&mut self, partial: &mut Partial) {
        while partial.bytes.len() < partial.length {
            let Some(chunk) = self.chunks.front_mut() else { return };
            let wanted = (partial.length - partial.bytes.len()).min(chunk.len());
            partial.bytes.extend_from_slice(&chunk.split_to(wanted));
            self.available -= wanted;
            self.drop_empty();
        }
    }

    fn drop_empty(&mut self) {
        while self.chunks.front().is_some_and(Bytes::is_empty) {
            self.chunks.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use comity_protocol::limits::FRAME_BYTES_MAX;

    use super::*;

    fn framed(frames: &[&[u8]]) -> Vec<u8> {
        let length = |f: &&[u8]| u32::try_from(f.len()).unwrap().to_be_bytes().to_vec();
        frames.iter().flat_map(|f| [length(f), f.to_vec()].concat()).collect()
    }

    #[test]
    fn frames_do_not_depend_on_how_their_bytes_are_cut() {
        let long = vec![7; 1_000];
        let frames: [&[u8]; 4] = [b"a", b"hello", &long, b"z"];
        let bytes = framed(&frames);
        for cut in [1, 2, 3, 5, 64, 999, bytes.len()] {
            let mut assembly = Assembly::default();
            let mut out = Vec::new();
            for chunk in bytes.chunks(cut) {
                assembly.push(Bytes::copy_from_slice(chunk));
                while let Some(frame) = assembly.next_frame(FRAME_BYTES_MAX).unwrap() {
                    out.push(frame);
                }
            }
            assert_eq!(out, frames, "cut at {cut}");
        }
    }

    #[test]
    fn a_claimed_length_is_checked_and_not_allocated() {
        let claim = |length: usize| {
            let mut assembly = Assembly::default();
            let header = u32::try_from(length).unwrap().to_be_bytes();
            assembly.push(Bytes::copy_from_slice(&header));
            let next = assembly.next_frame(FRAME_BYTES_MAX);
            (next, assembly.partial.map_or(0, |p| p.bytes.capacity()))
        };
        assert_eq!(claim(0).0, Err(BadLength));
        assert_eq!(claim(FRAME_BYTES_MAX + 1).0, Err(BadLength));
        assert_eq!(claim(FRAME_BYTES_MAX), (Ok(None), EAGER_BYTES_MAX));
    }
}
