//! Who an organisation is to its peers: node keys, recovery keys, lineages and how a key follows
//! another (`docs/protocol/` section 6). Pure: no files, no clock, no randomness; seeds come in as
//! bytes.

mod change;
mod key_file;
mod key_name;
mod lineage;
mod secret;

pub use change::{
    ChangeError, KEY_CHANGE_BYTES_MAX, KEY_CHANGE_CONTEXT, KeyChange, SignedKeyChange,
};
pub use key_file::{KeyFileError, NodeKeyFile, RecoveryKeyFile};
pub use key_name::{KEY_NAME_BYTES_MAX, KeyName, KeyNameError};
pub use lineage::{Continuation, KEY_CHANGES_MAX, Lineage, Undecided};
pub use secret::{NodeKey, RecoveryKey, SEED_BYTES};
