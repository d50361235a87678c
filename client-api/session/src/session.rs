//! The session itself. It decides what may be read, what may be sent and when the socket ends; it
//! must not know what a frame says.
//!
//! Order of calls: a `handle_*` for what arrived, or a command (`welcome`, `answer`, `push`,
//! `leave`); then `poll_transmit` until it is empty, `poll_close`, and `poll_timeout` for the one
//! timer to arm.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use crate::limits::Limits;
use crate::timer::{Timer, TimerTable};

/// A rule of the socket that its client broke; each ends the socket with a goodbye.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A frame other than a hello came first.
    NotGreeted,
    /// No hello came in time.
    HelloLate,
    /// A second hello came.
    HelloRepeated,
}

/// How a socket ends without a goodbye.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Both sides have said all that they had to say.
    Closed,
    /// The client closed the socket or its connection broke.
    Lost,
    /// The client sent nothing for too long.
    Silent,
    /// The client did not read for too long.
    Stalled,
}

/// One socket.
#[derive(Debug)]
pub struct Session {
    limits: Limits,
    phase: Phase,
    timers: TimerTable,
    in_flight: usize,
    outgoing: VecDeque<Bytes>,
    outgoing_bytes: usize,
    unflushed: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing came yet.
    AwaitingHello,
    /// The hello's token is being checked.
    Greeting,
    /// Requests and feed.
    Live,
    /// No more requests; those under way are being answered.
    Draining { goodbye: Bytes },
    /// The goodbye is queued; the close frame follows it.
    Leaving,
    /// The close frame went out; the other side's is awaited.
    Closing,
    /// Over.
    Ended(Ending),
}

impl Session {
    /// A socket that was opened at `now`.
    pub fn new(limits: Limits, now: Duration) -> Self {
        let mut timers = TimerTable::default();
        timers.set(Timer::Hello, now + limits.hello);
        Self {
            limits,
            phase: Phase::AwaitingHello,
            timers,
            in_flight: 0,
            outgoing: VecDeque::new(),
            outgoing_bytes: 0,
            unflushed: false,
        }
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether the client was welcomed and nobody has taken leave.
    pub fn is_live(&self) -> bool {
        self.phase == Phase::Live
    }

    /// Whether a goodbye is on its way; what still arrives is then read and dropped.
    pub fn is_leaving(&self) -> bool {
        matches!(self.phase, Phase::Draining { .. } | Phase::Leaving | Phase::Closing)
    }

    /// How the socket ended, once it has.
    pub fn ending(&self) -> Option<Ending> {
        match self.phase {
            Phase::Ended(ending) => Some(ending),
            _ => None,
        }
    }

    /// Whether the next frame may be read. While it may not, the client is held back by its own TCP
    /// window.
    pub fn wants_read(&self) -> bool {
        match self.phase {
            Phase::AwaitingHello | Phase::Closing => true,
            Phase::Live => {
                self.in_flight < self.limits.in_flight_max
                    && !self.is_congested()
                    && !self.timers.is_set(Timer::Pause)
            }
            Phase::Greeting | Phase::Draining { .. } | Phase::Leaving | Phase::Ended(_) => false,
        }
    }

    /// How many deliveries of the feed may be taken now.
    pub fn feed_max(&self) -> usize {
        if self.phase != Phase::Live || self.outgoing_bytes >= self.limits.outgoing_bytes_max {
            return 0;
        }
        let room = self.limits.outgoing_frames_max.saturating_sub(self.outgoing.len());
        room.min(self.limits.feed_batch_max)
    }

    /// Whether the queue is full, so that writing comes before anything else.
    pub fn is_congested(&self) -> bool {
        self.outgoing.len() >= self.limits.outgoing_frames_max
            || self.outgoing_bytes >= self.limits.outgoing_bytes_max
    }

    /// Whether something was queued or written that is not flushed yet.
    pub fn wants_write(&self) -> bool {
        self.unflushed || !self.outgoing.is_empty()
    }

    /// A hello arrived. The driver checks it, then calls [`Self::welcome`] or [`Self::leave`].
    pub fn handle_hello(&mut self, now: Duration) -> Result<(), Fault> {
        self.handle_sign_of_life(now);
        match self.phase {
            Phase::AwaitingHello => {
                self.phase = Phase::Greeting;
                self.timers.stop(Timer::Hello);
                Ok(())
            }
            _ => Err(Fault::HelloRepeated),
        }
    }

    /// A request arrived that will be answered through [`Self::answer`].
    pub fn handle_request(&mut self, now: Duration) -> Result<(), Fault> {
        self.handle_other(now)?;
        self.in_flight += 1;
        Ok(())
    }

    /// A frame arrived that is answered at once or not at all.
    pub fn handle_other(&mut self, now: Duration) -> Result<(), Fault> {
        self.handle_sign_of_life(now);
        match self.phase {
            Phase::AwaitingHello | Phase::Greeting => Err(Fault::NotGreeted),
            _ => Ok(()),
        }
    }

    /// A frame was refused because its sender asks too often: nothing is read for a moment.
    pub fn pause(&mut self, now: Duration) {
        if self.phase == Phase::Live {
            self.timers.set(Timer::Pause, now + self.limits.pause);
        }
    }

    /// Anything arrived: it counts as a beat.
    pub fn handle_sign_of_life(&mut self, now: Duration) {
        if self.timers.is_set(Timer::Silence) {
            self.timers.set(Timer::Silence, now + self.limits.silence);
        }
    }

    /// The client closed, or its connection broke.
    pub fn handle_lost(&mut self) {
        let ending = match self.phase {
            Phase::Closing => Ending::Closed,
            _ => Ending::Lost,
        };
        self.end(ending);
    }

    /// All that was taken by [`Self::poll_transmit`] is on its way.
    pub fn handle_flushed(&mut self) {
        self.unflushed = false;
        self.timers.stop(Timer::Write);
    }

    /// Time has passed. A fault is to be answered by [`Self::leave`].
    pub fn handle_timeout(&mut self, now: Duration) -> Result<(), Fault> {
        while let Some(timer) = self.timers.take_due(now) {
            match timer {
                Timer::Hello => return Err(Fault::HelloLate),
                Timer::Linger => self.handle_linger(now),
                Timer::Pause => {}
                // Whoever is not read cannot be heard.
                Timer::Silence if self.phase == Phase::Live && !self.wants_read() => {
                    self.timers.set(Timer::Silence, now + self.limits.silence);
                }
                Timer::Silence => self.end(Ending::Silent),
                Timer::Write => self.end(Ending::Stalled),
            }
        }
        Ok(())
    }

    /// The token was good: the frame goes out first, then the feed.
    pub fn welcome(&mut self, now: Duration, frame: Bytes) {
        if self.phase == Phase::Greeting {
            self.phase = Phase::Live;
            self.timers.set(Timer::Silence, now + self.limits.silence);
            self.push(frame);
        }
    }

    /// The answer to a request.
    pub fn answer(&mut self, now: Duration, frame: Bytes) {
        debug_assert!(self.in_flight > 0, "an answer without a request");
        self.in_flight = self.in_flight.saturating_sub(1);
        self.push(frame);
        if self.in_flight == 0 && matches!(self.phase, Phase::Draining { .. }) {
            self.say_goodbye(now);
        }
    }

    /// A request is done that is not answered.
    pub fn pass(&mut self, now: Duration) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if self.in_flight == 0 && matches!(self.phase, Phase::Draining { .. }) {
            self.say_goodbye(now);
        }
    }

    /// The client is asked for a beat at another pace, and may be silent for another time.
    pub fn set_pace(&mut self, now: Duration, heartbeat: Duration, silence: Duration) {
        self.limits.heartbeat = heartbeat;
        self.limits.silence = silence;
        self.handle_sign_of_life(now);
    }

    /// A frame of the feed, or one that needs no request.
    pub fn push(&mut self, frame: Bytes) {
        if matches!(self.phase, Phase::Live | Phase::Draining { .. }) {
            self.enqueue(frame);
        }
    }

    /// Ends the socket: what is under way is answered, then the goodbye goes out. A second leave is
    /// ignored.
    pub fn leave(&mut self, now: Duration, goodbye: Bytes) {
        if self.is_leaving() || self.ending().is_some() {
            return;
        }
        self.timers.stop(Timer::Hello);
        self.timers.stop(Timer::Pause);
        self.timers.stop(Timer::Silence);
        self.timers.set(Timer::Linger, now + self.limits.linger);
        self.phase = Phase::Draining { goodbye };
        if self.in_flight == 0 {
            self.say_goodbye(now);
        }
    }

    /// The next frame to write.
    pub fn poll_transmit(&mut self, now: Duration) -> Option<Bytes> {
        let frame = self.outgoing.pop_front()?;
        self.outgoing_bytes -= frame.len();
        self.unflushed = true;
        self.timers.set(Timer::Write, now + self.limits.write_stall);
        Some(frame)
    }

    /// Whether to send the close frame now; true once, after the goodbye was taken.
    pub fn poll_close(&mut self) -> bool {
        let due = self.phase == Phase::Leaving && self.outgoing.is_empty();
        if due {
            self.phase = Phase::Closing;
            self.unflushed = true;
        }
        due
    }

    /// When to call [`Self::handle_timeout`].
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.timers.earliest()
    }

    fn handle_linger(&mut self, now: Duration) {
        match self.phase {
            Phase::Draining { .. } => self.say_goodbye(now),
            _ => self.end(Ending::Closed),
        }
    }

    fn say_goodbye(&mut self, now: Duration) {
        if let Phase::Draining { goodbye } = std::mem::replace(&mut self.phase, Phase::Leaving) {
            self.enqueue(goodbye);
            self.timers.set(Timer::Linger, now + self.limits.linger);
        }
    }

    fn enqueue(&mut self, frame: Bytes) {
        self.outgoing_bytes += frame.len();
        self.outgoing.push_back(frame);
    }

    fn end(&mut self, ending: Ending) {
        if self.ending().is_none() {
            self.phase = Phase::Ended(ending);
            self.timers = TimerTable::default();
            self.outgoing = VecDeque::new();
            self.outgoing_bytes = 0;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const fn at(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn live() -> Session {
        let mut session = Session::new(Limits::default(), at(0));
        session.handle_hello(at(1)).unwrap();
        session.welcome(at(1), Bytes::from_static(b"welcome"));
        session
    }

    fn drain(session: &mut Session, now: Duration) -> Vec<Bytes> {
        let frames = std::iter::from_fn(|| session.poll_transmit(now)).collect();
        session.handle_flushed();
        frames
    }

    #[test]
    fn a_hello_comes_first_once_and_in_time() {
        let mut session = Session::new(Limits::default(), at(0));
        assert_eq!(session.handle_request(at(1)), Err(Fault::NotGreeted));
        assert_eq!(session.poll_timeout(), Some(at(10)));
        assert_eq!(session.handle_timeout(at(9)), Ok(()));
        assert_eq!(session.handle_timeout(at(10)), Err(Fault::HelloLate));

        let mut session = live();
        assert!(session.is_live());
        assert_eq!(drain(&mut session, at(1)), ["welcome"]);
        assert_eq!(session.handle_hello(at(2)), Err(Fault::HelloRepeated));
    }

    #[test]
    fn nothing_is_read_while_the_token_is_checked() {
        let mut session = Session::new(Limits::default(), at(0));
        assert!(session.wants_read());
        session.handle_hello(at(1)).unwrap();
        assert!(!session.wants_read());
        assert_eq!(session.feed_max(), 0);
        session.welcome(at(2), Bytes::new());
        assert!(session.wants_read() && session.feed_max() > 0);
    }

    #[test]
    fn any_frame_is_a_beat_and_silence_ends_it() {
        let mut session = live();
        drain(&mut session, at(1));
        for now in (5..100).step_by(25) {
            session.handle_other(at(now)).unwrap();
            session.handle_timeout(at(now + 24)).unwrap();
            assert_eq!(session.ending(), None);
        }
        session.handle_sign_of_life(at(100));
        session.handle_timeout(at(130)).unwrap();
        assert_eq!(session.ending(), Some(Ending::Silent));
        assert_eq!(session.poll_timeout(), None);
    }

    #[test]
    fn silence_is_measured_by_the_pace_that_was_asked_for() {
        let mut session = live();
        session.set_pace(at(2), at(10), at(60));
        session.handle_timeout(at(61)).unwrap();
        assert_eq!(session.ending(), None);
        session.handle_timeout(at(62)).unwrap();
        assert_eq!(session.ending(), Some(Ending::Silent));
    }

    #[test]
    fn a_request_without_an_answer_makes_room_and_lets_the_goodbye_go() {
        let mut session = live();
        drain(&mut session, at(1));
        session.handle_request(at(2)).unwrap();
        session.leave(at(3), Bytes::from_static(b"goodbye"));
        session.pass(at(4));
        assert_eq!(drain(&mut session, at(4)), ["goodbye"]);
    }

    #[test]
    fn unanswered_requests_hold_the_reader_back() {
        let mut session = live();
        for _ in 0..64 {
            assert!(session.wants_read());
            session.handle_request(at(2)).unwrap();
        }
        assert!(!session.wants_read());
        // The node is slow, not the client: silence is not held against it.
        session.handle_timeout(at(60)).unwrap();
        assert_eq!(session.ending(), None);
        session.answer(at(61), Bytes::from_static(b"stored"));
        assert!(session.wants_read());
    }

    #[test]
    fn whoever_asks_too_often_is_not_read_for_a_moment() {
        let mut session = live();
        drain(&mut session, at(1));
        session.pause(at(2));
        assert!(!session.wants_read());
        let on = session.poll_timeout().unwrap();
        assert_eq!(on, at(2) + Limits::default().pause);
        session.handle_timeout(on).unwrap();
        assert!(session.wants_read());
        session.pause(at(3));
        session.leave(at(3), Bytes::from_static(b"goodbye"));
        drain(&mut session, at(3));
        assert!(session.poll_close() && session.wants_read());
    }

    #[test]
    fn a_slow_reader_stops_the_feed_and_is_dropped_in_the_end() {
        let mut session = live();
        drain(&mut session, at(1));
        session.push(vec![0; 70_000].into());
        assert_eq!(session.feed_max(), 0);
        assert!(session.is_congested() && !session.wants_read());
        assert!(session.poll_transmit(at(2)).is_some());
        assert!(session.feed_max() > 0);
        session.handle_sign_of_life(at(20));
        session.handle_timeout(at(32)).unwrap();
        assert_eq!(session.ending(), Some(Ending::Stalled));
    }

    #[test]
    fn the_goodbye_waits_for_answers_under_way() {
        let mut session = live();
        drain(&mut session, at(1));
        session.handle_request(at(2)).unwrap();
        session.leave(at(3), Bytes::from_static(b"goodbye"));
        assert!(!session.wants_read() && !session.poll_close());
        assert_eq!(drain(&mut session, at(3)), Vec::<Bytes>::new());
        session.answer(at(4), Bytes::from_static(b"stored"));
        assert_eq!(drain(&mut session, at(4)), ["stored", "goodbye"]);
        assert!(session.poll_close() && !session.poll_close());
        assert!(session.wants_read());
        session.handle_lost();
        assert_eq!(session.ending(), Some(Ending::Closed));
    }

    #[test]
    fn a_lost_answer_does_not_hold_the_goodbye_for_ever() {
        let mut session = live();
        drain(&mut session, at(1));
        session.handle_request(at(2)).unwrap();
        session.leave(at(3), Bytes::from_static(b"goodbye"));
        session.handle_timeout(at(8)).unwrap();
        assert_eq!(drain(&mut session, at(8)), ["goodbye"]);
        assert!(session.poll_close());
        session.handle_timeout(at(13)).unwrap();
        assert_eq!(session.ending(), Some(Ending::Closed));
    }
}
