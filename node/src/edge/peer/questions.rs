//! Questions on a link: for accounts, for what they show of themselves, and for groups. Ours are
//! asked here, and the peer's are answered at once.

use comity_machine::Subscriber;
use comity_protocol::code::Code;
use comity_protocol::directory::Seek;
use comity_protocol::frame::Frame;
use comity_protocol::id::{AccountNumber, LineageId};
use comity_protocol::name::AccountName;
use comity_protocol::profile::{Profile, avatar_id};

use super::conduct::Wrong;
use super::end::LinkEnd;
use super::exchange::Exchange;

impl LinkEnd {
    /// Asks the peer for an account by name; `Task::LookedUp` tells of the same number.
    pub fn look_up(&mut self, name: String, now_ms: u64) -> Result<u64, Code> {
        self.replica.look_up(name, now_ms).map_err(|error| error.code())
    }

    /// Asks the peer what an account shows; `Task::Shown` tells of the same number.
    pub fn ask_profile(&mut self, name: String, image: bool, now_ms: u64) -> Result<u64, Code> {
        self.replica.ask_profile(name, image, now_ms).map_err(|error| error.code())
    }

    /// Asks the peer for groups; `Task::Sought` tells of the same number.
    pub fn seek(&mut self, seek: Seek, now_ms: u64) -> Result<u64, Code> {
        self.replica.seek(seek, now_ms).map_err(|error| error.code())
    }

    pub(super) fn answer_look_up(&mut self, id: u64, name: &str) {
        let number = self.exchange.account_named(name);
        self.note_found(number.is_some());
        self.replica.send(Frame::Account { id, number });
    }

    pub(super) fn answer_profile(&mut self, id: u64, name: &str, image: bool) {
        let profile = self.exchange.profile(name, image);
        self.note_found(profile.is_some());
        self.replica.send(Frame::Profile { id, profile });
    }

    /// Pages may be empty; what is asked for by name or by id should be there.
    pub(super) fn answer_seek(&mut self, peer: LineageId, id: u64, seek: &Seek) {
        let offer = self.exchange.shared.state().offer(Subscriber::Peer(peer), seek);
        self.note_found(matches!(seek, Seek::Page { .. }) || !offer.groups.is_empty());
        self.replica.send(Frame::Offer { id, offer });
    }

    /// Counts what was asked for and is not here, or not for the peer to see.
    pub(super) fn note_found(&self, is_found: bool) {
        if !is_found {
            self.note(Wrong::Denied, None);
        }
    }
}

impl Exchange {
    fn account_named(&self, name: &str) -> Option<AccountNumber> {
        let name: AccountName = name.parse().ok()?;
        self.shared.state().account_named(name.as_str())
    }

    /// What an account of ours shows.
    fn profile(&self, name: &str, image: bool) -> Option<Profile> {
        let number = self.account_named(name)?;
        let mut profile = {
            let state = self.shared.state();
            let account = state.accounts.get(&number)?;
            let display_name = account.display_name.clone();
            Profile { display_name, avatar: account.avatar, image: None }
        };
        if image && profile.avatar.is_some() {
            let found = self.shared.view().and_then(|view| view.avatar(number));
            let found = found.inspect_err(|error| tracing::error!(%error, "no avatar to be read"));
            let image = found.ok().flatten();
            // It may be another by now than the state said.
            profile.avatar = image.as_deref().map(avatar_id);
            profile.image = image.map(Into::into);
        }
        Some(profile)
    }
}
