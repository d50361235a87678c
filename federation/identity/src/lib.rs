//! Who an organisation is to its peers: node keys, recovery keys, lineages and how a key follows
//! another (`docs/protocol/` section 5.3). Pure: no files, no clock, no randomness; seeds come in
//! as bytes.

mod chain;
mod change;
mod key_file;
mod key_name;
mod lineage;
mod secret;
mod well_known;

pub use chain::{ChainError, KeyChain, Standing, keys_of};
pub use change::{ChangeError, KEY_CHANGE_CONTEXT, KeyChange, SignedKeyChange};
pub use key_file::{KEY_FILE_BYTES_MAX, KeyFileError, NodeKeyFile, RecoveryKeyFile};
pub use key_name::{KEY_NAME_BYTES_MAX, KeyName, KeyNameError};
pub use lineage::Lineage;
pub use secret::{NodeKey, RecoveryKey, SEED_BYTES};
pub use well_known::is_well_known;
