//! What accounts show of themselves.

use hyper::Method;
use serde::Deserialize;
use serde_json::json;

use crate::error::HttpError;
use crate::http::Http;
use crate::resources::segment;

/// What an account shows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Profile {
    /// Who, as `name@domain`.
    pub account: String,
    /// How it wants to be called.
    pub display_name: Option<String>,
    /// What its avatar is known by.
    pub avatar: Option<String>,
    /// What it says of itself, where the caller sees its presence.
    pub status: Option<String>,
    /// Why nothing is known of it.
    pub error: Option<NotKnown>,
}

/// Why nothing is known of an account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct NotKnown {
    /// The stable code.
    pub code: String,
    /// A sentence.
    pub message: String,
}

#[derive(Deserialize)]
struct Answer {
    profiles: Vec<Profile>,
}

impl Http {
    /// What accounts show, in their order; at most 100.
    pub async fn profiles(&self, accounts: &[&str]) -> Result<Vec<Profile>, HttpError> {
        let asked = accounts.iter().map(|account| format!("account={}", segment(account)));
        let path = format!("/v1/profiles?{}", asked.collect::<Vec<_>>().join("&"));
        self.get::<Answer>(&path).await.map(|answer| answer.profiles)
    }

    /// Accounts of the node whose name, or a word of whose display name, begins with a text; at
    /// most 50.
    pub async fn directory(&self, text: &str) -> Result<Vec<Profile>, HttpError> {
        let path = format!("/v1/directory?q={}", segment(text));
        self.get::<Answer>(&path).await.map(|answer| answer.profiles)
    }

    /// Shows another display name, or none where it is empty.
    pub async fn set_display_name(&self, name: &str) -> Result<(), HttpError> {
        self.order(Method::PUT, "/v1/me/display_name", &json!({ "name": name })).await
    }
}
