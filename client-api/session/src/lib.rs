//! The state machine of one client socket: hello, heartbeat, back-pressure, farewell. It must not
//! do I/O, read a clock or know JSON: the driver hands it what arrived and the time, and drains
//! what leaves.
//!
//! A socket's life: the client says hello within a deadline; the driver checks the token and either
//! welcomes it or takes leave. Then requests come in, at most so many unanswered at once, answers
//! and the feed go out through one bounded queue, and any frame counts as a beat. Whoever takes
//! leave first lets the requests under way be answered, says goodbye, and closes.

mod limits;
mod session;
mod timer;

pub use limits::Limits;
pub use session::{Ending, Fault, Session};
pub use timer::Timer;
