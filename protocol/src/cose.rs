//! COSE_Sign1 (RFC 9052 section 4.2) as Comity uses it: EdDSA, an empty unprotected header, and a
//! domain-separation string as external data. What is signed, and by whom, is for others to judge.

use minicbor::{Decode, Encode};

use crate::cbor::{self, ByteString, DecodeError};

/// The protected header: `{1: -8}`, the algorithm EdDSA (RFC 9053 section 2.2), encoded.
const PROTECTED: &[u8] = &[0xa1, 0x01, 0x27];

/// The unprotected header: an empty map.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct Unprotected {}

/// A signed payload as it travels, its signature not yet verified.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Sign1 {
    #[n(0)]
    protected: ByteString,
    #[n(1)]
    unprotected: Unprotected,
    #[n(2)]
    payload: ByteString,
    #[n(3)]
    signature: ByteString,
}

impl Sign1 {
    /// Signs a payload under a context and encodes both; `sign` gets the bytes to be signed.
    pub fn seal(context: &[u8], payload: Vec<u8>, sign: impl FnOnce(&[u8]) -> [u8; 64]) -> Vec<u8> {
        let signature = sign(&to_be_signed(context, &payload));
        cbor::encode(&Self {
            protected: PROTECTED.to_vec().into(),
            unprotected: Unprotected {},
            payload: payload.into(),
            signature: signature.to_vec().into(),
        })
    }

    /// Reads the form alone.
    pub fn decode(bytes: &[u8], bytes_max: usize) -> Result<Self, DecodeError> {
        let sign1: Self = cbor::decode(bytes, bytes_max)?;
        if sign1.protected.0 == PROTECTED { Ok(sign1) } else { Err(DecodeError::Shape) }
    }

    /// What is signed.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The signature; `None` where it has not the length of one.
    pub fn signature(&self) -> Option<&[u8; 64]> {
        self.signature.0.as_slice().try_into().ok()
    }

    /// The bytes that the signature must be over.
    pub fn to_be_signed(&self, context: &[u8]) -> Vec<u8> {
        to_be_signed(context, &self.payload)
    }
}

/// Sig_structure of RFC 9052 section 4.4.
fn to_be_signed(context: &[u8], payload: &[u8]) -> Vec<u8> {
    cbor::encode(&(
        "Signature1",
        ByteString(PROTECTED.to_vec()),
        ByteString(context.to_vec()),
        ByteString(payload.to_vec()),
    ))
}
