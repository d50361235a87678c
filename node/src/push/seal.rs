//! A payload that one device alone can read: `aes128gcm` (RFC 8188) with keys of RFC 8291.

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::rand::SystemRandom;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::clock;

/// Bytes of a public key: a point of P-256, uncompressed.
const POINT_BYTES: usize = 65;
/// Bytes of a salt.
const SALT_BYTES: usize = 16;
/// Bytes of the one record, as its header announces it (RFC 8291 section 4).
const RECORD_BYTES: u32 = 4_096;
/// What the header, the end of the text and its tag take.
const OVERHEAD_BYTES: usize = SALT_BYTES + 4 + 1 + POINT_BYTES + 1 + 16;
/// The longest payload that every push service takes (RFC 8030 section 7.2).
pub const PLAIN_BYTES_MAX: usize = 4_096 - OVERHEAD_BYTES;
/// Payloads are filled up to multiples of this, so that their length tells little.
const PADDED_TO: usize = 256;

/// What a device gave to those who may tell it things.
#[derive(Clone, Copy, Debug)]
pub struct DeviceKeys<'a> {
    /// Its public key.
    pub key: &'a [u8],
    /// Its authentication secret.
    pub secret: &'a [u8],
}

/// Why a payload cannot be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SealError {
    /// The device's public key is no point of the curve.
    #[error("the device's key is none")]
    Key,
    /// The payload is longer than a push service takes.
    #[error("the payload is too long")]
    TooLong,
    /// The system gives no random numbers.
    #[error("no random numbers")]
    Random,
}

/// Seals a payload for a device.
pub fn seal(device: &DeviceKeys<'_>, plain: &[u8]) -> Result<Vec<u8>, SealError> {
    let own = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new());
    let own = own.map_err(|_| SealError::Random)?;
    let public = own.compute_public_key().map_err(|_| SealError::Random)?;
    let salt = clock::random();
    let peer = UnparsedPublicKey::new(&ECDH_P256, device.key);
    let sealed = agree_ephemeral(own, &peer, |shared| {
        seal_with(device, (shared, public.as_ref()), salt, plain)
    });
    sealed.map_err(|_| SealError::Key)?
}

/// The same with what both have agreed on, and the sender's public key.
fn seal_with(
    device: &DeviceKeys<'_>,
    (shared, public): (&[u8], &[u8]),
    salt: [u8; SALT_BYTES],
    plain: &[u8],
) -> Result<Vec<u8>, SealError> {
    if plain.len() > PLAIN_BYTES_MAX {
        return Err(SealError::TooLong);
    }
    let mut info = b"WebPush: info\0".to_vec();
    info.extend_from_slice(device.key);
    info.extend_from_slice(public);
    let shared = derived::<32>(device.secret, shared, &info);
    let key = derived::<16>(&salt, &*shared, b"Content-Encoding: aes128gcm\0");
    let nonce = derived::<NONCE_LEN>(&salt, &*shared, b"Content-Encoding: nonce\0");
    let key = UnboundKey::new(&AES_128_GCM, &*key).map_err(|_| SealError::Key)?;
    let mut text = plain.to_vec();
    // The last record ends with a 2, and then zeros (RFC 8188 section 2).
    text.push(2);
    let padded = plain.len().next_multiple_of(PADDED_TO).min(PLAIN_BYTES_MAX);
    text.resize(padded + 1, 0);
    let nonce = Nonce::assume_unique_for_key(*nonce);
    LessSafeKey::new(key)
        .seal_in_place_append_tag(nonce, Aad::empty(), &mut text)
        .map_err(|_| SealError::TooLong)?;
    let mut sealed = Vec::with_capacity(OVERHEAD_BYTES + padded);
    sealed.extend_from_slice(&salt);
    sealed.extend_from_slice(&RECORD_BYTES.to_be_bytes());
    sealed.push(u8::try_from(public.len()).unwrap_or(u8::MAX));
    sealed.extend_from_slice(public);
    sealed.append(&mut text);
    Ok(sealed)
}

struct Length<const N: usize>;

impl<const N: usize> KeyType for Length<N> {
    fn len(&self) -> usize {
        N
    }
}

/// Bytes derived from a secret (RFC 5869).
fn derived<const N: usize>(salt: &[u8], secret: &[u8], info: &[u8]) -> Zeroizing<[u8; N]> {
    let mut bytes = Zeroizing::new([0; N]);
    let info = [info];
    let key = Salt::new(HKDF_SHA256, salt).extract(secret);
    // Neither can fail: so few bytes are always to be had.
    if let Ok(expanded) = key.expand(&info, Length::<N>) {
        let _ = expanded.fill(&mut *bytes);
    }
    bytes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use data_encoding::BASE64URL_NOPAD;

    use super::*;

    /// The device's key in the example of RFC 8291.
    const KEY: &str =
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";

    fn bytes(text: &str) -> Vec<u8> {
        BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()
    }

    /// The example of RFC 8291, appendix A, whose sender fills nothing up.
    #[test]
    fn it_is_sealed_as_the_rfc_shows() {
        let key = bytes(KEY);
        let secret = bytes("BTBZMqHH6r4Tts7J_aSIgg");
        let public = bytes(
            "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl\
             7A8",
        );
        let shared = bytes("kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs");
        let salt = bytes("DGv6ra1nlYgDCS1FRnbzlw").try_into().unwrap();
        let device = DeviceKeys { key: &key, secret: &secret };
        let plain = bytes("V2hlbiBJIGdyb3cgdXAsIEkgd2FudCB0byBiZSBhIHdhdGVybWVsb24");
        let sealed = seal_with(&device, (&shared, &public), salt, &plain).unwrap();
        let shown = bytes(
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLoc\
             InmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLV\
             WGNWQexSgSxsj_Qulcy4a-fN",
        );
        // A stream cipher: what is filled up comes after what the example has.
        let text = OVERHEAD_BYTES - 17;
        assert_eq!(sealed[..text + plain.len() + 1], shown[..text + plain.len() + 1]);
        assert_eq!(sealed.len(), OVERHEAD_BYTES + PADDED_TO);
    }

    #[test]
    fn each_is_sealed_anew_and_none_is_too_long() {
        let key = bytes(KEY);
        let device = DeviceKeys { key: &key, secret: &[7; 16] };
        assert_ne!(seal(&device, b"x").unwrap(), seal(&device, b"x").unwrap());
        assert_eq!(seal(&device, &[7; PLAIN_BYTES_MAX]).unwrap().len(), 4_096);
        assert_eq!(seal(&device, &[7; PLAIN_BYTES_MAX + 1]), Err(SealError::TooLong));
        let no_point = DeviceKeys { key: &[4; POINT_BYTES], secret: &[7; 16] };
        assert_eq!(seal(&no_point, b"x"), Err(SealError::Key));
    }
}
