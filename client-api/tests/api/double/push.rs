//! What devices of the double subscribe to. It tells nobody anything.

use comity_client_api::*;
use comity_protocol::code::Code;
use comity_protocol::id::ChannelId;

use super::Double;

/// Some node's key for push services.
pub(crate) const VAPID_KEY: &str =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";

impl PushBackend for Double {
    fn push_state(&self, caller: &Caller) -> Result<PushState, Refusal> {
        let subscription = self.state().pushes.get(&caller.device).cloned();
        Ok(PushState { vapid_key: VAPID_KEY.to_owned(), subscription })
    }

    async fn subscribe_push(
        &self,
        caller: &Caller,
        target: PushTarget,
        content: bool,
    ) -> Result<(), Refusal> {
        let (PushTarget::WebPush { endpoint: url, .. } | PushTarget::Gateway { url, .. }) = &target;
        if !url.starts_with("https://") {
            return Err(Code::PushRefused.into());
        }
        let subscription = PushSubscription { target, content, failing: None };
        self.state().pushes.insert(caller.device, subscription);
        Ok(())
    }

    async fn unsubscribe_push(&self, caller: &Caller) -> Result<(), Refusal> {
        self.state().pushes.remove(&caller.device);
        Ok(())
    }

    fn notifications(&self, caller: &Caller) -> Notifications {
        let wanted = self.state().wanted.get(&caller.label).cloned();
        wanted.unwrap_or(Notifications {
            level: NotificationLevel::All,
            quiet: None,
            idle_seconds: 300,
        })
    }

    async fn set_notifications(
        &self,
        caller: &Caller,
        wanted: Notifications,
    ) -> Result<(), Refusal> {
        self.state().wanted.insert(caller.label.clone(), wanted);
        Ok(())
    }

    async fn set_channel_level(
        &self,
        caller: &Caller,
        channel: ChannelId,
        level: Option<NotificationLevel>,
    ) -> Result<(), Refusal> {
        let mut state = self.state();
        if !state.channels.contains_key(&channel) {
            return Err(Code::ChannelNotFound.into());
        }
        let key = (caller.label.clone(), channel);
        match level {
            Some(level) => drop(state.levels.insert(key, level)),
            None => drop(state.levels.remove(&key)),
        }
        Ok(())
    }
}
