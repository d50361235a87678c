//! Reports of abuse, as JSON. It must not know routes.

use comity_protocol::limits::REPORT_COMMENT_CHARS_MAX;
use comity_protocol::name::ServerName;
use comity_protocol::report::Reason;
use serde::{Deserialize, Serialize};

use super::request::optional_nonce;
use super::value;
use crate::backend::{Action, Refusal};

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ReportRequest {
    channel: String,
    message: String,
    reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name_me: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
}

impl ReportRequest {
    pub(crate) fn into_action(self) -> Result<(Option<u64>, Action), Refusal> {
        let reason = Reason::named(&self.reason).ok_or_else(|| {
            value::malformed("A `reason` is \"spam\", \"harassment\", \"illegal\" or \"other\".")
        })?;
        let comment = self.comment.filter(|comment| !comment.is_empty());
        let chars = comment.as_ref().map_or(0, |comment| comment.chars().count());
        if chars > REPORT_COMMENT_CHARS_MAX {
            let max = value::with_separators(REPORT_COMMENT_CHARS_MAX);
            return Err(value::malformed(format!("A `comment` has at most {max} characters.")));
        }
        let action = Action::Report {
            channel: value::channel_id(&self.channel)?,
            message: value::message_id(&self.message)?,
            reason,
            comment,
            name_me: self.name_me.unwrap_or_default(),
        };
        Ok((optional_nonce(self.nonce)?, action))
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ReportAnswer {
    kept_by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sent_to: Option<String>,
}

impl ReportAnswer {
    pub(crate) fn new(own: &ServerName, to: Option<&ServerName>) -> Self {
        Self { kept_by: own.to_string(), sent_to: to.map(ToString::to_string) }
    }
}
