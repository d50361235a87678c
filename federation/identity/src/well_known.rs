//! Keys whose secrets everybody knows: those of examples, and of tests that somebody may have
//! copied into a node. A pure look-up.

use std::collections::HashSet;
use std::sync::OnceLock;

use comity_protocol::key::NodePublicKey;

use crate::secret::{NodeKey, SEED_BYTES};

/// The seeds of RFC 8032 section 7.1, tests 1, 2, 3 and "SHA(abc)".
const RFC_8032: [&str; 4] = [
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
];

/// Whether everybody knows the secret half of a key: its seed is one of an RFC's examples, the
/// numbers from zero, or a byte that is repeated, as this project's tests have them.
pub fn is_well_known(key: &NodePublicKey) -> bool {
    static KNOWN: OnceLock<HashSet<[u8; 32]>> = OnceLock::new();
    let known = KNOWN.get_or_init(|| seeds().map(|seed| public(&seed)).collect());
    known.contains(key.as_bytes())
}

fn seeds() -> impl Iterator<Item = [u8; SEED_BYTES]> {
    let of_rfc = RFC_8032.iter().filter_map(|text| {
        let seed = data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?;
        <[u8; SEED_BYTES]>::try_from(seed).ok()
    });
    let counted = std::array::from_fn(|place| u8::try_from(place).unwrap_or_default());
    let repeated = (0..=u8::MAX).map(|byte| [byte; SEED_BYTES]);
    of_rfc.chain([counted]).chain(repeated)
}

fn public(seed: &[u8; SEED_BYTES]) -> [u8; 32] {
    *NodeKey::from_seed(seed).public().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_examples_are_known_and_others_are_not() {
        // RFC 8032 section 7.1, test 1.
        let text = b"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        let bytes: [u8; 32] = data_encoding::HEXLOWER.decode(text).unwrap().try_into().unwrap();
        assert!(is_well_known(&NodePublicKey::from_bytes(&bytes).unwrap()));
        assert_eq!(seeds().count(), 4 + 1 + 256);
        for seed in [[0; 32], [7; 32], [255; 32]] {
            assert!(is_well_known(&NodeKey::from_seed(&seed).public()));
        }
        let mut seed = [7; 32];
        seed[31] = 8;
        assert!(!is_well_known(&NodeKey::from_seed(&seed).public()));
    }
}
