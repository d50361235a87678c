//! A bad network for tests and benches: a UDP port in front of another one, from which datagrams go
//! on later, twice, in another order, or not at all. It needs nothing of the kernel but sockets.
//!
//! What becomes of the nth datagram of a direction follows from the seed alone, so that runs repeat
//! as far as those who send do. It knows nothing of what it carries.
//!
//! Beside it a name server that says where nodes are, for those who pin each other's keys.

mod course;
mod names;
mod queue;
mod relay;

pub use course::Conditions;
pub use names::{Names, Place};
pub use relay::{Counts, Relay, RelaySettings};
