//! How refusals leave the node: one total match from code to HTTP status, one to WebSocket close
//! code. Inner error texts must not get here.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use comity_protocol::code::Code;

use crate::backend::Refusal;
use crate::model::{ErrorAnswer, encode};

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = encode(&ErrorAnswer::from(&self));
        let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        let mut response = (status(self.code), json, body).into_response();
        let headers = response.headers_mut();
        if self.code == Code::TokenInvalid {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = self.retry_after {
            headers.insert(RETRY_AFTER, whole_seconds(wait).into());
        }
        response
    }
}

/// What does not go with what there is. Apart from the match, which stays total and on one screen.
macro_rules! conflicts {
    () => {
        Code::NonceReused
            | Code::NonceTooOld
            | Code::NameTaken
            | Code::AliasTaken
            | Code::AliasLimit
            | Code::ContactLimit
            | Code::BlockLimit
            | Code::DeviceLimit
            | Code::InviteLimit
            | Code::AlreadyMember
            | Code::NotInvited
            | Code::MemberLimit
            | Code::LastOwner
            | Code::ChangeLimit
            | Code::ChannelArchived
            | Code::ChannelReadOnly
            | Code::NoSuccessor
            | Code::ChannelLimit
            | Code::LinkReplaced
            | Code::LogForked
            | Code::MessageErased
            | Code::PinLimit
            | Code::ReactionLimit
            | Code::LogGap
            | Code::LogHeld
    };
}

/// What another organisation, or the way to it, has wrong.
macro_rules! others_faults {
    () => {
        Code::DomainUnproven
            | Code::DomainBogus
            | Code::DomainUnreachable
            | Code::DomainKeyChanged
            | Code::KeyNotSecret
            | Code::ChainBroken
            | Code::ForkUnproven
            | Code::HeadForged
            | Code::CheckpointForged
    };
}

/// The status that goes with a code.
pub(crate) fn status(code: Code) -> StatusCode {
    match code {
        Code::Malformed
        | Code::TextEmpty
        | Code::TextNotUtf8
        | Code::NameInvalid
        | Code::CursorInvalid
        | Code::PasswordWeak
        | Code::StatusInvalid
        | Code::DisplayNameInvalid
        | Code::ImageInvalid
        | Code::NotAGroup
        | Code::RuleInvalid
        | Code::SelfDirect
        | Code::MentionLimit
        | Code::ReactionInvalid
        | Code::ContactSelf
        | Code::BlockSelf
        | Code::ReportSelf
        | Code::VersionUnsupported
        | Code::FrameMalformed
        | Code::FrameUnexpected => StatusCode::BAD_REQUEST,
        Code::TokenInvalid | Code::CredentialsWrong => StatusCode::UNAUTHORIZED,
        Code::SignUpClosed
        | Code::AccountSuspended
        | Code::AdminOnly
        | Code::InviteTokenInvalid
        | Code::Banned
        | Code::NotAllowed
        | Code::NotAuthor
        | Code::PostingRestricted
        | Code::DomainRefused
        | Code::DomainWaits
        | Code::RefusedByDomain
        | Code::WaitsAtDomain
        | Code::ChannelNotGranted
        | Code::PeerNameMismatch
        | Code::PeerNotMember
        | Code::OriginRefused
        | Code::PushRefused
        | Code::RequestRefused => StatusCode::FORBIDDEN,
        Code::ResourceNotFound
        | Code::DeviceNotFound
        | Code::InviteNotFound
        | Code::ChannelNotFound
        | Code::AccountNotFound
        | Code::AvatarNotFound
        | Code::MessageNotFound
        | Code::NotAMember
        | Code::ContactNotFound
        | Code::NotBanned
        | Code::DomainNotFound
        | Code::LogUnknown => StatusCode::NOT_FOUND,
        Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        conflicts!() => StatusCode::CONFLICT,
        Code::TextTooLong | Code::TooLarge | Code::RecordOversize => StatusCode::PAYLOAD_TOO_LARGE,
        Code::RateLimited | Code::ReportLimit | Code::PeerTooSlow => StatusCode::TOO_MANY_REQUESTS,
        others_faults!() => StatusCode::BAD_GATEWAY,
        Code::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
        Code::HomeComparing | Code::Overloaded | Code::StorageFailed | Code::ShuttingDown => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The close code (RFC 6455 section 7.4) that follows a goodbye.
pub(crate) fn close_code(code: Code) -> u16 {
    match code {
        Code::ShuttingDown => 1001,
        Code::TextNotUtf8 => 1007,
        Code::TooLarge => 1009,
        Code::Overloaded => 1013,
        code if status(code).is_server_error() => 1011,
        _ => 1008,
    }
}

fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

const RETRY_AFTER: HeaderName = header::RETRY_AFTER;
