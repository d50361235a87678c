//! The JSON of the client API and its conversions, written by hand, to and from the port's values.
//! The only place that knows JSON shapes; it must not call the backend.

mod answer;
mod besides;
#[cfg(test)]
mod examples;
mod incoming;
mod me;
mod organisation;
mod outgoing;
mod people;
mod presence;
mod profile;
mod push;
mod report;
mod request;
mod rule;
mod search;
mod time;
mod value;

pub(crate) use answer::{
    ChannelAnswer, ChannelsAnswer, CreatedAnswer, DevicesAnswer, FoundGroupShape,
    FoundGroupsAnswer, HealthAnswer, JoinedAnswer, LoggedInAnswer, MessageAnswer, StatusAnswer,
    StoredAnswer, VersionsAnswer, WellKnownAnswer, delivered_frame, events_answer, frames_answer,
    history_answer, history_grew_frame, sync_answer,
};
pub(crate) use incoming::{ClientFrame, FrameError, parse_frame};
pub(crate) use me::MeAnswer;
pub(crate) use outgoing::{
    ErrorAnswer, NodeFrame, answer_frame, encode, event_frame, goodbye_frame, reading_frame,
    refused_frame, welcome_frame,
};
pub(crate) use people::{BlocksAnswer, ContactsAnswer};
pub(crate) use presence::{
    PresenceRequest, asked_accounts, heartbeat_frame, presence_frame, presences_answer,
    typing_frame,
};
pub(crate) use profile::{DirectoryQuery, DisplayNameRequest, ProfilesAnswer, Sought, avatar_text};
pub(crate) use push::{LevelRequest, NotificationsShape, PushAnswer, PushRequest};
pub(crate) use report::{ReportAnswer, ReportRequest};
pub(crate) use request::{
    AccountRequest, AliasRequest, CreateChannel, DeleteRequest, EditRequest, GroupsQuery,
    JoinRequest, LogInRequest, MentionsQuery, NonceQuery, NonceRequest, PageQuery, PasswordRequest,
    PatchChannel, ReadRequest, RepliesQuery, RoleRequest, SendRequest, SignUpRequest,
    SwitchRequest, SyncQuery,
};
pub(crate) use search::{SearchAnswer, SearchQuery};
pub(crate) use value::{
    alias, channel_id, device_id, json_object, label, malformed, message_id, reaction, refusal,
    with_separators,
};
