//! Another key for the running node: makes it when the admin wants one, looks whether its record is
//! published, and goes on under it once whoever relied on the old records has looked again. It must
//! not decide which key counts elsewhere.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use comity_client_api::Refusal;
use comity_identity::NodeKeyFile;
use comity_machine::{Answer, Command};
use comity_protocol::code::Code;
use comity_protocol::name::ServerName;
use data_encoding::BASE64;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior};

use crate::admin::{KeyState, NextKey};
use crate::clock;
use crate::config::Settings;
use crate::doctor::published;
use crate::edge::peer::{KeyDesk, KeyOrder, KeySwitch};
use crate::keys::{self, KeysError};
use crate::writer::WriterHandle;

/// How often it is looked for the next key's record while there is one.
const LOOK: Duration = Duration::from_secs(60);
/// Records are kept at least for so long by somebody, and at most.
const KEPT_MIN_MS: u64 = 60_000;
const KEPT_MAX_MS: u64 = 24 * 3_600 * 1_000;

/// What a rotation needs of the node.
struct Rotation {
    data_dir: PathBuf,
    domain: ServerName,
    writer: WriterHandle,
    switch: KeySwitch,
    desk: KeyDesk,
    wait: Wait,
}

/// How long the next key's record has been seen, by the clock that never goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Wait {
    since_ms: Option<u64>,
    kept_ms: u64,
}

impl Wait {
    /// The records were looked at: whether the next key's is among them, and for how long they may
    /// be kept.
    fn look(&mut self, is_seen: bool, ttl: Duration, now_ms: u64) {
        let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(KEPT_MAX_MS);
        self.kept_ms = self.kept_ms.max(ttl_ms).clamp(KEPT_MIN_MS, KEPT_MAX_MS);
        self.since_ms = is_seen.then(|| self.since_ms.unwrap_or(now_ms));
    }

    /// In how many milliseconds everybody has seen it; `None` while it is not published.
    fn left_ms(&self, now_ms: u64) -> Option<u64> {
        Some((self.since_ms? + self.kept_ms).saturating_sub(now_ms))
    }
}

/// Starts the task that answers the admin and completes what he has begun; where his wishes go.
pub(super) fn start(
    settings: &Settings,
    writer: &WriterHandle,
    switch: KeySwitch,
) -> (KeyDesk, JoinHandle<()>) {
    let (desk, mut orders) = KeyDesk::new();
    let mut rotation = Rotation {
        data_dir: settings.data_dir.clone(),
        domain: settings.domain.clone(),
        writer: writer.clone(),
        switch,
        desk: desk.clone(),
        wait: Wait::default(),
    };
    let mut looks = every(LOOK);
    let task = tokio::spawn(async move {
        while let Some(turn) = next(&mut orders, &mut looks).await {
            match turn {
                Turn::Look => rotation.look().await,
                Turn::Obey(order) => rotation.obey(order).await,
            }
        }
    });
    (desk, task)
}

/// What is to be done.
enum Turn {
    Look,
    Obey(KeyOrder),
}

/// Looks at once, and so long after each look.
fn every(period: Duration) -> Interval {
    let mut looks = tokio::time::interval(period);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    looks
}

/// What is to be done next; nothing once nobody can order anything. An admin who asks again and
/// again does not put the looks off.
async fn next(orders: &mut mpsc::Receiver<KeyOrder>, looks: &mut Interval) -> Option<Turn> {
    tokio::select! {
        biased;
        _ = looks.tick() => Some(Turn::Look),
        order = orders.recv() => order.map(Turn::Obey),
    }
}

impl Rotation {
    async fn obey(&mut self, order: KeyOrder) {
        let KeyOrder { makes_next, switches_now, answer } = order;
        let done = self.rotate(makes_next, switches_now).await.map_err(|error| {
            tracing::error!(%error, "the node's key cannot be changed");
            Refusal { sentence: error.to_string(), ..Code::StorageFailed.into() }
        });
        let _ = answer.send(done);
    }

    async fn rotate(
        &mut self,
        makes_next: bool,
        switches_now: bool,
    ) -> Result<KeyState, KeysError> {
        if makes_next {
            let keys = self.keys()?;
            let next = keys::make_next(&self.data_dir, &keys, clock::year())?;
            tracing::warn!(key = %next.name, "the next key is made; publish its record");
        }
        if switches_now {
            self.switch().await?;
        } else if makes_next {
            self.look().await;
        }
        self.state()
    }

    fn keys(&self) -> Result<NodeKeyFile, KeysError> {
        let missing = || KeysError::Io {
            path: self.data_dir.join(keys::NODE_KEY_FILE),
            error: std::io::ErrorKind::NotFound.into(),
        };
        keys::open(&self.data_dir, &self.domain)?.ok_or_else(missing)
    }

    fn state(&self) -> Result<KeyState, KeysError> {
        let keys = self.keys()?;
        let next = keys::open_next(&self.data_dir, &self.domain)?.map(|next| NextKey {
            name: next.name.to_string(),
            key: BASE64.encode(next.key.public().as_bytes()),
            record: published(&next).to_string(),
            switches_in_ms: self.wait.left_ms(clock::monotonic_ms()),
        });
        let key = BASE64.encode(keys.key.public().as_bytes());
        Ok(KeyState { name: keys.name.to_string(), key, next })
    }

    /// Looks whether the next key's record can be seen, and goes on under it once it is time.
    async fn look(&mut self) {
        let next = match keys::open_next(&self.data_dir, &self.domain) {
            Ok(Some(next)) => next.key.public(),
            Ok(None) => {
                self.wait = Wait::default();
                return;
            }
            Err(error) => return tracing::error!(%error, "the next key cannot be read"),
        };
        let Some((found, ttl)) = self.switch.published(&self.domain).await else { return };
        let is_seen = found.iter().any(|published| published.key == next);
        self.wait.look(is_seen, ttl, clock::monotonic_ms());
        if self.wait.left_ms(clock::monotonic_ms()) == Some(0)
            && let Err(error) = self.switch().await
        {
            tracing::error!(%error, "the node's key cannot be changed");
        }
    }

    /// Goes on under the next key, on disk first.
    async fn switch(&mut self) -> Result<(), KeysError> {
        let Some(next) = keys::open_next(&self.data_dir, &self.domain)? else { return Ok(()) };
        keys::switch(&self.data_dir)?;
        self.wait = Wait::default();
        let (shown, unix_ms, random) =
            (next.chain.organisation(), clock::unix_ms(), clock::random());
        // What is not taken now is at the next start, by the file.
        match self.writer.perform(Command::TakeKeys { shown, unix_ms, random }).await {
            Ok(Answer::Done) => {}
            other => tracing::error!(?other, "the next key is not in the journal: start anew"),
        }
        let (public, name) = (next.key.public(), next.name.to_string());
        let introduced = published(&next);
        self.switch.change(Arc::new(next.key), introduced);
        self.desk.changed(public, name.clone());
        tracing::warn!(key = %name, "the node goes on under its next key");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn who_asks_without_end_does_not_put_the_looks_off() {
        let (orders, mut taken) = mpsc::channel(1);
        let asking = tokio::spawn(async move {
            loop {
                let (answer, _) = oneshot::channel();
                let order = KeyOrder { makes_next: false, switches_now: false, answer };
                if orders.send(order).await.is_err() {
                    return;
                }
            }
        });
        let mut looks = every(Duration::from_millis(100));
        let mut looked = 0;
        // The first is at once.
        for _ in 0..3_000_000 {
            looked += usize::from(matches!(next(&mut taken, &mut looks).await, Some(Turn::Look)));
            if looked == 2 {
                break;
            }
        }
        assert_eq!(looked, 2);
        drop(taken);
        asking.await.unwrap();
    }

    #[test]
    fn the_next_key_waits_until_old_records_are_forgotten() {
        let (minute, hour) = (60_000, Duration::from_secs(3_600));
        let mut wait = Wait::default();
        assert_eq!(wait.left_ms(5), None);
        wait.look(false, hour, minute);
        assert_eq!(wait.left_ms(minute), None);
        // The old records were kept for an hour, whatever the new ones say.
        wait.look(true, Duration::from_secs(1), 2 * minute);
        assert_eq!(wait.left_ms(2 * minute), Some(60 * minute));
        wait.look(true, Duration::from_secs(1), 3 * minute);
        assert_eq!(wait.left_ms(3 * minute), Some(59 * minute));
        // It was taken away again.
        wait.look(false, hour, 4 * minute);
        wait.look(true, hour, 5 * minute);
        assert_eq!(wait.left_ms(64 * minute), Some(minute));
        assert_eq!(wait.left_ms(70 * minute), Some(0));
        // Never longer than a day, never less than a minute.
        let mut wait = Wait::default();
        wait.look(true, Duration::from_secs(1 << 40), 0);
        assert_eq!(wait.left_ms(0), Some(KEPT_MAX_MS));
        let mut wait = Wait::default();
        wait.look(true, Duration::ZERO, 0);
        assert_eq!(wait.left_ms(0), Some(KEPT_MIN_MS));
    }
}
