//! The keys of a lineage over time (`docs/protocol/` section 5.3): each follows another by a change
//! that the key before signs, or the recovery key. A chain proves itself: whoever shows it need not
//! be believed.
//!
//! A change by the key before hands over: what the key before has signed goes on to count. A change
//! by the recovery key revokes all keys before it. Of two chains of one lineage that part, the one
//! with more changes by the recovery key counts, so that who has stolen a key cannot keep its owner
//! out.

use std::cmp::Ordering;
use std::fmt;

use comity_protocol::cbor::ByteString;
use comity_protocol::control::Organisation;
use comity_protocol::key::{KeyId, NodePublicKey, recovery_hash};
use comity_protocol::limits::KEY_CHANGES_MAX;

use crate::change::{ChangeError, SignedKeyChange};
use crate::lineage::Lineage;

/// A lineage with all changes of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyChain {
    lineage: Lineage,
    changes: Vec<SignedKeyChange>,
}

/// What a chain is to another of the same lineage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It goes on from the other, or they part and the recovery key has signed more of it.
    Newer,
    /// The other goes on from it, or counts before it.
    Older,
    /// Both are the same.
    Same,
    /// They part, and nothing says which counts: somebody else has one of the keys.
    Split,
}

/// Why changes are no chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainError {
    /// A change does not go on from the one before it.
    Broken,
    /// What should be a change is none.
    Change(ChangeError),
    /// The organisation's domain is none.
    Domain,
    /// A key comes back that the lineage had before.
    KeyReturns,
    /// A change is another lineage's.
    OtherLineage,
    /// The signer is neither the key before nor the lineage's recovery key.
    OtherRecoveryKey,
    /// More changes than a lineage may have.
    TooMany,
}

impl KeyChain {
    /// A lineage at its first key.
    pub fn begin(lineage: Lineage) -> Self {
        Self { lineage, changes: Vec::new() }
    }

    /// The chain of an organisation, every signature verified.
    pub fn of(organisation: &Organisation) -> Result<Self, ChainError> {
        let lineage = Lineage::of(organisation).ok_or(ChainError::Domain)?;
        Self::read(lineage, &organisation.changes)
    }

    /// The same of a lineage that is known, by the changes that somebody shows.
    pub fn read(lineage: Lineage, changes: &[ByteString]) -> Result<Self, ChainError> {
        if changes.len() > KEY_CHANGES_MAX {
            return Err(ChainError::TooMany);
        }
        let mut chain = Self::begin(lineage);
        for bytes in changes {
            chain.follow(SignedKeyChange::open(bytes).map_err(ChainError::Change)?)?;
        }
        Ok(chain)
    }

    /// Takes the next change. Its signature was verified under the signer whom it names; here it is
    /// the right one.
    pub fn follow(&mut self, signed: SignedKeyChange) -> Result<(), ChainError> {
        let change = signed.change();
        if self.changes.len() >= KEY_CHANGES_MAX {
            return Err(ChainError::TooMany);
        }
        if change.lineage != self.lineage.id {
            return Err(ChainError::OtherLineage);
        }
        if change.number != self.next_number() || change.before != self.key() {
            return Err(ChainError::Broken);
        }
        if change.recovery.is_some_and(|key| recovery_hash(&key) != self.lineage.recovery) {
            return Err(ChainError::OtherRecoveryKey);
        }
        if self.keys().any(|key| key == change.after) {
            return Err(ChainError::KeyReturns);
        }
        self.changes.push(signed);
        Ok(())
    }

    /// Whose it is.
    pub fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    /// The key that the organisation has now.
    pub fn key(&self) -> NodePublicKey {
        self.changes.last().map_or(self.lineage.first_key, |signed| signed.change().after)
    }

    /// Its changes in their order.
    pub fn changes(&self) -> &[SignedKeyChange] {
        &self.changes
    }

    /// Its changes as they travel.
    pub fn signed(&self) -> Vec<ByteString> {
        self.changes.iter().map(|signed| signed.as_bytes().to_vec().into()).collect()
    }

    /// The number of the next change.
    pub fn next_number(&self) -> u64 {
        self.changes.len() as u64 + 1
    }

    /// All keys that the organisation ever had, the first one first.
    pub fn keys(&self) -> impl Iterator<Item = NodePublicKey> + use<'_> {
        let later = self.changes.iter().map(|signed| signed.change().after);
        std::iter::once(self.lineage.first_key).chain(later)
    }

    /// Those of them that were not revoked.
    pub fn counting(&self) -> impl Iterator<Item = NodePublicKey> + use<'_> {
        let revoking = |signed: &SignedKeyChange| signed.change().recovery.is_some();
        let revoked = self.changes.iter().rposition(revoking).map_or(0, |at| at + 1);
        self.keys().skip(revoked)
    }

    /// The key that is named so, where it counts.
    pub fn named(&self, id: KeyId) -> Option<NodePublicKey> {
        self.counting().find(|key| key.id() == id)
    }

    /// Whether a key was the organisation's and was revoked.
    pub fn has_revoked(&self, key: &NodePublicKey) -> bool {
        self.keys().any(|known| known == *key) && !self.counting().any(|known| known == *key)
    }

    /// What this chain is to another of the same lineage.
    pub fn standing(&self, other: &Self) -> Standing {
        let mut pairs = self.changes.iter().zip(&other.changes);
        let parted = pairs.find(|(ours, theirs)| ours.change() != theirs.change());
        let order = match parted {
            None => self.changes.len().cmp(&other.changes.len()),
            Some(_) => self.recoveries().cmp(&other.recoveries()),
        };
        match order {
            Ordering::Less => Standing::Older,
            Ordering::Greater => Standing::Newer,
            Ordering::Equal if parted.is_some() => Standing::Split,
            Ordering::Equal => Standing::Same,
        }
    }

    /// How many of its changes the recovery key has signed.
    fn recoveries(&self) -> usize {
        self.changes.iter().filter(|signed| signed.change().recovery.is_some()).count()
    }

    /// The organisation as records and frames name it.
    pub fn organisation(&self) -> Organisation {
        Organisation {
            domain: self.lineage.domain.to_string(),
            first_key: self.lineage.first_key,
            recovery: self.lineage.recovery,
            changes: self.signed(),
        }
    }
}

/// All keys that an organisation had by the changes that it lists; none where these do not hold.
pub fn keys_of(organisation: &Organisation) -> Vec<NodePublicKey> {
    if organisation.changes.is_empty() {
        return vec![organisation.first_key];
    }
    KeyChain::of(organisation).map_or_else(|_| Vec::new(), |chain| chain.keys().collect())
}

impl fmt::Display for ChainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken => f.write_str("a change of key does not go on from the one before it"),
            Self::Change(error) => error.fmt(f),
            Self::Domain => f.write_str("the organisation's domain is none"),
            Self::KeyReturns => f.write_str("a key comes back that the organisation had before"),
            Self::OtherLineage => f.write_str("a change of key is another organisation's"),
            Self::OtherRecoveryKey => {
                f.write_str("a change is signed by another recovery key than the organisation's")
            }
            Self::TooMany => write!(f, "a key changes at most {KEY_CHANGES_MAX} times"),
        }
    }
}

impl std::error::Error for ChainError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{NodeKey, RecoveryKey};
    use comity_protocol::id::LineageId;

    fn key(seed: u8) -> NodeKey {
        NodeKey::from_seed(&[seed; 32])
    }

    fn recovery() -> RecoveryKey {
        RecoveryKey::from_seed(&[9; 32])
    }

    fn acme() -> KeyChain {
        let domain = "acme.example".parse().unwrap();
        KeyChain::begin(Lineage::begin(domain, key(1).public(), recovery().hash()))
    }

    /// The chain after some more changes, each to the key of a seed, by the key before or by the
    /// recovery key.
    fn after(mut chain: KeyChain, mut now: u8, changes: &[(u8, bool)]) -> KeyChain {
        for (seed, by_recovery) in changes {
            let (id, number, next) = (chain.lineage.id, chain.next_number(), key(*seed).public());
            let before = key(now);
            chain
                .follow(match by_recovery {
                    true => {
                        let before = before.public();
                        SignedKeyChange::by_recovery(id, number, before, next, &recovery())
                    }
                    false => SignedKeyChange::by_key(id, number, &before, next),
                })
                .unwrap();
            now = *seed;
        }
        chain
    }

    #[test]
    fn a_chain_is_read_back_and_says_which_keys_count() {
        let chain = after(acme(), 1, &[(2, false), (3, true), (4, false)]);
        assert_eq!(KeyChain::of(&chain.organisation()), Ok(chain.clone()));
        assert_eq!(chain.key(), key(4).public());
        let counting: Vec<_> = chain.counting().collect();
        assert_eq!(counting, [3, 4].map(|seed| key(seed).public()));
        assert!(chain.has_revoked(&key(1).public()) && chain.has_revoked(&key(2).public()));
        assert!(!chain.has_revoked(&key(3).public()) && !chain.has_revoked(&key(8).public()));
        assert_eq!(chain.named(key(2).public().id()), None);
        assert_eq!(chain.named(key(3).public().id()), Some(key(3).public()));
        assert_eq!(keys_of(&chain.organisation()).len(), 4);
        // Handed over, the key before goes on to count.
        assert_eq!(after(acme(), 1, &[(2, false)]).counting().count(), 2);
    }

    #[test]
    fn what_is_no_chain_is_named() {
        use ChainError::*;
        let (chain, id) = (acme(), acme().lineage.id);
        let [a, b, c] = [1, 2, 3].map(key);
        let check = |signed: SignedKeyChange, expected: ChainError| {
            assert_eq!(chain.clone().follow(signed), Err(expected));
        };
        check(SignedKeyChange::by_key(LineageId([0; 32]), 1, &a, b.public()), OtherLineage);
        // By a third key, with a gap, and back to the same key.
        check(SignedKeyChange::by_key(id, 1, &b, c.public()), Broken);
        check(SignedKeyChange::by_key(id, 2, &a, b.public()), Broken);
        check(SignedKeyChange::by_key(id, 1, &a, a.public()), KeyReturns);
        let thief = RecoveryKey::from_seed(&[8; 32]);
        let stolen = SignedKeyChange::by_recovery(id, 1, a.public(), b.public(), &thief);
        check(stolen, OtherRecoveryKey);
        let there = after(acme(), 1, &[(2, false), (3, false)]);
        let mut organisation = there.organisation();
        organisation.changes.remove(0);
        assert_eq!(KeyChain::of(&organisation), Err(Broken));
        organisation.changes[0].0[40] ^= 1;
        assert!(matches!(KeyChain::of(&organisation), Err(Change(_))));
        organisation.changes = vec![organisation.changes[0].clone(); KEY_CHANGES_MAX + 1];
        assert_eq!(KeyChain::of(&organisation), Err(TooMany));
        assert!(keys_of(&organisation).is_empty());
    }

    #[test]
    fn of_two_chains_the_longer_counts_and_before_that_the_recovery_key() {
        let check = |one: &[(u8, bool)], other: &[(u8, bool)], expected: Standing| {
            let (one, other) = (after(acme(), 1, one), after(acme(), 1, other));
            assert_eq!(one.standing(&other), expected);
            let reversed = match expected {
                Standing::Newer => Standing::Older,
                Standing::Older => Standing::Newer,
                same => same,
            };
            assert_eq!(other.standing(&one), reversed);
        };
        check(&[], &[], Standing::Same);
        check(&[(2, false)], &[], Standing::Newer);
        check(&[(2, false), (3, false)], &[(2, false)], Standing::Newer);
        // Who has stolen the first key goes on as he likes, until its owner says what counts.
        let thief = [(7, false), (8, false), (6, false)];
        check(&[(2, true)], &thief, Standing::Newer);
        check(&[(2, false), (3, true)], &thief, Standing::Newer);
        check(&[(2, false)], &thief, Standing::Split);
        check(&[(2, true)], &[(3, true)], Standing::Split);
    }
}
