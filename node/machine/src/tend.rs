//! What goes by itself: devices that nobody uses any more, invites that have expired, and reports
//! that were closed long ago. The clock
//! and the setting come with the command; nothing here decides how long is too long.

use comity_protocol::code::Code;
use comity_protocol::hash::Hash;

use crate::account::Device;
use crate::answer::Answer;
use crate::command::DeviceId;
use crate::rows::RowKey;
use crate::state::{Effects, State};

/// How rough the last use of a device is: it is written down again only after so long, in
/// milliseconds.
pub const USED_ROUGHLY_MS: u64 = 24 * 60 * 60 * 1_000;

impl Device {
    /// When it was used last, as far as is written down.
    pub fn last_used_unix_ms(&self) -> u64 {
        self.used_unix_ms.map_or(self.created_unix_ms, |used| used.max(self.created_unix_ms))
    }

    /// Whether its use at a time is worth writing down.
    pub fn is_news(&self, unix_ms: u64) -> bool {
        unix_ms >= self.last_used_unix_ms().saturating_add(USED_ROUGHLY_MS)
    }
}

impl State {
    /// Devices after one that were used last before a time, of the next so many, and where to look
    /// on.
    pub fn unused(
        &self,
        after: Option<DeviceId>,
        looked_at: usize,
        since_ms: u64,
    ) -> (Vec<DeviceId>, Option<DeviceId>) {
        let first = after.map_or(0, |DeviceId(number)| number.saturating_add(1));
        let (mut unused, mut last) = (Vec::new(), None);
        for (at, (id, device)) in self.devices.range(DeviceId(first)..).enumerate() {
            if at == looked_at {
                return (unused, last);
            }
            if device.last_used_unix_ms() < since_ms {
                unused.push(*id);
            }
            last = Some(*id);
        }
        (unused, None)
    }

    /// Whether an invite has expired that is still remembered.
    pub fn has_expired_invites(&self, unix_ms: u64) -> bool {
        self.invites.values().any(|invite| invite.expires_unix_ms <= unix_ms)
    }

    pub(crate) fn tend(
        &mut self,
        used: &[DeviceId],
        unused: &[DeviceId],
        unused_since_ms: u64,
        fx: &mut Effects,
    ) -> Answer {
        for id in used {
            if let Some(device) = self.devices.get_mut(id).filter(|d| d.is_news(fx.unix_ms)) {
                device.used_unix_ms = Some(fx.unix_ms);
                fx.dirty(RowKey::Device(*id));
            }
        }
        for id in unused {
            let device = self.devices.get(id);
            let account = device.filter(|d| d.last_used_unix_ms() < unused_since_ms);
            let Some(account) = account.map(|device| device.account) else { continue };
            // It is told of by itself; one that is gone already needs nothing.
            let _ = self.remove_device(account, *id, fx);
        }
        let now = fx.unix_ms;
        self.invites.retain(|token, invite| {
            let is_good = now < invite.expires_unix_ms;
            if !is_good {
                fx.dirty(RowKey::Invite(*token));
            }
            is_good
        });
        self.forget_reports(fx);
        Answer::Done
    }

    pub(crate) fn revoke_invite(&mut self, token: &Hash, fx: &mut Effects) -> Result<Answer, Code> {
        self.invites.remove(token).ok_or(Code::InviteNotFound)?;
        fx.dirty(RowKey::Invite(*token));
        Ok(Answer::Done)
    }
}
