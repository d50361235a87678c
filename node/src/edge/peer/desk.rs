//! Where the admin's wishes about the node's key and those who fulfil them meet. It changes nothing
//! by itself.

use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use comity_client_api::{NodeIntroduction, Refusal};
use comity_discovery::PublishedKey;
use comity_identity::NodeKey;
use comity_protocol::code::Code;
use comity_protocol::key::NodePublicKey;
use comity_protocol::name::ServerName;
use tokio::sync::{mpsc, oneshot};

use super::Context;
use crate::admin::KeyState;
use crate::edge::lock;

/// Wishes that wait.
const ORDERS_MAX: usize = 16;

/// What the admin wants of the node's key; nothing but to be told how it is, where neither is set.
pub struct KeyOrder {
    /// A next key is to be made, where there is none.
    pub makes_next: bool,
    /// The next key is to count now.
    pub switches_now: bool,
    /// How it is then.
    pub answer: oneshot::Sender<Result<KeyState, Refusal>>,
}

/// Takes the admin's wishes. Cheap to clone.
#[derive(Clone)]
pub struct KeyDesk {
    orders: mpsc::Sender<KeyOrder>,
    /// The key that has followed since the start, with its name.
    followed: Arc<Mutex<Option<(NodePublicKey, String)>>>,
}

impl KeyDesk {
    /// With the end of whoever fulfils them.
    pub fn new() -> (Self, mpsc::Receiver<KeyOrder>) {
        let (orders, taken) = mpsc::channel(ORDERS_MAX);
        (Self { orders, followed: Arc::default() }, taken)
    }

    /// Has the node's key changed, or tells how it is.
    pub(in crate::edge) async fn order(
        &self,
        makes_next: bool,
        switches_now: bool,
    ) -> Result<KeyState, Refusal> {
        let (answer, answered) = oneshot::channel();
        let order = KeyOrder { makes_next, switches_now, answer };
        self.orders.send(order).await.map_err(|_| Refusal::from(Code::ShuttingDown))?;
        answered.await.map_err(|_| Refusal::from(Code::ShuttingDown))?
    }

    /// The node goes on under another key.
    pub fn changed(&self, key: NodePublicKey, name: String) {
        *lock(&self.followed) = Some((key, name));
    }

    /// What the well-known document says by now.
    pub(in crate::edge) fn introduced(&self, begun: &NodeIntroduction) -> NodeIntroduction {
        let mut introduction = begun.clone();
        if let Some((key, name)) = lock(&self.followed).clone() {
            introduction.first_key = Some(begun.first_key.unwrap_or(begun.key));
            (introduction.key, introduction.key_name) = (key, name);
        }
        introduction
    }
}

/// What changes with the key at this edge. Its socket closes with the node, whoever holds this.
pub struct KeySwitch(pub(super) Weak<Context>);

impl KeySwitch {
    /// The keys that a domain publishes in its records, proven or not, and for how long these may
    /// be kept; `None` where DNS is silent.
    pub async fn published(&self, domain: &ServerName) -> Option<(Vec<PublishedKey>, Duration)> {
        let resolver = self.0.upgrade()?.resolver.clone();
        resolver.published(domain).await
    }

    /// Goes on under another key, which is published so: links are made anew.
    pub fn change(&self, key: Arc<NodeKey>, published: PublishedKey) {
        let Some(context) = self.0.upgrade() else { return };
        *lock(&context.published) = published;
        if let Err(error) = context.endpoint.change_key(Arc::clone(&key)) {
            tracing::error!(%error, "links go on under the old key until the node starts anew");
        }
        context.exchange.change_key(key);
        context.renew.notify_one();
    }
}
