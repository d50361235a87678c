//! Retention (`docs/protocol/` section 3.6): up to when the texts of a channel are gone by a rule.
//! Of a channel with such a rule one time is kept, its *horizon*: texts of before are erased. It is
//! moved on by commands that carry the clock. It must not know any text.

use comity_protocol::clock::HybridTime;
use comity_protocol::code::Code;
use minicbor::{Decode, Encode};

use crate::answer::Answer;
use crate::channel::{Channel, ChannelNo, Kind};
use crate::rows::RowKey;
use crate::state::{Effects, State};

/// Up to when texts of a channel are gone, and when that is looked at again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Expiry {
    /// Texts of before this are erased; it never goes back.
    #[n(0)]
    pub horizon: HybridTime,
    /// When it is to be moved on, in Unix milliseconds; absent while there is no text to come of
    /// age.
    #[n(1)]
    pub due_ms: Option<u64>,
}

impl State {
    /// How long the texts of a channel are kept here, in seconds: as its rule or this node's says,
    /// the shorter counts. `None` where they are kept for ever.
    pub fn retention(&self, no: ChannelNo) -> Option<u64> {
        let own = self.identity.as_ref().and_then(|identity| identity.retention);
        match &self.channels.get(&no)?.kind {
            Kind::Direct(_) => own,
            Kind::Group(group) => own.into_iter().chain(group.state.retention).min(),
            Kind::Link { .. } => None,
        }
    }

    /// Up to when the texts of a channel are gone.
    pub fn horizon(&self, no: ChannelNo) -> HybridTime {
        self.expiries.get(&no).map_or(HybridTime::default(), |expiry| expiry.horizon)
    }

    /// Channels of which texts are gone by a rule.
    pub fn expired(&self) -> impl Iterator<Item = (ChannelNo, HybridTime)> + use<'_> {
        self.expiries.iter().map(|(no, expiry)| (*no, expiry.horizon))
    }

    /// This node keeps texts no longer than so many seconds from now on; for ever where `None`.
    pub(crate) fn retain(
        &mut self,
        seconds: Option<u64>,
        unix_ms: u64,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        fx.unix_ms = unix_ms;
        let identity = self.identity.as_mut().ok_or(Code::Internal)?;
        identity.retention = seconds;
        fx.dirty(RowKey::Identity);
        let channels: Vec<ChannelNo> = self.channels.keys().copied().collect();
        for no in channels {
            self.refresh_retention(no, fx);
        }
        Ok(Answer::Done)
    }

    /// A rule has changed, or its group is new here: it counts at once. Who is not in a group yet
    /// does not go by rules that it had once.
    pub(crate) fn refresh_retention(&mut self, no: ChannelNo, fx: &mut Effects) {
        let is_group = self.channels.get(&no).is_some_and(|channel| channel.group().is_some());
        if is_group && !self.is_in(no) {
            return;
        }
        match self.retention(no) {
            Some(seconds) => self.expire(no, seconds, fx),
            None if self.expiries.contains_key(&no) => self.set_expiry_due(no, None, fx),
            None => {}
        }
    }

    /// A record has come to a channel: one day its text is of age.
    pub(crate) fn note_expiring(&mut self, no: ChannelNo, time: HybridTime, fx: &mut Effects) {
        let Some(seconds) = self.retention(no) else { return };
        let due_ms = time.unix_ms().saturating_add(seconds.saturating_mul(1_000));
        // A clock that was ahead, here or elsewhere, may have put it off too far.
        let known = self.expiries.get(&no).and_then(|expiry| expiry.due_ms);
        if known.is_none_or(|known_ms| due_ms < known_ms) {
            self.set_expiry_due(no, Some(due_ms), fx);
        }
    }

    /// When the next horizon is to be moved on.
    pub(crate) fn expiry_due_ms(&self) -> Option<u64> {
        self.expiring.first().map(|(due_ms, _)| *due_ms)
    }

    /// Moves horizons on whose time has come.
    pub(crate) fn expire_due(&mut self, fx: &mut Effects) {
        for _ in 0..EXPIRIES_MAX {
            let due = self.expiring.first().filter(|(due_ms, _)| *due_ms <= fx.unix_ms);
            let Some((_, no)) = due.copied() else { return };
            match self.retention(no) {
                Some(seconds) => self.expire(no, seconds, fx),
                None => self.set_expiry_due(no, None, fx),
            }
        }
    }

    /// Moves a channel's horizon to where it is now. While texts are left it is looked at again a
    /// few times in the time for which one is kept.
    fn expire(&mut self, no: ChannelNo, seconds: u64, fx: &mut Effects) {
        let kept_ms = seconds.saturating_mul(1_000);
        let horizon = HybridTime::from_unix_ms(fx.unix_ms.saturating_sub(kept_ms));
        let expiry = self.expiries.entry(no).or_default();
        expiry.horizon = expiry.horizon.max(horizon);
        // What came as history may be newer than all that was applied.
        let newest = |channel: &Channel| channel.newest.max(channel.last_message);
        let has_more = self.channels.get(&no).is_some_and(|channel| newest(channel) >= horizon);
        let step_ms = (kept_ms / STEPS).max(1);
        self.set_expiry_due(no, has_more.then(|| fx.unix_ms.saturating_add(step_ms)), fx);
    }

    fn set_expiry_due(&mut self, no: ChannelNo, due_ms: Option<u64>, fx: &mut Effects) {
        let expiry = self.expiries.entry(no).or_default();
        if let Some(before) = std::mem::replace(&mut expiry.due_ms, due_ms) {
            self.expiring.remove(&(before, no));
        }
        self.expiring.extend(due_ms.map(|due_ms| (due_ms, no)));
        fx.dirty(RowKey::Expiry(no));
    }

    pub(crate) fn load_expiry(&mut self, no: ChannelNo, expiry: Expiry) {
        self.expiring.extend(expiry.due_ms.map(|due_ms| (due_ms, no)));
        self.expiries.insert(no, expiry);
    }
}

/// How often, in the time for which texts are kept, those of age are looked for: none stays longer
/// than by this part of it.
const STEPS: u64 = 60;
/// Channels whose horizon one command moves on; the next one goes on.
const EXPIRIES_MAX: usize = 256;
