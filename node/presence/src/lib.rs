//! Who is there, and who is told (`docs/protocol/` section 8.9): devices and their beats, what they
//! come to, who watches whom, and what other organisations are told.
//!
//! Pure: clock readings come in, deadlines go out. Nothing here is durable; what outlives the
//! process is handed out to be written. It must not know how a device is reached, nor by which rule
//! two accounts may see each other: it asks.

mod beat;
mod bucket;
mod device;
mod leases;
mod limits;
mod model;
mod presence;
mod remote;
mod sink;
mod user;
mod watch;

pub use beat::{Beat, Pace};
pub use bucket::Bucket;
pub use leases::Leased;
pub use limits::Settings;
pub use model::{Choice, Now, Person, Relations, Shown};
pub use presence::{Outgoing, Presence};
pub use sink::{Attendance, Sink};

#[cfg(test)]
mod tests;
