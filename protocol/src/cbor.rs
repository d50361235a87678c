//! Deterministic CBOR (RFC 8949 section 4.2.1). What is received is kept and hashed as it came, and
//! refused where encoding the decoded value gives other bytes: that finds duplicate keys, trailing
//! bytes, indefinite lengths, long integers and unknown fields with one comparison. Types bound
//! nesting and lengths.

use std::fmt;

use minicbor::{Decode, Encode};

/// Why bytes are not the deterministic encoding of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// Well-formed perhaps, but not the value's one encoding.
    NotDeterministic,
    /// Longer than its place allows.
    TooLong,
    /// Not CBOR, or not of the expected shape.
    Shape,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotDeterministic => "the bytes are not the deterministic encoding of their value",
            Self::TooLong => "the bytes are longer than their place allows",
            Self::Shape => "the bytes do not have the expected shape",
        })
    }
}

impl std::error::Error for DecodeError {}

/// The one encoding of a value.
pub fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64);
    encode_into(value, &mut bytes);
    bytes
}

/// Appends the one encoding of a value.
pub fn encode_into<T: Encode<()>>(value: &T, bytes: &mut Vec<u8>) {
    // Writing to memory cannot fail, and none of our types refuses to be encoded.
    let done = minicbor::encode(value, bytes);
    debug_assert!(done.is_ok());
}

/// The value of which `bytes` are the one encoding.
pub fn decode<'b, T>(bytes: &'b [u8], bytes_max: usize) -> Result<T, DecodeError>
where
    T: Decode<'b, ()> + Encode<()>,
{
    if bytes.len() > bytes_max {
        return Err(DecodeError::TooLong);
    }
    let mut decoder = minicbor::Decoder::new(bytes);
    let value: T = decoder.decode().map_err(|_| DecodeError::Shape)?;
    let mut again = Vec::with_capacity(bytes.len());
    encode_into(&value, &mut again);
    if again == bytes { Ok(value) } else { Err(DecodeError::NotDeterministic) }
}

/// A byte string of any length (a `Vec<u8>` alone would be an array of integers).
#[derive(Clone, PartialEq, Eq, Hash, Encode, Decode, Default)]
#[cbor(transparent)]
pub struct ByteString(#[cbor(with = "minicbor::bytes")] pub Vec<u8>);

impl fmt::Debug for ByteString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ByteString({} bytes)", self.0.len())
    }
}

impl From<Vec<u8>> for ByteString {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl std::ops::Deref for ByteString {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Encode, Decode)]
    #[cbor(map)]
    struct Sample {
        #[n(0)]
        a: u64,
        #[n(1)]
        b: Option<ByteString>,
    }

    #[test]
    fn only_the_one_encoding_is_taken() {
        use DecodeError::*;
        let check = |bytes: &[u8], expected: Result<(), DecodeError>| {
            assert_eq!(decode::<Sample>(bytes, 64).map(|_| ()), expected, "{bytes:02x?}");
        };
        check(&[0xa1, 0x00, 0x05], Ok(()));
        check(&[0xa2, 0x00, 0x05, 0x01, 0x41, 0x09], Ok(()));
        check(&[0xa1, 0x00, 0x18, 0x05], Err(NotDeterministic)); // a long integer
        check(&[0xa2, 0x00, 0x05, 0x00, 0x05], Err(NotDeterministic)); // a duplicate key
        check(&[0xa2, 0x01, 0x41, 0x09, 0x00, 0x05], Err(NotDeterministic)); // keys out of order
        check(&[0xbf, 0x00, 0x05, 0xff], Err(NotDeterministic)); // indefinite length
        check(&[0xa2, 0x00, 0x05, 0x01, 0xf6], Err(NotDeterministic)); // null for absent
        check(&[0xa2, 0x00, 0x05, 0x07, 0x01], Err(NotDeterministic)); // an unknown key
        check(&[0xa1, 0x00, 0x05, 0x00], Err(NotDeterministic)); // trailing bytes
        check(&[0xa1, 0x00], Err(Shape));
        check(&[0x5b, 0, 0, 1, 0, 0, 0, 0, 0], Err(Shape)); // a claim of 2^40 bytes
        assert_eq!(decode::<Sample>(&[0; 65], 64), Err(TooLong));
    }
}
