//! One honest link at globex.test, whose peer acme.test the test plays frame by frame.

use comity_machine::{Act, Answer, Applied};
use comity_protocol::cbor::ByteString;
use comity_protocol::code::Code;
use comity_protocol::frame::{Batch, Exception, Frame, LogKind, PEER_VERSION, WireLog};
use comity_protocol::id::{ChannelId, LineageId, LogId};
use comity_protocol::keys::Hello;
use comity_replica::{Action, FedBatch, FedRecord, Link, LinkSettings};

use super::{BEGINNING_MS, Node};

/// globex.test with a link from acme.test, whose frames the test makes.
pub struct Scene {
    pub acme: Node,
    pub globex: Node,
    pub link: Link<u32>,
    pub now_ms: u64,
}

impl Scene {
    /// acme has dialled and said nothing.
    pub fn dialled() -> Self {
        let (mut acme, mut globex) =
            (Node::new("acme.test", 1, "alice"), Node::new("globex.test", 2, "bob"));
        acme.introduce(&globex);
        globex.introduce(&acme);
        let settings = LinkSettings {
            domain: globex.domain(),
            lineage: globex.lineage(),
            start: 7,
            dialled: None,
            changes: Vec::new(),
        };
        Self { acme, link: Link::new(settings, BEGINNING_MS), globex, now_ms: BEGINNING_MS }
    }

    /// acme is who it says, and both have subscribed.
    pub fn up() -> Self {
        let mut scene = Self::dialled();
        scene.hand(hello());
        scene.link.handle_identified(Ok(()), scene.now_ms);
        let actions = scene.drain();
        assert!(matches!(
            actions[..],
            [
                Action::Identify { .. },
                Action::Send(Frame::Hello(_)),
                Action::Up { start: 5, .. },
                Action::Resume
            ]
        ));
        scene.link.resume(None);
        assert_eq!(scene.drain(), [Action::Send(Frame::Resume { cursor: None })]);
        scene
    }

    /// globex feeds acme and has sent one batch, of one record.
    pub fn feeding() -> Self {
        let mut scene = Self::up();
        scene.hand(Frame::Resume { cursor: None });
        scene.link.handle_feed_opened(false);
        let opened = [Action::OpenFeed { cursor: None }, Action::ReadFeed, Action::StateHeads];
        assert_eq!(scene.drain(), opened);
        scene.feed(1);
        scene
    }

    /// Answers `ReadFeed` with a batch of one record, `seq` of a log, that ends at a cursor of that
    /// number.
    pub fn feed(&mut self, seq: u8) {
        let batch = Batch { checkpoints: vec![], ranges: vec![], cursor: Some(cursor(seq)) };
        let record = FedRecord { log: fed_log(), seq: seq.into(), token: seq.into() };
        self.link.handle_feed(FedBatch { batch, records: vec![record] }, self.now_ms);
        self.drain();
    }

    pub fn hand(&mut self, frame: Frame) {
        self.link.handle_frame((frame.class(), frame.encode()), &self.globex.keys(), self.now_ms);
    }

    pub fn drain(&mut self) -> Vec<Action<u32>> {
        std::iter::from_fn(|| self.link.poll_action()).collect()
    }

    /// What alice says to bob, as acme would frame it.
    pub fn batch(&mut self, texts: &[&str]) -> Batch {
        let bob = self.globex.user();
        for text in texts {
            self.acme.say(bob.clone(), text, self.now_ms);
        }
        let log = LogId::from(self.acme.direct_log());
        let said: Vec<Applied> =
            self.acme.records.iter().filter(|r| r.log == log).cloned().collect();
        Batch { cursor: Some(cursor(1)), ..self.acme.batch(&said) }
    }

    /// What acme would frame of its log in the direct channel, and of the one in the link channel.
    pub fn two_logs(&mut self) -> (Batch, Batch) {
        let direct = self.batch(&["hello"]);
        let create = Act::CreateGroup { name: "plans".into(), topic: "".into(), member_limit: 9 };
        let created = self.acme.act(create, self.now_ms);
        let Answer::Channel(channel) = created else { panic!("{created:?}") };
        let (account, label) = self.globex.user();
        self.acme.act(Act::Invite { channel, account, label }, self.now_ms);
        let invitation = self.acme.records.last().unwrap().clone();
        (direct, self.acme.batch(&[invitation]))
    }

    /// Hands a frame over and expects the link to end with a goodbye of this code.
    pub fn refuses(&mut self, frame: Frame, code: Code) {
        self.drain();
        self.hand(frame);
        self.ended(code);
    }

    pub fn ended(&mut self, code: Code) {
        let mut actions = self.drain();
        let goodbye = Action::Send(Frame::Goodbye { code: code.number() });
        let end = actions.split_off(actions.len().saturating_sub(2));
        assert_eq!(end, [goodbye, Action::Close(code)]);
        // Who is slow may be flooding us or be slow; who is of another version does no wrong.
        if code != Code::PeerTooSlow {
            let is_misconduct = code != Code::VersionUnsupported;
            assert_eq!(actions.contains(&Action::Misconduct(code)), is_misconduct);
        }
        assert!(self.link.is_closed() && self.link.poll_timeout().is_none());
        // What comes after changes nothing.
        self.hand(Frame::Resync);
        assert_eq!(self.drain(), []);
    }

    /// Lets what is to be applied be applied by the real state.
    pub fn apply(&mut self) -> Vec<Action<u32>> {
        let acme = self.acme.lineage();
        let mut others = Vec::new();
        while let Some(action) = self.link.poll_action() {
            match action {
                Action::Apply { frame, cursor, .. } => {
                    let fates = self.globex.take(acme, frame, cursor, self.now_ms);
                    self.link.handle_applied(&fates, self.now_ms);
                }
                other => others.push(other),
            }
        }
        others
    }
}

pub fn hello() -> Frame {
    hello_from("acme.test", "globex.test", vec![PEER_VERSION])
}

pub fn hello_from(from: &str, to: &str, versions: Vec<u16>) -> Frame {
    let acme = Node::new("acme.test", 1, "alice");
    Frame::Hello(Hello {
        from: from.into(),
        to: to.into(),
        lineage: acme.lineage(),
        start: 5,
        versions,
        changes: None,
    })
}

pub fn cursor(number: u8) -> ByteString {
    vec![number; 24].into()
}

pub fn fed_log() -> WireLog {
    let origin = LineageId([5; 32]);
    WireLog { channel: ChannelId([4; 32]), kind: LogKind::Message, origin, number: 6 }
}

pub fn acknowledge(number: u8, exceptions: Vec<Exception>) -> Frame {
    Frame::Ack { cursor: cursor(number), exceptions }
}
