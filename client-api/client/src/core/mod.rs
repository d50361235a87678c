//! What a client decides, without a clock and without I/O: which request goes out next and what its
//! answer means, what was seen already, and what a channel looks like. Whoever waits, connects or
//! writes to disk stands outside and asks here.

pub(crate) mod outbox;
pub(crate) mod record;
pub(crate) mod seen;
pub(crate) mod timeline;
