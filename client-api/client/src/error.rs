//! What can go wrong for a client. Refusals carry the node's own code and sentence.

use std::fmt;
use std::time::Duration;

use crate::endpoint::EndpointError;

/// The node said no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The stable code, such as `text_too_long`.
    pub code: String,
    /// The node's sentence.
    pub message: String,
    /// When a repeat has a chance.
    pub retry_after: Option<Duration>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for Refused {}

/// Why an HTTP request failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpError {
    /// An endpoint's URL cannot be used.
    Endpoint(EndpointError),
    /// What came back is not the client API: its status and what was unexpected.
    NotComity(u16, String),
    /// The node said no: its HTTP status and its reasons.
    Refused(u16, Refused),
    /// No endpoint answered.
    Unreachable(String),
}

impl HttpError {
    /// The node's code, where it was the node that said no.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused(_, refused) => Some(&refused.code),
            _ => None,
        }
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endpoint(error) => error.fmt(f),
            Self::NotComity(status, what) => write!(f, "not a Comity node ({status}): {what}"),
            Self::Refused(_, refused) => refused.fmt(f),
            Self::Unreachable(why) => write!(f, "the node cannot be reached: {why}"),
        }
    }
}

impl std::error::Error for HttpError {}

impl From<EndpointError> for HttpError {
    fn from(error: EndpointError) -> Self {
        Self::Endpoint(error)
    }
}

/// Why a request over the socket has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestError {
    /// The client ended before the answer came; whether it was done is unknown.
    Ended,
    /// It could not be written to the client's file, and was not sent.
    NotKept(String),
    /// The node said no.
    Refused(Refused),
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended => f.write_str("the client ended before the node answered"),
            Self::NotKept(why) => write!(f, "it could not be kept on disk: {why}"),
            Self::Refused(refused) => refused.fmt(f),
        }
    }
}

impl std::error::Error for RequestError {}

/// Why a text is not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueError {
    /// The client has ended.
    Ended,
    /// As many are queued as may be.
    Full,
}

impl fmt::Display for QueueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ended => "the client has ended",
            Self::Full => "too much is queued already",
        })
    }
}

impl std::error::Error for QueueError {}
