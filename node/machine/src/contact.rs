//! Contacts: two accounts of which one has asked and the other has agreed (`docs/protocol/` section
//! 3.2, kind 7). A step is an event in the link channel of their organisations; between accounts of
//! ours in that of our organisation with itself, which no peer sees. Each node keeps its own
//! accounts' side. Who was declined is not heard again.

use comity_protocol::code::Code;
use comity_protocol::event::{self, ContactStep, EventAct, link_channel};
use comity_protocol::id::{AccountId, AccountNumber, LineageId};
use comity_protocol::name::AccountLabel;
use minicbor::{Decode, Encode};

use crate::answer::Answer;
use crate::channel::{Channel, ChannelNo, Kind};
use crate::rows::RowKey;
use crate::state::{Effects, State};

/// Contacts of an account, with those whom it has asked.
pub(crate) const CONTACTS_MAX: usize = 1_000;
/// Accounts that ask one account and are not answered yet; more are not heard.
pub(crate) const ASKING_MAX: usize = 100;
/// Accounts of one organisation that ask ours and are not answered yet; more are not heard.
pub(crate) const ASKING_PER_PEER_MAX: u32 = 10_000;
/// Accounts that an account has declined; the one declined longest ago may ask again.
pub(crate) const DECLINED_MAX: usize = 1_000;

/// What somebody is to an account of ours.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Contact {
    /// How people write the other account.
    #[n(0)]
    pub label: String,
    /// What it is.
    #[n(1)]
    pub standing: ContactStanding,
    /// Since when, in Unix milliseconds.
    #[n(2)]
    pub since_unix_ms: u64,
}

/// How far two accounts are from being contacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum ContactStanding {
    /// They are.
    #[n(0)]
    Agreed,
    /// Ours has asked.
    #[n(1)]
    Asked,
    /// The other one asks.
    #[n(2)]
    Asking,
    /// Ours has declined, and does not hear the other one ask.
    #[n(3)]
    Declined,
}

impl State {
    /// Whom an account of ours knows, and what they are to it.
    pub fn contacts_of(
        &self,
        account: AccountNumber,
    ) -> impl Iterator<Item = (AccountId, &Contact)> {
        let first = AccountId { lineage: LineageId([0; 32]), number: AccountNumber(0) };
        let last = AccountId { lineage: LineageId([0xff; 32]), number: AccountNumber(u64::MAX) };
        let of = self.contacts.range((account, first)..=(account, last));
        of.map(|((_, other), contact)| (*other, contact))
    }

    /// Asks somebody to be a contact, or agrees to who asks.
    pub(crate) fn add_contact(
        &mut self,
        account: AccountNumber,
        other: AccountId,
        label: &str,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        use ContactStanding::{Agreed, Asked, Asking, Declined};
        if other == self.account_id(account) {
            return Err(Code::ContactSelf);
        }
        self.check_known(other, label)?;
        self.check_admitted(other.lineage)?;
        match self.contact_standing(account, other) {
            Some(Agreed) => return Ok(Answer::Done),
            Some(Asked) => return Ok(Answer::Requested),
            Some(Asking | Declined) | None => {}
        }
        if self.count_contacts(account, |standing| matches!(standing, Agreed | Asked))
            >= CONTACTS_MAX
        {
            return Err(Code::ContactLimit);
        }
        if self.contact_standing(account, other) == Some(Asking) {
            self.set_contact(account, other, label, Agreed, fx);
            self.take_step(account, other, label, ContactStep::Accept, fx)?;
            return Ok(Answer::Done);
        }
        self.set_contact(account, other, label, Asked, fx);
        self.take_step(account, other, label, ContactStep::Ask, fx)?;
        Ok(match self.contact_standing(account, other) {
            Some(Agreed) => Answer::Done,
            _ => Answer::Requested,
        })
    }

    /// Ends what there is between an account and somebody: a request to it is declined, one of its
    /// own taken back, a contact is one no longer.
    pub(crate) fn remove_contact(
        &mut self,
        account: AccountNumber,
        other: AccountId,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        let contact = self.contacts.get(&(account, other)).ok_or(Code::ContactNotFound)?;
        let (label, standing) = (contact.label.clone(), contact.standing);
        match standing {
            ContactStanding::Declined => return Ok(Answer::Done),
            ContactStanding::Asking => self.decline_contact(account, other, &label, fx),
            ContactStanding::Agreed | ContactStanding::Asked => {
                self.drop_contact(account, other, fx);
            }
        }
        self.take_step(account, other, &label, ContactStep::End, fx)?;
        Ok(Answer::Done)
    }

    /// What somebody's step means for the account of ours that it names; those who are to see it.
    pub(crate) fn hear_step(
        &mut self,
        from: AccountId,
        step: &event::Contact,
        fx: &mut Effects,
    ) -> Vec<AccountNumber> {
        use ContactStanding::{Agreed, Asked, Asking, Declined};
        let account = step.account;
        let is_sound = self.is_there(account)
            && from.number != AccountNumber(0)
            && from != self.account_id(account)
            && self.is_label_of(from.lineage, &step.from);
        if !is_sound {
            return Vec::new();
        }
        let before = self.contact_standing(account, from);
        match (step.step, before) {
            (ContactStep::Ask, _) if self.blocks(account, from) => return Vec::new(),
            (ContactStep::Ask, None)
                if self.may_ask(account, from.lineage) && self.hears_ask(from.lineage, fx) =>
            {
                self.set_contact(account, from, &step.from, Asking, fx);
            }
            // Each has asked the other, who may not have heard it.
            (ContactStep::Ask, Some(Asked)) => {
                self.set_contact(account, from, &step.from, Agreed, fx);
                let _ = self.take_step(account, from, &step.from, ContactStep::Accept, fx);
            }
            (ContactStep::Accept, Some(Asked)) => {
                self.set_contact(account, from, &step.from, Agreed, fx);
            }
            // Ours has taken its request back meanwhile, which the other is told again.
            (ContactStep::Accept, None | Some(Declined)) => {
                let _ = self.append_step(account, from, &step.from, ContactStep::End, fx);
                return Vec::new();
            }
            (ContactStep::End, Some(Agreed | Asked | Asking)) => {
                self.drop_contact(account, from, fx);
            }
            _ => return Vec::new(),
        }
        vec![account]
    }

    /// Takes a step of one of ours, which its own devices see too.
    fn take_step(
        &mut self,
        account: AccountNumber,
        other: AccountId,
        label: &str,
        step: ContactStep,
        fx: &mut Effects,
    ) -> Result<(), Code> {
        let contact = self.append_step(account, other, label, step, fx)?;
        let at = fx.applied.len().saturating_sub(1);
        let mut seen = vec![account];
        if other.lineage == self.lineage() {
            seen.extend(self.hear_step(self.account_id(account), &contact, fx));
        }
        if let Some(applied) = fx.applied.get_mut(at) {
            applied.inbox = seen;
        }
        Ok(())
    }

    /// Puts a step where the other organisation hears of it.
    fn append_step(
        &mut self,
        account: AccountNumber,
        other: AccountId,
        label: &str,
        step: ContactStep,
        fx: &mut Effects,
    ) -> Result<event::Contact, Code> {
        let no = self.contact_channel(other.lineage, fx)?;
        let from = self.own_label(account)?;
        let contact = event::Contact { account: other.number, step, from, label: label.to_owned() };
        self.append_event(no, account, &EventAct::Contact(contact.clone()), None, fx);
        Ok(contact)
    }

    /// The link channel with an organisation; with our own it is made when it is first needed.
    pub(crate) fn contact_channel(
        &mut self,
        with: LineageId,
        fx: &mut Effects,
    ) -> Result<ChannelNo, Code> {
        let own = self.lineage();
        match self.link_with(with) {
            Some(no) => Ok(no),
            None if with == own => {
                let id = link_channel(own, own);
                Ok(self.add_channel(Channel::new(id, Kind::Link { peer: own }), fx))
            }
            None => Err(Code::DomainNotFound),
        }
    }

    /// Whether a label may be one of an organisation's accounts.
    pub(crate) fn is_label_of(&self, lineage: LineageId, label: &str) -> bool {
        let domain = match self.peers.get(&lineage) {
            Some(peer) => peer.domain.as_str(),
            None => self.domain(),
        };
        label.parse::<AccountLabel>().is_ok_and(|label| label.domain.as_str() == domain)
    }

    /// Whether there is room for one more who asks.
    fn may_ask(&self, account: AccountNumber, by: LineageId) -> bool {
        let asking = |standing| standing == ContactStanding::Asking;
        self.count_contacts(account, asking) < ASKING_MAX
            && self.asking.get(&by).is_none_or(|count| *count < ASKING_PER_PEER_MAX)
    }

    fn contact_standing(
        &self,
        account: AccountNumber,
        other: AccountId,
    ) -> Option<ContactStanding> {
        self.contacts.get(&(account, other)).map(|contact| contact.standing)
    }

    fn count_contacts(
        &self,
        account: AccountNumber,
        counts: impl Fn(ContactStanding) -> bool,
    ) -> usize {
        self.contacts_of(account).filter(|(_, contact)| counts(contact.standing)).count()
    }

    fn decline_contact(
        &mut self,
        account: AccountNumber,
        other: AccountId,
        label: &str,
        fx: &mut Effects,
    ) {
        let declined = self
            .contacts_of(account)
            .filter(|(_, contact)| contact.standing == ContactStanding::Declined);
        let declined: Vec<_> = declined.map(|(id, known)| (known.since_unix_ms, id)).collect();
        if declined.len() >= DECLINED_MAX
            && let Some((_, oldest)) = declined.into_iter().min()
        {
            self.drop_contact(account, oldest, fx);
        }
        self.set_contact(account, other, label, ContactStanding::Declined, fx);
    }

    /// Declines whoever asks, without telling him.
    pub(crate) fn decline_silently(
        &mut self,
        account: AccountNumber,
        other: AccountId,
        fx: &mut Effects,
    ) {
        if self.contact_standing(account, other) == Some(ContactStanding::Asking) {
            let label = self.contacts[&(account, other)].label.clone();
            self.decline_contact(account, other, &label, fx);
        }
    }

    fn set_contact(
        &mut self,
        account: AccountNumber,
        other: AccountId,
        label: &str,
        standing: ContactStanding,
        fx: &mut Effects,
    ) {
        self.drop_contact(account, other, fx);
        let contact = Contact { label: label.to_owned(), standing, since_unix_ms: fx.unix_ms };
        self.insert_contact(account, other, contact);
    }

    /// Takes a contact that was made or read back.
    pub(crate) fn insert_contact(
        &mut self,
        account: AccountNumber,
        other: AccountId,
        contact: Contact,
    ) {
        if contact.standing == ContactStanding::Asking {
            *self.asking.entry(other.lineage).or_default() += 1;
        }
        self.contacts.insert((account, other), contact);
    }

    pub(crate) fn drop_contact(
        &mut self,
        account: AccountNumber,
        other: AccountId,
        fx: &mut Effects,
    ) {
        let dropped = self.contacts.remove(&(account, other));
        if dropped.is_some_and(|contact| contact.standing == ContactStanding::Asking)
            && let Some(count) = self.asking.get_mut(&other.lineage)
        {
            *count -= 1;
            if *count == 0 {
                self.asking.remove(&other.lineage);
            }
        }
        fx.dirty(RowKey::Contact(account, other));
    }
}
