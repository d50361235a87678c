//! Groups that are found without an invitation: aliases, lists of what may be joined, and joining.

use hyper::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::HttpError;
use crate::http::Http;
use crate::resources::segment;
use crate::shape::Done;

/// A group that the caller may join, or is in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct FoundGroup {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The topic.
    pub topic: String,
    /// The domain of the organisation that lets members in.
    pub home: String,
    /// How many members it has.
    pub members: u32,
    /// `#name@domain`, where the domain that was asked has named it.
    pub alias: Option<String>,
}

/// Groups that the caller may join, in the order of their ids.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct FoundGroups {
    /// The groups.
    pub groups: Vec<FoundGroup>,
    /// Whether there are more above the last of them.
    pub more: bool,
}

/// Who may come into a group without an invitation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinRule {
    /// Anybody who is not banned.
    Anyone,
    /// Nobody.
    Invited,
    /// Accounts of these domains.
    #[serde(untagged)]
    Organisations(Vec<String>),
}

impl Http {
    /// The group that an alias, `#name@domain`, names.
    pub async fn group(&self, alias: &str) -> Result<FoundGroup, HttpError> {
        self.get(&path(alias)).await
    }

    /// Groups of a domain that the caller may join: its own node's, where none is given. Those with
    /// ids above `after`, the last one seen.
    pub async fn groups(
        &self,
        domain: Option<&str>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<FoundGroups, HttpError> {
        let domain = domain.map(|domain| format!("&domain={}", segment(domain)));
        let after = after.map(|after| format!("&after={}", segment(after)));
        let place = domain.unwrap_or_default() + &after.unwrap_or_default();
        self.get(&format!("/v1/groups?limit={limit}{place}")).await
    }

    /// Comes into the group that an alias names; the answer says which it is.
    pub async fn join_alias(&self, alias: &str) -> Result<Done, HttpError> {
        #[derive(Deserialize)]
        struct Answer {
            status: String,
            channel: Option<Reference>,
        }
        #[derive(Deserialize)]
        struct Reference {
            id: String,
        }
        let answer: Answer =
            self.send(Method::POST, &format!("{}/join", path(alias)), &Value::Null).await?;
        let channel = answer.channel.map(|channel| channel.id);
        Ok(Done { requested: answer.status == "requested", channel })
    }

    /// Comes into a group by its id and the domain of its home.
    pub async fn join(&self, channel: &str, home: &str) -> Result<Done, HttpError> {
        self.change(Method::POST, channel, "/join", &json!({ "home": home })).await
    }

    /// Gives a group an alias of the caller's domain.
    pub async fn set_alias(&self, channel: &str, alias: &str) -> Result<(), HttpError> {
        let body = json!({ "channel": channel });
        self.send::<Value>(Method::PUT, &path(alias), &body).await.map(drop)
    }

    /// Takes an alias back.
    pub async fn remove_alias(&self, alias: &str) -> Result<(), HttpError> {
        self.send::<Value>(Method::DELETE, &path(alias), &Value::Null).await.map(drop)
    }

    /// Says who may come into a group without an invitation.
    pub async fn set_join_rule(&self, channel: &str, rule: &JoinRule) -> Result<Done, HttpError> {
        self.change(Method::PATCH, channel, "", &json!({ "join": rule })).await
    }

    /// Says whether newcomers read what was before they came: `all` or `since_joining`.
    pub async fn set_history_rule(&self, channel: &str, rule: &str) -> Result<Done, HttpError> {
        self.change(Method::PATCH, channel, "", &json!({ "history": rule })).await
    }

    /// Says how long a group's texts are kept; for ever where `None`.
    pub async fn set_retention(
        &self,
        channel: &str,
        seconds: Option<u64>,
    ) -> Result<Done, HttpError> {
        let rule = seconds.map_or_else(|| "forever".to_owned(), |seconds| seconds.to_string());
        self.change(Method::PATCH, channel, "", &json!({ "retention": rule })).await
    }
}

/// The resource of an alias, written there without its mark.
fn path(alias: &str) -> String {
    format!("/v1/aliases/{}", segment(alias.trim_start_matches('#')))
}
