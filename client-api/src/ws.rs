//! The driver of one socket: waits for whatever comes first, hands it to the session, writes what
//! the session has. Rules are the session's, meaning is the backend's; this file must hold neither.
//!
//! Everything runs in one task without locks. Output is flushed when nothing else is ready, so that
//! frames which become due together leave in one write.

use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use comity_protocol::code::Code;
use comity_protocol::id::ChannelId;
use comity_session::{Fault, Session};
use futures_util::stream::FuturesUnordered;
use futures_util::{Sink, Stream};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_tungstenite::tungstenite::Error as SocketError;

use crate::backend::{
    Action, Backend, Caller, Cursor, Delivery, Refusal, Subscribed, Subscription,
};
use crate::gate::{Asker, Place};
use crate::line::Line;
use crate::model::{
    ClientFrame, FrameError, NodeFrame, answer_frame, delivered_frame, encode, event_frame,
    goodbye_frame, heartbeat_frame, history_grew_frame, parse_frame, presence_frame, reading_frame,
    refusal, refused_frame, typing_frame, welcome_frame,
};
use crate::presence::{Heartbeat, PresenceChange};
use crate::refusal::close_code;
use crate::routes::Api;
use crate::subscription::Beats;

/// Runs a socket to its end.
pub(crate) async fn drive<B: Backend>(
    socket: WebSocket,
    api: Api<B>,
    asker: Asker,
    (line, _place): (Option<Line>, Option<Place>),
) {
    let mut driver = Driver::new(socket, api, asker, line);
    loop {
        let wake = driver.wait().await;
        if driver.handle(wake).is_break() {
            break;
        }
    }
    if let Some(feed) = driver.feed.as_mut().filter(|_| driver.has_left) {
        feed.take_leave();
    }
    tracing::debug!(ending = ?driver.session.ending(), "socket ended");
}

struct Driver<B: Backend> {
    socket: WebSocket,
    api: Api<B>,
    asker: Asker,
    /// The short way to the socket, which others may go while it is open.
    line: Option<Line>,
    is_line_open: bool,
    session: Session,
    started: Instant,
    /// Set to the session's deadline or before it: a deadline that moves away costs nothing until
    /// this fires.
    alarm: Pin<Box<Sleep>>,
    /// Whether the alarm was polled since it was set.
    is_armed: bool,
    work: FuturesUnordered<Work<B>>,
    feed: Option<B::Subscription>,
    /// Takes the client's signs of life, once it is known.
    beats: Option<Beats>,
    /// When a sign of life came last that cost the client nothing.
    beat_at: Duration,
    caller: Option<Arc<Caller>>,
    close: CloseFrame,
    /// Whether the client closed the socket and is not expected back.
    has_left: bool,
}

type Work<B> = Pin<Box<dyn Future<Output = Done<B>> + Send>>;

/// A piece of the backend's work that is done.
enum Done<B: Backend> {
    Answer(Bytes),
    Hello(Result<(Caller, Subscribed<B::Subscription>), Refusal>),
    /// What is answered only where it is refused.
    Said(Result<(), Refusal>),
}

/// All that can wake a socket.
enum Wake<B: Backend> {
    Alarm,
    Arrived(Option<Result<Message, axum::Error>>),
    Delivered(Vec<Delivery>),
    Done(Done<B>),
    Written(Result<(), axum::Error>),
}

impl<B: Backend> Driver<B> {
    fn new(socket: WebSocket, api: Api<B>, asker: Asker, line: Option<Line>) -> Self {
        let started = Instant::now();
        let session = Session::new(api.settings.socket.clone(), Duration::ZERO);
        let deadline = started + session.poll_timeout().unwrap_or_default();
        Self {
            socket,
            api,
            asker,
            line,
            is_line_open: false,
            session,
            started,
            alarm: Box::pin(sleep_until(deadline)),
            is_armed: false,
            work: FuturesUnordered::new(),
            feed: None,
            beats: None,
            beat_at: Duration::ZERO,
            caller: None,
            close: close_frame(Code::ShuttingDown),
            has_left: false,
        }
    }

    async fn wait(&mut self) -> Wake<B> {
        let Self { socket, session, started, alarm, is_armed, work, feed, close, .. } = self;
        let Self { beats, beat_at, .. } = self;
        let feed_max = session.feed_max();
        let mut next = pin!(async {
            match feed {
                Some(feed) if feed_max > 0 => feed.next(feed_max).await,
                _ => std::future::pending().await,
            }
        });
        std::future::poll_fn(|cx| {
            if !session.is_congested() {
                while session.wants_read()
                    && let Poll::Ready(arrived) = Pin::new(&mut *socket).poll_next(cx)
                {
                    let now = started.elapsed();
                    let is_due = now.saturating_sub(*beat_at) >= FREE_BEAT_EVERY;
                    let is_free = is_due && session.is_live();
                    match (&arrived, &*beats) {
                        // A mere sign of life: nothing that is waited for changes by it.
                        (Some(Ok(Message::Pong(_))), Some(beats)) if is_free => {
                            session.handle_sign_of_life(now);
                            *beat_at = now;
                            beats();
                        }
                        _ => return Poll::Ready(Wake::Arrived(arrived)),
                    }
                }
                if !work.is_empty()
                    && let Poll::Ready(Some(done)) = Pin::new(&mut *work).poll_next(cx)
                {
                    return Poll::Ready(Wake::Done(done));
                }
                if let Poll::Ready(deliveries) = next.as_mut().poll(cx) {
                    return Poll::Ready(Wake::Delivered(deliveries));
                }
            }
            // Polled once it wakes the task by itself; between it is not looked at.
            let is_due = !*is_armed || Instant::now() >= alarm.deadline();
            *is_armed = true;
            if is_due && alarm.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Wake::Alarm);
            }
            write(socket, session, started.elapsed(), close, cx).map(Wake::Written)
        })
        .await
    }

    fn handle(&mut self, wake: Wake<B>) -> ControlFlow<()> {
        let now = self.started.elapsed();
        match wake {
            Wake::Alarm => self.handle_alarm(now),
            Wake::Arrived(Some(Ok(message))) => self.handle_message(now, message),
            Wake::Arrived(Some(Err(error))) => self.handle_read_error(now, &error),
            Wake::Arrived(None) => self.session.handle_lost(),
            Wake::Delivered(deliveries) => self.handle_deliveries(now, deliveries),
            Wake::Done(Done::Answer(frame)) => self.session.answer(now, frame),
            Wake::Done(Done::Hello(greeted)) => self.handle_greeted(now, greeted),
            Wake::Done(Done::Said(said)) => self.handle_said(now, &said),
            Wake::Written(Ok(())) => self.set_line(self.session.is_live()),
            Wake::Written(Err(_)) => self.session.handle_lost(),
        }
        if self.session.ending().is_some() {
            return ControlFlow::Break(());
        }
        if let Some(deadline) = self.session.poll_timeout().map(|d| self.started + d)
            && deadline < self.alarm.deadline()
        {
            self.set_alarm(deadline);
        }
        ControlFlow::Continue(())
    }

    /// Once the welcome is written others may write, until the socket is about to end.
    fn set_line(&mut self, is_open: bool) {
        if std::mem::replace(&mut self.is_line_open, is_open) != is_open
            && let Some(line) = &self.line
        {
            line.set_open(is_open);
        }
    }

    fn handle_alarm(&mut self, now: Duration) {
        if let Err(fault) = self.session.handle_timeout(now) {
            self.leave_for(now, fault);
        }
        let next = self.session.poll_timeout().unwrap_or(now + IDLE_ALARM);
        self.set_alarm(self.started + next);
    }

    fn set_alarm(&mut self, at: Instant) {
        self.alarm.as_mut().reset(at);
        self.is_armed = false;
    }

    fn handle_message(&mut self, now: Duration, message: Message) {
        if self.session.is_leaving() {
            return;
        }
        if let Some(beats) = &self.beats {
            beats();
        }
        match message {
            Message::Text(text) => self.handle_text(now, &text),
            Message::Binary(_) => {
                if let Err(refusal) = self.admitted() {
                    return self.refuse_for_now(now, None, &refusal);
                }
                let error = FrameError { nonce: None, refusal: refusal(Code::Malformed, BINARY) };
                self.handle_malformed(now, &error);
            }
            Message::Ping(_) | Message::Pong(_) => {
                self.session.handle_sign_of_life(now);
                if self.admitted().is_err() {
                    self.session.pause(now);
                }
            }
            // The other side's close is answered below us; the stream ends next.
            Message::Close(close) => {
                self.set_line(false);
                self.has_left = close.is_none_or(|c| c.code != GOING_AWAY);
            }
        }
    }

    fn handle_text(&mut self, now: Duration, text: &str) {
        let frame = parse_frame(text);
        if let Err(refusal) = self.admitted() {
            return self.refuse_for_now(now, nonce_of(&frame), &refusal);
        }
        let taken = match frame {
            Ok(ClientFrame::Hello { token, cursor }) => {
                self.session.handle_hello(now).map(|()| self.greet(token, cursor))
            }
            Ok(ClientFrame::Ping { data }) => self
                .session
                .handle_other(now)
                .map(|()| self.session.push(encode(&NodeFrame::Pong { data }))),
            Ok(ClientFrame::Request { nonce, action }) => {
                self.session.handle_request(now).map(|()| self.perform(now, nonce, action))
            }
            Ok(ClientFrame::Presence(change)) => {
                self.session.handle_request(now).map(|()| self.say(now, change))
            }
            Ok(ClientFrame::Typing { channel, is_typing }) => {
                self.session.handle_other(now).map(|()| self.type_in(channel, is_typing))
            }
            Err(error) => return self.handle_malformed(now, &error),
        };
        if let Err(fault) = taken {
            self.leave_for(now, fault);
        }
    }

    /// Counts what the client sends, once it is known who that is; before, it sends one frame.
    fn admitted(&self) -> Result<(), Refusal> {
        self.caller.as_ref().map_or(Ok(()), |caller| self.api.gate.admit_account(caller))
    }

    /// Answers a client that asks too often, and reads on a little later.
    fn refuse_for_now(&mut self, now: Duration, nonce: Option<u64>, refusal: &Refusal) {
        self.session.handle_sign_of_life(now);
        self.session.push(refused_frame(nonce, refusal));
        self.session.pause(now);
    }

    fn handle_malformed(&mut self, now: Duration, error: &FrameError) {
        match self.session.handle_other(now) {
            Ok(()) => self.session.push(refused_frame(error.nonce, &error.refusal)),
            // Nobody knows this client yet: say what was wrong with its hello, and that was it.
            Err(_) => self.leave(now, &error.refusal, None),
        }
    }

    /// A frame that could not be read ends the socket: what follows it cannot be told apart from
    /// it.
    fn handle_read_error(&mut self, now: Duration, error: &axum::Error) {
        if self.session.is_leaving() {
            return self.session.handle_lost();
        }
        match read_refusal(error) {
            Some(refusal) => {
                self.leave(now, &refusal, None);
                if refusal.code == Code::Malformed {
                    self.close.code = PROTOCOL_ERROR;
                }
            }
            None => self.session.handle_lost(),
        }
    }

    fn handle_deliveries(&mut self, now: Duration, deliveries: Vec<Delivery>) {
        for delivery in deliveries {
            match delivery {
                Delivery::Event(event) => self.session.push(event_frame(&event)),
                Delivery::Delivered { .. } => {
                    if let Some(frame) = delivered_frame(&delivery) {
                        self.session.push(frame);
                    }
                }
                Delivery::HistoryGrew { channel } => {
                    self.session.push(history_grew_frame(&channel));
                }
                Delivery::BlocksChanged
                | Delivery::Muted { .. }
                | Delivery::NotificationsChanged
                | Delivery::ProfileChanged
                | Delivery::Read { .. }
                | Delivery::Unread { .. } => {
                    if let Some(frame) = reading_frame(&delivery) {
                        self.session.push(frame);
                    }
                }
                Delivery::Heartbeat(heartbeat) => {
                    self.set_pace(now, heartbeat);
                    self.session.push(heartbeat_frame(heartbeat.interval));
                }
                Delivery::Presence(shown) => self.session.push(presence_frame(&shown)),
                Delivery::Typing(typing) => self.session.push(typing_frame(&typing)),
                Delivery::Goodbye { code, endpoint } => {
                    self.feed = None;
                    return self.leave(now, &code.into(), endpoint);
                }
            }
        }
    }

    fn handle_greeted(
        &mut self,
        now: Duration,
        greeted: Result<(Caller, Subscribed<B::Subscription>), Refusal>,
    ) {
        match greeted {
            Ok((caller, Subscribed { mut subscription, cursor, resync })) => {
                if let Some(heartbeat) = subscription.attend(self.line.clone()) {
                    self.set_pace(now, heartbeat);
                }
                let heartbeat = self.session.limits().heartbeat;
                let frame = welcome_frame(&caller, cursor, resync, heartbeat);
                self.beats = Some(subscription.beats());
                self.feed = Some(subscription);
                self.caller = Some(Arc::new(caller));
                self.session.welcome(now, frame);
            }
            Err(refusal) => self.leave(now, &refusal, None),
        }
    }

    fn greet(&mut self, token: String, cursor: Option<Cursor>) {
        let (api, asker) = (self.api.clone(), self.asker);
        self.work.push(Box::pin(async move {
            let greeted = async {
                let caller = api.backend.authenticate(&token).await?;
                api.gate.at_home(&caller, asker);
                let subscribed = api.backend.subscribe(&caller, cursor).await?;
                Ok((caller, subscribed))
            };
            Done::Hello(greeted.await)
        }));
    }

    fn set_pace(&mut self, now: Duration, heartbeat: Heartbeat) {
        self.session.set_pace(now, heartbeat.interval, heartbeat.timeout);
    }

    /// Says how the device is.
    fn say(&mut self, now: Duration, change: PresenceChange) {
        let Some(caller) = self.caller.clone() else { return };
        let backend = self.api.backend.clone();
        let work = async move { Done::Said(backend.set_presence(&caller, change).await) };
        self.begin(now, Box::pin(work));
    }

    fn handle_said(&mut self, now: Duration, said: &Result<(), Refusal>) {
        match said {
            Ok(()) => self.session.pass(now),
            Err(refusal) => self.session.answer(now, refused_frame(None, refusal)),
        }
    }

    fn type_in(&self, channel: ChannelId, is_typing: bool) {
        if let Some(caller) = &self.caller {
            self.api.backend.set_typing(caller, channel, is_typing);
        }
    }

    /// Starts a request. It is polled once here and now, so that requests reach the backend in the
    /// order in which they came, whatever order they are answered in.
    fn perform(&mut self, now: Duration, nonce: u64, action: Action) {
        // A session hands out requests only after a welcome, and a welcome sets the caller.
        let Some(caller) = self.caller.clone() else { return };
        let backend = self.api.backend.clone();
        let work = async move {
            let channel = named_channel(&action);
            Done::Answer(match backend.perform(&caller, Some(nonce), action).await {
                Ok(outcome) => answer_frame(nonce, channel, &outcome),
                Err(refusal) => refused_frame(Some(nonce), &refusal),
            })
        };
        self.begin(now, Box::pin(work));
    }

    /// Polls work here and now; what is not done by that is waited for.
    fn begin(&mut self, now: Duration, mut work: Work<B>) {
        match work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Done::Answer(frame)) => self.session.answer(now, frame),
            Poll::Ready(Done::Said(said)) => self.handle_said(now, &said),
            Poll::Ready(Done::Hello(_)) => {}
            // The set polls it again with a waker of its own, so no wake-up is lost.
            Poll::Pending => self.work.push(work),
        }
    }

    fn leave_for(&mut self, now: Duration, fault: Fault) {
        let sentence = match fault {
            Fault::NotGreeted => "The first frame has to be a hello.",
            Fault::HelloLate => "No hello came in time.",
            Fault::HelloRepeated => "This socket has said hello already.",
        };
        self.leave(now, &refusal(Code::Malformed, sentence), None);
    }

    fn leave(&mut self, now: Duration, refusal: &Refusal, endpoint: Option<String>) {
        self.set_line(false);
        if !self.session.is_leaving() {
            self.close = close_frame(refusal.code);
            self.session.leave(now, goodbye_frame(refusal, endpoint));
        }
    }
}

/// Moves frames into the socket and flushes them. Ready when something changed for the session.
fn write(
    socket: &mut WebSocket,
    session: &mut Session,
    now: Duration,
    close: &CloseFrame,
    cx: &mut Context<'_>,
) -> Poll<Result<(), axum::Error>> {
    let mut socket = Pin::new(socket);
    let mut moved = false;
    while session.wants_write() {
        match socket.as_mut().poll_ready(cx) {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending if moved => return Poll::Ready(Ok(())),
            Poll::Pending => return Poll::Pending,
        }
        let message = match session.poll_transmit(now) {
            Some(frame) => text(frame),
            None if session.poll_close() => Message::Close(Some(close.clone())),
            None => break,
        };
        socket.as_mut().start_send(message)?;
        moved = true;
    }
    if !session.wants_write() {
        return Poll::Pending;
    }
    match socket.poll_flush(cx) {
        Poll::Ready(Ok(())) => session.handle_flushed(),
        Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
        Poll::Pending if moved => {}
        Poll::Pending => return Poll::Pending,
    }
    Poll::Ready(Ok(()))
}

fn text(frame: Bytes) -> Message {
    // Frames come from `model`, which writes JSON; other bytes could only be a bug and go out as
    // they are.
    match Utf8Bytes::try_from(frame.clone()) {
        Ok(text) => Message::Text(text),
        Err(_) => Message::Binary(frame),
    }
}

fn close_frame(code: Code) -> CloseFrame {
    CloseFrame { code: close_code(code), reason: Utf8Bytes::from_static(code.name()) }
}

/// What to tell a client whose frame could not be read; `None` when its connection broke.
fn read_refusal(error: &axum::Error) -> Option<Refusal> {
    let inner = std::error::Error::source(error)?.downcast_ref::<SocketError>()?;
    match inner {
        SocketError::Utf8(_) => Some(Code::TextNotUtf8.into()),
        SocketError::Capacity(_) => Some(Code::TooLarge.into()),
        SocketError::Protocol(
            tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
        ) => None,
        SocketError::Protocol(_) => Some(refusal(Code::Malformed, BROKEN_FRAME)),
        _ => None,
    }
}

fn nonce_of(frame: &Result<ClientFrame, FrameError>) -> Option<u64> {
    match frame {
        Ok(ClientFrame::Request { nonce, .. }) => Some(*nonce),
        Ok(_) => None,
        Err(error) => error.nonce,
    }
}

fn named_channel(action: &Action) -> Option<String> {
    match action {
        Action::Accept { channel }
        | Action::Decline { channel }
        | Action::Edit { channel, .. }
        | Action::Erase { channel, .. }
        | Action::Invite { channel, .. }
        | Action::Leave { channel }
        | Action::MarkRead { channel, .. }
        | Action::Mute { channel, .. }
        | Action::Pin { channel, .. }
        | Action::React { channel, .. }
        | Action::Remove { channel, .. }
        | Action::Rename { channel, .. }
        | Action::Report { channel, .. }
        | Action::Send { channel, .. }
        | Action::SetRole { channel, .. }
        | Action::SetTopic { channel, .. }
        | Action::Ban { channel, .. }
        | Action::HandOver { channel, .. }
        | Action::Join { channel, .. }
        | Action::SetRule { channel, .. }
        | Action::SetAlias { channel, .. }
        | Action::Unban { channel, .. } => Some(channel.to_string()),
        Action::AddContact { .. }
        | Action::Block { .. }
        | Action::CreateGroup { .. }
        | Action::JoinAlias { .. }
        | Action::OpenDirect { .. }
        | Action::RemoveAlias { .. }
        | Action::RemoveContact { .. }
        | Action::ShowReads { .. }
        | Action::SetAvatar { .. }
        | Action::SetDisplayName { .. }
        | Action::Unblock { .. } => None,
    }
}

/// The close code of a client that goes but may be back in a moment, as a browser does that loads
/// its page anew (RFC 6455 section 7.4.1).
const GOING_AWAY: u16 = 1001;
const BINARY: &str = "Frames are JSON in text messages; binary messages have no meaning here.";
/// The close code for what breaks RFC 6455 itself (its section 7.4.1).
const PROTOCOL_ERROR: u16 = 1002;
const BROKEN_FRAME: &str = "The frame does not follow RFC 6455.";
/// A pong that nobody asked for is free of charge so often.
const FREE_BEAT_EVERY: Duration = Duration::from_secs(1);
/// When the alarm goes off though the session has no deadline.
const IDLE_ALARM: Duration = Duration::from_secs(3_600);
