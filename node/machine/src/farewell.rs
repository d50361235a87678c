//! The end of an account: it leaves what it is in and is nobody's contact any more. Its name and
//! its number are never given out again, and what it said still shows its label.

use comity_protocol::code::Code;
use comity_protocol::id::{AccountId, AccountNumber, ChannelId};

use crate::account::Standing;
use crate::answer::Answer;
use crate::channel::ChannelNo;
use crate::contact::ContactStanding;
use crate::rows::RowKey;
use crate::state::{Effects, State};

impl State {
    /// The account that has a name and can be spoken to.
    pub fn account_named(&self, name: &str) -> Option<AccountNumber> {
        let number = *self.names.get(name)?;
        self.is_there(number).then_some(number)
    }

    /// Whether there is such an account of ours, and it was not deleted.
    pub(crate) fn is_there(&self, account: AccountNumber) -> bool {
        self.accounts.get(&account).is_some_and(|account| !account.is_deleted)
    }

    /// A deleted account that is in a group all the same: its home let it in, or refused that it
    /// leaves, when the account was gone.
    pub fn lingering(&self) -> Option<AccountNumber> {
        let deleted = self.accounts.iter().filter(|(_, account)| account.is_deleted);
        let mut lingering = deleted.filter(|(number, _)| {
            let groups = self.stays(**number, |standing| standing == Standing::Joined);
            groups.iter().any(|(no, _)| !self.channels[no].is_read_only())
        });
        lingering.next().map(|(number, _)| *number)
    }

    /// Deletes an account, or has one leave that lingers. While one of its groups cannot say that
    /// it leaves, nothing is done.
    pub(crate) fn delete_account(
        &mut self,
        account: AccountNumber,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        let is_deleted = self.accounts.get(&account).ok_or(Code::TokenInvalid)?.is_deleted;
        let groups = self.stays(account, |standing| standing == Standing::Joined);
        let is_comparing = |(no, _): &(ChannelNo, ChannelId)| {
            self.is_home(*no) && !self.has_authority(*no) && !self.channels[no].is_read_only()
        };
        if groups.iter().any(is_comparing) {
            return Err(Code::HomeComparing);
        }
        for (no, channel) in groups {
            // Of a group that takes no record he is out all the same.
            if self.leave(account, &channel, fx).is_err() {
                self.set_gone(account, no, fx);
            }
        }
        if is_deleted {
            return Ok(Answer::Done);
        }
        self.decline_all(account, fx);
        self.end_contacts(account, fx);
        self.forget_settings(account, fx);
        self.remove_devices(account, fx)?;
        if let Some(known) = self.accounts.get_mut(&account) {
            known.is_deleted = true;
            known.password = String::new();
        }
        fx.dirty(RowKey::Account(account));
        Ok(Answer::Done)
    }

    /// The groups in which an account has a standing.
    fn stays(
        &self,
        account: AccountNumber,
        counts: impl Fn(Standing) -> bool,
    ) -> Vec<(ChannelNo, ChannelId)> {
        let stays = self.accounts.get(&account).map(|known| &known.channels);
        let held = stays.into_iter().flatten().filter(|(_, stay)| counts(stay.standing));
        let groups = held.filter_map(|(no, _)| {
            let channel = self.channels.get(no)?;
            channel.group().map(|_| (*no, channel.id))
        });
        groups.collect()
    }

    fn set_gone(&mut self, account: AccountNumber, no: ChannelNo, fx: &mut Effects) {
        let known = self.accounts.get_mut(&account);
        if let Some(stay) = known.and_then(|known| known.channels.get_mut(&no)) {
            (stay.standing, stay.request) = (Standing::Leaving, None);
            fx.dirty(RowKey::Account(account));
        }
        self.refresh_audience(no);
    }

    /// Declines what it was invited to. Where a home was asked to let it in, it leaves once it is
    /// in: it lingers then.
    fn decline_all(&mut self, account: AccountNumber, fx: &mut Effects) {
        let invited = |standing| matches!(standing, Standing::Invited | Standing::Joining);
        let mut open: Vec<ChannelId> =
            self.stays(account, invited).into_iter().map(|(_, channel)| channel).collect();
        let told = self.accounts.get(&account).map(|known| &known.invitations);
        open.extend(told.into_iter().flat_map(|told| told.keys()));
        open.sort_unstable();
        open.dedup();
        for channel in open {
            let declined = self.decline(account, &channel, fx);
            if declined.is_err_and(|code| code != Code::AlreadyMember) {
                self.drop_invitation(account, &channel);
            }
        }
    }

    fn end_contacts(&mut self, account: AccountNumber, fx: &mut Effects) {
        let known: Vec<(AccountId, ContactStanding)> =
            self.contacts_of(account).map(|(other, contact)| (other, contact.standing)).collect();
        for (other, standing) in known {
            if standing != ContactStanding::Declined {
                // The other one's side is its own node's to keep where it cannot be told.
                let _ = self.remove_contact(account, other, fx);
            }
            self.drop_contact(account, other, fx);
        }
    }

    fn forget_settings(&mut self, account: AccountNumber, fx: &mut Effects) {
        let blocked: Vec<AccountId> = self.blocks_of(account).map(|(other, _)| other).collect();
        for other in blocked {
            self.blocks.remove(&(account, other));
            fx.dirty(RowKey::Block(account, other));
        }
        let read = (account, ChannelNo(0))..=(account, ChannelNo(u32::MAX));
        let read: Vec<ChannelNo> = self.reads.range(read).map(|((_, no), _)| *no).collect();
        for no in read {
            self.reads.remove(&(account, no));
            fx.dirty(RowKey::Read(account, no));
        }
        self.forget_profile(account, fx);
        if let Some(known) = self.accounts.get_mut(&account) {
            (known.status, known.last_active_unix_ms) = (None, None);
            known.heard.clear();
            known.mutes.clear();
            known.levels.clear();
            known.wishes = None;
        }
    }
}
