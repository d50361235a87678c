//! An organisation over time: its domain, the key it began with, the key it has now, and the rule
//! by which a new key continues it (`docs/protocol/` section 6). DNS introduces a lineage; it
//! never continues one.

use comity_protocol::hash::Hash;
use comity_protocol::id::LineageId;
use comity_protocol::key::{NodePublicKey, lineage_id, recovery_hash};
use comity_protocol::name::ServerName;

use crate::change::SignedKeyChange;

/// Most changes that a peer may show at once.
pub const KEY_CHANGES_MAX: usize = 64;

/// A lineage as this node knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lineage {
    /// The organisation's domain.
    pub domain: ServerName,
    /// Its id, which never changes.
    pub id: LineageId,
    /// The key that it began with.
    pub first_key: NodePublicKey,
    /// The key that counts now.
    pub key: NodePublicKey,
    /// How often the key has changed.
    pub changes: u64,
    /// The hash of its recovery key.
    pub recovery: Hash,
}

/// What a key that a peer shows is to a lineage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Continuation {
    /// A new key, proven by the changes shown; the lineage goes on as this.
    Continued(Box<Lineage>),
    /// The key that is known already.
    Current,
    /// Not proven: the link waits for the admin.
    Undecided(Undecided),
}

/// Why a key is not taken as the lineage's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undecided {
    /// The changes do not lead on from the known key to the one shown.
    ChainBroken,
    /// The signer is neither the key before nor the lineage's recovery key.
    OtherRecoveryKey,
    /// The changes are another lineage's.
    OtherLineage,
    /// More changes than a peer may show at once.
    TooManyChanges,
    /// A new key without any change that proves it.
    Unproven,
}

impl Lineage {
    /// A lineage at its first key.
    pub fn begin(domain: ServerName, first_key: NodePublicKey, recovery: Hash) -> Self {
        let id = lineage_id(&domain, &first_key, &recovery);
        Self { domain, id, first_key, key: first_key, changes: 0, recovery }
    }

    /// Judges the key that a peer shows, by the changes that it shows with it. Changes already
    /// followed may be shown again; they are skipped by number.
    pub fn judge(&self, shown: &NodePublicKey, changes: &[SignedKeyChange]) -> Continuation {
        if *shown == self.key {
            return Continuation::Current;
        }
        match self.follow(shown, changes) {
            Ok(lineage) => Continuation::Continued(Box::new(lineage)),
            Err(undecided) => Continuation::Undecided(undecided),
        }
    }

    fn follow(
        &self,
        shown: &NodePublicKey,
        changes: &[SignedKeyChange],
    ) -> Result<Self, Undecided> {
        if changes.len() > KEY_CHANGES_MAX {
            return Err(Undecided::TooManyChanges);
        }
        let mut lineage = self.clone();
        for change in changes.iter().filter(|c| c.change().number > self.changes) {
            lineage.step(change)?;
        }
        if lineage.changes == self.changes {
            return Err(Undecided::Unproven);
        }
        if lineage.key == *shown { Ok(lineage) } else { Err(Undecided::ChainBroken) }
    }

    /// The signature was verified under the signer whom the change names; here it is the right one.
    fn step(&mut self, signed: &SignedKeyChange) -> Result<(), Undecided> {
        let change = signed.change();
        if change.lineage != self.id {
            return Err(Undecided::OtherLineage);
        }
        if change.number != self.changes + 1 || change.before != self.key {
            return Err(Undecided::ChainBroken);
        }
        if change.recovery.is_some_and(|key| recovery_hash(&key) != self.recovery) {
            return Err(Undecided::OtherRecoveryKey);
        }
        self.key = change.after;
        self.changes = change.number;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{NodeKey, RecoveryKey};

    fn keys() -> [NodeKey; 3] {
        [1, 2, 3].map(|b| NodeKey::from_seed(&[b; 32]))
    }

    fn acme(recovery: &RecoveryKey) -> Lineage {
        let [first, ..] = keys();
        Lineage::begin("acme.example".parse().unwrap(), first.public(), recovery.hash())
    }

    #[test]
    fn the_id_is_pinned() {
        // Computed apart, with another implementation of SHA-256 and Ed25519.
        let lineage = acme(&RecoveryKey::from_seed(&[9; 32]));
        let hex = data_encoding::HEXLOWER.encode(&lineage.id.0);
        assert_eq!(hex, "f54718284abfc882d7ade20e9a3d9d8c73531edb92d3c2391534840ffb28e939");
    }

    #[test]
    fn a_key_is_continued_by_the_one_before_or_by_the_recovery_key() {
        let recovery = RecoveryKey::from_seed(&[9; 32]);
        let lineage = acme(&recovery);
        let [a, b, c] = keys();
        let first = SignedKeyChange::by_key(lineage.id, 1, &a, b.public());
        let second = SignedKeyChange::by_recovery(lineage.id, 2, b.public(), c.public(), &recovery);
        assert_eq!(lineage.judge(&a.public(), &[]), Continuation::Current);
        let both = [first.clone(), second.clone()];
        let Continuation::Continued(after) = lineage.judge(&c.public(), &both) else {
            panic!("not continued");
        };
        assert_eq!((after.key, after.changes, after.id), (c.public(), 2, lineage.id));
        let Continuation::Continued(halfway) = lineage.judge(&b.public(), &[first]) else {
            panic!("not continued");
        };
        assert_eq!(halfway.judge(&c.public(), &both), Continuation::Continued(after));
    }

    #[test]
    fn all_else_waits_for_the_admin() {
        use Undecided::*;
        let recovery = RecoveryKey::from_seed(&[9; 32]);
        let lineage = acme(&recovery);
        let [a, b, c] = keys();
        let check = |shown: &NodeKey, changes: &[SignedKeyChange], expected: Undecided| {
            let judged = lineage.judge(&shown.public(), changes);
            assert_eq!(judged, Continuation::Undecided(expected));
        };
        let id = lineage.id;
        check(&b, &[], Unproven);
        check(&b, &[SignedKeyChange::by_key(LineageId([0; 32]), 1, &a, b.public())], OtherLineage);
        check(&c, &[SignedKeyChange::by_key(id, 1, &b, c.public())], ChainBroken);
        check(&c, &[SignedKeyChange::by_key(id, 1, &a, b.public())], ChainBroken);
        check(&b, &[SignedKeyChange::by_key(id, 2, &a, b.public())], ChainBroken);
        let thief = RecoveryKey::from_seed(&[8; 32]);
        let stolen = SignedKeyChange::by_recovery(id, 1, a.public(), b.public(), &thief);
        check(&b, &[stolen], OtherRecoveryKey);
        let many = vec![SignedKeyChange::by_key(id, 1, &a, b.public()); KEY_CHANGES_MAX + 1];
        check(&b, &many, TooManyChanges);
    }

    #[test]
    fn an_old_change_cannot_be_played_again() {
        let lineage = acme(&RecoveryKey::from_seed(&[9; 32]));
        let [a, b, _] = keys();
        let there = SignedKeyChange::by_key(lineage.id, 1, &a, b.public());
        let back = SignedKeyChange::by_key(lineage.id, 2, &b, a.public());
        let Continuation::Continued(moved) =
            lineage.judge(&b.public(), std::slice::from_ref(&there))
        else {
            panic!("not continued");
        };
        let Continuation::Continued(home) = moved.judge(&a.public(), &[back]) else {
            panic!("not continued");
        };
        let replayed = home.judge(&b.public(), &[there]);
        assert_eq!(replayed, Continuation::Undecided(Undecided::Unproven));
    }
}
