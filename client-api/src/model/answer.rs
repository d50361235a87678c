//! What the node answers over HTTP. Long answers are cut at a size rather than at a count alone. It
//! must not know routes or statuses.

use std::sync::Arc;

use bytes::Bytes;
use comity_protocol::id::{ChannelId, MessageId};
use comity_protocol::name::ServerName;
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use super::besides::VersionShape;
use super::organisation::OrganisationShape;
use super::outgoing::{EventShape, NodeFrame, UnreadShape, encode, event_frame};
use super::push::level_name;
use super::rule::RuleShape;
use super::time::format_unix_ms;
use super::value::{cursor_text, device_text, poll_cursor_text};
use crate::backend::{
    ChannelDetail, ChannelKind, ChannelSummary, Cursor, Delivery, Device, Endpoint, FeedEvent,
    FoundGroup, FoundGroups, HistoryPage, LoggedIn, Mark, Member, NodeHost, NodeIntroduction,
    Outcome, Page, ShownMessage, Standing,
};
use crate::message::{EventList, Version};

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct HealthAnswer {
    pub(crate) status: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WellKnownAnswer {
    pub(crate) version: u32,
    pub(crate) domain: String,
    pub(crate) endpoints: Vec<EndpointShape>,
    pub(crate) node: NodeShape,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EndpointShape {
    url: String,
    priority: u16,
    weight: u16,
}

impl From<Endpoint> for EndpointShape {
    fn from(endpoint: Endpoint) -> Self {
        let Endpoint { url, priority, weight } = endpoint;
        Self { url, priority, weight }
    }
}

/// For other nodes, which read it strictly.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct NodeShape {
    lineage: String,
    key: KeyShape,
    recovery: String,
    hosts: Vec<HostShape>,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeyShape {
    r#type: String,
    id: String,
    public: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct HostShape {
    host: String,
    port: u16,
    priority: u16,
    weight: u16,
}

impl From<NodeIntroduction> for NodeShape {
    fn from(introduction: NodeIntroduction) -> Self {
        let NodeIntroduction { lineage, key_name, key, first_key, recovery, hosts } = introduction;
        let public = BASE64.encode(key.as_bytes());
        let first = first_key.map(|first| BASE64.encode(first.as_bytes()));
        Self {
            lineage: lineage.to_string(),
            key: KeyShape { r#type: "ed25519".to_owned(), id: key_name, public, first },
            recovery: BASE64.encode(&recovery.0),
            hosts: hosts.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<NodeHost> for HostShape {
    fn from(host: NodeHost) -> Self {
        let NodeHost { host, port, priority, weight } = host;
        Self { host, port, priority, weight }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DeviceShape {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) created_time: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) current: Option<bool>,
}

impl From<&Device> for DeviceShape {
    fn from(device: &Device) -> Self {
        Self {
            id: device_text(device.id),
            name: device.name.clone(),
            created_time: Some(format_unix_ms(device.created_unix_ms)),
            current: Some(device.current),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DevicesAnswer {
    devices: Vec<DeviceShape>,
}

impl From<&[Device]> for DevicesAnswer {
    fn from(devices: &[Device]) -> Self {
        Self { devices: devices.iter().map(DeviceShape::from).collect() }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LoggedInAnswer {
    account: String,
    device: DeviceShape,
    token: String,
}

impl LoggedInAnswer {
    pub(crate) fn new(logged_in: LoggedIn, device_name: String) -> Self {
        let id = device_text(logged_in.caller.device);
        Self {
            account: logged_in.caller.label.to_string(),
            device: DeviceShape { id, name: device_name, created_time: None, current: None },
            token: logged_in.token,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ChannelShape {
    id: String,
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    with: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    home: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    member_limit: Option<u32>,
    standing: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inviter: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_message_time: Option<String>,
    #[serde(flatten)]
    unread: Option<UnreadShape>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    muted: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    notifications: Option<String>,
}

impl From<ChannelSummary> for ChannelShape {
    fn from(summary: ChannelSummary) -> Self {
        let (standing, role) = match summary.standing {
            Standing::Invited => ("invited", None),
            Standing::Joined(role) => ("joined", Some(role.name().to_owned())),
            Standing::Joining => ("joining", None),
            Standing::Kept => ("kept", None),
        };
        let shape = Self {
            id: summary.id.to_string(),
            kind: "group".to_owned(),
            with: None,
            name: None,
            topic: None,
            home: None,
            member_limit: None,
            standing: standing.to_owned(),
            inviter: summary.inviter.map(|inviter| inviter.to_string()),
            role,
            last_message_time: summary.last_message_unix_ms.map(format_unix_ms),
            unread: match summary.standing {
                Standing::Joined(_) => Some(summary.unread.into()),
                Standing::Invited | Standing::Joining | Standing::Kept => None,
            },
            muted: summary.muted,
            notifications: summary.level.map(level_name).map(str::to_owned),
        };
        match summary.kind {
            ChannelKind::Direct { with } => {
                Self { kind: "direct".to_owned(), with: Some(with.to_string()), ..shape }
            }
            ChannelKind::Group { name, topic, home, member_limit } => Self {
                name: Some(name).filter(|name| !name.is_empty()),
                topic: Some(topic),
                home: Some(home.to_string()),
                member_limit: Some(member_limit),
                ..shape
            },
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ChannelsAnswer {
    channels: Vec<ChannelShape>,
}

impl From<Vec<ChannelSummary>> for ChannelsAnswer {
    fn from(channels: Vec<ChannelSummary>) -> Self {
        Self { channels: channels.into_iter().map(ChannelShape::from).collect() }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ChannelAnswer {
    #[serde(flatten)]
    channel: ChannelShape,
    members: Vec<MemberShape>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rules: Option<RuleShape<'static>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kept_seconds: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    organisations: Vec<OrganisationShape>,
}

#[derive(Debug, Serialize, Deserialize)]
struct MemberShape {
    account: String,
    role: String,
    invited: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    read: Option<String>,
}

impl From<ChannelDetail> for ChannelAnswer {
    fn from(detail: ChannelDetail) -> Self {
        let member = |member: Member| MemberShape {
            account: member.account.to_string(),
            role: member.role.name().to_owned(),
            invited: member.invited,
            display_name: member.display_name,
            read: member.read.map(|id| id.to_string()),
        };
        Self {
            channel: detail.summary.into(),
            members: detail.members.into_iter().map(member).collect(),
            kept_seconds: detail.kept_seconds.map(|seconds| seconds.to_string()),
            rules: (!detail.rules.is_empty()).then(|| detail.rules.as_slice().into()),
            aliases: detail.aliases.iter().map(ToString::to_string).collect(),
            organisations: detail.organisations.into_iter().map(Into::into).collect(),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CreatedAnswer {
    channel: ChannelReference,
}

#[derive(Debug, Serialize, Deserialize)]
struct ChannelReference {
    id: String,
}

impl CreatedAnswer {
    pub(crate) fn new(id: String) -> Self {
        Self { channel: ChannelReference { id } }
    }
}

/// What became of joining by an alias: the group that it names, too.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct JoinedAnswer {
    #[serde(flatten)]
    status: StatusAnswer,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    channel: Option<ChannelReference>,
}

impl From<&Outcome> for JoinedAnswer {
    fn from(outcome: &Outcome) -> Self {
        let channel = match outcome {
            Outcome::Channel(id) | Outcome::Joining(id) => Some(id),
            _ => None,
        };
        let channel = channel.map(|id| ChannelReference { id: id.to_string() });
        Self { status: outcome.into(), channel }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FoundGroupShape {
    id: String,
    name: String,
    topic: String,
    home: String,
    members: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alias: Option<String>,
}

impl From<FoundGroup> for FoundGroupShape {
    fn from(group: FoundGroup) -> Self {
        let FoundGroup { id, name, topic, home, members, alias } = group;
        let alias = alias.map(|alias| alias.to_string());
        Self { id: id.to_string(), name, topic, home: home.to_string(), members, alias }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FoundGroupsAnswer {
    groups: Vec<FoundGroupShape>,
    more: bool,
}

impl From<FoundGroups> for FoundGroupsAnswer {
    fn from(found: FoundGroups) -> Self {
        Self { groups: found.groups.into_iter().map(Into::into).collect(), more: found.more }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StatusAnswer {
    status: String,
}

impl From<&Outcome> for StatusAnswer {
    fn from(outcome: &Outcome) -> Self {
        let status = match outcome {
            Outcome::Joining(_) | Outcome::Requested => "requested",
            _ => "done",
        };
        Self { status: status.to_owned() }
    }
}

/// A message by its id.
#[derive(Debug, Serialize)]
pub(crate) struct MessageAnswer<'a> {
    event: EventShape<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    erasure: Option<ErasureShape>,
}

#[derive(Debug, Serialize)]
struct ErasureShape {
    confirmed: Vec<String>,
    unconfirmed: Vec<String>,
}

impl<'a> From<&'a ShownMessage> for MessageAnswer<'a> {
    fn from(message: &'a ShownMessage) -> Self {
        let texts = |domains: &[ServerName]| domains.iter().map(ToString::to_string).collect();
        let erasure = message.erasure.as_ref().map(|erasure| ErasureShape {
            confirmed: texts(&erasure.confirmed),
            unconfirmed: texts(&erasure.unconfirmed),
        });
        Self { event: EventShape::from(&*message.event), erasure }
    }
}

/// The texts that a message has had.
#[derive(Debug, Serialize)]
pub(crate) struct VersionsAnswer<'a> {
    versions: Vec<VersionShape<'a>>,
}

impl<'a> From<&'a [Version]> for VersionsAnswer<'a> {
    fn from(versions: &'a [Version]) -> Self {
        Self { versions: versions.iter().map(Into::into).collect() }
    }
}

/// Events of one channel, and whether there are more.
pub(crate) fn events_answer(found: &EventList) -> Bytes {
    let shape = |event: &Arc<FeedEvent>| encode(&EventShape::from(&**event));
    list_answer(found, shape)
}

/// Events of any channel, each in its frame, and whether there are more.
pub(crate) fn frames_answer(found: &EventList) -> Bytes {
    list_answer(found, |event| event_frame(event))
}

/// A list, cut to a size.
fn list_answer(found: &EventList, shape: impl Fn(&Arc<FeedEvent>) -> Bytes) -> Bytes {
    let frames: Vec<Bytes> = found.events.iter().map(shape).collect();
    let kept = around_anchor(&frames, 0);
    let more = found.more || kept.end < frames.len();
    let mut text = b"{\"events\":".to_vec();
    extend_with_array(&mut text, &frames[kept]);
    text.extend_from_slice(format!(",\"more\":{more}}}").as_bytes());
    text.into()
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredAnswer {
    id: String,
    cursor: String,
}

impl StoredAnswer {
    pub(crate) fn new(message: MessageId, cursor: Cursor) -> Self {
        Self { id: message.to_string(), cursor: cursor_text(cursor) }
    }
}

/// A page of history, cut to a size at the end that is farther from what was asked for.
pub(crate) fn history_answer(page: Page, found: &HistoryPage) -> Bytes {
    let shape = |event: &Arc<FeedEvent>| encode(&EventShape::from(&**event));
    let frames: Vec<Bytes> = found.events.iter().map(shape).collect();
    let anchor = match page {
        Page::After(_) | Page::AtDate(_) => 0,
        Page::Before(_) | Page::Latest => frames.len().saturating_sub(1),
        Page::Around(id) => found.events.partition_point(|event| event.id < id),
    };
    let kept = around_anchor(&frames, anchor);
    let more_before = found.more_before || kept.start > 0;
    let more_after = found.more_after || kept.end < frames.len();
    let mut text = Vec::new();
    text.extend_from_slice(b"{\"events\":");
    extend_with_array(&mut text, &frames[kept]);
    let delivered: Vec<Bytes> = found.delivered.iter().filter_map(delivered_frame).collect();
    text.extend_from_slice(b",\"delivered\":");
    extend_with_array(&mut text, &delivered);
    let pending = found.history_pending;
    let tail = format!(
        ",\"more_before\":{more_before},\"more_after\":{more_after},\
         \"history_pending\":{pending}"
    );
    text.extend_from_slice(tail.as_bytes());
    if found.history_limited && !more_before {
        text.extend_from_slice(b",\"history_limited\":true");
    }
    text.push(b'}');
    text.into()
}

/// What a poll found, cut to a size: what is left out comes with the next poll from the answer's
/// cursor.
pub(crate) fn sync_answer(
    start: Cursor,
    mark: Mark,
    resync: bool,
    deliveries: &[Delivery],
) -> Bytes {
    let (mut events, mut delivered, mut grew) = (Vec::new(), Vec::new(), Vec::new());
    let (mut cursor, mut bytes) = (start, 0);
    for delivery in deliveries {
        match delivery {
            Delivery::Event(event) => {
                let frame = event_frame(event);
                bytes += frame.len();
                if bytes > ANSWER_BYTES_MAX && !events.is_empty() {
                    break;
                }
                cursor = event.cursor;
                events.push(frame);
            }
            Delivery::Delivered { .. } => delivered.extend(delivered_frame(delivery)),
            Delivery::HistoryGrew { channel } => {
                grew.extend(
                    Some(history_grew_frame(channel)).filter(|frame| !grew.contains(frame)),
                );
            }
            _ => {}
        }
    }
    let mut text = Vec::with_capacity(bytes.min(ANSWER_BYTES_MAX) + 256);
    text.extend_from_slice(b"{\"events\":");
    extend_with_array(&mut text, &events);
    text.extend_from_slice(b",\"delivered\":");
    extend_with_array(&mut text, &delivered);
    text.extend_from_slice(b",\"history_grew\":");
    extend_with_array(&mut text, &grew);
    let tail = format!(",\"cursor\":\"{}\",\"resync\":{resync}}}", poll_cursor_text(cursor, mark));
    text.extend_from_slice(tail.as_bytes());
    text.into()
}

/// The frame of a delivery notice.
pub(crate) fn delivered_frame(delivery: &Delivery) -> Option<Bytes> {
    let Delivery::Delivered { channel, message, organisations, of, is_final } = delivery else {
        return None;
    };
    Some(encode(&NodeFrame::Delivered {
        channel: channel.to_string(),
        id: message.to_string(),
        organisations: *organisations,
        of: *of,
        is_final: *is_final,
    }))
}

/// The frame that says that older history came.
pub(crate) fn history_grew_frame(channel: &ChannelId) -> Bytes {
    encode(&NodeFrame::HistoryGrew { channel: channel.to_string() })
}

/// The largest run of frames around one that fits the size, growing on both sides in turn.
fn around_anchor(frames: &[Bytes], anchor: usize) -> std::ops::Range<usize> {
    if frames.is_empty() {
        return 0..0;
    }
    let anchor = anchor.min(frames.len() - 1);
    let (mut start, mut end) = (anchor, anchor + 1);
    let mut bytes = frames[anchor].len();
    loop {
        let mut grown = false;
        if start > 0 && bytes + frames[start - 1].len() <= ANSWER_BYTES_MAX {
            start -= 1;
            bytes += frames[start].len();
            grown = true;
        }
        if end < frames.len() && bytes + frames[end].len() <= ANSWER_BYTES_MAX {
            bytes += frames[end].len();
            end += 1;
            grown = true;
        }
        if !grown {
            return start..end;
        }
    }
}

fn extend_with_array(text: &mut Vec<u8>, frames: &[Bytes]) {
    text.push(b'[');
    for (i, frame) in frames.iter().enumerate() {
        if i > 0 {
            text.push(b',');
        }
        text.extend_from_slice(frame);
    }
    text.push(b']');
}

/// Where an answer with many events is cut; one event always fits.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_cut_around_what_was_asked_for() {
        let frames = vec![Bytes::from(vec![b'1'; 1024 * 1024]); 10];
        assert_eq!(around_anchor(&frames, 0), 0..4);
        assert_eq!(around_anchor(&frames, 9), 6..10);
        assert_eq!(around_anchor(&frames, 5), 3..7);
        assert_eq!(around_anchor(&[], 0), 0..0);
    }
}
