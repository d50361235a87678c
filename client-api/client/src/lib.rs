//! The Rust client of a Comity node: HTTP resources, and a socket that resumes by cursor, repeats
//! what was not answered, and moves to the next endpoint when one is gone. It must not depend on
//! the server's crates: all it knows is what `docs/client/` tells everybody.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use comity_client::{Client, ClientSettings, Event, Http};
//!
//! let http = Http::discover("acme.example").await?;
//! let login = http.log_in("alice", "correct horse battery", "terminal").await?;
//! let mut client = Client::connect(http.with_token(login.token), ClientSettings::default());
//! let channel = client.http().open_direct("bob@globex.example").await?;
//! let stored = client.sender().send(&channel, "Hello!").await?;
//! while let Some(event) = client.next().await {
//!     if let Event::Channel(event) = event {
//!         println!("{} {:?}", event.sender, event.content);
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod backoff;
mod client;
mod contacts;
mod endpoint;
mod error;
mod groups;
mod http;
mod link;
mod resources;
mod shape;
mod tls;

pub use client::{Client, ClientSettings, Event, Pending, Sender};
pub use contacts::Contact;
pub use endpoint::{Endpoint, EndpointError};
pub use error::{HttpError, Refused, RequestError};
pub use groups::{FoundGroup, FoundGroups, JoinRule};
pub use http::Http;
pub use link::NONCE_WINDOW_SAFE;
pub use resources::{
    Channel, Device, History, LoggedIn, Me, Member, MessageById, Page, SyncPage, WellKnown,
};
pub use shape::{ChannelEvent, Command, Content, Delivered, Done, HistoryEvent, Stored};
pub use tls::{TrustError, trust_pem_file};
