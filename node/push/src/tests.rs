//! What the machine promises: one notification for a burst, nothing lost whatever services do, and
//! nobody kept from being told by somebody else's service.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;

use comity_protocol::cursor::Pos;

use crate::limits::{CLOSED_MAX_MS, FAILURES_TO_CLOSE, WINDOW_FIRST, WITHDRAW_MS};
use crate::{
    Due, ENTRIES_MAX, GATHER_MAX_MS, GATHER_MS, IN_FLIGHT_MAX, Job, Judgement, Key, Outcome,
    PAUSE_MS, Queue, RETRY_FIRST_MS, RETRY_MAX_MS, Turn, What,
};

const KEY: Key = Key { device: 1, channel: 1 };
const FAILED: Outcome = Outcome::Failed { retry_after_ms: None };

fn service(name: &str) -> Arc<str> {
    Arc::from(name)
}

/// A queue whose judge lets everything through to one service.
#[derive(Default)]
struct Open {
    queue: Queue,
    now_ms: u64,
}

impl Open {
    fn says(&mut self, pos: u64, is_urgent: bool) {
        self.queue.message(KEY, Pos(pos), is_urgent, self.now_ms);
    }

    /// What is sent at a time.
    fn at(&mut self, now_ms: u64) -> Vec<Job> {
        self.now_ms = now_ms;
        while let Some(due) = self.queue.poll_due(now_ms) {
            self.queue.judge(due.key, Judgement::Send(service("a")));
        }
        std::iter::from_fn(|| self.queue.poll_job(now_ms)).map(|(job, _)| job).collect()
    }

    fn done(&mut self, outcome: Outcome) {
        self.queue.done(KEY, &service("a"), outcome, self.now_ms);
    }

    /// When something is sent next, and what.
    fn next(&mut self) -> Option<(u64, Job)> {
        for _ in 0..100 {
            let at_ms = self.queue.poll_timeout()?;
            if let Some(job) = self.at(at_ms.max(self.now_ms)).pop() {
                return Some((self.now_ms, job));
            }
        }
        panic!("time is armed for nothing");
    }
}

fn tell(pos: u64) -> Job {
    Job { key: KEY, what: What::Tell, newest: Pos(pos) }
}

const WITHDRAW: What = What::Withdraw;

#[test]
fn a_burst_is_one_notification() {
    let mut open = Open::default();
    open.says(1, false);
    assert_eq!(open.at(GATHER_MS - 1), []);
    open.says(2, false);
    assert_eq!(open.at(GATHER_MS), []);
    assert_eq!(open.next(), Some((2 * GATHER_MS - 1, tell(2))));
    open.done(Outcome::Took);
    // All is told: nothing is left of it after a while.
    assert_eq!(open.next(), None);
    assert!(open.queue.is_empty());
}

#[test]
fn who_never_stops_is_told_of_all_the_same() {
    let mut open = Open::default();
    let mut pos = 0;
    let sent = loop {
        pos += 1;
        assert!(pos < 100, "he is never told of");
        open.says(pos, false);
        let now_ms = open.now_ms + 500;
        if let Some(job) = open.at(now_ms).pop() {
            break (now_ms, job);
        }
    };
    assert_eq!(sent, (GATHER_MAX_MS, tell(GATHER_MAX_MS / 500)));
}

#[test]
fn the_next_one_waits_unless_it_is_urgent() {
    let mut open = Open::default();
    open.says(1, false);
    let (told_ms, _) = open.next().unwrap();
    open.done(Outcome::Took);
    open.says(2, false);
    assert_eq!(open.next(), Some((told_ms + PAUSE_MS, tell(2))));
    open.done(Outcome::Took);
    let told_ms = open.now_ms;
    open.says(3, true);
    // What comes after it does not make it less urgent.
    open.says(4, false);
    assert_eq!(open.next(), Some((told_ms + GATHER_MS, tell(4))));
    // What comes while it is on its way is told by the next.
    open.says(5, false);
    open.done(Outcome::Took);
    assert_eq!(open.next(), Some((told_ms + GATHER_MS + PAUSE_MS, tell(5))));
}

#[test]
fn what_is_read_in_time_is_never_sent() {
    let mut open = Open::default();
    open.says(1, false);
    open.queue.read(KEY, false, 10);
    assert_eq!(open.next(), None);
    assert!(open.queue.is_empty());
}

#[test]
fn what_is_read_afterwards_is_withdrawn() {
    let mut open = Open::default();
    open.says(1, false);
    let (told_ms, _) = open.next().unwrap();
    // It is on its way.
    open.queue.read(KEY, false, told_ms);
    open.done(Outcome::Took);
    let (at_ms, job) = open.next().unwrap();
    assert_eq!((at_ms, job.what), (told_ms + WITHDRAW_MS, WITHDRAW));
    open.done(FAILED);
    let (_, again) = open.next().unwrap();
    assert_eq!(again.what, WITHDRAW);
    // A message that comes meanwhile is told once that is over.
    open.says(2, false);
    open.done(Outcome::Took);
    let (_, job) = open.next().unwrap();
    assert_eq!(job, tell(2));
    open.done(Outcome::Took);
    assert_eq!(open.next(), None);
    // What was shown before the machine began is withdrawn too.
    open.queue.read(KEY, true, open.now_ms);
    assert_eq!(open.next().map(|(_, job)| job.what), Some(WITHDRAW));
}

#[test]
fn what_is_read_while_it_fails_is_not_tried_again() {
    let mut open = Open::default();
    open.says(1, false);
    open.next().unwrap();
    open.queue.read(KEY, false, open.now_ms);
    open.done(FAILED);
    // Whether it came nobody knows: whoever judges says that nothing is shown.
    let due = open.queue.poll_due(open.now_ms).unwrap();
    assert_eq!(due, Due { key: KEY, what: WITHDRAW, newest: Pos(1) });
    open.queue.judge(KEY, Judgement::Drop);
    assert!(open.queue.is_empty());
}

#[test]
fn failures_are_repeated_ever_more_rarely_and_for_ever() {
    let mut open = Open::default();
    open.says(1, false);
    let (mut last_ms, _) = open.next().unwrap();
    let mut pauses = Vec::new();
    for _ in 0..40 {
        open.done(FAILED);
        let (at_ms, job) = open.next().unwrap();
        assert_eq!(job, tell(1));
        pauses.push(at_ms - last_ms);
        last_ms = at_ms;
    }
    assert!(pauses[0] >= RETRY_FIRST_MS * 3 / 4 && pauses[0] <= RETRY_FIRST_MS * 5 / 4);
    assert!(pauses.iter().all(|pause| *pause <= RETRY_MAX_MS * 5 / 4), "{pauses:?}");
    assert!(pauses[39] >= RETRY_MAX_MS * 3 / 4, "{pauses:?}");
    // Who says when is believed, up to a day.
    open.done(Outcome::Failed { retry_after_ms: Some(7_200_000) });
    assert_eq!(open.next().map(|(at_ms, _)| at_ms - last_ms), Some(7_200_000));
    let asked_ms = open.now_ms;
    open.done(Outcome::Failed { retry_after_ms: Some(u64::MAX) });
    assert_eq!(open.next().map(|(at_ms, _)| at_ms - asked_ms), Some(24 * 60 * 60_000));
    open.done(Outcome::Took);
    assert_eq!(open.next(), None);
}

#[test]
fn whoever_is_held_is_asked_for_again() {
    let mut queue = Queue::default();
    queue.message(KEY, Pos(1), true, 0);
    assert_eq!(queue.poll_due(GATHER_MS).map(|due| due.newest), Some(Pos(1)));
    queue.judge(KEY, Judgement::Hold(100_000));
    queue.message(KEY, Pos(2), true, 50_000);
    assert_eq!(queue.poll_timeout(), Some(100_000));
    assert_eq!(queue.poll_due(100_000).map(|due| due.newest), Some(Pos(2)));
    queue.judge(KEY, Judgement::Drop);
    assert!(queue.is_empty() && queue.poll_timeout().is_none());
}

#[test]
fn a_service_that_hangs_keeps_nobody_else_waiting() {
    let mut queue = Queue::default();
    let key = |device| Key { device, channel: 0 };
    for device in 0..2_000 {
        queue.message(key(device), Pos(1), true, 0);
    }
    while let Some(due) = queue.poll_due(GATHER_MS) {
        let name = if due.key.device % 2 == 0 { "hangs" } else { "takes" };
        queue.judge(due.key, Judgement::Send(service(name)));
    }
    let (mut hanging, mut taken) = (Vec::new(), 0);
    while let Some((job, name)) = queue.poll_job(GATHER_MS) {
        if &*name == "hangs" {
            hanging.push(job.key);
        } else {
            taken += 1;
            queue.done(job.key, &name, Outcome::Took, GATHER_MS);
        }
    }
    assert_eq!((taken, hanging.len()), (1_000, WINDOW_FIRST as usize));
    // It fails after all, and is left alone.
    let mut now_ms = GATHER_MS + 10_000;
    for key in hanging {
        queue.done(key, &service("hangs"), FAILED, now_ms);
    }
    // One at a time is tried, and after some more failures from time to time, until it takes it:
    // then all that waits goes.
    let (mut tried, mut turns) = (0, Vec::new());
    for _ in WINDOW_FIRST..FAILURES_TO_CLOSE {
        let (job, name) = queue.poll_job(now_ms).unwrap();
        assert_eq!(queue.poll_job(now_ms), None);
        turns.push(queue.done(job.key, &name, FAILED, now_ms));
    }
    assert_eq!(turns.pop(), Some(Some(Turn::Closed)));
    assert_eq!(queue.poll_job(now_ms), None);
    while now_ms < 3_600_000 {
        now_ms = queue.poll_timeout().unwrap().max(now_ms + 1);
        while let Some(due) = queue.poll_due(now_ms) {
            queue.judge(due.key, Judgement::Send(service("hangs")));
        }
        while let Some((job, name)) = queue.poll_job(now_ms) {
            tried += 1;
            turns.push(queue.done(job.key, &name, FAILED, now_ms));
        }
    }
    let least = (3_600_000 / CLOSED_MAX_MS) as usize;
    assert!(tried >= least && tried < least + 15, "{tried}");
    assert!(turns.drain(..).all(|turn| turn.is_none()), "it is said once");
    let mut took = 0;
    while !queue.is_empty() {
        now_ms = queue.poll_timeout().map_or(now_ms, |at_ms| at_ms.max(now_ms)) + 1;
        while let Some(due) = queue.poll_due(now_ms) {
            queue.judge(due.key, Judgement::Send(service("hangs")));
        }
        while let Some((job, name)) = queue.poll_job(now_ms) {
            took += 1;
            turns.push(queue.done(job.key, &name, Outcome::Took, now_ms));
        }
    }
    assert_eq!((took, turns.remove(0)), (1_000, Some(Turn::Opened)));
    assert!(turns.iter().all(Option::is_none), "{turns:?}");
}

#[test]
fn a_service_that_fails_often_takes_the_rest_as_fast_as_ever() {
    let mut queue = Queue::default();
    for device in 0..20_000 {
        queue.message(Key { device, channel: 0 }, Pos(1), true, 0);
    }
    // One in four fails; an answer takes a fifth of a second.
    let (mut now_ms, mut tried) = (GATHER_MS, 0);
    let mut flying = Vec::new();
    while now_ms < 120_000 {
        for (job, name) in std::mem::take(&mut flying) {
            tried += 1;
            let outcome = if tried * 7 % 20 < 5 { FAILED } else { Outcome::Took };
            queue.done(job, &name, outcome, now_ms);
        }
        while let Some(due) = queue.poll_due(now_ms) {
            queue.judge(due.key, Judgement::Send(service("a")));
        }
        let jobs = std::iter::from_fn(|| queue.poll_job(now_ms));
        flying.extend(jobs.map(|(job, name)| (job.key, name)));
        now_ms += 200;
    }
    // Those that failed five times in a row wait longer.
    assert!(queue.len() < 100, "{} are left", queue.len());
}

#[test]
fn what_is_refused_for_some_devices_keeps_no_other_waiting() {
    let mut queue = Queue::default();
    for device in 0..1_000 {
        queue.message(Key { device, channel: 0 }, Pos(1), true, 0);
    }
    while let Some(due) = queue.poll_due(GATHER_MS) {
        queue.judge(due.key, Judgement::Send(service("a")));
    }
    let mut took = 0;
    while let Some((job, name)) = queue.poll_job(GATHER_MS) {
        let is_good = job.key.device >= 900;
        took += usize::from(is_good);
        let refused = Outcome::Refused { retry_after_ms: Some(60_000) };
        let outcome = if is_good { Outcome::Took } else { refused };
        queue.done(job.key, &name, outcome, GATHER_MS);
    }
    assert_eq!(took, 100);
}

#[test]
fn what_waits_is_looked_at_again_where_something_has_changed() {
    let mut queue = Queue::default();
    queue.message(KEY, Pos(1), true, 0);
    queue.poll_due(GATHER_MS).unwrap();
    queue.judge(KEY, Judgement::Hold(1_000_000));
    queue.look_again(KEY.device + 1, 5_000);
    assert_eq!(queue.poll_due(5_000), None);
    queue.look_again(KEY.device, 5_000);
    assert_eq!(queue.poll_due(5_000).map(|due| due.key), Some(KEY));
}

#[test]
fn what_is_on_its_way_has_a_bound_and_so_has_the_rest() {
    let mut queue = Queue::default();
    let key = |device| Key { device, channel: 0 };
    for device in 0..=ENTRIES_MAX as u64 {
        queue.message(key(device), Pos(1), true, 0);
    }
    queue.read(key(u64::MAX), true, 0);
    assert_eq!(queue.len(), ENTRIES_MAX);
    assert!(!queue.take_short(), "there is no room yet");
    while let Some(due) = queue.poll_due(GATHER_MS) {
        // Each has a service of its own.
        queue.judge(due.key, Judgement::Send(service(&due.key.device.to_string())));
    }
    let jobs: Vec<_> = std::iter::from_fn(|| queue.poll_job(GATHER_MS)).collect();
    assert_eq!(jobs.len(), IN_FLIGHT_MAX);
    for device in 0..=ENTRIES_MAX as u64 {
        queue.forget(device);
    }
    assert!(queue.is_empty() && queue.take_short() && !queue.take_short());
    // What was on its way ends all the same.
    for (job, name) in jobs {
        queue.done(job.key, &name, Outcome::Took, GATHER_MS);
    }
    assert_eq!(queue.poll_job(GATHER_MS), None);
}

/// A small generator: the same numbers each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Devices that are told, read and fail at random, and what each shows in the end.
#[test]
fn whatever_services_do_every_device_shows_what_it_is_to() {
    for seed in 1_u64..=60 {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ seed);
        let mut queue = Queue::default();
        // What is unread, what a device shows, and what is on its way.
        let mut newest: BTreeMap<Key, u64> = BTreeMap::new();
        let mut shows: BTreeMap<Key, u64> = BTreeMap::new();
        let mut flying: Vec<(Job, Arc<str>)> = Vec::new();
        let (mut now_ms, mut pos) = (0, 0);
        for step in 0..4_000 {
            let is_calm = step > 3_000;
            let key = Key { device: dice.below(6), channel: u32::try_from(dice.below(3)).unwrap() };
            match dice.below(4) {
                0 if !is_calm => {
                    pos += 1;
                    newest.insert(key, pos);
                    queue.message(key, Pos(pos), dice.below(3) == 0, now_ms);
                }
                1 if !is_calm => {
                    newest.remove(&key);
                    queue.read(key, shows.contains_key(&key), now_ms);
                }
                _ => now_ms += dice.below(if is_calm { 100_000 } else { 3_000 }),
            }
            while let Some(due) = queue.poll_due(now_ms) {
                let told = shows.get(&due.key).copied();
                let judgement = match (due.what, newest.get(&due.key)) {
                    (What::Withdraw, _) if told.is_none() => Judgement::Drop,
                    (What::Tell, Some(newest)) if Some(*newest) <= told => Judgement::Drop,
                    _ if dice.below(5) == 0 && !is_calm => Judgement::Hold(now_ms + 2_000),
                    _ => Judgement::Send(service(if due.key.device < 3 { "a" } else { "b" })),
                };
                queue.judge(due.key, judgement);
            }
            flying.extend(std::iter::from_fn(|| queue.poll_job(now_ms)));
            while !flying.is_empty() && dice.below(3) > 0 {
                let at = usize::try_from(dice.below(flying.len() as u64)).unwrap();
                let (job, name) = flying.swap_remove(at);
                let outcome = if dice.below(2) == 0 && !is_calm { FAILED } else { Outcome::Took };
                if outcome == Outcome::Took {
                    match job.what {
                        What::Tell => drop(shows.insert(job.key, job.newest.0)),
                        What::Withdraw => drop(shows.remove(&job.key)),
                    }
                }
                queue.done(job.key, &name, outcome, now_ms);
            }
        }
        assert_eq!(shows, newest, "seed {seed}");
        assert!(queue.is_empty(), "seed {seed}");
    }
}
