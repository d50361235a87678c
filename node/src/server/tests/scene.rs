//! The scene of a peer that breaks rules: two honest users who chat, whatever it does, and what the
//! node tells its admin of it.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use comity_machine::{Act, Applied};
use comity_protocol::id::{AccountId, ChannelId};
use tracing::subscriber::DefaultGuard;

use super::rogue::{DOMAIN, Rogue, SEED, Wire, records_of};
use super::world::{Others, Person, World, soon};
use crate::admin::{AdminClient, PeerLine};

/// What a node logs, kept for a test.
#[derive(Clone, Default)]
struct Logged(Arc<Mutex<Vec<u8>>>);

impl Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Alice at acme and Dave at globex, who chat; and a rogue who knows Alice's number.
pub(super) struct Scene {
    pub(super) world: World,
    pub(super) alice: Person,
    pub(super) dave: Person,
    pub(super) honest: String,
    pub(super) rogue: Rogue,
    said: u32,
    logged: Logged,
    _log: DefaultGuard,
}

impl Scene {
    pub(super) async fn begin() -> Self {
        Self::begin_with(Rogue::new()).await
    }

    pub(super) async fn begin_with(rogue: Rogue) -> Self {
        let logged = Logged::default();
        let writer = logged.clone();
        let log = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone());
        let log = tracing::subscriber::set_default(log.finish());
        let signed = vec![records_of(DOMAIN, SEED, rogue.port())];
        let others = Others { signed, ..Others::default() };
        let world = World::start_among(&["acme.test", "globex.test"], others).await;
        let alice = world.person(0, "alice").await;
        let dave = world.person(1, "dave").await;
        let honest = alice.opens("dave@globex.test").await;
        let mut scene = Self { world, alice, dave, honest, rogue, said: 0, logged, _log: log };
        scene.chat_goes_on().await;
        scene
    }

    pub(super) async fn links(&mut self) -> Wire {
        self.rogue.links(&self.world.homes[0]).await
    }

    /// Both honest users hear each other.
    pub(super) async fn chat_goes_on(&mut self) {
        self.said += 1;
        let (there, back) = (format!("there {}", self.said), format!("back {}", self.said));
        let id = self.alice.says(&self.honest, &there).await;
        self.dave.hears(&there).await;
        self.alice.is_told_delivered(&id, 2).await;
        self.dave.says(&self.honest, &back).await;
        self.alice.hears(&back).await;
    }

    /// Alice has no channels but the honest one and these, and no messages but these came.
    pub(super) async fn nothing_came_but(&mut self, texts: &[&str]) {
        self.chat_goes_on().await;
        let strange = self.alice.seen.iter().filter(|(channel, _)| *channel != self.honest);
        assert_eq!(strange.map(|(_, text)| text.as_str()).collect::<Vec<_>>(), texts);
        let channels = soon(self.alice.http().channels()).await.unwrap();
        assert_eq!(channels.len(), 1 + usize::from(!texts.is_empty()));
    }

    pub(super) fn log_says(&self, what: &str) {
        let bytes = self.logged.0.lock().unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let of_it = || text.lines().filter(|line| line.contains(DOMAIN)).collect::<Vec<_>>();
        assert!(of_it().iter().any(|line| line.contains(what)), "no {what} in {:#?}", of_it());
    }

    pub(super) fn admin(&self) -> AdminClient {
        AdminClient::of(&self.world.dir().join("acme.test"))
    }

    /// What `comity status` says of the rogue.
    pub(super) async fn status(&self) -> PeerLine {
        let admin = self.admin();
        let status = soon(admin.status()).await.unwrap();
        assert!(!status.is_clock_doubted);
        status.peers.into_iter().find(|line| line.domain == DOMAIN).unwrap()
    }

    /// Waits until so much of what the rogue did is counted, and no more than that.
    pub(super) async fn counts(&self, of: impl Fn(&PeerLine) -> u64, times: u64) {
        let counted = async {
            while of(&self.status().await) < times {
                tokio::task::yield_now().await;
            }
        };
        soon(counted).await;
        assert_eq!(of(&self.status().await), times);
    }

    /// Alice's account, asked of her node.
    pub(super) async fn alice_id(&self, wire: &mut Wire) -> AccountId {
        let number = wire.looks_up("alice").await;
        AccountId { lineage: self.world.homes[0].lineage, number }
    }

    /// The direct channel of Mallory and Alice, as the rogue has it.
    pub(super) async fn direct(&mut self, wire: &mut Wire) -> ChannelId {
        let alice = self.alice_id(wire).await;
        let open = Act::OpenDirect { account: alice, label: "alice@acme.test".into() };
        self.rogue.story.channel(1, open)
    }

    /// Mallory's messages to Alice, in the rogue's own log.
    pub(super) async fn messages(&mut self, wire: &mut Wire, texts: &[&str]) -> Vec<Applied> {
        let channel = self.direct(wire).await;
        let said = texts.iter().flat_map(|text| self.rogue.story.sends(1, channel, text).applied);
        said.collect()
    }
}
