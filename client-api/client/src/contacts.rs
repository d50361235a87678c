//! The account's contacts.

use hyper::Method;
use serde::Deserialize;
use serde_json::Value;

use crate::error::HttpError;
use crate::http::Http;
use crate::resources::segment;
use crate::shape::Done;

/// Somebody whom the account knows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Contact {
    /// Who, as `name@domain`.
    pub account: String,
    /// `contact`, `asked` (by the caller), `asking` (the caller) or `declined` (by the caller).
    pub standing: String,
    /// Since when, in RFC 3339.
    pub since_time: String,
}

impl Http {
    /// Whom the account knows, by label.
    pub async fn contacts(&self) -> Result<Vec<Contact>, HttpError> {
        #[derive(Deserialize)]
        struct Answer {
            contacts: Vec<Contact>,
        }
        self.get::<Answer>("/v1/contacts").await.map(|answer| answer.contacts)
    }

    /// Asks somebody to be a contact, or agrees to who asks; `requested` while the other one has
    /// not agreed.
    pub async fn add_contact(&self, account: &str) -> Result<Done, HttpError> {
        self.step(Method::PUT, account).await
    }

    /// Declines who asks, takes a request back, or ends being contacts.
    pub async fn remove_contact(&self, account: &str) -> Result<Done, HttpError> {
        self.step(Method::DELETE, account).await
    }

    async fn step(&self, method: Method, account: &str) -> Result<Done, HttpError> {
        #[derive(Deserialize)]
        struct Answer {
            status: String,
        }
        let path = format!("/v1/contacts/{}", segment(account));
        let answer: Answer = self.send(method, &path, &Value::Null).await?;
        Ok(Done { requested: answer.status == "requested", channel: None })
    }
}
