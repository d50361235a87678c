//! A hostile home: from some record on it continues a group's control log with records that no
//! honest home would write. What its own node goes on to write there is shown to nobody.

use comity::writer::Shared;
use comity_machine::{Channel, Kind};
use comity_protocol::body::{Body, WireBody};
use comity_protocol::cbor;
use comity_protocol::clock::HybridTime;
use comity_protocol::control::{
    ClosedLog, Closing, ControlAct, ControlHeader, CoverEntry, Invite, Join, Role, SetRole, Target,
    Text,
};
use comity_protocol::event::Record;
use comity_protocol::hash::Hash;
use comity_protocol::id::{AccountId, AccountNumber, LogId, LogName, ShortHash};

use super::Forged;
use super::origin::{Scene, own_accounts};
use crate::check::record_at;
use crate::dice::Dice;

/// A control log that its home continues as it likes.
pub(super) struct StolenLog {
    pub(super) log: Forged,
    /// Where its own part begins.
    from: usize,
}

/// Records that it adds.
const RECORDS_MAX: usize = 25;

impl StolenLog {
    /// Begins where the honest part ends.
    pub(super) fn take(shared: &Shared, channel: &Channel) -> Option<Self> {
        let name = channel.group()?.control_log();
        let known = channel.logs.get(&name)?;
        let mut log = Forged::new(LogId { channel: channel.id, name });
        log.time = known.time;
        for seq in 1..=known.end.seq() {
            log.push(record_at(shared, channel, known.no, seq)?);
        }
        let from = log.records.len();
        Some(Self { log, from })
    }

    /// Appends a record. `expected` is the state before it as honest nodes have it.
    pub(super) fn lie(
        &mut self,
        scene: &Scene<'_>,
        channel: &Channel,
        expected: Option<Hash>,
        dice: &mut Dice,
    ) {
        let Kind::Group(group) = scene.kind else { return };
        if self.log.records.len() >= self.from + RECORDS_MAX {
            return;
        }
        let members: Vec<AccountId> = group.state.members.keys().copied().collect();
        let act = self.act(scene, channel, &members, dice);
        let seq = self.log.end.seq() + 1;
        let mut state = if group.state.needs_snapshot(seq, &act) { expected } else { None };
        if dice.per_mille(60) {
            state = Some(Hash(dice.bytes()));
        }
        let mut time = HybridTime::from_unix_ms(scene.now_ms).max(self.log.time.next());
        if dice.per_mille(60) {
            time = HybridTime(self.log.time.0.saturating_sub(dice.below(1 << 20)));
        }
        let header = ControlHeader {
            time,
            kind: act.kind(),
            actor: actor(scene, &members, dice),
            args: act.args(),
            cover: dice.per_mille(400).then(|| cover(channel, dice)),
            state,
            request: None,
        };
        let mut bytes = cbor::encode(&header);
        if dice.per_mille(40) {
            bytes.truncate(bytes.len() / 2);
        } else {
            self.log.time = self.log.time.max(header.time);
        }
        let body = WireBody::Present(Body::empty(dice.bytes()));
        self.log.push(Record { header: bytes.into(), body });
    }

    fn act(
        &self,
        scene: &Scene<'_>,
        channel: &Channel,
        members: &[AccountId],
        dice: &mut Dice,
    ) -> ControlAct {
        let nobody =
            AccountId { lineage: scene.own.lineage, number: AccountNumber(dice.below(9_000)) };
        let account = dice.pick(members).copied().unwrap_or(nobody);
        match dice.below(12) {
            0 => ControlAct::SetName(Text { text: "a name".into() }),
            1 => ControlAct::SetTopic(Text { text: "a topic\u{7}".into() }),
            2 | 3 => ControlAct::Remove(Target { account }),
            4 => ControlAct::Leave(Target { account }),
            5 => ControlAct::SetRole(SetRole { account, role: Role::Moderator }),
            6 => {
                let label = "eve@nowhere.test".into();
                ControlAct::Invite(Invite { account, label, role: Role::Member })
            }
            7 => ControlAct::Join(Join { account, label: None, organisation: None }),
            8 if dice.per_mille(100) => ControlAct::Unknown(777),
            8 => ControlAct::Unknown(7_777),
            9 => ControlAct::CloseLogs(closing(channel, dice)),
            _ => ControlAct::Cover,
        }
    }
}

/// In whose name: mostly somebody of its own, who may or may not.
fn actor(scene: &Scene<'_>, members: &[AccountId], dice: &mut Dice) -> Option<AccountId> {
    match dice.below(6) {
        0 => None,
        1 => dice.pick(members).copied(),
        _ => {
            let number = *dice.pick(&own_accounts(scene))?;
            Some(AccountId { lineage: scene.own.lineage, number })
        }
    }
}

/// One of the group's logs, or one that it has not.
fn closing(channel: &Channel, dice: &mut Dice) -> Closing {
    let logs: Vec<ClosedLog> = cover(channel, dice)
        .into_iter()
        .map(|entry| ClosedLog { origin: entry.origin, writer: entry.writer })
        .collect();
    Closing { logs: dice.pick(&logs).copied().into_iter().collect() }
}

/// Entries of V as the home has applied the logs, or as it claims.
fn cover(channel: &Channel, dice: &mut Dice) -> Vec<CoverEntry> {
    let logs = channel.logs.iter().filter_map(|(name, log)| match name {
        LogName::Message { origin, writer } => {
            let (seq, hash) = (log.end.seq(), ShortHash::from(log.end.hash()));
            Some(CoverEntry { origin: *origin, writer: *writer, seq, hash })
        }
        LogName::Control { .. } => None,
    });
    let mut entries: Vec<CoverEntry> = logs.collect();
    if dice.per_mille(200)
        && let Some(entry) = entries.first_mut()
    {
        entry.seq = dice.below(2 * entry.seq + 2);
        entry.hash = ShortHash(dice.bytes());
    }
    entries
}
