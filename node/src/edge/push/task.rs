//! The task of push: hands what happened to the queue, has what is due judged, sends what is to be
//! sent, and has written what services took.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use comity_client_api::PushFailing;
use comity_machine::{ChannelNo, Command, DeviceId, Notify};
use comity_protocol::cursor::Pos;
use comity_protocol::id::AccountNumber;
use comity_push::{Job, Key, Outcome, Queue, Turn, What};
use tokio::sync::oneshot;
use tokio::task::{Id, JoinError, JoinHandle, JoinSet};

use super::Push;
use super::call::call;
use super::deliver::Delivered;
use super::judge::{Verdict, Wants, is_direct, is_in, wants};
use super::notes::{Happened, Said};
use super::seed::Seed;
use crate::clock;
use crate::edge::lock;
use crate::writer::{ProposeError, WriterHandle};

/// How long what services took waits to be written, in ms. After a crash within it they are told
/// once more.
const WRITE_AFTER_MS: u64 = 500;
/// What one command notes.
const WRITTEN_MAX: usize = 4_096;
/// Devices and channels that are judged at a time.
const DUE_AT_ONCE: usize = 256;
/// Accounts whose unread messages are looked through at a time.
const SEEDED_AT_ONCE: usize = 64;
/// Devices of which is remembered why their service takes nothing.
const FAILING_MAX: usize = 10_000;

/// The running task.
pub struct PushTask {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Push {
    /// Starts the task; it ends with the writer.
    pub fn start(&self, writer: WriterHandle) -> PushTask {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(Task::new(self.clone(), writer).run(stopped));
        PushTask { stop, task }
    }
}

impl PushTask {
    /// Ends it once what services took is written. What is on its way is sent again after the next
    /// start.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        if self.task.await.is_err() {
            tracing::error!("push ended by a panic");
        }
    }
}

struct Task {
    push: Push,
    writer: WriterHandle,
    queue: Queue,
    /// Subscribed devices by account.
    devices: HashMap<AccountNumber, Vec<DeviceId>>,
    /// Accounts whose unread messages are to be looked through.
    unseen: VecDeque<AccountNumber>,
    /// What services took and is not written yet: up to where, or that nothing is shown.
    told: BTreeMap<(DeviceId, ChannelNo), Option<Pos>>,
    write_at_ms: Option<u64>,
    sending: JoinSet<Delivered>,
    /// What is on its way, by its task.
    flights: HashMap<Id, (Job, Arc<str>)>,
}

impl Task {
    fn new(push: Push, writer: WriterHandle) -> Self {
        let mut devices: HashMap<AccountNumber, Vec<DeviceId>> = HashMap::new();
        for (device, account) in push.0.shared.state().subscribed() {
            devices.entry(account).or_default().push(device);
        }
        let unseen = devices.keys().copied().collect();
        Self {
            push,
            writer,
            queue: Queue::default(),
            devices,
            unseen,
            told: BTreeMap::new(),
            write_at_ms: None,
            sending: JoinSet::new(),
            flights: HashMap::new(),
        }
    }

    async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        loop {
            self.look().await;
            if self.write_if_due().await == Err(ProposeError::Ended) {
                return;
            }
            let pause = self.next_ms().map(|at_ms| at_ms.saturating_sub(clock::monotonic_ms()));
            tokio::select! {
                biased;
                _ = &mut stopped => break,
                Some(sent) = self.sending.join_next_with_id() => {
                    self.ended(sent);
                    while let Some(sent) = self.sending.try_join_next_with_id() {
                        self.ended(sent);
                    }
                }
                () = self.push.0.wake.notified() => {}
                () = sleep(pause) => {}
            }
        }
        // What is not written now is told once more after the next start.
        let _ = self.write().await;
    }

    /// Does what is to be done now.
    async fn look(&mut self) {
        let happened = self.push.0.notes.take();
        if happened.is_short || self.queue.take_short() {
            self.unseen = self.devices.keys().copied().collect();
        }
        self.take(happened);
        self.seed().await;
        let now_ms = clock::monotonic_ms();
        // What is beyond is looked at once others had their turn on this thread.
        for _ in 0..DUE_AT_ONCE {
            let Some(due) = self.queue.poll_due(now_ms) else { break };
            let told = self.told(due.key);
            match self.push.judge(&due, told) {
                Verdict::Judged(judgement) => self.queue.judge(due.key, judgement),
                Verdict::Read => self.queue.read(due.key, true, now_ms),
                Verdict::Known => {
                    self.note(due.key, None);
                    self.queue.judge(due.key, comity_push::Judgement::Drop);
                }
            }
        }
        while let Some((job, service)) = self.queue.poll_job(now_ms) {
            let push = self.push.clone();
            let sent = job.clone();
            let task = self.sending.spawn(async move { push.deliver(job).await });
            self.flights.insert(task.id(), (sent, service));
        }
    }

    /// Hands the queue what happened.
    fn take(&mut self, happened: Happened) {
        let now_ms = clock::monotonic_ms();
        for account in happened.subscribed {
            let state = self.push.0.shared.state();
            let devices: Vec<DeviceId> = state.subscriptions(account).map(|(id, _)| id).collect();
            drop(state);
            let before = match devices.is_empty() {
                true => self.devices.remove(&account),
                false => self.devices.insert(account, devices.clone()),
            };
            for gone in before.into_iter().flatten().filter(|id| !devices.contains(id)) {
                self.forget(gone);
            }
            devices.iter().for_each(|device| self.queue.look_again(device.0, now_ms));
        }
        for gone in happened.logged_out {
            self.devices.retain(|_, devices| {
                devices.retain(|id| *id != gone);
                !devices.is_empty()
            });
            self.forget(gone);
        }
        for said in happened.said {
            self.said(&said, now_ms);
        }
        for ((account, no), reader) in happened.read {
            self.read(account, no, Some(reader), now_ms);
        }
    }

    /// Withdraws what the devices of an account show of a channel, where nothing is left of it. The
    /// one on which it was read knows.
    fn read(
        &mut self,
        account: AccountNumber,
        no: ChannelNo,
        reader: Option<DeviceId>,
        now_ms: u64,
    ) {
        let Some(devices) = self.devices.get(&account).cloned() else { return };
        if self.is_left(account, no) {
            return;
        }
        for device in devices {
            let key = Key { device: device.0, channel: no.0 };
            let is_shown = self.told(key).is_some();
            if reader == Some(device) && is_shown {
                self.note(key, None);
            }
            self.queue.read(key, is_shown && reader != Some(device), now_ms);
        }
    }

    /// Whether something of a channel still waits for an account.
    fn is_left(&self, account: AccountNumber, no: ChannelNo) -> bool {
        let state = self.push.0.shared.state();
        let is_unread = is_in(&state, account, no) && state.unread(account, no).messages > 0;
        is_unread || call(&state, account, no).is_some()
    }

    fn said(&mut self, said: &Said, now_ms: u64) {
        let state = self.push.0.shared.state();
        let is_direct = is_direct(&state, said.no);
        for account in said.audience.iter().filter_map(comity_machine::Subscriber::account) {
            let Some(devices) = self.devices.get(&account) else { continue };
            let is_mentioned = said.mentioned.contains(&account);
            let is_told = match wants(&state, account, said.no) {
                Wants::All => true,
                Wants::Mentions => is_mentioned,
                Wants::Nothing => false,
            };
            if !is_told || said.sender == Some(state.account_id(account)) {
                continue;
            }
            for DeviceId(device) in devices {
                let key = Key { device: *device, channel: said.no.0 };
                self.queue.message(key, said.pos, is_direct || is_mentioned, now_ms);
            }
        }
        let (calls, over): (Vec<AccountNumber>, Vec<AccountNumber>) = said
            .called
            .iter()
            .copied()
            .partition(|account| call(&state, *account, said.no).is_some());
        drop(state);
        for account in calls {
            for DeviceId(device) in self.devices.get(&account).into_iter().flatten() {
                let key = Key { device: *device, channel: said.no.0 };
                self.queue.message(key, said.pos, true, now_ms);
            }
        }
        for account in over {
            self.read(account, said.no, None, now_ms);
        }
    }

    /// Looks through what is unread of some accounts.
    async fn seed(&mut self) {
        let count = self.unseen.len().min(SEEDED_AT_ONCE);
        if count == 0 {
            return;
        }
        let accounts: Vec<AccountNumber> = self.unseen.drain(..count).collect();
        let push = self.push.clone();
        let found = tokio::task::spawn_blocking(move || {
            let seeds = accounts.into_iter().map(|account| push.seeds(account));
            seeds.collect::<Result<Vec<_>, _>>()
        });
        let now_ms = clock::monotonic_ms();
        match found.await {
            Ok(Ok(seeds)) => {
                for seed in seeds.into_iter().flatten() {
                    match seed {
                        Seed::Tell(key, pos) => self.queue.message(key, pos, false, now_ms),
                        Seed::Withdraw(key) => self.queue.read(key, true, now_ms),
                    }
                }
            }
            Ok(Err(error)) => tracing::error!(%error, "unread messages cannot be looked through"),
            Err(error) => tracing::error!(%error, "unread messages cannot be looked through"),
        }
    }

    /// What came of a notification.
    fn ended(&mut self, sent: Result<(Id, Delivered), JoinError>) {
        let (id, delivered) = sent.unwrap_or_else(|error| {
            tracing::error!(%error, "a notification ended by a panic");
            let why = "the node failed to make it".to_owned();
            (error.id(), Delivered::Failed { is_alone: true, retry_after: None, why })
        });
        let Some((job, service)) = self.flights.remove(&id) else { return };
        let (key, now_ms) = (job.key, clock::monotonic_ms());
        let (device, mut why) = (DeviceId(key.device), String::new());
        let outcome = match delivered {
            Delivered::Took => {
                self.note(key, (job.what == What::Tell).then_some(job.newest));
                lock(&self.push.0.failing).remove(&device);
                Outcome::Took
            }
            Delivered::Nothing => Outcome::Took,
            Delivered::Gone(changed) => {
                self.unsubscribe(device, changed);
                Outcome::Took
            }
            Delivered::Failed { is_alone, retry_after, why: sentence } => {
                tracing::debug!(%service, why = sentence, "a notification was not taken");
                self.push.fails(device, sentence.clone());
                why = sentence;
                let ms = |pause: Duration| u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                let retry_after_ms = retry_after.map(ms);
                match is_alone {
                    true => Outcome::Refused { retry_after_ms },
                    false => Outcome::Failed { retry_after_ms },
                }
            }
        };
        match self.queue.done(key, &service, outcome, now_ms) {
            Some(Turn::Closed) => {
                tracing::info!(%service, why, "a push service takes nothing: it is left alone for \
                    a while, and tried again and again");
            }
            Some(Turn::Opened) => {
                tracing::info!(%service, "a push service takes what it gets again")
            }
            None => {}
        }
    }

    /// A device's subscription is no more, says its service.
    fn unsubscribe(&mut self, device: DeviceId, changed: Pos) {
        let account = self.push.0.shared.state().devices.get(&device).map(|known| known.account);
        let Some(account) = account else { return };
        lock(&self.push.0.failing).remove(&device);
        let (push, writer) = (self.push.clone(), self.writer.clone());
        tokio::spawn(async move {
            let changed = Some(changed);
            // Where that finds no room, the service says so again.
            let _ = writer.perform(Command::Notify(Notify::Unsubscribe { device, changed })).await;
            push.subscribed(account);
        });
    }

    fn forget(&mut self, device: DeviceId) {
        self.queue.forget(device.0);
        let of = (device, ChannelNo(0))..=(device, ChannelNo(u32::MAX));
        let keys: Vec<_> = self.told.range(of).map(|(key, _)| *key).collect();
        for key in keys {
            self.told.remove(&key);
        }
        lock(&self.push.0.failing).remove(&device);
    }

    /// Up to where a device was told of a channel, if it shows something of it.
    fn told(&self, key: Key) -> Option<Pos> {
        let (device, no) = (DeviceId(key.device), ChannelNo(key.channel));
        match self.told.get(&(device, no)) {
            Some(told) => *told,
            None => self.push.0.shared.state().told(device, no),
        }
    }

    fn note(&mut self, key: Key, told: Option<Pos>) {
        self.told.insert((DeviceId(key.device), ChannelNo(key.channel)), told);
        self.write_at_ms.get_or_insert(clock::monotonic_ms() + WRITE_AFTER_MS);
    }

    async fn write_if_due(&mut self) -> Result<(), ProposeError> {
        let is_due = self.write_at_ms.is_some_and(|at_ms| at_ms <= clock::monotonic_ms());
        if is_due { self.write().await } else { Ok(()) }
    }

    /// Has written what services took.
    async fn write(&mut self) -> Result<(), ProposeError> {
        self.write_at_ms = None;
        while !self.told.is_empty() {
            let some = self.told.iter().take(WRITTEN_MAX);
            let told: Vec<_> = some.map(|((id, no), pos)| (*id, *no, *pos)).collect();
            let written = told.clone();
            match self.writer.perform(Command::Notify(Notify::NoteTold { told })).await {
                Ok(_) => {}
                Err(ProposeError::Overloaded) => {
                    self.write_at_ms = Some(clock::monotonic_ms() + WRITE_AFTER_MS);
                    return Ok(());
                }
                Err(ProposeError::Ended) => return Err(ProposeError::Ended),
            }
            for (device, no, _) in written {
                self.told.remove(&(device, no));
            }
        }
        Ok(())
    }

    fn next_ms(&self) -> Option<u64> {
        if !self.unseen.is_empty() {
            return Some(0);
        }
        self.queue.poll_timeout().into_iter().chain(self.write_at_ms).min()
    }
}

impl Push {
    /// A device's service takes nothing, and why.
    fn fails(&self, device: DeviceId, why: String) {
        let mut failing = lock(&self.0.failing);
        if let Some(known) = failing.get_mut(&device) {
            known.why = why;
        } else if failing.len() < FAILING_MAX {
            failing.insert(device, PushFailing { since_unix_ms: clock::unix_ms(), why });
        }
    }
}

async fn sleep(pause_ms: Option<u64>) {
    match pause_ms {
        Some(pause_ms) => tokio::time::sleep(Duration::from_millis(pause_ms)).await,
        None => std::future::pending().await,
    }
}
