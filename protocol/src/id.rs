//! Ids of everything that is hashed, stored or sent (`docs/protocol/` section 2). An id alone opens
//! nothing.

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Encode};

use crate::clock::HybridTime;
use crate::hash::Hash;

macro_rules! bytes_id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
        #[cbor(transparent)]
        pub struct $name(#[cbor(with = "minicbor::bytes")] pub [u8; $len]);

        impl $name {
            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), data_encoding::HEXLOWER.encode(&self.0[..4]))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&data_encoding::BASE64URL_NOPAD.encode(&self.0))
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let bytes = data_encoding::BASE64URL_NOPAD.decode(text.as_bytes());
                let bytes = bytes.map_err(|_| IdError)?;
                Ok(Self(bytes.try_into().map_err(|_| IdError)?))
            }
        }
    };
}

/// A text that is no id of the kind expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdError;

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this is not an id of the expected form")
    }
}

impl std::error::Error for IdError {}

bytes_id!(
    /// The lineage of an organisation: its domain, first node key and recovery key, hashed. Whoever
    /// re-registers a domain has another lineage.
    LineageId,
    32
);

bytes_id!(
    /// A channel: `inner` of a group's genesis, or the hash of the sorted pair of a direct or link
    /// channel.
    ChannelId,
    32
);

/// An account in everything hashed: the lineage of its organisation and a random number that is
/// never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(array)]
pub struct AccountId {
    /// The organisation.
    #[n(0)]
    pub lineage: LineageId,
    /// The account within it.
    #[n(1)]
    pub number: AccountNumber,
}

/// An account within its organisation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct AccountNumber(#[n(0)] pub u64);

impl fmt::Debug for AccountNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountNumber({:016x})", self.0)
    }
}

impl fmt::Display for AccountNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The process run that writes a message log: 32 bits of Unix seconds, 32 random.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct WriterId(#[n(0)] pub u64);

impl WriterId {
    /// The writer drawn at `unix_seconds` with 32 random bits.
    pub const fn new(unix_seconds: u32, random: u32) -> Self {
        Self(((unix_seconds as u64) << 32) | random as u64)
    }
}

impl fmt::Debug for WriterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WriterId({:016x})", self.0)
    }
}

/// The name of a log within its channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogName {
    /// One term of the control log.
    Control {
        /// The organisation that writes it.
        home: LineageId,
        /// The term, from 1.
        term: u64,
    },
    /// A message log.
    Message {
        /// The organisation that writes it.
        origin: LineageId,
        /// Its writer.
        writer: WriterId,
    },
}

impl LogName {
    /// The organisation that writes it.
    pub const fn origin(&self) -> LineageId {
        match self {
            Self::Control { home: origin, .. } | Self::Message { origin, .. } => *origin,
        }
    }
}

/// A log: single-writer, append-only, hash-chained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogId {
    /// The channel.
    pub channel: ChannelId,
    /// The log within it.
    pub name: LogName,
}

/// A place in the control log: term, seq and the first 16 bytes of that record's hash. Ordered by
/// (term, seq).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(array)]
pub struct ControlPoint {
    /// The term.
    #[n(0)]
    pub term: u64,
    /// The record's seq within it.
    #[n(1)]
    pub seq: u64,
    /// The record's hash, shortened.
    #[n(2)]
    pub hash: ShortHash,
}

bytes_id!(
    /// The first 16 bytes of a record's hash.
    ShortHash,
    16
);

impl From<Hash> for ShortHash {
    fn from(hash: Hash) -> Self {
        let mut short = [0; 16];
        short.copy_from_slice(&hash.0[..16]);
        Self(short)
    }
}

/// The name of a message for display and links: its time, then the first 64 bits of `inner`. Sorts
/// by time as bytes and as text. Storage goes by log and seq, never by this.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct MessageId(#[cbor(with = "minicbor::bytes")] pub [u8; 16]);

impl MessageId {
    /// Characters of a message id as text.
    pub const TEXT_LEN: usize = 26;

    /// The id of the event with this time and `inner`.
    pub fn new(time: HybridTime, inner: &Hash) -> Self {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&time.0.to_be_bytes());
        bytes[8..].copy_from_slice(&inner.0[..8]);
        Self(bytes)
    }

    /// The smallest id at a time: where a search by date begins.
    pub fn first_at(time: HybridTime) -> Self {
        Self::new(time, &Hash([0; 32]))
    }

    /// The time that the id carries.
    pub fn time(&self) -> HybridTime {
        let mut time = [0; 8];
        time.copy_from_slice(&self.0[..8]);
        HybridTime(u64::from_be_bytes(time))
    }
}

/// Crockford's base32 alphabet: no I, L, O, U. 26 characters hold 130 bits; the first two are zero.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = u128::from_be_bytes(self.0);
        let mut text = [0_u8; Self::TEXT_LEN];
        for (i, c) in text.iter_mut().enumerate() {
            let shift = 5 * (Self::TEXT_LEN - 1 - i);
            *c = CROCKFORD[((value >> shift) & 31) as usize];
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageId({self})")
    }
}

impl FromStr for MessageId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() != Self::TEXT_LEN {
            return Err(IdError);
        }
        let mut value: u128 = 0;
        for (i, c) in text.bytes().enumerate() {
            let digit = CROCKFORD.iter().position(|d| *d == c).ok_or(IdError)? as u128;
            if i == 0 && digit > 7 {
                return Err(IdError);
            }
            value = (value << 5) | digit;
        }
        Ok(Self(value.to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_ids_sort_as_bytes_and_as_text() {
        let ids: Vec<MessageId> = [0_u64, 1, 0xffff, 0x1_0000, u64::MAX]
            .into_iter()
            .flat_map(|t| [0_u8, 9, 255].map(|h| MessageId::new(HybridTime(t), &Hash([h; 32]))))
            .collect();
        let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
        assert!(ids.is_sorted() && texts.is_sorted());
        for (id, text) in ids.iter().zip(&texts) {
            assert_eq!(text.parse::<MessageId>().unwrap(), *id);
        }
    }

    #[test]
    fn a_message_id_has_one_text() {
        let id = MessageId(0x0190_a000_0000_0001_1122_3344_5566_7788_u128.to_be_bytes());
        assert_eq!(id.to_string(), "01J2G00000000H28HK8HAPCXW8");
        assert!("81J2G00000000024H36H2NCSVR".parse::<MessageId>().is_err());
        assert!(id.to_string().to_lowercase().parse::<MessageId>().is_err());
    }
}
