//! A node of the simulation: the product's writer, journal, store, feed and link ends over disks in
//! memory. Only what production does with threads and sockets is done by calls here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use comity::disk::{MemoryDisk, Tear};
use comity::edge::peer::{Exchange, LinkEnd};
use comity::feed::Hub;
use comity::journal::{self, FileJournal};
use comity::presence::{PresenceSettings, Presences};
use comity::store::{self, Store, StoreId};
use comity::writer::{Flushing, Proposal, Reply, Shared, Writer, WriterSettings};
use comity_identity::NodeKey;
use comity_machine::{Answer, Command};
use comity_protocol::cursor::Pos;
use comity_protocol::frame::WireLog;
use comity_protocol::hash::Hash;
use comity_protocol::id::{LineageId, WriterId};
use comity_protocol::key::lineage_id;
use comity_protocol::name::ServerName;
use comity_replica::Dialer;

use crate::agenda::{Agenda, Event};
use crate::archive::{Archive, Remembering};
use crate::dice::Dice;
use crate::net::ConnectionId;
use crate::rogue::Rogue;

/// Who an organisation is, as DNS says it.
#[derive(Clone)]
pub(crate) struct Organisation {
    pub(crate) domain: ServerName,
    pub(crate) key: Arc<NodeKey>,
    pub(crate) recovery: Hash,
    pub(crate) lineage: LineageId,
}

impl Organisation {
    pub(crate) fn new(number: u8) -> Option<Self> {
        let domain: ServerName = format!("n{number}.test").parse().ok()?;
        let key = NodeKey::from_seed(&[number + 1; 32]);
        let recovery = Hash([number + 101; 32]);
        let lineage = lineage_id(&domain, &key.public(), &recovery);
        Some(Self { domain, key: Arc::new(key), recovery, lineage })
    }
}

/// What a node's disks hold.
#[derive(Clone)]
pub(crate) struct Disks {
    pub(crate) store: MemoryDisk,
    pub(crate) journal: MemoryDisk,
    pub(crate) archive: Archive,
}

impl Disks {
    fn new() -> Self {
        let (store, journal) = (MemoryDisk::new(), MemoryDisk::new());
        Self { store, journal, archive: Archive::default() }
    }

    /// What would be found if the power went now; these go on.
    pub(crate) fn image(&self) -> Self {
        Self {
            store: self.store.image(Tear::Nothing),
            journal: self.journal.image(Tear::Nothing),
            archive: self.archive.copy(),
        }
    }

    /// What is found after the power went, with what was not synced torn.
    fn crash(&self, dice: &mut Dice) -> Self {
        let mut tear = || match dice.below(4) {
            0 => Tear::Nothing,
            1 => Tear::Everything,
            2 => Tear::Prefix(dice.below(40_000)),
            _ => Tear::Sectors(dice.next()),
        };
        Self {
            store: self.store.crash(tear()),
            journal: self.journal.crash(tear()),
            archive: self.archive.clone(),
        }
    }

    pub(crate) fn are_dead(&self) -> bool {
        self.store.is_dead() || self.journal.is_dead()
    }
}

/// Who waits for an answer of the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiter {
    /// A user's device.
    Device { user: usize, nonce: u64 },
    /// A link whose peer is being made known.
    Introduced(ConnectionId),
    /// A proof that a log has two histories, which part at a record.
    Fork { log: WireLog, seq: u64 },
    /// A link whose answer to an ask for history is being applied.
    History(ConnectionId),
    /// A link whose batch is being applied.
    Link(ConnectionId),
    /// Nobody waits.
    Nobody,
    /// The node itself, for what it holds of a forked log.
    Settled,
    /// The node itself, for what time has come for.
    Wake,
}

pub(crate) type Answers = Arc<Mutex<Vec<(Waiter, Answer)>>>;

/// A node.
pub(crate) struct Node {
    pub(crate) index: usize,
    pub(crate) own: Organisation,
    pub(crate) disks: Disks,
    pub(crate) dice: Dice,
    /// How far its clock is ahead, or behind.
    pub(crate) skew_ms: i64,
    /// Time in which nothing happened, for everybody's clock alike.
    pub(crate) passed_ms: i64,
    /// How long its disk takes at most.
    pub(crate) disk_ms: u64,
    pub(crate) run: Option<Run>,
    /// How often its process has started.
    pub(crate) runs: u64,
    /// How often it came back with an older copy of its disks.
    pub(crate) rollbacks: u64,
    /// Older copies of its disks.
    pub(crate) images: Vec<Disks>,
    /// What it has made up, where it is hostile.
    pub(crate) rogue: Rogue,
}

/// A running process.
pub(crate) struct Run {
    pub(crate) number: u64,
    pub(crate) writer: Writer,
    pub(crate) shared: Arc<Shared>,
    pub(crate) hub: Hub,
    pub(crate) exchange: Arc<Exchange>,
    pub(crate) dialer: Dialer,
    pub(crate) links: BTreeMap<ConnectionId, NodeLink>,
    pub(crate) queue: Vec<Proposal>,
    pub(crate) answers: Answers,
    pub(crate) is_stepping: bool,
    pub(crate) is_storing: bool,
    /// Whether the state is being told that time has come for something.
    pub(crate) is_waking: bool,
    /// Forked logs that it says at the moment what it holds of.
    pub(crate) settling: usize,
    /// When it is woken next.
    pub(crate) wake_ms: Option<u64>,
    /// How often history had come within reach when its links were last told.
    pub(crate) filling_seen: u64,
    /// The proofs of forks that its links were told of.
    pub(crate) forks_seen: u64,
}

/// One of a node's links.
pub(crate) struct NodeLink {
    pub(crate) end: LinkEnd,
    /// The node at the other end.
    pub(crate) peer: usize,
    /// Whom we dialled, where we did.
    pub(crate) dialled: Option<ServerName>,
    /// The peer's domain, while this link counts as the one that is up.
    pub(crate) counts_for: Option<ServerName>,
}

/// The journal and the store are small, so that segments, trims and commits are many. A segment
/// holds a peer's largest batch.
const JOURNAL_BYTES_MAX: u64 = 4 << 20;
const SEGMENT_BYTES: u64 = 2 << 20;
const STORE_CACHE_BYTES: usize = 4 << 20;
const WRITER: WriterSettings = WriterSettings {
    commands_max: 64,
    seal_bytes: 128 << 10,
    seal_after: Duration::from_secs(1),
    overlay_bytes_max: 512 << 10,
    flushing: Flushing::ByHand,
    scrub_after: SCRUB_AFTER,
};
/// When a disk is cleaned of what was erased. It costs more than all else; now and then it is soon
/// enough to meet a fault.
const SCRUB_AFTER: Duration = Duration::from_secs(60);
const SCRUB_SOON: Duration = Duration::from_secs(15);

impl Node {
    pub(crate) fn new(index: usize, own: Organisation, dice: Dice) -> Self {
        Self {
            index,
            own,
            disks: Disks::new(),
            dice,
            skew_ms: 0,
            passed_ms: 0,
            disk_ms: DISK_MS,
            run: None,
            runs: 0,
            rollbacks: 0,
            images: Vec::new(),
            rogue: Rogue::default(),
        }
    }

    /// Where days pass, one does after the storm: what had to wait for it shows.
    pub(crate) fn pass_last_day(&mut self) {
        if self.passed_ms > 0 {
            self.passed_ms += DAY_MS;
        }
    }

    /// How far its clock is ahead of the world's.
    pub(crate) fn ahead_ms(&self) -> i64 {
        self.passed_ms + self.skew_ms
    }

    /// What its clock shows.
    pub(crate) fn unix_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_add_signed(self.ahead_ms())
    }

    /// Starts the process: opens what is on disk, and says so in the first commands of the run.
    pub(crate) fn start(&mut self, now_ms: u64, founding: Vec<Command>) -> Result<(), String> {
        let mut writer = self.open_writer(now_ms)?;
        self.begin(&mut writer, now_ms, founding)?;
        self.runs += 1;
        let (shared, hub) = (writer.shared(), Hub::default());
        hub.start_at(Pos::new(writer.applied(), u16::MAX));
        writer.set_listener(Box::new(hub.clone()));
        self.run = Some(Run {
            number: self.runs,
            exchange: Arc::new(self.exchange(&shared, &hub)),
            writer,
            shared,
            hub,
            dialer: Dialer::new(),
            links: BTreeMap::new(),
            queue: Vec::new(),
            answers: Answers::default(),
            is_stepping: false,
            is_storing: false,
            is_waking: false,
            settling: 0,
            wake_ms: None,
            filling_seen: 0,
            forks_seen: 0,
        });
        if let Some(run) = &self.run {
            run.exchange.filling.refresh();
        }
        Ok(())
    }

    fn open_writer(&mut self, now_ms: u64) -> Result<Writer, String> {
        let (store_disk, journal_disk) = (self.disks.store.clone(), self.disks.journal.clone());
        let settings = store::Settings { cache_bytes: STORE_CACHE_BYTES };
        let new_id = StoreId(self.dice.bytes());
        let store = Store::open(Arc::new(store_disk), "comity.redb", settings, new_id);
        let store = Arc::new(store.map_err(|error| format!("the store: {error}"))?);
        let applied = store.snapshot().map_err(|error| format!("the store: {error}"))?.applied();
        let settings = journal::Settings {
            bytes_max: JOURNAL_BYTES_MAX,
            segment_bytes: SEGMENT_BYTES,
            salt: self.dice.next(),
        };
        let journal = FileJournal::open(Arc::new(journal_disk), settings, applied);
        let journal = journal.map_err(|error| format!("the journal: {error}"))?;
        let journal = Box::new(Remembering::new(journal, self.disks.archive.clone()));
        let is_soon = self.dice.per_mille(150);
        let scrub_after = if is_soon { SCRUB_SOON } else { SCRUB_AFTER };
        let settings = WriterSettings { scrub_after, ..WRITER };
        Writer::open(journal, store, settings, now_ms).map_err(|error| error.to_string())
    }

    fn exchange(&mut self, shared: &Arc<Shared>, hub: &Hub) -> Exchange {
        let blinds = Mutex::new(self.dice.fork());
        let draw = move || blinds.lock().unwrap_or_else(PoisonError::into_inner).bytes();
        let Organisation { domain, lineage, key, .. } = &self.own;
        let presences = Presences::new(Arc::clone(shared), PresenceSettings::default());
        let parts = (Arc::clone(shared), hub.clone(), presences);
        Exchange::new(domain.clone(), *lineage, Arc::clone(key), parts, Box::new(draw))
    }

    /// The first commands of a run, as the homeserver gives them; `founding` follow the very first.
    fn begin(
        &mut self,
        writer: &mut Writer,
        now_ms: u64,
        founding: Vec<Command>,
    ) -> Result<(), String> {
        let seconds = u32::try_from(self.unix_ms(now_ms) / 1_000).unwrap_or(u32::MAX);
        let random = u32::try_from(self.dice.below(1 << 32)).unwrap_or_default();
        let (start, store) = (self.dice.next().max(1), self.dice.next().max(1));
        let is_new = writer.shared().state().identity.is_none();
        let mut commands = Vec::new();
        if is_new {
            commands.push(Command::Found {
                domain: self.own.domain.to_string(),
                key: self.own.key.public(),
                recovery: self.own.recovery,
                store,
            });
        }
        commands.push(Command::Start { start, writer: WriterId::new(seconds, random) });
        commands.extend(founding.into_iter().filter(|_| is_new));
        let unheard = |command| Proposal { command, reply: Reply::Call(Box::new(|_| {})) };
        let proposals: Vec<Proposal> = commands.into_iter().map(unheard).collect();
        writer.step(proposals, now_ms).map_err(|error| error.to_string())
    }

    /// The power goes. What was not synced is torn; the links that there were, with their peers.
    pub(crate) fn crash(&mut self) -> Vec<(ConnectionId, usize)> {
        // First the disks: what the parts write as they are dropped must not count.
        self.disks = self.disks.crash(&mut self.dice);
        let links = self.run.take().map(|run| run.links).unwrap_or_default();
        links.into_iter().map(|(id, link)| (id, link.peer)).collect()
    }

    /// Queues a command, as a handle of the writer does.
    pub(crate) fn propose(&mut self, command: Command, waiter: Waiter, agenda: &mut Agenda) {
        let late_ms = 1 + self.dice.below(self.disk_ms);
        let Some(run) = &mut self.run else { return };
        let proposal = proposal(command, waiter, run);
        run.queue.push(proposal);
        if !std::mem::replace(&mut run.is_stepping, true) {
            agenda.after(late_ms, Event::Step { node: self.index, run: run.number });
        }
    }
}

/// A day and some more, in ms.
pub(crate) const DAY_MS: i64 = 25 * 3_600_000;
/// How long an ordinary disk takes.
pub(crate) const DISK_MS: u64 = 4;

fn proposal(command: Command, waiter: Waiter, run: &Run) -> Proposal {
    let answers = Arc::clone(&run.answers);
    let answer = move |answer| {
        answers.lock().unwrap_or_else(PoisonError::into_inner).push((waiter, answer));
    };
    Proposal { command, reply: Reply::Call(Box::new(answer)) }
}
