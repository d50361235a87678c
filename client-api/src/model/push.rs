//! The JSON of push subscriptions and of what accounts want to be told. It must not know who is
//! told.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::time::format_unix_ms;
use super::value;
use crate::backend::Refusal;
use crate::push::{
    IDLE_SECONDS_MAX, NotificationLevel, Notifications, PushFailing, PushState, PushSubscription,
    PushTarget, QuietHours,
};

/// Bytes of a device's public key: a point of P-256, uncompressed.
const KEY_BYTES: usize = 65;
/// Bytes of its secret.
const SECRET_BYTES: usize = 16;
/// Minutes of a day.
const DAY_MINUTES: u16 = 24 * 60;

/// The body of `PUT /v1/push`: what a browser's subscription looks like as JSON, or a gateway.
#[derive(Debug, Deserialize)]
pub(crate) struct PushRequest {
    endpoint: Option<String>,
    keys: Option<KeysShape>,
    gateway: Option<GatewayShape>,
    content: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(expecting = "`keys` with `p256dh` and `auth`")]
struct KeysShape {
    p256dh: String,
    auth: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(expecting = "a `gateway` with `url`, `app_id` and `pushkey`")]
struct GatewayShape {
    url: String,
    app_id: String,
    pushkey: String,
}

impl PushRequest {
    /// Who takes it, and whether texts go along: to a device that alone can read them they do.
    pub(crate) fn into_parts(self) -> Result<(PushTarget, bool), Refusal> {
        match (self.endpoint, self.keys, self.gateway) {
            (Some(endpoint), Some(keys), None) => {
                let key = bytes(&keys.p256dh, KEY_BYTES).filter(|key| key.first() == Some(&4));
                let key = key.ok_or_else(|| {
                    value::malformed("A `p256dh` is an uncompressed point of P-256 in base64url.")
                })?;
                let secret = bytes(&keys.auth, SECRET_BYTES)
                    .ok_or_else(|| value::malformed("An `auth` is sixteen bytes in base64url."))?;
                let target = PushTarget::WebPush { endpoint, key, secret };
                Ok((target, self.content.unwrap_or(true)))
            }
            (None, None, Some(GatewayShape { url, app_id, pushkey })) => {
                if app_id.is_empty() || pushkey.is_empty() {
                    return Err(value::malformed("`app_id` and `pushkey` are not empty."));
                }
                let target = PushTarget::Gateway { url, app_id, pushkey };
                Ok((target, self.content.unwrap_or(false)))
            }
            _ => Err(value::malformed(
                "A subscription is `endpoint` and `keys`, or else a `gateway`.",
            )),
        }
    }
}

/// Base64url, with padding or without; some libraries write the other alphabet.
fn bytes(text: &str, length: usize) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
    BASE64URL_NOPAD.decode(text.as_bytes()).ok().filter(|bytes| bytes.len() == length)
}

/// The answer of `GET /v1/push`.
#[derive(Debug, Serialize)]
pub(crate) struct PushAnswer {
    vapid_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription: Option<SubscriptionShape>,
}

#[derive(Debug, Serialize)]
struct SubscriptionShape {
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway: Option<GatewayShape>,
    content: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    failing: Option<FailingShape>,
}

#[derive(Debug, Serialize)]
struct FailingShape {
    since: String,
    why: String,
}

impl From<PushState> for PushAnswer {
    fn from(state: PushState) -> Self {
        let subscription = state.subscription.map(SubscriptionShape::from);
        Self { vapid_key: state.vapid_key, subscription }
    }
}

impl From<PushSubscription> for SubscriptionShape {
    fn from(subscription: PushSubscription) -> Self {
        let (endpoint, gateway) = match subscription.target {
            PushTarget::WebPush { endpoint, .. } => (Some(endpoint), None),
            PushTarget::Gateway { url, app_id, pushkey } => {
                (None, Some(GatewayShape { url, app_id, pushkey }))
            }
        };
        let failing = |PushFailing { since_unix_ms, why }| FailingShape {
            since: format_unix_ms(since_unix_ms),
            why,
        };
        let failing = subscription.failing.map(failing);
        Self { endpoint, gateway, content: subscription.content, failing }
    }
}

/// What an account wants to be told, as it is read and written.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct NotificationsShape {
    level: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quiet: Option<QuietShape>,
    #[serde(default = "idle_seconds_default")]
    idle_seconds: u32,
}

/// What holds where an account says nothing.
fn idle_seconds_default() -> u32 {
    300
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(expecting = "`quiet` with `from`, `until` and `zone`")]
struct QuietShape {
    from: String,
    until: String,
    zone: String,
}

/// The body of `PUT /v1/channels/{id}/notifications`.
#[derive(Debug, Deserialize)]
pub(crate) struct LevelRequest {
    level: String,
}

impl LevelRequest {
    pub(crate) fn into_level(self) -> Result<NotificationLevel, Refusal> {
        level(&self.level)
    }
}

impl NotificationsShape {
    pub(crate) fn into_notifications(self) -> Result<Notifications, Refusal> {
        if self.idle_seconds > IDLE_SECONDS_MAX {
            return Err(value::malformed("`idle_seconds` is at most 86,400."));
        }
        Ok(Notifications {
            level: level(&self.level)?,
            quiet: self.quiet.map(QuietShape::into_hours).transpose()?,
            idle_seconds: self.idle_seconds,
        })
    }
}

impl From<Notifications> for NotificationsShape {
    fn from(wanted: Notifications) -> Self {
        let quiet = wanted.quiet.map(|hours| QuietShape {
            from: clock_text(hours.from),
            until: clock_text(hours.until),
            zone: hours.zone,
        });
        let level = level_name(wanted.level).to_owned();
        Self { level, quiet, idle_seconds: wanted.idle_seconds }
    }
}

impl QuietShape {
    fn into_hours(self) -> Result<QuietHours, Refusal> {
        let minutes = |text: &str| {
            clock_minutes(text).ok_or_else(|| value::malformed("A time of day is \"22:00\"."))
        };
        Ok(QuietHours { from: minutes(&self.from)?, until: minutes(&self.until)?, zone: self.zone })
    }
}

/// The name of a level, as clients see it.
pub(crate) fn level_name(level: NotificationLevel) -> &'static str {
    match level {
        NotificationLevel::All => "all",
        NotificationLevel::Mentions => "mentions",
        NotificationLevel::Nothing => "nothing",
    }
}

fn level(text: &str) -> Result<NotificationLevel, Refusal> {
    match text {
        "all" => Ok(NotificationLevel::All),
        "mentions" => Ok(NotificationLevel::Mentions),
        "nothing" => Ok(NotificationLevel::Nothing),
        _ => Err(value::malformed("A `level` is \"all\", \"mentions\" or \"nothing\".")),
    }
}

fn clock_text(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

fn clock_minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |digits: &str| {
        let is_plain = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse::<u16>().ok().filter(|_| is_plain)
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    Some(hours * 60 + minutes).filter(|all| minutes < 60 && *all < DAY_MINUTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_two_and_two_digits() {
        for (text, minutes) in [("00:00", 0), ("07:30", 450), ("23:59", 1_439)] {
            assert_eq!(clock_minutes(text), Some(minutes));
            assert_eq!(clock_text(minutes), text);
        }
        for text in ["", "7:30", "24:00", "12:60", "+1:00", "12:00:00", "1200", "٠١:٠٠"] {
            assert_eq!(clock_minutes(text), None, "{text}");
        }
    }

    #[test]
    fn a_key_may_be_padded_and_of_either_alphabet() {
        let secret: Vec<u8> = vec![0xfb, 0xef, 0xff, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        for text in ["--__AAECAwQFBgcICQoLDA", "++//AAECAwQFBgcICQoLDA=="] {
            assert_eq!(bytes(text, SECRET_BYTES), Some(secret.clone()));
        }
        for text in ["", "--__AAECAwQFBgcICQoL", "not base64!"] {
            assert_eq!(bytes(text, SECRET_BYTES), None);
        }
    }
}
