//! Push, as the rest of the world sees it: what is sent to push services and gateways, sealed for
//! one device (RFC 8291) and signed by this node (RFC 8292), over connections that lead to nobody
//! inside. It decides nothing: neither who is told, nor when, nor of what.

mod connect;
mod guard;
mod seal;
mod sender;
mod vapid;

pub use connect::{ConnectError, Connector, Stream};
pub use guard::{EndpointError, Guard, check_endpoint};
pub use seal::{DeviceKeys, PLAIN_BYTES_MAX, SealError, seal};
pub use sender::{Answer, Request, SendError, Sender, Urgency};
pub use vapid::{PUSH_KEY_FILE, PushKey};
