//! A fixed history of commands with what each must be answered and leave behind, from the pure
//! machine alone.

use comity_identity::NodeKey;
use comity_machine::{
    Act, Answer, Applied, Command, DeviceId, Effects, GroupAct, SignUpRule, State,
};
use comity_protocol::control::{ControlAct, Role, SetRole, Target, Text};
use comity_protocol::frame::{Batch, Frame, Range};
use comity_protocol::hash::Hash;
use comity_protocol::head::{Head, prove};
use comity_protocol::id::{AccountId, AccountNumber, ChannelId, WriterId};

/// The clock of a story's first act.
pub(crate) const NOW_MS: u64 = 1_795_404_447_000;

/// Commands applied to a state of their own.
pub(crate) struct Story {
    pub(crate) key: NodeKey,
    /// The clock of the first act.
    pub(crate) now_ms: u64,
    pub(crate) state: State,
    pub(crate) commands: Vec<Command>,
    pub(crate) answers: Vec<Answer>,
    /// All that came to its logs.
    pub(crate) applied: Vec<Applied>,
    /// The state's bytes after so many commands.
    pub(crate) states: Vec<Vec<u8>>,
}

/// A node key that a test may use; one of a repeated byte everybody knows.
pub(crate) fn key_of(seed: u8) -> NodeKey {
    NodeKey::from_seed(&seed_of(seed))
}

/// The seed of that key.
pub(crate) fn seed_of(seed: u8) -> [u8; 32] {
    let mut bytes = [seed; 32];
    bytes[0] = !seed;
    bytes
}

impl Story {
    /// An organisation with these people on one device each, numbered from 1.
    pub(crate) fn begin(domain: &str, seed: u8, people: &[&str]) -> Self {
        let state = State::default();
        let states = vec![state.to_bytes()];
        let key = key_of(seed);
        let (commands, answers, applied) = (vec![], vec![], vec![]);
        let mut story = Self { key, now_ms: NOW_MS, state, commands, answers, applied, states };
        story.tell(found(domain, seed));
        story.tell(start(u64::from(seed)));
        for (name, number) in people.iter().zip(1..) {
            story.tell(create_account(number, name));
            story.tell(add_device(number, number));
        }
        story
    }

    /// The next command.
    pub(crate) fn tell(&mut self, command: Command) -> Effects {
        let number = self.commands.len() as u64 + 1;
        let effects = self.state.apply(number, &command);
        self.commands.push(command);
        self.answers.push(effects.answer.clone());
        self.applied.extend(effects.applied.iter().cloned());
        self.states.push(self.state.to_bytes());
        effects
    }

    /// The next act of an account, on the device of its number.
    pub(crate) fn act(&mut self, account: u64, nonce: Option<u64>, act: Act) -> Effects {
        let mut command = perform(account, nonce, self.commands.len() as u64, act);
        if let Command::Perform { unix_ms, .. } = &mut command {
            *unix_ms += self.now_ms - NOW_MS;
        }
        self.tell(command)
    }

    /// An act that makes or finds a channel.
    pub(crate) fn channel(&mut self, account: u64, act: Act) -> ChannelId {
        match self.act(account, None, act).answer {
            Answer::Channel(channel) => channel,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn sends(&mut self, account: u64, channel: ChannelId, text: &str) -> Effects {
        self.act(account, None, Act::send(channel, text))
    }

    pub(crate) fn account(&self, number: u64) -> AccountId {
        self.state.account_id(AccountNumber(number))
    }

    pub(crate) fn introduces(&mut self, other: &Story) {
        let domain = other.state.domain().to_owned();
        let recovery = other.state.identity.as_ref().unwrap().recovery;
        self.tell(Command::Introduce { domain, key: other.key.public(), recovery });
    }

    /// What this organisation's feed shows of records, as a batch of one range for each.
    pub(crate) fn batch(&self, applied: &[Applied]) -> Batch {
        let heads: Vec<Head> = applied.iter().map(head).collect();
        let blinds = vec![[9; 16]; heads.len()];
        let (domain, lineage) = (self.state.domain(), self.state.lineage());
        let sign = |bytes: &[u8]| self.key.sign(bytes);
        let proofs = prove(&heads, &blinds, domain, lineage, &self.key.public(), sign);
        let checkpoints = proofs.first().map(|proof| proof.checkpoint.clone());
        let ranges = applied.iter().zip(proofs).map(|(applied, proof)| Range {
            log: applied.log.into(),
            first: applied.seq,
            records: vec![applied.record.clone()],
            hash: applied.hash,
            time: applied.time,
            checkpoint: 0,
            inclusion: proof.inclusion,
            start: None,
            above: None,
        });
        let cursor = applied.last().map(|last| last.pos.0.to_be_bytes().to_vec().into());
        Batch { checkpoints: checkpoints.into_iter().collect(), ranges: ranges.collect(), cursor }
    }

    /// Takes another organisation's records, as the peers' edge would propose them.
    pub(crate) fn hears(&mut self, other: &Story, applied: &[Applied]) -> Effects {
        let batch = other.batch(applied);
        let cursor = batch.cursor.clone();
        self.tell(Command::PeerBatch {
            peer: other.state.lineage(),
            frame: Frame::Batch(batch).encode().into(),
            cursor,
            unix_ms: NOW_MS + 5_000,
            random: [4; 32],
            rewinds: Vec::new(),
        })
    }
}

fn head(applied: &Applied) -> Head {
    Head { log: applied.log, seq: applied.seq, hash: applied.hash, time: applied.time }
}

pub(crate) fn found(domain: &str, seed: u8) -> Command {
    Command::Found {
        domain: domain.to_owned(),
        key: key_of(seed).public(),
        recovery: Hash([seed; 32]),
        store: u64::from(seed),
    }
}

pub(crate) fn start(start: u64) -> Command {
    Command::Start { start, writer: WriterId::new(1_795_404_447, start as u32) }
}

pub(crate) fn create_account(number: u64, name: &str) -> Command {
    Command::CreateAccount {
        number: AccountNumber(number),
        name: name.to_owned(),
        password: "$argon2id$".to_owned(),
        rule: SignUpRule::Open,
        unix_ms: NOW_MS,
    }
}

pub(crate) fn add_device(account: u64, device: u64) -> Command {
    Command::AddDevice {
        account: AccountNumber(account),
        device: DeviceId(device),
        name: "phone".to_owned(),
        token: Hash([device as u8; 32]),
        unix_ms: NOW_MS,
        devices_max: 8,
    }
}

/// An act on the device of the account's number, at the `at`-th moment.
pub(crate) fn perform(account: u64, nonce: Option<u64>, at: u64, act: Act) -> Command {
    let mut random = [0; 32];
    random[..8].copy_from_slice(&at.to_be_bytes());
    Command::Perform {
        account: AccountNumber(account),
        device: DeviceId(account),
        nonce,
        unix_ms: NOW_MS + at,
        random,
        act,
    }
}

/// Everything that a node does, about forty commands: sign-ups, a direct channel, a group with
/// comings and goings, nonces repeated and reused, another organisation and what it sends.
pub(crate) fn of_everything() -> Story {
    let mut acme = Story::begin("acme.test", 1, &["alice", "bob", "carol"]);
    acme.tell(Command::CreateInvite {
        token: Hash([8; 32]),
        uses: 2,
        expires_unix_ms: NOW_MS + 1_000_000,
    });
    let label = |name: &str| format!("{name}@acme.test");
    let bob = acme.account(2);
    let direct = acme.channel(1, Act::OpenDirect { account: bob, label: label("bob") });
    for nonce in 1..=3 {
        let text = format!("number {nonce}");
        acme.act(1, Some(nonce), Act::send(direct, text));
    }
    // A repeat gets the first one's answer, another text under its nonce is refused.
    acme.act(1, Some(2), Act::send(direct, "number 2"));
    acme.act(1, Some(2), Act::send(direct, "number 4"));
    acme.sends(2, direct, "한국어");

    let create = Act::CreateGroup { name: "lunch".into(), topic: String::new(), member_limit: 10 };
    let group = acme.channel(1, create);
    for (number, name) in [(2, "bob"), (3, "carol")] {
        let account = acme.account(number);
        acme.act(1, None, Act::Invite { channel: group, account, label: label(name) });
        acme.act(number, None, Act::Accept { channel: group });
    }
    acme.sends(1, group, "at noon?");
    acme.sends(2, group, &"long ".repeat(2_000));
    let govern = |act| Act::Govern { channel: group, act: GroupAct(Box::new(act)) };
    let role = SetRole { account: bob, role: Role::Moderator };
    acme.act(1, None, govern(ControlAct::SetRole(role)));
    let name = Text { text: "late lunch".into() };
    acme.act(2, None, govern(ControlAct::SetName(name)));
    let carol = acme.account(3);
    acme.act(2, None, govern(ControlAct::Remove(Target { account: carol })));
    acme.sends(3, group, "am I still here?");
    acme.act(2, None, Act::Leave { channel: group });

    across(&mut acme);
    acme.tell(Command::SetPassword { account: AccountNumber(3), password: "$new$".into() });
    acme.tell(add_device(3, 33));
    acme.tell(Command::RemoveDevice { account: AccountNumber(3), device: DeviceId(3) });
    acme.sends(1, direct, "the end");
    acme
}

/// Direct messages both ways with another organisation; its last batch comes twice.
fn across(acme: &mut Story) {
    let mut globex = Story::begin("globex.test", 2, &["dave"]);
    acme.introduces(&globex);
    globex.introduces(acme);
    let (alice, dave) = (acme.account(1), globex.account(1));
    let open = Act::OpenDirect { account: dave, label: "dave@globex.test".into() };
    let channel = acme.channel(1, open);
    acme.sends(1, channel, "hello globex");
    let open = Act::OpenDirect { account: alice, label: "alice@acme.test".into() };
    assert_eq!(globex.channel(1, open), channel);
    for text in ["hello acme", "what a day"] {
        let sent = globex.sends(1, channel, text).applied;
        let heard = acme.hears(&globex, &sent);
        assert_eq!(heard.applied.len(), 1, "{:?}", heard.answer);
        assert_eq!(acme.hears(&globex, &sent).applied.len(), 0);
    }
}
