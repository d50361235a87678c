//! Peers that dial and are never known: handshakes that fail, hellos that are refused, names that
//! are not proven, links on which nobody says anything. They are counted by kind, so that what is
//! kept has a bound, and told to the log ever more rarely. It judges nobody, and reads no clock.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use comity_protocol::code::Code;
use comity_protocol::name::ServerName;

use super::conduct::is_telling;
use crate::edge::lock;

/// What strangers did in this run of the process. Cheap to clone.
#[derive(Clone, Default)]
pub struct Strangers(Arc<Mutex<BTreeMap<Strange, Met>>>);

/// In which way a peer was never known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strange {
    /// It found no place among those that are not known yet.
    Crowded,
    /// Its handshake failed: no certificate, one of another kind, another protocol, or too slow.
    Handshake,
    /// What it said first is no hello that can be taken.
    Hello,
    /// That it is who it says is not proven.
    Identity,
    /// It said nothing in time.
    Silent,
}

/// How often that was, and when last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Met {
    /// How often.
    pub times: u64,
    /// The last time.
    pub last: Sighting,
    /// When the log was told last, by the clock that never goes back.
    told_ms: u64,
}

/// What is known of one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sighting {
    /// When it was, in Unix milliseconds.
    pub unix_ms: u64,
    /// From where; of a handshake that failed it may be made up.
    pub addr: Option<IpAddr>,
    /// Who it said it was.
    pub domain: Option<ServerName>,
    /// What it was told.
    pub code: Option<Code>,
}

impl Strangers {
    /// It happened so many times, the last time like this.
    pub(super) fn note(&self, strange: Strange, times: u64, last: Sighting, now_ms: u64) {
        let mut all = lock(&self.0);
        let met = all.entry(strange).or_default();
        let before = met.times;
        met.times = before.saturating_add(times);
        met.last = last;
        let is_due = before > 0 && now_ms >= met.told_ms.saturating_add(TOLD_AGAIN_MS);
        if is_telling(before, met.times) || is_due {
            met.told_ms = now_ms;
            strange.tell(met);
        }
    }

    /// Every kind of which there was one.
    pub fn all(&self) -> BTreeMap<Strange, Met> {
        lock(&self.0).clone()
    }
}

impl Strange {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crowded => "crowded",
            Self::Handshake => "handshake",
            Self::Hello => "hello",
            Self::Identity => "identity",
            Self::Silent => "silent",
        }
    }

    fn tell(self, Met { times, last, .. }: &Met) {
        let Sighting { addr, domain, code, .. } = last;
        let addr = addr.map(tracing::field::display);
        let (peer, code) = (domain.as_ref().map(ServerName::as_str), code.map(Code::name));
        match self {
            Self::Crowded => tracing::warn!(
                addr,
                times,
                "links are refused: too many peers at once do not say who they are"
            ),
            Self::Handshake => {
                tracing::info!(addr, times, "a stranger's handshake failed");
            }
            Self::Hello => {
                tracing::info!(addr, code, times, "a stranger's hello was not taken");
            }
            Self::Identity => {
                tracing::warn!(peer, addr, code, times, "a peer is not who it claims to be");
            }
            Self::Silent => {
                tracing::info!(addr, code, times, "a stranger linked and did not say who it is");
            }
        }
    }
}

/// While it goes on it is told again after this long, though its count has not doubled.
const TOLD_AGAIN_MS: u64 = 3_600_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn note(strangers: &Strangers, strange: Strange, now_ms: u64) -> bool {
        let last = Sighting { unix_ms: now_ms, ..Sighting::default() };
        strangers.note(strange, 1, last, now_ms);
        strangers.all()[&strange].told_ms == now_ms
    }

    #[test]
    fn what_goes_on_is_told_whenever_it_has_doubled_and_once_an_hour() {
        let strangers = Strangers::default();
        let told = |now_ms: u64| note(&strangers, Strange::Silent, now_ms);
        let at: Vec<u64> = (1..=20).filter(|now_ms| told(*now_ms)).collect();
        assert_eq!(at, [1, 2, 4, 8, 16]);
        assert!(!told(16 + TOLD_AGAIN_MS - 1));
        assert!(told(16 + TOLD_AGAIN_MS));
        assert!(!told(17 + TOLD_AGAIN_MS));
        assert!(note(&strangers, Strange::Hello, 18 + TOLD_AGAIN_MS), "each kind by itself");
        let all = strangers.all();
        let times: Vec<u64> = all.values().map(|met| met.times).collect();
        assert_eq!(times, [1, 23], "{all:?}");
        assert_eq!(all[&Strange::Silent].last.unix_ms, 17 + TOLD_AGAIN_MS);
    }
}
