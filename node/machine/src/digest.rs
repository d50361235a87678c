//! What an act is kept by beside its nonce, so that the same nonce for another act is refused.
//!
//! Not a cryptographic hash: it guards a device against its own mistake, nobody against anybody.
//! It is stored, so it must never change.

use comity_protocol::body::Format;
use comity_protocol::cbor;
use comity_protocol::event::Message;

use crate::act::Act;

/// The digest of an act. A text is not encoded for it: most acts are sends.
pub(crate) fn of_act(act: &Act) -> u64 {
    match act {
        Act::Send { channel, text, format: Format::Plain, message }
            if *message == Message::default() =>
        {
            fold(fold(SEED, &channel.0), text.as_bytes())
        }
        act => fold(SEED, &cbor::encode(act)),
    }
}

/// Folds bytes into a digest, eight at a time, and their number.
fn fold(mut digest: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        digest = mix(digest, u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    digest = mix(digest, u64::from_le_bytes(last));
    mix(digest, bytes.len() as u64)
}

/// One word: multiplied to 128 bits, both halves of which count.
fn mix(digest: u64, word: u64) -> u64 {
    let product = u128::from(digest ^ word) * u128::from(FACTOR);
    #[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
    let (low, high) = (product as u64, (product >> 64) as u64);
    // Adding keeps apart what a product of zero would join.
    (low ^ high).wrapping_add(word.rotate_left(32))
}

/// Digits of pi, and of the golden ratio.
const SEED: u64 = 0x2436_a885_a308_d313;
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use comity_protocol::id::ChannelId;

    use super::*;

    fn send(channel: u8, text: &str) -> Act {
        Act::send(ChannelId([channel; 32]), text)
    }

    #[test]
    fn a_digest_is_what_it_was() {
        assert_eq!(of_act(&send(1, "hello")), 0x89cd_327a_13be_a35d);
        assert_eq!(of_act(&Act::Leave { channel: ChannelId([1; 32]) }), 0xff6a_656f_2172_537b);
    }

    #[test]
    fn acts_that_differ_have_digests_that_differ() {
        let texts = (0..200).map(|n| "x".repeat(n)).chain((0..200).map(|n| format!("number {n}")));
        let mut acts: Vec<Act> = texts.flat_map(|text| [send(0, &text), send(1, &text)]).collect();
        acts.extend((0..=255).map(|channel| Act::Leave { channel: ChannelId([channel; 32]) }));
        let digests: BTreeSet<u64> = acts.iter().map(of_act).collect();
        assert_eq!(digests.len(), acts.len());
    }
}
