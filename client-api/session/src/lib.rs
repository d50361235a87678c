//! The state machine of one client socket: hello, heartbeat, back-pressure, farewell; and that of
//! the door before all of them: who may ask how often. Neither may do I/O, read a clock or know
//! JSON: the driver hands them what arrived and the time, and drains what leaves.
//!
//! A socket's life: the client says hello within a deadline; the driver checks the token and either
//! welcomes it or takes leave. Then requests come in, at most so many unanswered at once, answers
//! and the feed go out through one bounded queue, and any frame counts as a beat. Whoever takes
//! leave first lets the requests under way be answered, says goodbye, and closes.

mod address;
mod door;
mod limits;
mod log_ins;
mod rate;
mod recent;
mod session;
mod timer;

pub use address::{AddressGroup, Forwarding, Network, NetworkError, client_address};
pub use door::{Crowd, Door, DoorLimits, log_in_limits};
pub use limits::Limits;
pub use log_ins::{Held, LogInLimits, LogIns, Patience};
pub use rate::{Bucket, Denied, Rate};
pub use session::{Ending, Fault, Session};
pub use timer::Timer;
