//! An organisation as it never changes: its domain, the key that it began with and the hash of its
//! recovery key (`docs/protocol/` section 5.3). DNS introduces a lineage; it never continues one.

use comity_protocol::control::Organisation;
use comity_protocol::hash::Hash;
use comity_protocol::id::LineageId;
use comity_protocol::key::{NodePublicKey, lineage_id};
use comity_protocol::name::ServerName;

/// A lineage as this node knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lineage {
    /// The organisation's domain.
    pub domain: ServerName,
    /// Its id, which never changes.
    pub id: LineageId,
    /// The key that it began with.
    pub first_key: NodePublicKey,
    /// The hash of its recovery key.
    pub recovery: Hash,
}

impl Lineage {
    /// The lineage that begins with a key.
    pub fn begin(domain: ServerName, first_key: NodePublicKey, recovery: Hash) -> Self {
        let id = lineage_id(&domain, &first_key, &recovery);
        Self { domain, id, first_key, recovery }
    }

    /// The lineage of an organisation; `None` where its domain is none.
    pub fn of(organisation: &Organisation) -> Option<Self> {
        let domain = organisation.domain.parse().ok()?;
        Some(Self::begin(domain, organisation.first_key, organisation.recovery))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{NodeKey, RecoveryKey};

    #[test]
    fn the_id_is_pinned() {
        // Computed apart, with another implementation of SHA-256 and Ed25519.
        let (first, recovery) = (NodeKey::from_seed(&[1; 32]), RecoveryKey::from_seed(&[9; 32]));
        let domain = "acme.example".parse().unwrap();
        let lineage = Lineage::begin(domain, first.public(), recovery.hash());
        let hex = data_encoding::HEXLOWER.encode(&lineage.id.0);
        assert_eq!(hex, "f54718284abfc882d7ade20e9a3d9d8c73531edb92d3c2391534840ffb28e939");
    }
}
