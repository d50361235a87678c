//! The state machine of one link between two nodes, and of all links: what to send, what to ask
//! for, what to accept (`docs/protocol/` sections 7 and 8).
//!
//! Pure: no sockets, no clock, no randomness. Frames, answers and `now` come in; actions and
//! deadlines go out.
//!
//! A link begins with a hello each way: the dialling end's at once, the other's once the driver has
//! proven who dials. Then each end subscribes to the other's feed after the cursor that it has
//! kept. Where the feeder does not know that cursor, the subscriber states what it holds. Batches
//! are verified here, applied by the driver and acknowledged; what a batch shows to be missing is
//! asked for, and no cursor is kept until it came. What is older than the feed is asked for beside
//! it, the newest first. Heads of all shared logs are compared now and then; where they contradict
//! each other, the record at which the histories part is sought; where they say more than their
//! origin has brought, who states them is asked for the rest.

mod action;
mod dial;
mod fault;
mod feed;
mod forks;
mod history;
pub mod limits;
mod link;
mod lookups;
mod relay;
mod subscription;
mod timer;
mod verify;
mod wants;

pub use action::{Action, AppliedHistory, Fate, FedBatch, FedRecord, LookUpError};
pub use dial::{Connection, Dialer, Verdict, replaces};
pub use fault::Fault;
pub use history::Histories;
pub use link::{Link, LinkSettings};
pub use relay::{Lacking, Offers, Relays};
pub use timer::Timer;
pub use verify::Keys;
