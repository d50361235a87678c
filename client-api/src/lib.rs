//! Client to server: HTTP resources, the WebSocket, long polling. What a node does is behind one
//! trait, the [`Backend`]; this crate parses, calls and maps, and must not know how channels,
//! storage or peers work.
//!
//! The resources and frames are described for people in `docs/client/`.

mod action;
mod backend;
mod endpoint;
mod event;
mod extract;
mod found;
mod gate;
mod layer;
mod leftover;
mod line;
mod linger;
mod message;
mod model;
mod presence;
mod profile;
mod push;
mod refusal;
mod routes;
mod search;
mod serve;
mod settings;
mod subscription;
mod tls;
mod web;
mod wire;
mod ws;

pub use backend::{
    AccountChange, Action, Backend, Blocked, Caller, ChannelDetail, ChannelKind,
    ChannelOrganisation, ChannelSummary, Confirmations, Contact, ContactStanding, ContactStep,
    Cursor, Delivery, Device, DeviceId, Endpoint, EventContent, FeedEvent, FoundGroup, FoundGroups,
    HistoryPage, JoinRule, LogIn, LoggedIn, Mark, Member, NodeHost, NodeIntroduction, Outcome,
    Page, Refusal, Role, Rule, ShownMessage, SignUp, Standing, Subscribed, Subscription, Unread,
};
pub use comity_session::{
    DoorLimits, Limits as SocketLimits, Network, NetworkError, Rate, log_in_limits,
};
pub use extract::{ApiState, Authenticated, JsonBody, PathOf, QueryOf};
pub use layer::{Origin, OriginError, Origins};
pub use line::Line;
pub use message::{
    Besides, EventList, Format, MessageContent, ReactionCount, Replies, Since, Version,
};
pub use presence::{
    ACCOUNTS_ASKED_MAX, Heartbeat, Presence, PresenceBackend, PresenceChange, PresenceState, Typing,
};
pub use profile::{Asked, Avatar, DIRECTORY_LIMIT_MAX, Profile, ProfileBackend};
pub use push::{
    IDLE_SECONDS_MAX, NotificationLevel, Notifications, PushBackend, PushFailing, PushState,
    PushSubscription, PushTarget, QuietHours,
};
pub use routes::{Api, json, router};
pub use search::{
    SEARCH_LIMIT_MAX, SEARCH_SKIP_MAX, Search, SearchBackend, SearchOrder, SearchPage,
    SearchResult, Snippet,
};
pub use serve::{Connections, serve};
pub use settings::ApiSettings;
pub use subscription::Beats;
pub use tls::{TlsError, TlsFiles};
pub use wire::Sent;
