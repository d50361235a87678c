//! Verifies a received batch: every range ends at a head that its log's origin has signed. It must
//! not judge what the records say; `apply` does.

use std::collections::VecDeque;

use comity_protocol::cbor::ByteString;
use comity_protocol::checkpoint::{Checkpoint, CheckpointError};
use comity_protocol::code::Code;
use comity_protocol::frame::{Batch, Exception, Frame, Range, WireLog};
use comity_protocol::id::{LineageId, LogId};
use comity_protocol::key::{KeyId, NodePublicKey};

use crate::fault::Fault;
use crate::limits::CHECKPOINTS_KEPT_MAX;

/// The keys by which heads are judged.
pub trait Keys {
    /// The organisation whose key must prove the head of a range that this peer shows, and the key
    /// of it that is named, or its present one where none that counts has that name; `None` where
    /// its log is none that we could take.
    fn origin_key(&self, range: &Range, named: KeyId) -> Option<(LineageId, NodePublicKey)>;

    /// The same of heads of a log that is held here.
    fn log_key(&self, log: &LogId, named: KeyId) -> Option<(LineageId, NodePublicKey)>;
}

/// A batch of which every range is proven.
#[derive(Debug)]
pub(crate) struct Verified {
    /// The batch frame's bytes: as received, but where ranges had to be left out.
    pub(crate) frame: Vec<u8>,
    pub(crate) cursor: Option<ByteString>,
    /// Each range's log and last record.
    pub(crate) ranges: Vec<(WireLog, u64)>,
    /// How many records they have.
    pub(crate) records: u64,
    /// Ranges that nobody's key could prove; left out of the frame, so that they are not applied
    /// unproven should the key become known before their turn.
    pub(crate) left_out: Vec<Exception>,
    /// The same of those that are signed by a key that their origin is not known to have: each with
    /// its first and last record. They wait for the change that brings it.
    pub(crate) waiting: Vec<(WireLog, u64, u64)>,
}

/// What there is to say of a range.
enum Found {
    Proven,
    /// No organisation is known that could have written it.
    NoOrigin,
    /// A key has signed it that is not known to be its origin's.
    OtherKey,
}

/// Verifies batches and remembers the checkpoints that it verified last.
#[derive(Debug, Default)]
pub(crate) struct Verifier {
    known: VecDeque<Known>,
}

#[derive(Debug)]
struct Known {
    bytes: ByteString,
    origin: LineageId,
    key: NodePublicKey,
    checkpoint: Checkpoint,
}

impl Verifier {
    pub(crate) fn verify(
        &mut self,
        frame: Vec<u8>,
        batch: Batch,
        keys: &dyn Keys,
    ) -> Result<Verified, Fault> {
        let Batch { checkpoints, ranges, cursor } = batch;
        if checkpoints.len() > ranges.len() {
            return Err(Fault::FrameMalformed);
        }
        let total = ranges.len();
        let (mut proven, mut left_out) = (Vec::with_capacity(total), Vec::new());
        let mut waiting = Vec::new();
        for range in ranges {
            match self.proves(&checkpoints, &range, keys)? {
                Found::Proven => proven.push(range),
                Found::OtherKey => waiting.push((range.log, range.first, range.last())),
                Found::NoOrigin => {
                    let code = Code::LogUnknown.number();
                    left_out.push(Exception { log: range.log, from: range.first, code });
                }
            }
        }
        let ranges = proven.iter().map(|range| (range.log, range.last())).collect();
        let records = proven.iter().map(|range| range.records.len() as u64).sum();
        if left_out.is_empty() && waiting.is_empty() {
            return Ok(Verified { frame, cursor, ranges, records, left_out, waiting });
        }
        let kept = Batch { checkpoints, ranges: proven, cursor: cursor.clone() };
        let frame = Frame::Batch(kept).encode();
        Ok(Verified { frame, cursor, ranges, records, left_out, waiting })
    }

    /// Whether a range is proven, or what it takes to say so.
    fn proves(
        &mut self,
        checkpoints: &[ByteString],
        range: &Range,
        keys: &dyn Keys,
    ) -> Result<Found, Fault> {
        let bytes = checkpoints.get(usize::from(range.checkpoint)).ok_or(Fault::FrameMalformed)?;
        let ends = range.first.checked_add(range.records.len() as u64);
        if range.first == 0 || range.records.is_empty() || ends.is_none() {
            return Err(Fault::FrameMalformed);
        }
        let known = self.known.iter().find(|known| known.bytes == *bytes);
        let (by, named) = match known {
            Some(known) => (known.origin, known.checkpoint.key),
            None => {
                let claim = Checkpoint::claim(bytes).map_err(|_| Fault::CheckpointForged)?;
                (claim.lineage, claim.key)
            }
        };
        let Some((origin, key)) = keys.origin_key(range, named) else {
            return Ok(Found::NoOrigin);
        };
        if by != origin {
            return Err(Fault::CheckpointForged);
        }
        if named != key.id() {
            return Ok(Found::OtherKey);
        }
        let checkpoint = self.open(bytes, origin, key)?;
        if range.head().is_included(&range.inclusion, checkpoint) {
            Ok(Found::Proven)
        } else {
            Err(Fault::HeadForged)
        }
    }

    fn open(
        &mut self,
        bytes: &ByteString,
        origin: LineageId,
        key: NodePublicKey,
    ) -> Result<&Checkpoint, Fault> {
        let is_it = |k: &Known| k.origin == origin && k.key == key && k.bytes == *bytes;
        let at = match self.known.iter().position(is_it) {
            Some(at) => at,
            None => {
                let opened = Checkpoint::open(bytes, &origin, &key);
                let checkpoint = opened.map_err(|error| match error {
                    CheckpointError::Version => Fault::CheckpointVersion,
                    CheckpointError::Malformed
                    | CheckpointError::OtherKey
                    | CheckpointError::OtherOrigin
                    | CheckpointError::Signature => Fault::CheckpointForged,
                })?;
                self.known.truncate(CHECKPOINTS_KEPT_MAX - 1);
                self.known.push_front(Known { bytes: bytes.clone(), origin, key, checkpoint });
                0
            }
        };
        Ok(&self.known[at].checkpoint)
    }
}
