//! The Rust client of a Comity node: HTTP resources, and a socket that resumes by cursor, repeats
//! what was not answered, and moves to the next endpoint when one is gone. It must not depend on
//! the server's crates: all it knows is what `docs/client/` tells everybody.
//!
//! What is said while there is no connection waits in an outbox, oldest first, and is sent once
//! there is one, each text once. With a [`Keep`] it waits on disk, over the end of the process too.
//!
//! An echo bot, whole (`client-api/client/examples/echo.rs`):
//!
//! ```no_run
#![doc = include_str!("../examples/echo.rs")]
//! ```

mod backoff;
mod client;
mod contacts;
mod core;
mod endpoint;
mod error;
mod extra;
mod groups;
mod http;
mod keep;
mod link;
mod profile;
mod resources;
mod search;
mod shape;
mod tls;

pub use client::{Client, ClientSettings, Earlier, Event, Pending, Sender};
pub use contacts::Contact;
pub use core::outbox::{OUTBOX_MAX, UNDER_WAY_MAX};
pub use core::seen::Seen;
pub use core::timeline::{Entry, Timeline};
pub use endpoint::{Endpoint, EndpointError};
pub use error::{HttpError, QueueError, Refused, RequestError};
pub use extra::{Draft, Extra, Presence, Reaction, Replies, Sign};
pub use groups::{FoundGroup, FoundGroups, JoinRule};
pub use http::Http;
pub use keep::{Keep, KeepError, LoginError};
pub use profile::{NotKnown, Profile};
pub use resources::{
    Channel, Device, History, LoggedIn, Me, Member, MessageById, Organisation, Page, SyncPage,
    WellKnown,
};
pub use search::{FoundEvent, FoundMessage, SnippetPart};
pub use shape::{ChannelEvent, Command, Content, Delivered, Done, HistoryEvent, Stored};
pub use tls::{TrustError, trust_pem_file};
