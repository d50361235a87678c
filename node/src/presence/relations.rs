//! What the machine of presence asks, answered by the state: locked for each question alone, so
//! that the writer never waits while many are told.

use comity_machine::State;
use comity_presence::{Person, Relations, Shown};
use comity_protocol::id::{AccountId, AccountNumber, LineageId};
use comity_protocol::presence::PresenceState;

use crate::writer::Shared;

/// The state, as presence asks it.
pub(super) struct Ties<'s>(pub(super) &'s Shared);

impl Relations for Ties<'_> {
    fn person(&self, account: AccountId, by: AccountNumber) -> Option<Person> {
        person(&self.0.state(), account, by)
    }

    fn watched_by(&self, account: AccountNumber) -> Vec<AccountId> {
        self.0.state().watched_by(account)
    }

    fn may_lease(&self, account: AccountNumber, peer: LineageId) -> bool {
        self.0.state().may_lease(account, peer)
    }
}

/// What is shown of an account that presence knows nothing of at the moment: one of ours is
/// offline.
pub(super) fn kept(state: &State, account: AccountId, by: AccountNumber) -> Option<Shown> {
    let Person { label, status, last_active_unix_ms } = person(state, account, by)?;
    if account.lineage != state.lineage() {
        return Some(Shown::unknown(label));
    }
    Some(Shown { label, state: PresenceState::Offline, status, last_active_unix_ms })
}

fn person(state: &State, account: AccountId, by: AccountNumber) -> Option<Person> {
    let label = state.tied_label(account, by)?;
    let ours = state.accounts.get(&account.number);
    let ours = ours.filter(|_| account.lineage == state.lineage());
    Some(Person {
        label,
        status: ours.and_then(|ours| ours.status.as_deref().map(Into::into)),
        last_active_unix_ms: ours.and_then(|ours| ours.last_active_unix_ms),
    })
}
