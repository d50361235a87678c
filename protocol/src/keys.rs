//! What frames say of keys (`docs/protocol/` sections 5.3 and 8.3): who speaks under which key, and
//! heads under another key than before. It does not say which key counts.

use minicbor::{Decode, Encode};

use crate::cbor::ByteString;
use crate::frame::WireLog;
use crate::head::HeadProof;
use crate::id::LineageId;

/// Who speaks, to whom.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Hello {
    /// The speaker's domain; checked against its key.
    #[n(0)]
    pub from: String,
    /// The domain that the speaker means to talk to.
    #[n(1)]
    pub to: String,
    /// The speaker's lineage.
    #[n(2)]
    pub lineage: LineageId,
    /// Names the run of the speaker's process.
    #[n(3)]
    pub start: u64,
    /// The versions that the speaker knows.
    #[n(4)]
    pub versions: Vec<u16>,
    /// All changes of the speaker's key from the first one on; absent where there are none.
    #[n(5)]
    pub changes: Option<Vec<ByteString>>,
}

/// A head of a log as it is signed anew.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SignedHead {
    /// The log.
    #[n(0)]
    pub log: WireLog,
    /// The head.
    #[n(1)]
    pub head: HeadProof,
}
