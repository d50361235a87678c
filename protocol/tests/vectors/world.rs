//! A small story, told with the crate, from which the vectors are made: Alice of acme.example
//! founds a group and invites Bob of globex.example, who accepts. Knows nothing of files or of how
//! the vectors look.

use comity_protocol::body::{Body, WireBody};
use comity_protocol::cbor::{self, ByteString};
use comity_protocol::chain::{ChainEnd, Link};
use comity_protocol::clock::HybridTime;
use comity_protocol::control::{
    ControlAct, ControlHeader, CoverEntry, Genesis, Invite, Join, JoinRule, Organisation,
    RequestProof, Role,
};
use comity_protocol::event::{
    EventAct, EventHeader, Invitation, LogStart, Record, Request, link_channel,
};
use comity_protocol::hash::{Hash, Hasher, tag};
use comity_protocol::head::{Head, HeadProof, prove};
use comity_protocol::id::{
    AccountId, AccountNumber, ChannelId, ControlPoint, LineageId, LogId, LogName, ShortHash,
    WriterId,
};
use comity_protocol::key::{NodePublicKey, lineage_id, recovery_hash};
use ed25519_dalek::{Signer, SigningKey};
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// When the story begins, in Unix milliseconds.
pub(crate) const BEGIN_MS: u64 = 1_795_404_447_123;

/// An organisation with its keys.
#[derive(Clone)]
pub(crate) struct Org {
    pub(crate) domain: &'static str,
    pub(crate) seed: [u8; 32],
    pub(crate) recovery_seed: [u8; 32],
    pub(crate) key: NodePublicKey,
    pub(crate) recovery: Hash,
    pub(crate) lineage: LineageId,
    pub(crate) writer: WriterId,
}

impl Org {
    fn new(domain: &'static str, seed: u8, recovery_seed: u8, writer: u32) -> Self {
        let (seed, recovery_seed) = ([seed; 32], [recovery_seed; 32]);
        let key = public(&seed);
        let recovery = recovery_hash(&public(&recovery_seed));
        let lineage = lineage_id(&domain.parse().unwrap(), &key, &recovery);
        let writer = WriterId::new(u32::try_from(BEGIN_MS / 1000).unwrap(), writer);
        Self { domain, seed, recovery_seed, key, recovery, lineage, writer }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        SigningKey::from_bytes(&self.seed).sign(message).to_bytes()
    }

    pub(crate) fn organisation(&self) -> Organisation {
        Organisation {
            domain: self.domain.into(),
            first_key: self.key,
            recovery: self.recovery,
            changes: Vec::new(),
        }
    }

    pub(crate) fn account(&self, number: u64) -> AccountId {
        AccountId { lineage: self.lineage, number: AccountNumber(number) }
    }

    pub(crate) fn log(&self, channel: ChannelId) -> LogId {
        LogId { channel, name: LogName::Message { origin: self.lineage, writer: self.writer } }
    }

    /// A proof of one head; its leaf is the second of three in the checkpoint.
    pub(crate) fn prove(&self, head: Head) -> HeadProof {
        let beside = |i: u8| Head { hash: Hash([i; 32]), ..head };
        let heads = [beside(1), head, beside(2)];
        let blinds = [[0xb1; 16], [0xb2; 16], [0xb3; 16]];
        let sign = |message: &[u8]| self.sign(message);
        prove(&heads, &blinds, self.domain, self.lineage, &self.key, sign).remove(1)
    }
}

/// The public key of a seed.
pub(crate) fn public(seed: &[u8; 32]) -> NodePublicKey {
    let key = SigningKey::from_bytes(seed).verifying_key();
    NodePublicKey::from_bytes(key.as_bytes()).unwrap()
}

/// Records of a log as they are appended.
pub(crate) struct Log {
    pub(crate) id: LogId,
    pub(crate) end: ChainEnd,
    pub(crate) steps: Vec<Link>,
    pub(crate) time: HybridTime,
}

impl Log {
    pub(crate) fn new(id: LogId) -> Self {
        Self { id, end: ChainEnd::default(), steps: Vec::new(), time: HybridTime::default() }
    }

    pub(crate) fn push(&mut self, inner: Hash, time: HybridTime) {
        let (previous, skipped) = self.end.targets();
        self.steps.push(Link { previous, skipped, inner });
        self.end.push(&self.id, &inner);
        self.time = time;
    }

    pub(crate) fn head(&self) -> Head {
        Head { log: self.id, seq: self.end.seq(), hash: self.end.hash(), time: self.time }
    }

    pub(crate) fn control_point(&self) -> ControlPoint {
        ControlPoint { term: 1, seq: self.end.seq(), hash: self.end.hash().into() }
    }
}

/// The control state as `docs/protocol/` section 7 defines its encoding.
#[derive(Clone, Encode, Decode)]
#[cbor(map)]
pub(crate) struct ControlState {
    #[n(0)]
    version: u64,
    #[n(1)]
    home: LineageId,
    #[n(2)]
    organisations: BTreeMap<LineageId, Organisation>,
    #[n(3)]
    members: BTreeMap<AccountId, Member>,
    #[n(4)]
    name: String,
    #[n(5)]
    topic: String,
    #[n(6)]
    member_limit: u32,
    #[n(7)]
    cover: BTreeMap<(LineageId, WriterId), (u64, ShortHash)>,
    #[n(8)]
    answered: BTreeMap<(ChannelId, LineageId, WriterId), u64>,
    #[n(9)]
    join_rule: JoinRule,
    #[n(10)]
    posting: Role,
    #[n(11)]
    archived: bool,
    #[n(12)]
    posts: Vec<(Place, Option<Role>)>,
    #[n(13)]
    since_joining: bool,
    #[n(14)]
    retention: Option<u64>,
    #[n(15)]
    nominee: Option<LineageId>,
    #[n(16)]
    closed: Option<Hash>,
}

#[derive(Clone, Encode, Decode)]
#[cbor(array)]
struct Member {
    #[n(0)]
    label: String,
    #[n(1)]
    invite: Option<(ControlPoint, Role)>,
    #[n(2)]
    stays: Vec<(Place, Option<Place>)>,
    #[n(3)]
    roles: Vec<(Place, Role)>,
    #[n(4)]
    banned: bool,
}

type Place = (u64, u64);

impl ControlState {
    pub(crate) fn hash(&self) -> Hash {
        Hasher::new(tag::CONTROL_STATE).var(&cbor::encode(self)).finish()
    }
}

/// The whole story.
pub(crate) struct World {
    pub(crate) acme: Org,
    pub(crate) globex: Org,
    pub(crate) alice: AccountId,
    pub(crate) bob: AccountId,
    pub(crate) group: ChannelId,
    pub(crate) link: ChannelId,
    /// The control log: genesis, invite, join.
    pub(crate) control: Log,
    pub(crate) control_headers: Vec<ControlHeader>,
    /// What acme and globex say in their link channel: the invitation and its acceptance.
    pub(crate) invitation: EventHeader,
    pub(crate) accept: EventHeader,
    /// Before and after Bob's join.
    pub(crate) states: [ControlState; 2],
}

/// The body of the story's records that have none.
pub(crate) fn empty_body() -> Body {
    Body::empty([0x5a; 32])
}

pub(crate) fn at(ms: u64) -> HybridTime {
    HybridTime::from_unix_ms(BEGIN_MS + ms)
}

pub(crate) fn event(time: HybridTime, sender: AccountNumber, act: &EventAct) -> EventHeader {
    EventHeader { time, sender, kind: act.kind(), after: None, args: act.args(), start: None }
}

pub(crate) fn control(time: HybridTime, actor: AccountId, act: &ControlAct) -> ControlHeader {
    ControlHeader {
        time,
        kind: act.kind(),
        actor: Some(actor),
        args: act.args(),
        cover: None,
        state: None,
        request: None,
    }
}

/// `inner` of a record without a body.
pub(crate) fn inner_of<T: Encode<()>>(header: &T) -> Hash {
    let body = WireBody::Present(empty_body());
    Record { header: cbor::encode(header).into(), body }.inner()
}

impl World {
    pub(crate) fn new() -> Self {
        let acme = Org::new("acme.example", 1, 9, 0xa1a1_a1a1);
        let globex = Org::new("globex.example", 2, 10, 0xb2b2_b2b2);
        let alice = acme.account(0x1122_3344_5566_7788);
        let bob = globex.account(0x99aa_bbcc_ddee_ff00);
        let link = link_channel(acme.lineage, globex.lineage);
        let genesis = control(at(0), alice, &ControlAct::Genesis(genesis(&acme, alice)));
        let group = ChannelId(inner_of(&genesis).0);
        let id = LogId { channel: group, name: LogName::Control { home: acme.lineage, term: 1 } };
        let mut control_log = Log::new(id);
        control_log.push(inner_of(&genesis), genesis.time);
        let invite =
            Invite { account: bob, label: "bob@globex.example".into(), role: Role::Member };
        let invite = control(at(1), alice, &ControlAct::Invite(invite));
        control_log.push(inner_of(&invite), invite.time);
        let point = control_log.control_point();
        let invitation = invitation(&acme, &globex, group, point, bob);
        let (accept, proof) = accept(&acme, &globex, group, point, bob);
        let before = state_before(&acme, alice, bob, point);
        let join = Join { account: bob, label: None, organisation: Some(globex.organisation()) };
        let mut join = control(at(4), bob, &ControlAct::Join(join));
        join.state = Some(before.hash());
        join.request = Some(proof);
        control_log.push(inner_of(&join), join.time);
        let after = state_after(&before, &globex, bob, link);
        Self {
            alice,
            bob,
            group,
            link,
            control: control_log,
            control_headers: vec![genesis, invite, join],
            invitation,
            accept,
            states: [before, after],
            acme,
            globex,
        }
    }

    /// A record that states V: up to where the home has applied Bob's first log.
    pub(crate) fn cover(&self) -> ControlHeader {
        let entry = CoverEntry {
            origin: self.globex.lineage,
            writer: self.globex.writer,
            seq: 2,
            hash: ShortHash([0xcc; 16]),
        };
        let mut header = control(at(9), self.alice, &ControlAct::Cover);
        header.actor = None;
        header.cover = Some(vec![entry]);
        header
    }
}

fn genesis(acme: &Org, alice: AccountId) -> Genesis {
    Genesis {
        version: 1,
        nonce: [0x42; 32],
        home: acme.organisation(),
        owner: alice,
        label: "alice@acme.example".into(),
        member_limit: 100,
        name: "Launch".into(),
        topic: "발사 준비".into(),
    }
}

fn invitation(
    acme: &Org,
    globex: &Org,
    group: ChannelId,
    invite: ControlPoint,
    bob: AccountId,
) -> EventHeader {
    let act = EventAct::Invitation(Invitation {
        channel: group,
        invite,
        account: bob.number,
        inviter: "alice@acme.example".into(),
        name: "Launch".into(),
    });
    let mut header = event(at(2), AccountNumber(0), &act);
    header.start = Some(link_start(acme, globex));
    header
}

pub(crate) fn link_start(a: &Org, b: &Org) -> LogStart {
    let organisations = Some((a.lineage.min(b.lineage), a.lineage.max(b.lineage)));
    LogStart { organisations, ..LogStart::default() }
}

/// Bob's request, which is the first event of globex's log, and its proof by a head two events
/// later.
fn accept(
    acme: &Org,
    globex: &Org,
    group: ChannelId,
    invite: ControlPoint,
    bob: AccountId,
) -> (EventHeader, RequestProof) {
    let act = EventAct::Request(Request::Accept { channel: group, invite });
    let mut header = event(at(3), bob.number, &act);
    header.start = Some(link_start(acme, globex));
    let channel = link_channel(acme.lineage, globex.lineage);
    let mut log = Log::new(globex.log(channel));
    log.push(inner_of(&header), header.time);
    log.push(Hash([0xe2; 32]), at(5));
    log.push(Hash([0xe3; 32]), at(6));
    let links = comity_protocol::chain::path(3, 1)
        .into_iter()
        .map(|seq| log.steps[usize::try_from(seq).unwrap() - 1])
        .collect();
    let proof = RequestProof {
        channel,
        writer: globex.writer,
        seq: 1,
        header: ByteString(cbor::encode(&header)),
        body_hash: empty_body().hash(),
        links,
        head: globex.prove(log.head()),
    };
    (header, proof)
}

fn state_before(
    acme: &Org,
    alice: AccountId,
    bob: AccountId,
    invite: ControlPoint,
) -> ControlState {
    let owner = Member {
        label: "alice@acme.example".into(),
        invite: None,
        stays: vec![((1, 1), None)],
        roles: vec![((1, 1), Role::Owner)],
        banned: false,
    };
    let invited = Member {
        label: "bob@globex.example".into(),
        invite: Some((invite, Role::Member)),
        stays: Vec::new(),
        roles: Vec::new(),
        banned: false,
    };
    ControlState {
        version: 1,
        home: acme.lineage,
        organisations: BTreeMap::from([(acme.lineage, acme.organisation())]),
        members: BTreeMap::from([(alice, owner), (bob, invited)]),
        name: "Launch".into(),
        topic: "발사 준비".into(),
        member_limit: 100,
        cover: BTreeMap::new(),
        answered: BTreeMap::new(),
        join_rule: JoinRule::Invited,
        posting: Role::Member,
        archived: false,
        posts: Vec::new(),
        since_joining: false,
        retention: None,
        nominee: None,
        closed: None,
    }
}

fn state_after(
    before: &ControlState,
    globex: &Org,
    bob: AccountId,
    link: ChannelId,
) -> ControlState {
    let mut state = before.clone();
    state.organisations.insert(globex.lineage, globex.organisation());
    let member = state.members.get_mut(&bob).unwrap();
    member.invite = None;
    member.stays.push(((1, 3), None));
    member.roles.push(((1, 3), Role::Member));
    state.answered.insert((link, globex.lineage, globex.writer), 1);
    state
}
