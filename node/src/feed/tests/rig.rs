//! A writer with a hub that listens, and people who talk.

use std::sync::{Arc, Mutex};

use comity_machine::{Act, Answer, Applied, Command, DeviceId, GroupAct, Subscriber};
use comity_protocol::control::{ControlAct, Target};
use comity_protocol::cursor::{Cursor, Pos};
use comity_protocol::id::{AccountNumber, ChannelId};

use crate::disk::{MemoryDisk, Tear};
use crate::feed::{Hub, Item, Opened, Subscription, Yield};
use crate::writer::tests::rig::{EAGER, LAZY, Rig};
use crate::writer::tests::story::{Story, perform, start};
use crate::writer::{Listener, WriterSettings};

const JOURNAL: crate::journal::Settings =
    crate::journal::Settings { bytes_max: 32 << 20, segment_bytes: 8 << 20, salt: 7 };

/// Everything that was published, as the hub heard it.
type Published = Arc<Mutex<Vec<Applied>>>;

struct Ear {
    hub: Hub,
    published: Published,
}

impl Listener for Ear {
    fn published(&mut self, applied: Vec<Applied>, logged_out: &[DeviceId]) {
        self.published.lock().unwrap().extend(applied.iter().cloned());
        self.hub.published(applied, logged_out);
    }
}

/// A running node as far as its feed: Alice (1), Bob (2) and Carol (3), each on a device of the
/// same number.
pub(crate) struct Town {
    pub(crate) rig: Rig,
    pub(crate) hub: Hub,
    pub(crate) published: Published,
    acts: u64,
    runs: u64,
}

impl Town {
    pub(crate) fn begin() -> Self {
        Self::begin_with(LAZY)
    }

    /// The store takes each step at once, so that nothing is read from memory for long.
    pub(crate) fn begin_stored() -> Self {
        Self::begin_with(EAGER)
    }

    fn begin_with(settings: WriterSettings) -> Self {
        let mut rig = Rig::open(&MemoryDisk::new(), settings, JOURNAL).unwrap();
        let story = Story::begin("acme.test", 1, &["alice", "bob", "carol"]);
        rig.step(story.commands).1.unwrap();
        Self::listening(rig, 0)
    }

    fn listening(mut rig: Rig, acts: u64) -> Self {
        let hub = Hub::default();
        hub.start_at(Pos::new(rig.writer.applied(), u16::MAX));
        let published = Published::default();
        let ear = Ear { hub: hub.clone(), published: Arc::clone(&published) };
        rig.writer.set_listener(Box::new(ear));
        Self { rig, hub, published, acts, runs: 1 }
    }

    /// The power goes, and the node starts again.
    pub(crate) fn crash(&mut self) {
        let disk = self.rig.disk.crash(Tear::Nothing);
        let mut rig = Rig::open(&disk, LAZY, JOURNAL).unwrap();
        self.runs += 1;
        rig.ask(start(1_000 + self.runs));
        let runs = self.runs;
        *self = Self { runs, ..Self::listening(rig, self.acts) };
    }

    pub(crate) fn ask(&mut self, command: Command) -> Answer {
        self.rig.ask(command)
    }

    pub(crate) fn act(&mut self, account: u64, act: Act) -> Answer {
        self.acts += 1;
        self.ask(perform(account, None, self.acts, act))
    }

    pub(crate) fn says(&mut self, account: u64, channel: ChannelId, text: &str) -> Pos {
        match self.act(account, Act::send(channel, text)) {
            Answer::Stored { pos, .. } => pos,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn direct(&mut self, account: u64, with: u64) -> ChannelId {
        let label = format!("{}@acme.test", NAMES[with as usize - 1]);
        let account_id = self.rig.shared().state().account_id(AccountNumber(with));
        self.channel(account, Act::OpenDirect { account: account_id, label })
    }

    pub(crate) fn channel(&mut self, account: u64, act: Act) -> ChannelId {
        match self.act(account, act) {
            Answer::Channel(channel) => channel,
            other => panic!("{other:?}"),
        }
    }

    /// A group of Alice's.
    pub(crate) fn group(&mut self) -> ChannelId {
        let (name, topic) = ("lunch".to_owned(), String::new());
        self.channel(1, Act::CreateGroup { name, topic, member_limit: 100 })
    }

    pub(crate) fn invite(&mut self, group: ChannelId, whom: u64) {
        let label = format!("{}@acme.test", NAMES[whom as usize - 1]);
        let account = self.rig.shared().state().account_id(AccountNumber(whom));
        let invite = Act::Invite { channel: group, account, label };
        assert!(!matches!(self.act(1, invite), Answer::Refused(_)));
    }

    pub(crate) fn accept(&mut self, group: ChannelId, who: u64) {
        let accepted = self.act(who, Act::Accept { channel: group });
        assert!(!matches!(accepted, Answer::Refused(_)), "{accepted:?}");
    }

    pub(crate) fn remove(&mut self, group: ChannelId, whom: u64) {
        let account = self.rig.shared().state().account_id(AccountNumber(whom));
        let removed = self.act(
            1,
            Act::Govern {
                channel: group,
                act: GroupAct(Box::new(ControlAct::Remove(Target { account }))),
            },
        );
        assert!(!matches!(removed, Answer::Refused(_)), "{removed:?}");
    }

    pub(crate) fn follow(&self, account: u64, cursor: Option<Cursor>) -> Opened {
        let subscriber = Subscriber::Account(AccountNumber(account));
        let shared = self.rig.shared();
        Subscription::open(&self.hub, &shared, subscriber, Some(DeviceId(account)), cursor)
    }

    /// What was published for an account from some record on.
    pub(crate) fn published_for(&self, account: u64, from: usize) -> Vec<Pos> {
        let account = AccountNumber(account);
        let published = self.published.lock().unwrap();
        let sees = |applied: &&Applied| {
            applied.audience.contains(&Subscriber::Account(account))
                || applied.inbox.contains(&account)
        };
        published[from..].iter().filter(sees).map(|applied| applied.pos).collect()
    }

    pub(crate) fn published_count(&self) -> usize {
        self.published.lock().unwrap().len()
    }
}

pub(crate) const NAMES: [&str; 3] = ["alice", "bob", "carol"];

/// The records that are there for a subscription now, at most `max` at a time.
pub(crate) fn take(subscription: &mut Subscription, max: usize) -> Option<Vec<Arc<Item>>> {
    match subscription.try_next(max) {
        Some(Yield::Items(items)) => {
            assert!(!items.is_empty() && items.len() <= max);
            Some(items)
        }
        Some(other) => panic!("{other:?}"),
        None => None,
    }
}

/// All records that are there for a subscription now.
pub(crate) fn drain(subscription: &mut Subscription) -> Vec<Pos> {
    std::iter::from_fn(|| take(subscription, 7)).flatten().map(|item| item.applied.pos).collect()
}
