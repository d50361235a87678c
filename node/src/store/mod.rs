//! The store: the applied state on disk, as rows of bytes in named tables. It is the only place
//! that knows redb.
//!
//! State arrives in large batches, each with the number of the last command that it reflects, in
//! one transaction: after a crash the journal goes on from there. Readers take a [`Snapshot`], or
//! an [`Overlay`] of batches not yet stored above one. Every value carries a checksum; one that
//! fails is never served.
//!
//! Nothing here knows what a row means, and nothing here may answer a sender: the journal does
//! that. The one who writes is the [`Flusher`] (or a caller that steps by itself).

mod backend;
mod batch;
mod database;
mod error;
mod flusher;
mod overlay;
mod row;
mod scrub;
mod snapshot;
mod table;
#[cfg(test)]
mod tests;

pub use batch::{Batch, Direction, Span, Visitor};
pub use database::{Settings, Store, StoreId};
pub use error::{CommitError, OpenError, ReadError};
pub use flusher::{FlushEvent, FlushFailed, Flusher, FlusherSettings, SubmitError};
pub use overlay::Overlay;
pub use row::FORMAT_VERSION;
pub use snapshot::Snapshot;
pub use table::Table;
