//! A hostile node: it lies within the protocol. Everything it shows is chained and signed as the
//! protocol wants it, so that only the rules can judge it. It shows the same to everybody, but for
//! a few logs of which it writes two histories: these honest nodes have to find and prove.

mod home;
mod origin;

use comity::writer::Shared;
use comity_machine::State;
use comity_protocol::chain::ChainEnd;
use comity_protocol::clock::HybridTime;
use comity_protocol::event::Record;
use comity_protocol::frame::{Batch, Frame, Range};
use comity_protocol::hash::Hash;
use comity_protocol::head::{Head, prove};
use comity_protocol::id::{ChannelId, LogId};

use self::home::StolenLog;
use self::origin::{RogueLog, Scene};
use crate::dice::Dice;
use crate::node::Organisation;

/// Everything that a hostile node has made up.
#[derive(Default)]
pub(crate) struct Rogue {
    logs: Vec<RogueLog>,
    /// Logs with two histories: one for nodes of even number, one for the others.
    faces: Vec<[RogueLog; 2]>,
    stolen: Vec<StolenLog>,
}

/// A log that holds what its writer likes.
#[derive(Clone)]
struct Forged {
    id: LogId,
    end: ChainEnd,
    time: HybridTime,
    records: Vec<Record>,
}

/// Logs that it makes up in one channel; honest nodes take a few more in an hour.
const LOGS_MAX: usize = 3;
/// Logs of which it writes two histories.
const FACES_MAX: usize = 2;
/// Control logs that it continues by itself.
const STOLEN_MAX: usize = 2;

impl Rogue {
    /// Makes something up. `state_of` is what honest nodes hold for the state of a group's control
    /// log after its newest record, where they have come that far.
    pub(crate) fn make_up(
        &mut self,
        own: &Organisation,
        shared: &Shared,
        now_ms: u64,
        state_of: &dyn Fn(ChannelId, u64) -> Option<Hash>,
        dice: &mut Dice,
    ) {
        let state = shared.state();
        if dice.per_mille(300) {
            self.continue_control(own, shared, &state, now_ms, state_of, dice);
            return;
        }
        if dice.per_mille(400) && self.make_faces(own, &state, now_ms, dice) {
            return;
        }
        let channels: Vec<_> = state.channels.values().collect();
        let Some(channel) = dice.pick(&channels) else { return };
        let scene = Scene { own, state: &state, kind: &channel.kind, now_ms };
        let Some(log) = self.log(own, channel.id, dice) else { return };
        for _ in 0..=dice.below(3) {
            log.lie(&scene, dice);
        }
    }

    /// Everything made up, proven, by the channel whose members are to see it: what all see, and
    /// what only nodes of even number, or the others.
    pub(crate) fn frames(
        &self,
        own: &Organisation,
        dice: &mut Dice,
    ) -> Vec<(ChannelId, Option<usize>, Frame)> {
        let logs = self.logs.iter().map(|log| (None, &log.log));
        let faces = self.faces.iter().flatten().enumerate();
        let faces = faces.map(|(at, log)| (Some(at % 2), &log.log));
        let all = logs.chain(faces).chain(self.stolen.iter().map(|log| (None, &log.log)));
        all.map(|(face, log)| (log.id.channel, face, log.frame(own, dice))).collect()
    }

    /// Writes on in one of two histories of a log; whether it did.
    fn make_faces(
        &mut self,
        own: &Organisation,
        state: &State,
        now_ms: u64,
        dice: &mut Dice,
    ) -> bool {
        // Where two others are, they can find it.
        let seen = state.channels.values().filter(|channel| channel.organisations() > 2);
        let seen: Vec<_> = seen.collect();
        if self.faces.len() < FACES_MAX
            && let Some(channel) = dice.pick(&seen)
        {
            let scene = Scene { own, state, kind: &channel.kind, now_ms };
            let mut log = RogueLog::new(own, channel.id, dice);
            for _ in 0..dice.below(5) {
                log.lie(&scene, dice);
            }
            self.faces.push([log.clone(), log]);
        }
        let known = self.faces.len() as u64;
        if known == 0 {
            return false;
        }
        let at = usize::try_from(dice.below(known)).unwrap_or_default();
        for face in &mut self.faces[at] {
            let channel = state.channel(&face.log.id.channel).map(|(_, channel)| channel);
            if let Some(channel) = channel.filter(|_| face.has_room()) {
                let scene = Scene { own, state, kind: &channel.kind, now_ms };
                face.lie(&scene, dice);
            }
        }
        true
    }

    /// What is left of a frame once it says nothing of a log that the node continues otherwise.
    pub(crate) fn censor(&self, frame: Frame) -> Frame {
        let Frame::Batch(Batch { checkpoints, ranges, cursor }) = frame else { return frame };
        let is_stolen = |range: &Range| {
            let log = LogId::from(range.log);
            self.stolen.iter().any(|stolen| stolen.log.id == log)
        };
        let ranges: Vec<Range> = ranges.into_iter().filter(|range| !is_stolen(range)).collect();
        let checkpoints = if ranges.is_empty() { Vec::new() } else { checkpoints };
        // A checkpoint more than ranges would be malformed.
        let ranges = if checkpoints.len() > ranges.len() { Vec::new() } else { ranges };
        let checkpoints = if ranges.is_empty() { Vec::new() } else { checkpoints };
        Frame::Batch(Batch { checkpoints, ranges, cursor })
    }

    fn log(
        &mut self,
        own: &Organisation,
        channel: ChannelId,
        dice: &mut Dice,
    ) -> Option<&mut RogueLog> {
        let of_channel = |(_, log): &(usize, &RogueLog)| log.log.id.channel == channel;
        let known: Vec<usize> =
            self.logs.iter().enumerate().filter(of_channel).map(|(at, _)| at).collect();
        let is_new = known.is_empty() || (known.len() < LOGS_MAX && dice.per_mille(400));
        let at = if is_new {
            self.logs.push(RogueLog::new(own, channel, dice));
            self.logs.len() - 1
        } else {
            *dice.pick(&known)?
        };
        self.logs.get_mut(at).filter(|log| log.has_room())
    }

    /// Goes on with the control log of a group that the node is home of, as no honest home would.
    fn continue_control(
        &mut self,
        own: &Organisation,
        shared: &Shared,
        state: &State,
        now_ms: u64,
        state_of: &dyn Fn(ChannelId, u64) -> Option<Hash>,
        dice: &mut Dice,
    ) {
        let homes: Vec<_> = state.channels.keys().filter(|no| state.is_home(**no)).collect();
        let Some(channel) = dice.pick(&homes).and_then(|no| state.channels.get(no)) else { return };
        let known = self.stolen.iter().position(|stolen| stolen.log.id.channel == channel.id);
        let at = match known {
            Some(at) => at,
            None if self.stolen.len() < STOLEN_MAX && channel.organisations() > 1 => {
                let Some(stolen) = StolenLog::take(shared, channel) else { return };
                self.stolen.push(stolen);
                self.stolen.len() - 1
            }
            None => return,
        };
        let Some(stolen) = self.stolen.get_mut(at) else { return };
        let expected = state_of(channel.id, stolen.log.end.seq());
        let scene = Scene { own, state, kind: &channel.kind, now_ms };
        stolen.lie(&scene, channel, expected, dice);
    }
}

impl Forged {
    fn new(id: LogId) -> Self {
        let (end, time) = (ChainEnd::default(), HybridTime::default());
        Self { id, end, time, records: Vec::new() }
    }

    fn push(&mut self, record: Record) {
        self.end.push(&self.id, &record.inner());
        self.records.push(record);
    }

    /// All of it, proven.
    fn frame(&self, own: &Organisation, dice: &mut Dice) -> Frame {
        let (seq, hash) = (self.end.seq(), self.end.hash());
        let head = Head { log: self.id, seq, hash, time: self.time };
        let sign = |message: &[u8]| own.key.sign(message);
        let (domain, key) = (own.domain.as_str(), own.key.public());
        let proofs = prove(&[head], &[dice.bytes()], domain, own.lineage, &key, sign);
        let ranges = proofs.iter().map(|proof| Range {
            log: self.id.into(),
            first: 1,
            records: self.records.clone(),
            hash: proof.hash,
            time: proof.time,
            checkpoint: 0,
            inclusion: proof.inclusion.clone(),
            start: None,
            above: None,
        });
        let ranges = ranges.collect();
        let checkpoints = proofs.iter().map(|proof| proof.checkpoint.clone()).collect();
        Frame::Batch(Batch { checkpoints, ranges, cursor: None })
    }
}
