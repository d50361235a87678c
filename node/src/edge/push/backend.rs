//! Push as clients ask for it: where a device is told, and of what.

use comity_client_api as api;
use comity_client_api::{
    Caller, NotificationLevel, Notifications, PushBackend, PushState, QuietHours, Refusal,
};
use comity_machine::{
    Command, DeviceId, Level, Notify, PushSubscription, PushTarget, Quiet, Subscriber, Wishes,
};
use comity_protocol::code::Code;
use comity_protocol::id::{AccountNumber, ChannelId};

use super::quiet;
use crate::edge::client::ClientEdge;
use crate::edge::convert;
use crate::edge::lock;
use crate::feed::Notice;
use crate::push::{DeviceKeys, EndpointError, check_endpoint, seal};

/// The path of gateways: nothing else is asked of a host that a user names.
const GATEWAY_PATH: &str = "/_matrix/push/v1/notify";

impl PushBackend for ClientEdge {
    fn push_state(&self, caller: &Caller) -> Result<PushState, Refusal> {
        let inner = &self.push().0;
        let id = convert::device_back(caller.device);
        let failing = lock(&inner.failing).get(&id).cloned();
        let state = self.shared().state();
        let device = state.devices.get(&id).ok_or(Code::TokenInvalid)?;
        let shown = |known: &PushSubscription| api::PushSubscription {
            target: shown_target(&known.target),
            content: known.content,
            failing,
        };
        let subscription = device.push.as_ref().map(shown);
        Ok(PushState { vapid_key: inner.key.public(), subscription })
    }

    async fn subscribe_push(
        &self,
        caller: &Caller,
        target: api::PushTarget,
        content: bool,
    ) -> Result<(), Refusal> {
        let target = self.checked(target)?;
        let (account, device) = (caller.account.number, convert::device_back(caller.device));
        if self.is_subscribed(device, &target, content) {
            return Ok(());
        }
        // The new place has not failed.
        lock(&self.push().0.failing).remove(&device);
        let command = Command::Notify(Notify::Subscribe { account, device, target, content });
        convert::done(self.propose(command).await?)?;
        self.push().subscribed(account);
        Ok(())
    }

    async fn unsubscribe_push(&self, caller: &Caller) -> Result<(), Refusal> {
        let device = convert::device_back(caller.device);
        let known = self.shared().state().devices.get(&device).map(|known| known.push.is_some());
        if known.ok_or(Code::TokenInvalid)? {
            let command = Command::Notify(Notify::Unsubscribe { device, changed: None });
            convert::done(self.propose(command).await?)?;
            self.push().subscribed(caller.account.number);
        }
        Ok(())
    }

    fn notifications(&self, caller: &Caller) -> Notifications {
        let Wishes { level, quiet, idle_s } = self.shared().state().wishes(caller.account.number);
        let hours = |Quiet { from, until, zone }| QuietHours { from, until, zone };
        Notifications {
            level: convert::level(level),
            quiet: quiet.map(hours),
            idle_seconds: idle_s,
        }
    }

    async fn set_notifications(
        &self,
        caller: &Caller,
        Notifications { level, quiet, idle_seconds }: Notifications,
    ) -> Result<(), Refusal> {
        if quiet.as_ref().is_some_and(|hours| !quiet::is_zone(&hours.zone)) {
            let sentence = "A `zone` is a name of the IANA time zone database, as \
                            \"Europe/Berlin\"; this node knows none of that name.";
            return Err(Refusal { sentence: sentence.to_owned(), ..Code::Malformed.into() });
        }
        let quiet = quiet.map(|QuietHours { from, until, zone }| Quiet { from, until, zone });
        let wishes = Wishes { level: level_back(level), quiet, idle_s: idle_seconds };
        let account = caller.account.number;
        if self.shared().state().wishes(account) == wishes {
            return Ok(());
        }
        self.wish(account, Notify::SetWishes { account, wishes }).await
    }

    async fn set_channel_level(
        &self,
        caller: &Caller,
        channel: ChannelId,
        level: Option<NotificationLevel>,
    ) -> Result<(), Refusal> {
        let (account, level) = (caller.account.number, level.map(level_back));
        self.wish(account, Notify::SetLevel { account, channel, level }).await
    }
}

impl ClientEdge {
    /// Has it written what an account wants to be told, and tells its devices.
    async fn wish(&self, account: AccountNumber, wish: Notify) -> Result<(), Refusal> {
        convert::done(self.propose(Command::Notify(wish)).await?)?;
        if self.shared().state().subscriptions(account).next().is_some() {
            self.push().subscribed(account);
        }
        self.hub().notify(Subscriber::Account(account), Notice::Notifications);
        Ok(())
    }

    /// A target that leads somewhere where it may.
    fn checked(&self, target: api::PushTarget) -> Result<PushTarget, Refusal> {
        let guard = self.push().0.sender.guard();
        let refused = |error: EndpointError| refused(&error.to_string());
        Ok(match target {
            api::PushTarget::WebPush { endpoint, key, secret } => {
                check_endpoint(&endpoint, guard).map_err(refused)?;
                seal(&DeviceKeys { key: &key, secret: &secret }, b"").map_err(|_| Refusal {
                    sentence: "A `p256dh` is a point of P-256, and this is none.".to_owned(),
                    ..Code::Malformed.into()
                })?;
                PushTarget::WebPush { endpoint, key: key.into(), secret: secret.into() }
            }
            api::PushTarget::Gateway { url, app_id, pushkey } => {
                let uri = check_endpoint(&url, guard).map_err(refused)?;
                if uri.path() != GATEWAY_PATH || uri.query().is_some() {
                    return Err(self::refused(&format!("a gateway's path is {GATEWAY_PATH}")));
                }
                PushTarget::Gateway { url, app: app_id, key: pushkey }
            }
        })
    }

    fn is_subscribed(&self, device: DeviceId, target: &PushTarget, content: bool) -> bool {
        let state = self.shared().state();
        let known = state.devices.get(&device).and_then(|device| device.push.as_ref());
        known.is_some_and(|known| known.target == *target && known.content == content)
    }
}

fn refused(why: &str) -> Refusal {
    let sentence = format!("Nothing is sent to this endpoint: {why}.");
    Refusal { sentence, ..Code::PushRefused.into() }
}

fn shown_target(target: &PushTarget) -> api::PushTarget {
    match target.clone() {
        PushTarget::WebPush { endpoint, key, secret } => {
            api::PushTarget::WebPush { endpoint, key: key.to_vec(), secret: secret.to_vec() }
        }
        PushTarget::Gateway { url, app, key } => {
            api::PushTarget::Gateway { url, app_id: app, pushkey: key }
        }
    }
}

fn level_back(level: NotificationLevel) -> Level {
    match level {
        NotificationLevel::All => Level::All,
        NotificationLevel::Mentions => Level::Mentions,
        NotificationLevel::Nothing => Level::Nothing,
    }
}
