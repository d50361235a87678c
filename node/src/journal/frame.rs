//! The bytes of the journal's files: the pointer file, segment headers and frames. No I/O here.
//!
//! All integers are big-endian. Everything starts on a block of 4 KiB, so that a block holding
//! something acknowledged is never written again: a torn write can only hurt the batch in flight.
//!
//! ```text
//! pointer   magic 8 | version 4 | crc 4 | journal 8 | salt 8
//! segment   magic 8 | version 4 | crc 4 | journal 8 | segment 8 | first command 8 | zeros to 4096
//! frame     magic 4 | crc 4 | length 4 | count 4 | journal 8 | segment 8 | first command 8
//!           | payload | zeros to a block
//! ```
//!
//! `crc` is CRC-32C over the journal's salt and all fields that follow it. `journal` counts the
//! starts of the process, `segment` the segments of one start: a frame left over in a recycled
//! file names another place and is never taken for a valid one. The salt is drawn at each start
//! and never leaves the node: no sender can hide a valid frame inside a text.

use super::OpenError;

/// The format that this release writes. A reader refuses newer ones.
pub const FORMAT_VERSION: u32 = 1;

pub(super) const BLOCK_BYTES: usize = 4096;
pub(super) const FRAME_HEADER_BYTES: usize = 40;
/// What a segment needs besides payload when it holds a single frame.
pub(super) const SEGMENT_OVERHEAD_BYTES: usize = BLOCK_BYTES + FRAME_HEADER_BYTES;
pub(super) const POINTER_BYTES: usize = 32;

/// Which journal a file belongs to, and the secret start of its checksums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seal {
    pub(super) journal: u64,
    pub(super) salt: u64,
}

/// A frame that was found whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    pub(super) first_command: u64,
    pub(super) count: u32,
    pub(super) payload: &'a [u8],
}

impl Frame<'_> {
    pub(super) fn next_command(&self) -> u64 {
        self.first_command + u64::from(self.count)
    }

    pub(super) fn block_bytes(&self) -> usize {
        frame_bytes(self.payload.len())
    }
}

/// What a frame with a payload of this length takes in its segment.
pub(super) fn frame_bytes(payload_bytes: usize) -> usize {
    (FRAME_HEADER_BYTES + payload_bytes).next_multiple_of(BLOCK_BYTES)
}

pub(super) fn segment_name(journal: u64, segment: u64) -> String {
    format!("{SEGMENT_PREFIX}{journal:016x}-{segment:016x}")
}

/// The journal and segment that a file name states, if it is a segment's.
pub(super) fn parse_segment_name(name: &str) -> Option<(u64, u64)> {
    let (journal, segment) = name.strip_prefix(SEGMENT_PREFIX)?.split_once('-')?;
    let number = |text: &str| {
        let well_formed = text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if well_formed { u64::from_str_radix(text, 16).ok() } else { None }
    };
    Some((number(journal)?, number(segment)?))
}

/// Appends the frame to `out`, up to the end of its last block.
pub(super) fn put_frame(
    out: &mut Vec<u8>,
    seal: Seal,
    segment: u64,
    first_command: u64,
    count: u32,
    payload: &[u8],
) {
    let start = out.len();
    let length = u32::try_from(payload.len()).expect("a payload fits in a segment");
    out.extend_from_slice(&FRAME_MAGIC);
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&count.to_be_bytes());
    out.extend_from_slice(&seal.journal.to_be_bytes());
    out.extend_from_slice(&segment.to_be_bytes());
    out.extend_from_slice(&first_command.to_be_bytes());
    out.extend_from_slice(payload);
    let crc = checksum(seal.salt, &out[start + 8..]);
    out[start + 4..start + 8].copy_from_slice(&crc.to_be_bytes());
    out.resize(start + frame_bytes(payload.len()), 0);
}

/// The length of a frame's payload, if its first block names this place. Says nothing of whether
/// the frame is whole.
pub(super) fn claimed_payload_bytes(head: &[u8], seal: Seal, segment: u64) -> Option<usize> {
    let named = head.len() >= FRAME_HEADER_BYTES
        && head[..4] == FRAME_MAGIC
        && u64_at(head, 16) == seal.journal
        && u64_at(head, 24) == segment;
    if named { usize::try_from(u32_at(head, 8)).ok() } else { None }
}

/// The frame at the start of `bytes`, if it is whole and belongs to this place.
pub(super) fn frame(bytes: &[u8], seal: Seal, segment: u64) -> Option<Frame<'_>> {
    let length = claimed_payload_bytes(bytes, seal, segment)?;
    let whole = bytes.get(..FRAME_HEADER_BYTES.checked_add(length)?)?;
    if checksum(seal.salt, &whole[8..]) != u32_at(whole, 4) {
        return None;
    }
    let (first_command, count) = (u64_at(whole, 32), u32_at(whole, 12));
    first_command.checked_add(u64::from(count))?;
    Some(Frame { first_command, count, payload: &whole[FRAME_HEADER_BYTES..] })
}

/// True when a frame of any journal seems to begin here; only for files whose salt is lost.
pub(super) fn resembles_frame(bytes: &[u8]) -> bool {
    bytes.starts_with(&FRAME_MAGIC)
}

pub(super) fn segment_header(seal: Seal, segment: u64, first_command: u64) -> Vec<u8> {
    let mut out = versioned(&SEGMENT_MAGIC);
    out.extend_from_slice(&seal.journal.to_be_bytes());
    out.extend_from_slice(&segment.to_be_bytes());
    out.extend_from_slice(&first_command.to_be_bytes());
    out.resize(BLOCK_BYTES, 0);
    seal_versioned(&mut out, seal.salt);
    out
}

/// The first command of the segment, if the header is whole and belongs to this place.
pub(super) fn segment_first_command(bytes: &[u8], seal: Seal, segment: u64) -> Option<u64> {
    let header = bytes.get(..BLOCK_BYTES)?;
    let whole = header[..8] == SEGMENT_MAGIC
        && u32_at(header, 8) == FORMAT_VERSION
        && u32_at(header, 12) == checksum(seal.salt, &header[16..])
        && u64_at(header, 16) == seal.journal
        && u64_at(header, 24) == segment;
    if whole { Some(u64_at(header, 32)) } else { None }
}

pub(super) fn pointer(seal: Seal) -> Vec<u8> {
    let mut out = versioned(&POINTER_MAGIC);
    out.extend_from_slice(&seal.journal.to_be_bytes());
    out.extend_from_slice(&seal.salt.to_be_bytes());
    seal_versioned(&mut out, 0);
    out
}

/// Reads the pointer file. The version is looked at before the checksum, because a later release
/// may place its checksum elsewhere.
pub(super) fn parse_pointer(bytes: &[u8], file: &str) -> Result<Seal, OpenError> {
    let corrupt = || OpenError::Corrupt { file: file.to_owned(), offset: 0 };
    if bytes.len() < 12 || bytes[..8] != POINTER_MAGIC {
        return Err(corrupt());
    }
    let found = u32_at(bytes, 8);
    if found > FORMAT_VERSION {
        return Err(OpenError::NewerVersion { found, supported: FORMAT_VERSION });
    }
    if bytes.len() != POINTER_BYTES || u32_at(bytes, 12) != checksum(0, &bytes[16..]) {
        return Err(corrupt());
    }
    Ok(Seal { journal: u64_at(bytes, 16), salt: u64_at(bytes, 24) })
}

fn versioned(magic: &[u8; 8]) -> Vec<u8> {
    let mut out = magic.to_vec();
    out.extend_from_slice(&FORMAT_VERSION.to_be_bytes());
    out.extend_from_slice(&[0; 4]);
    out
}

fn seal_versioned(out: &mut [u8], salt: u64) {
    let crc = checksum(salt, &out[16..]);
    out[12..16].copy_from_slice(&crc.to_be_bytes());
}

fn checksum(salt: u64, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&salt.to_be_bytes()), bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_be_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

const FRAME_MAGIC: [u8; 4] = *b"CmFr";
const POINTER_MAGIC: [u8; 8] = *b"CmtyJPtr";
const SEGMENT_MAGIC: [u8; 8] = *b"CmtyJSeg";
const SEGMENT_PREFIX: &str = "journal-segment-";

const _: () = assert!(FRAME_HEADER_BYTES < BLOCK_BYTES);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const SEAL: Seal = Seal { journal: 3, salt: 0x1122_3344_5566_7788 };

    #[test]
    fn a_frame_is_read_back_at_its_own_place_only() {
        let mut bytes = Vec::new();
        put_frame(&mut bytes, SEAL, 7, 100, 2, b"two commands");
        assert_eq!(bytes.len(), BLOCK_BYTES);
        let found = frame(&bytes, SEAL, 7).unwrap();
        assert_eq!(found, Frame { first_command: 100, count: 2, payload: b"two commands" });
        assert_eq!(found.next_command(), 102);
        assert_eq!(frame(&bytes, SEAL, 8), None);
        assert_eq!(frame(&bytes, Seal { journal: 4, ..SEAL }, 7), None);
        assert_eq!(frame(&bytes, Seal { salt: 1, ..SEAL }, 7), None);
        for length in 0..FRAME_HEADER_BYTES + 12 {
            assert_eq!(frame(&bytes[..length], SEAL, 7), None);
        }
    }

    #[test]
    fn the_layout_is_pinned() {
        let mut bytes = Vec::new();
        put_frame(&mut bytes, SEAL, 7, 100, 2, b"ab");
        let expected = "436d46726742b099000000020000000200000000000000030000000000000007\
                        00000000000000646162";
        assert_eq!(data_encoding::HEXLOWER.encode(&bytes[..42]), expected);
        let expected = "436d74794a50747200000001c53df13000000000000000031122334455667788";
        assert_eq!(data_encoding::HEXLOWER.encode(&pointer(SEAL)), expected);
        let expected = "436d74794a53656700000001223de564000000000000000300000000000000070000";
        assert_eq!(data_encoding::HEXLOWER.encode(&segment_header(SEAL, 7, 9)[..34]), expected);
    }

    #[test]
    fn names_are_parsed_strictly() {
        assert_eq!(parse_segment_name(&segment_name(5, 0xabc)), Some((5, 0xabc)));
        for name in ["journal-segment-5-6", "journal-pointer", "store", "journal-segment-"] {
            assert_eq!(parse_segment_name(name), None);
        }
    }

    #[test]
    fn a_damaged_or_newer_pointer_is_refused() {
        let bytes = pointer(SEAL);
        assert_eq!(parse_pointer(&bytes, "p").unwrap(), SEAL);
        for offset in (0..bytes.len()).filter(|at| !(8..12).contains(at)) {
            let mut bad = bytes.clone();
            bad[offset] ^= 1;
            assert!(matches!(parse_pointer(&bad, "p"), Err(OpenError::Corrupt { .. })));
        }
        let mut newer = bytes;
        newer[11] = 9;
        let refusal = parse_pointer(&newer, "p");
        assert!(matches!(refusal, Err(OpenError::NewerVersion { found: 9, supported: 1 })));
    }
}
