//! A hostile origin: beside its honest logs it writes others in which it says what it likes.

use comity_machine::{Kind, State};
use comity_protocol::body::{Body, WireBody};
use comity_protocol::cbor::{self, ByteString};
use comity_protocol::clock::HybridTime;
use comity_protocol::control::{
    Ban, ControlAct, Invite, Role, SetPosting, SetRole, SetVersion, Succession, Target, Text,
};
use comity_protocol::event::{
    EventAct, EventHeader, Invitation, LogStart, Record, Request, RequestRefused,
};
use comity_protocol::id::{
    AccountId, AccountNumber, ChannelId, ControlPoint, LogId, LogName, ShortHash, WriterId,
};

use super::Forged;
use crate::dice::Dice;
use crate::node::Organisation;

/// A message log in the making.
#[derive(Clone)]
pub(super) struct RogueLog {
    pub(super) log: Forged,
    after: Option<ControlPoint>,
}

/// What there is to lie about.
pub(super) struct Scene<'s> {
    pub(super) own: &'s Organisation,
    pub(super) state: &'s State,
    pub(super) kind: &'s Kind,
    pub(super) now_ms: u64,
}

/// Records after which a log is left alone.
const RECORDS_MAX: usize = 12;

impl RogueLog {
    /// A new log of an organisation in a channel.
    pub(super) fn new(own: &Organisation, channel: ChannelId, dice: &mut Dice) -> Self {
        let name = LogName::Message { origin: own.lineage, writer: WriterId(dice.next()) };
        Self { log: Forged::new(LogId { channel, name }), after: None }
    }

    /// Whether it takes more.
    pub(super) fn has_room(&self) -> bool {
        self.log.records.len() < RECORDS_MAX
    }

    /// Appends a record that is sound but for, mostly, one thing.
    pub(super) fn lie(&mut self, scene: &Scene<'_>, dice: &mut Dice) {
        let mut act = EventAct::message();
        let own = own_accounts(scene);
        let mut header = EventHeader {
            time: HybridTime::from_unix_ms(scene.now_ms).max(self.log.time.next()),
            sender: dice.pick(&own).copied().unwrap_or(AccountNumber(1)),
            kind: 0,
            after: point(scene).filter(|point| self.after.is_none_or(|stated| stated < *point)),
            args: None,
            start: self.log.records.is_empty().then(|| start_of(scene)),
        };
        let text = format!("rogue.{} lie", dice.next());
        let mut body = WireBody::Present(Body::text(dice.bytes(), &text));
        match dice.below(14) {
            0 => header.sender = AccountNumber(dice.below(5_000)),
            1 => header.time = HybridTime(self.log.time.0.saturating_sub(dice.below(1 << 20))),
            2 => header.time = HybridTime::from_unix_ms(scene.now_ms + 1_000 * dice.below(200)),
            3 => header.after = header.after.map(|point| forged(point, dice)),
            4 => header.after = first_point(scene),
            5 => header.start = header.start.is_none().then(|| start_of(scene)),
            6 => act = EventAct::Unknown(u16::try_from(dice.below(60_000)).unwrap_or(77)),
            7 | 8 => act = EventAct::Request(request(scene, dice)),
            9 => act = EventAct::Invitation(invitation(scene, dice)),
            10 => act = EventAct::RequestRefused(refusal(self.log.id, dice)),
            11 => body = WireBody::Absent(body.hash()),
            _ => {}
        }
        (header.kind, header.args) = (act.kind(), act.args());
        let mut bytes = cbor::encode(&header);
        if dice.per_mille(40) {
            bytes.truncate(bytes.len() / 2);
        } else {
            self.log.time = self.log.time.max(header.time);
            self.after = header.after.max(self.after);
        }
        self.log.push(Record { header: bytes.into(), body });
    }
}

pub(super) fn own_accounts(scene: &Scene<'_>) -> Vec<AccountNumber> {
    scene.state.accounts.keys().copied().collect()
}

fn point(scene: &Scene<'_>) -> Option<ControlPoint> {
    match scene.kind {
        Kind::Group(group) => Some(group.point),
        Kind::Direct(_) | Kind::Link { .. } => None,
    }
}

fn first_point(scene: &Scene<'_>) -> Option<ControlPoint> {
    match scene.kind {
        Kind::Group(group) => group
            .terms
            .get(&1)
            .and_then(|term| term.hashes.first())
            .map(|hash| ControlPoint { term: 1, seq: 1, hash: *hash }),
        Kind::Direct(_) | Kind::Link { .. } => None,
    }
}

/// A point that names no record, or one that does not exist yet.
fn forged(point: ControlPoint, dice: &mut Dice) -> ControlPoint {
    if dice.per_mille(700) {
        ControlPoint { hash: ShortHash(dice.bytes()), ..point }
    } else {
        ControlPoint { seq: point.seq + 1 + dice.below(3), ..point }
    }
}

fn start_of(scene: &Scene<'_>) -> LogStart {
    let own = scene.own.lineage;
    let mut start = LogStart::default();
    match scene.kind {
        Kind::Direct(direct) => {
            start.accounts = Some(direct.accounts);
            start.name = Some("mallory".into());
        }
        Kind::Link { peer } => start.organisations = Some((own.min(*peer), own.max(*peer))),
        Kind::Group(_) => {}
    }
    start
}

/// Somebody of the channel, or nobody at all.
fn somebody(scene: &Scene<'_>, dice: &mut Dice) -> AccountId {
    let members: Vec<AccountId> = match scene.kind {
        Kind::Group(group) => group.state.members.keys().copied().collect(),
        Kind::Direct(direct) => vec![direct.accounts.0, direct.accounts.1],
        Kind::Link { .. } => Vec::new(),
    };
    let nobody = AccountId { lineage: scene.own.lineage, number: AccountNumber(dice.below(9_000)) };
    dice.pick(&members).copied().unwrap_or(nobody)
}

fn some_group(scene: &Scene<'_>, dice: &mut Dice) -> ChannelId {
    let groups = scene.state.channels.values().filter(|channel| channel.group().is_some());
    let groups: Vec<ChannelId> = groups.map(|channel| channel.id).collect();
    dice.pick(&groups).copied().unwrap_or(ChannelId(dice.bytes()))
}

fn request(scene: &Scene<'_>, dice: &mut Dice) -> Request {
    let account = somebody(scene, dice);
    let channel = some_group(scene, dice);
    let invite = ControlPoint { term: 1, seq: dice.below(9), hash: ShortHash(dice.bytes()) };
    let label = || "eve@nowhere.test".into();
    let act = match dice.below(13) {
        0 => return Request::Accept { channel, invite },
        1 => return Request::Decline { channel, invite },
        2 => return Request::Join { channel, label: label() },
        3 => return Request::Act { kind: 9, args: ByteString(dice.bytes::<9>().to_vec()) },
        4 => ControlAct::Leave(Target { account }),
        5 => ControlAct::Invite(Invite { account, label: label(), role: Role::Owner }),
        6 => ControlAct::Remove(Target { account }),
        7 => ControlAct::SetName(Text { text: "taken over".into() }),
        8 => ControlAct::Ban(Ban { account, label: label() }),
        9 => ControlAct::HandOver(Succession { nominee: scene.own.lineage }),
        10 => ControlAct::SetPosting(SetPosting { role: Role::Owner }),
        11 => ControlAct::SetVersion(SetVersion { version: dice.below(9) }),
        _ => ControlAct::SetRole(SetRole { account, role: Role::Owner }),
    };
    Request::of(&act).unwrap_or(Request::Accept { channel, invite })
}

fn invitation(scene: &Scene<'_>, dice: &mut Dice) -> Invitation {
    Invitation {
        channel: some_group(scene, dice),
        invite: ControlPoint { term: 1, seq: dice.below(99), hash: ShortHash(dice.bytes()) },
        account: AccountNumber(1_000 * (1 + dice.below(4)) + dice.below(8)),
        inviter: "mallory@nowhere.test".into(),
        name: "come here".into(),
    }
}

fn refusal(log: LogId, dice: &mut Dice) -> RequestRefused {
    RequestRefused {
        channel: log.channel,
        writer: WriterId(dice.next()),
        seq: dice.below(9),
        group: ChannelId(dice.bytes()),
        account: AccountNumber(1_000 * (1 + dice.below(4)) + dice.below(8)),
        code: u16::try_from(dice.below(100)).unwrap_or_default(),
    }
}
