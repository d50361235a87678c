//! Contacts, as an account's devices see and change them.

use comity_client_api::{Caller, Contact, Refusal};
use comity_machine::{Act, ContactStanding};
use comity_protocol::id::AccountId;
use comity_protocol::name::AccountLabel;

use super::client::ClientEdge;
use super::convert;

impl ClientEdge {
    /// Whom the caller knows, by label.
    pub(super) fn contacts_of(&self, caller: &Caller) -> Vec<Contact> {
        let state = self.shared().state();
        let known = state.contacts_of(caller.account.number);
        // Whoever asks and is not let in is not heard, until he is again.
        let is_heard = |(other, contact): &(AccountId, &comity_machine::Contact)| {
            contact.standing != ContactStanding::Asking
                || state.check_admitted(other.lineage).is_ok()
        };
        let mut contacts: Vec<Contact> =
            known.filter(is_heard).filter_map(|(_, contact)| convert::contact(contact)).collect();
        contacts.sort_by(|a, b| a.account.cmp(&b.account));
        contacts
    }

    /// The act by which a caller asks somebody, or agrees.
    pub(super) async fn add_contact(&self, label: &AccountLabel) -> Result<Act, Refusal> {
        let account = self.resolve(label).await?;
        Ok(Act::AddContact { account, label: label.to_string() })
    }

    /// The act by which a caller ends what there is with somebody; also with an account that its
    /// node does not know any more.
    pub(super) async fn remove_contact(
        &self,
        caller: &Caller,
        label: &AccountLabel,
    ) -> Result<Act, Refusal> {
        let text = label.to_string();
        let known = {
            let state = self.shared().state();
            let mut known = state.contacts_of(caller.account.number);
            known.find(|(_, contact)| contact.label == text).map(|(account, _)| account)
        };
        let account = match known {
            Some(account) => account,
            None => self.resolve(label).await?,
        };
        Ok(Act::RemoveContact { account })
    }
}
