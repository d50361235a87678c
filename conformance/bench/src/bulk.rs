//! Messages in bulk through the pure parts of a node, in this thread and without a disk: what it
//! costs to apply one that was written here, and to verify and apply those of a peer.

use std::time::{Duration, Instant};

use comity_identity::{NodeKey, RecoveryKey};
use comity_machine::{
    Act, Answer, Applied, Command, DeviceId, Effects, Outcome, RangeOutcome, SignUpRule, State,
};
use comity_protocol::cbor::ByteString;
use comity_protocol::chain::ChainEnd;
use comity_protocol::frame::{Batch, Class, Frame, Range};
use comity_protocol::hash::{Hash, Hasher, tag};
use comity_protocol::head::{Head, prove};
use comity_protocol::id::{AccountId, AccountNumber, ChannelId, LineageId, LogId, WriterId};
use comity_protocol::key::{KeyId, NodePublicKey};
use comity_protocol::keys::Hello;
use comity_protocol::limits::BATCH_RECORDS_MAX;
use comity_replica::{Action, Fate, Keys, Link, LinkSettings};

use crate::Failure;
use crate::row::Row;

/// The figures of this bench.
pub(crate) const NAMES: [&str; 3] = ["apply.us", "apply.peer_us", "catchup.verify_cpu_us"];

/// Measures.
pub(crate) fn measure() -> Result<Vec<Row>, Failure> {
    let (mut acme, mut globex) =
        (Organisation::new("acme.test", 1)?, Organisation::new("globex.test", 2)?);
    acme.introduce(&globex)?;
    globex.introduce(&acme)?;
    let channels = acme.open_channels(&globex)?;
    let (records, written) = acme.write(&channels)?;
    let batches = acme.batches(&records)?;
    let hashed = hash_all(&records);
    let took = globex.take(&acme, batches)?;
    let chained = chain_all(&records);
    let per_message = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(MESSAGES);
    let floor = per_message(hashed);
    Ok(vec![
        Row::new(NAMES[0], per_message(written), "µs").over(floor),
        Row::new(NAMES[1], per_message(took.applying), "µs").over(floor),
        Row::new(NAMES[2], per_message(took.verifying + chained), "µs").over(floor),
    ])
}

/// A node without its disk: the state, and the key.
struct Organisation {
    state: State,
    key: NodeKey,
    recovery: RecoveryKey,
    commands: u64,
    now_ms: u64,
}

/// How long batches of a peer took.
#[derive(Default)]
struct Took {
    /// Decoding them, and proving the heads of their ranges.
    verifying: Duration,
    /// Applying them, in which records are chained to the heads.
    applying: Duration,
}

impl Organisation {
    fn new(domain: &str, number: u8) -> Result<Self, Failure> {
        let key = NodeKey::from_seed(&[number; 32]);
        let recovery = RecoveryKey::from_seed(&[number + 100; 32]);
        let mut new =
            Self { state: State::default(), key, recovery, commands: 0, now_ms: BEGINNING_MS };
        let (key, recovery) = (new.key.public(), new.recovery.hash());
        new.order(Command::Found { domain: domain.into(), key, recovery, store: 1 })?;
        new.order(Command::Start { start: 1, writer: WriterId::new(1, u32::from(number)) })?;
        for number in 1..=USERS {
            let (account, unix_ms) = (AccountNumber(number), BEGINNING_MS);
            let (name, password) = (format!("user{number}"), String::new());
            let rule = SignUpRule::Admin;
            new.order(Command::CreateAccount { number: account, name, password, rule, unix_ms })?;
            let (device, token) = (DeviceId(number), Hasher::new(tag::TOKEN).int(number).finish());
            let (name, devices_max) = (String::new(), 1);
            new.order(Command::AddDevice { account, device, name, token, unix_ms, devices_max })?;
        }
        Ok(new)
    }

    fn introduce(&mut self, other: &Self) -> Result<(), Failure> {
        let (key, recovery) = (other.key.public(), other.recovery.hash());
        self.order(Command::Introduce { domain: other.state.domain().to_owned(), key, recovery })?;
        Ok(())
    }

    fn apply(&mut self, command: &Command) -> Effects {
        self.commands += 1;
        self.state.apply(self.commands, command)
    }

    fn order(&mut self, command: Command) -> Result<Effects, Failure> {
        let effects = self.apply(&command);
        match &effects.answer {
            Answer::Refused(code) => Err(format!("refused: {code:?}").into()),
            _ => Ok(effects),
        }
    }

    fn perform(&mut self, user: u64, nonce: u64, act: Act) -> Command {
        self.now_ms += 1;
        let (account, device, unix_ms) = (AccountNumber(user), DeviceId(user), self.now_ms);
        let random = Hasher::new(tag::DERIVED).int(self.now_ms).finish().0;
        Command::Perform { account, device, nonce: Some(nonce), unix_ms, random, act }
    }

    /// A direct channel of each user with the one of the same number there.
    fn open_channels(&mut self, other: &Self) -> Result<Vec<ChannelId>, Failure> {
        let open = |user| {
            let account = AccountId { lineage: other.state.lineage(), number: AccountNumber(user) };
            let label = format!("user{user}@{}", other.state.domain());
            let command = self.perform(user, 1, Act::OpenDirect { account, label });
            match self.order(command)?.answer {
                Answer::Channel(channel) => Ok(channel),
                answer => Err(format!("no channel: {answer:?}").into()),
            }
        };
        (1..=USERS).map(open).collect()
    }

    /// Writes all messages, of all users in turn: the records, and how long it took to apply them.
    fn write(&mut self, channels: &[ChannelId]) -> Result<(Vec<Applied>, Duration), Failure> {
        let (mut records, mut took) = (Vec::new(), Duration::ZERO);
        let all: Vec<u32> = (0..MESSAGES).collect();
        for numbers in all.chunks(STEP) {
            let commands: Vec<Command> = numbers
                .iter()
                .map(|number| {
                    let user = u64::from(*number) % USERS + 1;
                    let channel = channels[usize::try_from(user - 1).unwrap_or_default()];
                    let nonce = u64::from(*number) / USERS + 2;
                    self.perform(user, nonce, Act::send(channel, text(*number)))
                })
                .collect();
            let begin = Instant::now();
            let effects: Vec<Effects> =
                commands.iter().map(|command| self.apply(command)).collect();
            took += begin.elapsed();
            records.extend(effects.into_iter().flat_map(|effects| effects.applied));
        }
        let stored = records.iter().filter(|applied| applied.outcome == Outcome::Accepted).count();
        if stored < MESSAGES as usize {
            Err("not all is stored".into())
        } else {
            Ok((records, took))
        }
    }

    /// The frames of a feed of these records, as a node makes them of what waits for a peer.
    fn batches(&self, records: &[Applied]) -> Result<Vec<Vec<u8>>, Failure> {
        let frames = records.chunks(BATCH_RECORDS_MAX).zip(1_u64..).map(|(records, number)| {
            let mut logs: Vec<LogId> = records.iter().map(|applied| applied.log).collect();
            logs.sort_unstable();
            logs.dedup();
            let parts: Vec<Vec<&Applied>> = logs
                .iter()
                .map(|log| records.iter().filter(|applied| applied.log == *log).collect())
                .collect();
            let heads = parts.iter().filter_map(|part: &Vec<&Applied>| {
                let last = part.last()?;
                Some(Head { log: last.log, seq: last.seq, hash: last.hash, time: last.time })
            });
            let heads: Vec<Head> = heads.collect();
            let (key, sign) = (self.key.public(), |message: &[u8]| self.key.sign(message));
            let (domain, lineage) = (self.state.domain(), self.state.lineage());
            let proofs = prove(&heads, &vec![[7; 16]; heads.len()], domain, lineage, &key, sign);
            let checkpoint = proofs.first().ok_or("nothing to prove")?.checkpoint.clone();
            let ranges = parts.iter().zip(proofs).map(|(part, proof)| Range {
                log: part[0].log.into(),
                first: part[0].seq,
                records: part.iter().map(|applied| applied.record.clone()).collect(),
                hash: proof.hash,
                time: proof.time,
                checkpoint: 0,
                inclusion: proof.inclusion,
                start: None,
                above: None,
            });
            let cursor = Some(ByteString(number.to_be_bytes().to_vec()));
            let batch = Batch { checkpoints: vec![checkpoint], ranges: ranges.collect(), cursor };
            Ok(Frame::Batch(batch).encode())
        });
        frames.collect()
    }

    /// Verifies and applies a peer's batches.
    fn take(&mut self, peer: &Self, batches: Vec<Vec<u8>>) -> Result<Took, Failure> {
        let mut link = self.link_with(peer)?;
        let (lineage, mut took) = (peer.state.lineage(), Took::default());
        for bytes in batches {
            let begin = Instant::now();
            link.handle_frame((Class::Feed, bytes), &PeerKeys(&self.state, lineage), self.now_ms);
            let frame = next_batch(&mut link)?;
            took.verifying += begin.elapsed();
            let random = Hasher::new(tag::DERIVED).int(self.commands).finish().0;
            let command = Command::PeerBatch {
                peer: lineage,
                frame: frame.into(),
                cursor: None,
                unix_ms: peer.now_ms,
                random,
                rewinds: Vec::new(),
            };
            let begin = Instant::now();
            let effects = self.apply(&command);
            took.applying += begin.elapsed();
            let Answer::Ranges(reports) = effects.answer else { return Err("not taken".into()) };
            if reports.iter().any(|report| report.outcome != RangeOutcome::Applied) {
                return Err(format!("not all is taken: {reports:?}").into());
            }
            let fates = vec![Fate::Applied; reports.len()];
            link.handle_applied(&fates, self.now_ms);
        }
        Ok(took)
    }

    /// A link that is up.
    fn link_with(&self, peer: &Self) -> Result<Link<()>, Failure> {
        let domain = self.state.domain().parse()?;
        let settings = LinkSettings {
            domain,
            lineage: self.state.lineage(),
            start: 1,
            dialled: None,
            changes: Vec::new(),
        };
        let mut link = Link::new(settings, self.now_ms);
        let hello = Hello {
            from: peer.state.domain().to_owned(),
            to: self.state.domain().to_owned(),
            lineage: peer.state.lineage(),
            start: 2,
            versions: vec![1],
            changes: None,
        };
        let keys = PeerKeys(&self.state, peer.state.lineage());
        link.handle_frame((Class::Link, Frame::Hello(hello).encode()), &keys, self.now_ms);
        while let Some(action) = link.poll_action() {
            match action {
                Action::Identify { .. } => link.handle_identified(Ok(()), self.now_ms),
                Action::Resume => link.resume(None),
                Action::StateVector => link.state_vector(Vec::new()),
                _ => {}
            }
        }
        if link.is_up() && link.wants_read(Class::Feed) { Ok(link) } else { Err("no link".into()) }
    }
}

/// The batch that a link has verified.
fn next_batch(link: &mut Link<()>) -> Result<Vec<u8>, Failure> {
    while let Some(action) = link.poll_action() {
        match action {
            Action::Apply { frame, .. } => return Ok(frame),
            Action::Misconduct(code) | Action::Close(code) => {
                return Err(format!("the link ends: {code:?}").into());
            }
            _ => {}
        }
    }
    Err("no batch was verified".into())
}

struct PeerKeys<'s>(&'s State, LineageId);

impl Keys for PeerKeys<'_> {
    fn origin_key(&self, range: &Range, named: KeyId) -> Option<(LineageId, NodePublicKey)> {
        self.0.origin_key(self.1, range, named)
    }

    fn log_key(&self, log: &LogId, named: KeyId) -> Option<(LineageId, NodePublicKey)> {
        self.0.log_key(log, named)
    }
}

/// Chains all records as they are when they are proven.
fn chain_all(records: &[Applied]) -> Duration {
    let mut ends: Vec<(LogId, ChainEnd)> = Vec::new();
    let begin = Instant::now();
    for applied in records {
        let known = ends.iter_mut().find(|(log, _)| *log == applied.log);
        match known {
            Some((log, end)) => {
                end.push(log, &applied.record.inner());
            }
            None => {
                let mut end = ChainEnd::default();
                end.push(&applied.log, &applied.record.inner());
                ends.push((applied.log, end));
            }
        }
    }
    std::hint::black_box(&ends);
    begin.elapsed()
}

/// The floor: all bytes of the records hashed once, and nothing else.
fn hash_all(records: &[Applied]) -> Duration {
    let bytes: Vec<Vec<u8>> =
        records.iter().map(|applied| vec![b'x'; applied.record.weight()]).collect();
    let begin = Instant::now();
    let mut last = Hash::ZERO;
    for bytes in &bytes {
        last = Hasher::new(tag::INNER).var(bytes).fixed(&last.0).finish();
    }
    std::hint::black_box(last);
    begin.elapsed()
}

/// 100 characters that differ from message to message.
pub(crate) fn text(number: u32) -> String {
    let mut text = String::with_capacity(TEXT_CHARS + 64);
    for part in 0_u64.. {
        if text.len() >= TEXT_CHARS {
            break;
        }
        let hash = Hasher::new(tag::DERIVED).int(u64::from(number)).int(part).finish();
        text.extend(hash.0.iter().map(|byte| char::from(b'a' + byte % 26)));
    }
    text.truncate(TEXT_CHARS);
    text
}

pub(crate) const MESSAGES: u32 = 100_000;
/// Users on each side, and channels.
const USERS: u64 = 20;
/// Commands that are applied in one go.
const STEP: usize = 1_000;
const TEXT_CHARS: usize = 100;
const BEGINNING_MS: u64 = 1_795_404_447_000;
