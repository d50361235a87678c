//! The client API over real listeners, as clients see it; the node behind it is a test double. One
//! program, since each of them would be built with all of the API once more.

#![allow(clippy::unwrap_used)]

mod client;
mod docs;
mod double;
mod http;
mod keep_alive;
mod limits;
mod outbox;
mod printed;
mod raw;
mod schema;
mod socket;
mod upgrade;
mod web;
