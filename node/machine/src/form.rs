//! The form of what peers show, apart from anybody's right to it: what a log's first event must
//! name, which bodies are kept, how many logs may be opened. An outcome hangs on hashed headers
//! alone, never on who holds a body.

use comity_protocol::body::{Body, WireBody};
use comity_protocol::code::Code;
use comity_protocol::event::{EventAct, EventHeader, LogStart, direct_channel};
use comity_protocol::frame::Range;
use comity_protocol::id::{AccountId, LineageId, LogId};
use comity_protocol::limits::WRITERS_PER_HOUR_MAX;
use comity_protocol::name::AccountName;

use crate::channel::{Channel, ChannelNo, Direct, Kind};
use crate::state::State;

/// A direct channel that another organisation's log opens: the accounts, theirs first, and their
/// labels.
pub(crate) struct Opening {
    pub(crate) accounts: (AccountId, AccountId),
    pub(crate) labels: (String, String),
}

impl State {
    /// The direct channel that a log's first event names, where it may be opened.
    pub(crate) fn opening(
        &self,
        origin: LineageId,
        log: &LogId,
        range: &Range,
    ) -> Result<Opening, Code> {
        let own = self.lineage();
        let first = range.records.first().ok_or(Code::LogUnknown)?;
        let header = EventHeader::decode(&first.header).map_err(|_| Code::LogUnknown)?;
        let start = header.start.ok_or(Code::LogUnknown)?;
        check_version(&start)?;
        let accounts = start.accounts.ok_or(Code::LogUnknown)?;
        let pair = Direct { accounts, labels: Default::default() };
        let (Some(theirs), Some(ours)) = (pair.of(origin), pair.of(own)) else {
            return Err(Code::LogUnknown);
        };
        if direct_channel(theirs, ours) != log.channel || accounts.0 >= accounts.1 {
            return Err(Code::LogUnknown);
        }
        let account = self.accounts.get(&ours.number).filter(|account| !account.is_deleted);
        let account = account.ok_or(Code::AccountNotFound)?;
        let peer = self.peers.get(&origin).ok_or(Code::LogUnknown)?;
        let name: AccountName =
            start.name.ok_or(Code::NameInvalid)?.parse().map_err(|_| Code::NameInvalid)?;
        self.check_room(ours.number)?;
        let with_origin = |no: &&ChannelNo| {
            self.channels.get(*no).is_some_and(|channel| channel.peers.contains_key(&origin))
        };
        if account.channels.keys().filter(with_origin).count() >= CHANNELS_PER_PEER_MAX {
            return Err(Code::ChannelLimit);
        }
        let labels =
            (format!("{name}@{}", peer.domain), format!("{}@{}", account.name, self.domain()));
        Ok(Opening { accounts: (theirs, ours), labels })
    }
}

impl Channel {
    /// Whether the first event of a log of this channel names the channel, and nothing else.
    pub(crate) fn is_named_by(&self, own: LineageId, start: &LogStart) -> bool {
        let (accounts, organisations) = match &self.kind {
            Kind::Direct(direct) => (Some(direct.accounts), None),
            Kind::Link { peer } => (None, Some((own.min(*peer), own.max(*peer)))),
            Kind::Group(_) => (None, None),
        };
        start.accounts == accounts && start.organisations == organisations
    }

    /// Whether an origin may open another log at a time by our clock.
    pub(crate) fn takes_writer(&self, origin: LineageId, unix_ms: u64) -> bool {
        let is_recent = |opened: u64| unix_ms.saturating_sub(opened) < HOUR_MS;
        let recent = self.writers_of(origin).filter(|(_, log)| is_recent(log.opened_unix_ms));
        recent.count() < WRITERS_PER_HOUR_MAX as usize
    }
}

/// The channel version belongs to control records in groups, and to first events elsewhere.
pub(crate) fn check_version(start: &LogStart) -> Result<(), Code> {
    if start.version.is_some_and(|version| version != 1) {
        return Err(Code::VersionUnsupported);
    }
    Ok(())
}

/// The body of an event as it is kept: what is beyond the limits, or belongs to no message, counts
/// as missing.
pub(crate) fn kept_body(act: Option<&EventAct>, body: WireBody) -> WireBody {
    let keeps = |body: &Body| match act {
        Some(EventAct::Edit(_) | EventAct::Message(_) | EventAct::Unknown(_)) => body.fits(),
        Some(EventAct::Report(_)) => body.is_report(),
        _ => is_empty(body),
    };
    match body {
        WireBody::Present(body) if !keeps(&body) => WireBody::Absent(body.hash()),
        body => body,
    }
}

fn is_empty(body: &Body) -> bool {
    body.bytes.is_empty() && body.content_type.is_empty()
}

/// Direct channels that one organisation may open with one account of ours.
const CHANNELS_PER_PEER_MAX: usize = 1_000;
const HOUR_MS: u64 = 3_600_000;
