//! The writer: the one place where durable state changes. One step takes what is queued, appends it
//! to the journal with one fdatasync, applies it, lays its rows over the store, publishes it, and
//! only then answers.
//!
//! A step is a function: a thread runs it in production, a simulator may call it. Nothing leaves
//! here before the fdatasync that covers it has returned.

mod annotation;
mod batch;
mod block;
mod bodies;
mod dropped;
mod edit;
mod erase;
mod keys;
mod load;
mod order;
mod recent;
mod rejudge;
mod scrub;
mod shared;
mod step;
mod sweep;
#[cfg(test)]
pub(crate) mod tests;
mod thread;
mod view;
mod withdraw;

pub use annotation::Annotated;
pub use batch::commands_of;
pub use shared::Shared;
pub use step::{Flushing, Listener, OpenError, Proposal, Reply, StepError, Writer, WriterSettings};
pub use thread::{ProposeError, WriterHandle, WriterThread};
pub use view::{IdSpan, RecordVisitor, RecordsError, View};
