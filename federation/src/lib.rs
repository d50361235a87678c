//! Server to server, and the only async code of federation: how a peer is found (`resolver`, by DNS
//! and by its web server), how two nodes prove their keys to each other (`tls`), the QUIC endpoint,
//! and links that carry frames.
//!
//! What the frames say and when to send them is not decided here but in `comity-replica`; a link
//! moves bytes.

mod assembly;
mod congestion;
mod datagrams;
mod endpoint;
mod link;
mod outbox;
mod places;
mod resolver;
mod tls;

pub use comity_discovery::{
    Document, Evidence, IntroduceError, Introduction, Pins, Policy, Proof, PublishedKey, SrvRecord,
    Trust, TxtRecord, srv_name, txt_name,
};
pub use datagrams::Datagrams;
pub use endpoint::{BindError, ConnectError, Endpoint, EndpointSettings, Failed, Failures};
pub use link::{CloseReason, Link, LinkError};
pub use outbox::LinkSender;
pub use places::{Place, Places};
pub use resolver::{
    Addresses, CertificateFault, DiscoverError, DocumentOutcome, Introduced, NoProof, PinUse,
    RecordsFault, Resolver, ResolverError, ResolverSettings, Seen, Survey, SurveyedHost, Target,
    WebError, WebPlaces, WebSettings, web_roots,
};
