//! A peer under a test's control: its own key and zone, the protocol's frames, and no manners.

use std::net::Ipv4Addr;
use std::sync::Arc;

use comity_federation::{CloseReason, Endpoint, EndpointSettings, Link, LinkError};
use comity_identity::NodeKeyFile;
use comity_machine::{Answer, Command, RangeOutcome, State};
use comity_protocol::code::Code;
use comity_protocol::frame::{Batch, Class, Frame, PEER_VERSION, Want};
use comity_protocol::hash::Hash;
use comity_protocol::id::AccountNumber;
use comity_protocol::keys::Hello;

use super::world::{Home, soon};
use crate::clock;
use crate::doctor::Records;
use crate::writer::tests::story::{Story, key_of};

pub(super) const DOMAIN: &str = "evil.test";
pub(super) const SEED: u8 = 66;

/// What a zone says of a domain whose key and recovery key come from a seed.
pub(super) fn records_of(domain: &str, seed: u8, port: u16) -> Records {
    let (domain, name) = (domain.parse().unwrap(), "2026a".parse().unwrap());
    let key = key_of(seed);
    let keys = NodeKeyFile::begin(domain, name, Hash([seed; 32]), key);
    Records::of(&keys, keys.domain().as_str(), port)
}

pub(super) struct Rogue {
    endpoint: Endpoint,
    /// Its logs, which are whole until a test changes them.
    pub(super) story: Story,
}

impl Rogue {
    /// With the key that its zone publishes.
    pub(super) fn new() -> Self {
        Self::with_key(SEED)
    }

    /// With the key of a seed, whatever its zone says.
    pub(super) fn with_key(seed: u8) -> Self {
        Self::of(DOMAIN, seed)
    }

    /// Another one.
    pub(super) fn of(domain: &str, seed: u8) -> Self {
        let key = Arc::new(key_of(seed));
        let listen = (Ipv4Addr::LOCALHOST, 0).into();
        let endpoint = Endpoint::bind(EndpointSettings::new(listen, key)).unwrap();
        let mut story =
            Story::begin(domain, if domain == DOMAIN { SEED } else { seed }, &["mallory"]);
        story.now_ms = clock::unix_ms();
        Self { endpoint, story }
    }

    pub(super) fn port(&self) -> u16 {
        self.endpoint.local_addr().unwrap().port()
    }

    /// Dials a node and says nothing yet.
    pub(super) async fn dials(&self, home: &Home) -> Wire {
        let addr = home.node.federation_addr;
        Wire(soon(self.endpoint.connect(addr, &[home.key])).await.unwrap())
    }

    /// Waits until a node dials, and says nothing yet.
    pub(super) async fn is_dialled(&self) -> Wire {
        Wire(soon(self.endpoint.accept()).await.unwrap())
    }

    /// A hello that is true but for what a test changes.
    pub(super) fn hello(&self, home: &Home) -> Hello {
        Hello {
            from: self.story.state.domain().to_owned(),
            to: home.domain.clone(),
            lineage: self.story.state.lineage(),
            start: clock::random_number(),
            versions: vec![PEER_VERSION],
            changes: None,
        }
    }

    /// Links with a node as an honest peer does, up to the point where batches are awaited.
    pub(super) async fn links(&mut self, home: &Home) -> Wire {
        let mut wire = self.dials(home).await;
        wire.says(&Frame::Hello(self.hello(home))).await;
        wire.hears("a hello", |frame| matches!(frame, Frame::Hello(_))).await;
        let resume = wire.hears("a resume", |frame| matches!(frame, Frame::Resume { .. })).await;
        if resume == (Frame::Resume { cursor: None }) {
            wire.says(&Frame::Resync).await;
            wire.hears("a vector", |frame| matches!(frame, Frame::Vector { .. })).await;
        }
        let domain = home.domain.clone();
        if !self.story.state.peer_domains.contains_key(&domain) {
            let (key, recovery) = (home.key, home.recovery);
            self.story.tell(Command::Introduce { domain, key, recovery });
        }
        wire
    }

    /// Takes a node's feed as an honest peer does, answering for Mallory, until what it holds fits.
    pub(super) async fn follows(
        &mut self,
        wire: &mut Wire,
        home: &Home,
        what: &str,
        fits: impl Fn(&State) -> bool,
    ) {
        while !fits(&self.story.state) {
            match wire.hears(what, |_| true).await {
                Frame::Lookup { id, .. } => {
                    let number = Some(AccountNumber(1));
                    wire.says(&Frame::Account { id, number }).await;
                }
                Frame::Batch(batch) => {
                    let cursor = batch.cursor.clone();
                    let wants = self.takes(home, batch);
                    if !wants.is_empty() {
                        wire.says(&Frame::Want(wants)).await;
                    }
                    if let Some(cursor) = cursor {
                        wire.says(&Frame::Ack { cursor, exceptions: vec![] }).await;
                    }
                }
                _ => {}
            }
        }
    }

    /// Takes a batch of a node; what it needs before it.
    fn takes(&mut self, home: &Home, batch: Batch) -> Vec<Want> {
        let taken = self.story.tell(Command::PeerBatch {
            peer: home.lineage,
            frame: Frame::Batch(batch).encode().into(),
            cursor: None,
            unix_ms: clock::unix_ms(),
            random: clock::random(),
            rewinds: vec![],
        });
        let Answer::Ranges(reports) = taken.answer else { panic!("{:?}", taken.answer) };
        let lacking = reports.into_iter().flat_map(|report| match report.outcome {
            RangeOutcome::Gap { from } => [Some(Want { log: report.log, from }), None],
            RangeOutcome::Held { awaits, .. } => awaits,
            _ => [None; 2],
        });
        lacking.flatten().collect()
    }
}

/// Subscribes to a node's feed from its beginning.
pub(super) async fn subscribes(wire: &mut Wire) {
    wire.says(&Frame::Resume { cursor: None }).await;
    wire.hears("a resync", |frame| *frame == Frame::Resync).await;
    wire.says(&Frame::Vector { entries: vec![], more: false }).await;
}

/// The rogue's end of a link.
pub(super) struct Wire(pub(super) Link);

impl Wire {
    pub(super) async fn says(&self, frame: &Frame) {
        self.says_bytes(frame.class(), frame.encode()).await;
    }

    pub(super) async fn says_bytes(&self, class: Class, bytes: Vec<u8>) {
        soon(self.0.send(class, bytes)).await.unwrap();
    }

    pub(super) async fn shows(&self, batch: &Batch) {
        self.says(&Frame::Batch(batch.clone())).await;
    }

    /// The next frame that fits.
    pub(super) async fn hears(&mut self, what: &str, fits: impl Fn(&Frame) -> bool) -> Frame {
        loop {
            let received = soon(self.0.recv()).await;
            let (_, bytes) = received.unwrap_or_else(|error| panic!("no {what}: {error:?}"));
            let frame = Frame::decode(&bytes).unwrap();
            if fits(&frame) {
                return frame;
            }
            assert!(!matches!(frame, Frame::Goodbye { .. }), "{frame:?} instead of {what}");
        }
    }

    /// The codes of what was not taken, in the acknowledgement of a cursor.
    pub(super) async fn is_acknowledged(&mut self, batch: &Batch) -> Vec<Code> {
        let wanted = batch.cursor.clone().unwrap();
        let is_it = |frame: &Frame| matches!(frame, Frame::Ack { cursor, .. } if *cursor == wanted);
        let Frame::Ack { exceptions, .. } = self.hears("an acknowledgement", is_it).await else {
            unreachable!()
        };
        exceptions.iter().map(|e| Code::from_number(e.code).unwrap()).collect()
    }

    /// Asks for an account.
    pub(super) async fn looks_up(&mut self, name: &str) -> AccountNumber {
        self.says(&Frame::Lookup { id: 1, name: name.to_owned() }).await;
        let found = self.hears("an account", |frame| matches!(frame, Frame::Account { .. })).await;
        let Frame::Account { number, .. } = found else { unreachable!() };
        number.unwrap()
    }

    /// How the other end ends the link: its code.
    pub(super) async fn ends(mut self) -> Code {
        loop {
            match soon(self.0.recv()).await {
                Ok((_, bytes)) => {
                    if let Frame::Goodbye { code } = Frame::decode(&bytes).unwrap() {
                        return Code::from_number(code).unwrap();
                    }
                }
                Err(LinkError::Closed(CloseReason::Peer(Some(code)))) => return code,
                Err(error) => panic!("{error:?}"),
            }
        }
    }
}
