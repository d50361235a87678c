//! Groups that may be joined, asked of the node of a domain: by an alias of that domain, by id, or
//! all by page (`docs/protocol/` section 8.6). Who is asked decides by the asker's organisation
//! what it tells; nothing here is signed, and nothing is decided by it.

use minicbor::{Decode, Encode};

use crate::id::{ChannelId, LineageId};
use crate::limits::{ACCOUNT_NAME_BYTES_MAX, OFFERED_GROUPS_MAX};

/// Which groups are asked for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub enum Seek {
    /// The one that an alias of the receiver's domain names.
    #[n(0)]
    Alias {
        /// The alias' name.
        #[n(0)]
        name: String,
    },
    /// The one of an id.
    #[n(1)]
    Channel {
        /// The id.
        #[n(0)]
        channel: ChannelId,
    },
    /// Some of all, in the order of their ids.
    #[n(2)]
    Page {
        /// How many at most.
        #[n(0)]
        count: u16,
        /// Those above this id; from the first on where absent.
        #[n(1)]
        after: Option<ChannelId>,
    },
}

impl Seek {
    pub(crate) fn is_bounded(&self) -> bool {
        match self {
            Self::Alias { name } => name.len() <= ACCOUNT_NAME_BYTES_MAX,
            Self::Channel { .. } => true,
            Self::Page { count, .. } => usize::from(*count) <= OFFERED_GROUPS_MAX,
        }
    }
}

/// Groups that the asker's accounts may join, in ascending order of their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Offer {
    /// The groups.
    #[n(0)]
    pub groups: Vec<OfferedGroup>,
    /// Whether there are more above the last of them.
    #[n(1)]
    pub more: bool,
}

impl Offer {
    pub(crate) fn is_bounded(&self) -> bool {
        self.groups.len() <= OFFERED_GROUPS_MAX
    }
}

/// A group that may be joined.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct OfferedGroup {
    /// Its id.
    #[n(0)]
    pub channel: ChannelId,
    /// Its home.
    #[n(1)]
    pub home: LineageId,
    /// Its home's domain.
    #[n(2)]
    pub domain: String,
    /// Its name.
    #[n(3)]
    pub name: String,
    /// Its topic.
    #[n(4)]
    pub topic: String,
    /// How many members it has.
    #[n(5)]
    pub members: u32,
    /// The name of an alias of the answerer's domain, where it has one.
    #[n(6)]
    pub alias: Option<String>,
}
