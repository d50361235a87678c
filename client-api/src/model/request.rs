//! What clients ask for over HTTP, and its conversion into the port's values. It must not know
//! routes.

use comity_protocol::id::{ChannelId, MessageId};
use comity_protocol::limits::OFFERED_GROUPS_MAX;
use comity_protocol::name::{AccountLabel, ServerName};
use serde::{Deserialize, Serialize};

use super::besides::BesidesShape;
use super::rule::RuleShape;
use super::value;
use crate::backend::{AccountChange, Action, Cursor, LogIn, Mark, Page, Refusal, Role, SignUp};

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SignUpRequest {
    name: String,
    password: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    invite: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device_name: Option<String>,
}

impl SignUpRequest {
    pub(crate) fn into_sign_up(self, domain: &ServerName) -> Result<SignUp, Refusal> {
        Ok(SignUp {
            name: value::own_name(&self.name, domain)?,
            password: value::new_password(self.password)?,
            invite: self.invite,
            device_name: value::device_name(self.device_name)?,
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LogInRequest {
    name: String,
    password: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device_name: Option<String>,
}

impl LogInRequest {
    pub(crate) fn into_log_in(self, domain: &ServerName) -> Result<LogIn, Refusal> {
        Ok(LogIn {
            name: value::own_name(&self.name, domain)?,
            password: value::known_password(self.password)?,
            device_name: value::device_name(self.device_name)?,
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DeleteRequest {
    password: String,
}

impl DeleteRequest {
    pub(crate) fn into_change(self) -> Result<AccountChange, Refusal> {
        Ok(AccountChange::Delete { password: value::known_password(self.password)? })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PasswordRequest {
    old: String,
    new: String,
}

impl PasswordRequest {
    pub(crate) fn into_change(self) -> Result<AccountChange, Refusal> {
        Ok(AccountChange::Password {
            old: value::known_password(self.old)?,
            new: value::new_password(self.new)?,
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum CreateChannel {
    Direct {
        with: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        nonce: Option<String>,
    },
    Group {
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        topic: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        member_limit: Option<u32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        nonce: Option<String>,
    },
}

impl CreateChannel {
    pub(crate) fn into_action(self) -> Result<(Option<u64>, Action), Refusal> {
        match self {
            Self::Direct { with, nonce } => {
                Ok((optional_nonce(nonce)?, Action::OpenDirect { account: value::label(&with)? }))
            }
            Self::Group { name, topic, member_limit, nonce } => {
                let action = Action::CreateGroup {
                    name: value::channel_name(&name)?,
                    topic: value::channel_topic(topic.unwrap_or_default())?,
                    member_limit: value::member_limit(member_limit)?,
                };
                Ok((optional_nonce(nonce)?, action))
            }
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PatchChannel {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    home: Option<String>,
    #[serde(flatten)]
    rules: RuleShape<'static>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
}

impl PatchChannel {
    pub(crate) fn into_action(self, channel: ChannelId) -> Result<(Option<u64>, Action), Refusal> {
        let nonce = optional_nonce(self.nonce)?;
        let mut actions: Vec<Action> = Vec::new();
        if let Some(name) = self.name {
            actions.push(Action::Rename { channel, name: value::channel_name(&name)? });
        }
        if let Some(topic) = self.topic {
            actions.push(Action::SetTopic { channel, topic: value::channel_topic(topic)? });
        }
        if let Some(home) = self.home {
            actions.push(Action::HandOver { channel, home: value::domain(&home)? });
        }
        let rules = self.rules.into_rules()?.into_iter();
        actions.extend(rules.map(|rule| Action::SetRule { channel, rule }));
        match (actions.pop(), actions.is_empty()) {
            (Some(action), true) => Ok((nonce, action)),
            _ => Err(value::malformed(
                "Give one of `name`, `topic`, `join`, `posting`, `archived`, `history`, \
                 `retention`, `edits`, `mentioning` and `home`.",
            )),
        }
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct NonceRequest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
}

impl NonceRequest {
    pub(crate) fn into_nonce(self) -> Result<Option<u64>, Refusal> {
        optional_nonce(self.nonce)
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct JoinRequest {
    home: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
}

impl JoinRequest {
    pub(crate) fn into_parts(self) -> Result<(Option<u64>, ServerName), Refusal> {
        Ok((optional_nonce(self.nonce)?, value::domain(&self.home)?))
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AliasRequest {
    channel: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
}

impl AliasRequest {
    pub(crate) fn into_parts(self) -> Result<(Option<u64>, ChannelId), Refusal> {
        Ok((optional_nonce(self.nonce)?, value::channel_id(&self.channel)?))
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AccountRequest {
    account: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
}

impl AccountRequest {
    pub(crate) fn into_parts(self) -> Result<(Option<u64>, AccountLabel), Refusal> {
        Ok((optional_nonce(self.nonce)?, value::label(&self.account)?))
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RoleRequest {
    role: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
}

impl RoleRequest {
    pub(crate) fn into_parts(self) -> Result<(Option<u64>, Role), Refusal> {
        Ok((optional_nonce(self.nonce)?, value::role(&self.role)?))
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SendRequest {
    text: String,
    nonce: String,
    #[serde(flatten)]
    besides: BesidesShape,
}

impl SendRequest {
    pub(crate) fn into_action(self, channel: ChannelId) -> Result<(u64, Action), Refusal> {
        let text = value::message_text(self.text)?;
        let besides = self.besides.into_besides()?;
        Ok((value::nonce(&self.nonce)?, Action::Send { channel, text, besides }))
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EditRequest {
    text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
}

impl EditRequest {
    pub(crate) fn into_action(
        self,
        channel: ChannelId,
        message: MessageId,
    ) -> Result<(Option<u64>, Action), Refusal> {
        let text = value::message_text(self.text)?;
        let format = value::format(self.format.as_deref())?;
        let action = Action::Edit { channel, message, text, format };
        Ok((optional_nonce(self.nonce)?, action))
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SwitchRequest {
    on: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
}

impl SwitchRequest {
    pub(crate) fn into_parts(self) -> Result<(Option<u64>, bool), Refusal> {
        Ok((optional_nonce(self.nonce)?, self.on))
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ReadRequest {
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    back: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
}

impl ReadRequest {
    pub(crate) fn into_action(self, channel: ChannelId) -> Result<(Option<u64>, Action), Refusal> {
        let message = value::message_id(&self.message)?;
        let action = Action::MarkRead { channel, message, back: self.back.unwrap_or_default() };
        Ok((optional_nonce(self.nonce)?, action))
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct RepliesQuery {
    after: Option<String>,
    limit: Option<String>,
}

impl RepliesQuery {
    pub(crate) fn into_parts(self) -> Result<(Option<MessageId>, usize), Refusal> {
        let after = self.after.as_deref().map(value::message_id).transpose()?;
        Ok((after, limit(self.limit.as_deref(), HISTORY_LIMIT_DEFAULT, HISTORY_LIMIT_MAX)?))
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct MentionsQuery {
    before: Option<String>,
    limit: Option<String>,
}

impl MentionsQuery {
    pub(crate) fn into_parts(self) -> Result<(Option<Cursor>, usize), Refusal> {
        let before = self.before.as_deref().map(value::cursor).transpose()?;
        Ok((before, limit(self.limit.as_deref(), HISTORY_LIMIT_DEFAULT, HISTORY_LIMIT_MAX)?))
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct NonceQuery {
    nonce: Option<String>,
}

impl NonceQuery {
    pub(crate) fn into_nonce(self) -> Result<Option<u64>, Refusal> {
        optional_nonce(self.nonce)
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct GroupsQuery {
    domain: Option<String>,
    after: Option<String>,
    limit: Option<String>,
}

/// Which groups that may be joined.
pub(crate) struct Groups {
    pub(crate) domain: Option<ServerName>,
    pub(crate) after: Option<ChannelId>,
    pub(crate) limit: usize,
}

impl GroupsQuery {
    pub(crate) fn into_groups(self) -> Result<Groups, Refusal> {
        Ok(Groups {
            domain: self.domain.as_deref().map(value::domain).transpose()?,
            after: self.after.as_deref().map(value::channel_id).transpose()?,
            limit: limit(self.limit.as_deref(), OFFERED_GROUPS_MAX, OFFERED_GROUPS_MAX)?,
        })
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct PageQuery {
    before: Option<String>,
    after: Option<String>,
    around: Option<String>,
    date: Option<String>,
    limit: Option<String>,
}

impl PageQuery {
    pub(crate) fn into_page(self) -> Result<(Page, usize), Refusal> {
        let limit = limit(self.limit.as_deref(), HISTORY_LIMIT_DEFAULT, HISTORY_LIMIT_MAX)?;
        let page = match (self.before, self.after, self.around, self.date) {
            (None, None, None, None) => Page::Latest,
            (Some(id), None, None, None) => Page::Before(value::message_id(&id)?),
            (None, Some(id), None, None) => Page::After(value::message_id(&id)?),
            (None, None, Some(id), None) => Page::Around(value::message_id(&id)?),
            (None, None, None, Some(date)) => Page::AtDate(value::time(&date)?),
            _ => {
                let sentence = "Give at most one of `before`, `after`, `around` and `date`.";
                return Err(value::malformed(sentence));
            }
        };
        Ok((page, limit))
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct SyncQuery {
    since: Option<String>,
    timeout: Option<String>,
    limit: Option<String>,
}

/// A poll of the feed.
pub(crate) struct Sync {
    pub(crate) since: Option<Cursor>,
    pub(crate) mark: Option<Mark>,
    pub(crate) timeout_ms: u64,
    pub(crate) limit: usize,
}

impl SyncQuery {
    pub(crate) fn into_sync(self) -> Result<Sync, Refusal> {
        let timeout_ms = match self.timeout.as_deref() {
            None => 0,
            Some(text) => match text.parse() {
                Ok(timeout_ms) if timeout_ms <= SYNC_TIMEOUT_MS_MAX => timeout_ms,
                _ => {
                    let sentence = format!("A timeout is 0 to {SYNC_TIMEOUT_MS_MAX} milliseconds.");
                    return Err(value::malformed(sentence));
                }
            },
        };
        let since = self.since.as_deref().map(value::poll_cursor).transpose()?;
        Ok(Sync {
            since: since.map(|(cursor, _)| cursor),
            mark: since.and_then(|(_, mark)| mark),
            timeout_ms,
            limit: limit(self.limit.as_deref(), SYNC_LIMIT_DEFAULT, SYNC_LIMIT_MAX)?,
        })
    }
}

pub(super) fn limit(text: Option<&str>, default: usize, max: usize) -> Result<usize, Refusal> {
    match text.map(str::parse) {
        None => Ok(default),
        Some(Ok(limit)) if (1..=max).contains(&limit) => Ok(limit),
        Some(_) => Err(value::malformed(format!("A limit is 1 to {max}."))),
    }
}

pub(super) fn optional_nonce(text: Option<String>) -> Result<Option<u64>, Refusal> {
    text.as_deref().map(value::nonce).transpose()
}

const HISTORY_LIMIT_DEFAULT: usize = 50;
const HISTORY_LIMIT_MAX: usize = 200;
const SYNC_LIMIT_DEFAULT: usize = 100;
const SYNC_LIMIT_MAX: usize = 1_000;
/// Longer waits die in proxies, whose usual patience is a minute.
const SYNC_TIMEOUT_MS_MAX: u64 = 60_000;
