//! What accounts of the double show. It takes any bytes for an image.

use comity_client_api::*;
use comity_protocol::code::Code;
use comity_protocol::name::AccountLabel;
use comity_protocol::profile::avatar_id;

use super::{Double, State};

impl State {
    pub(crate) fn show(&mut self, me: &AccountLabel, action: Action) -> Result<Outcome, Refusal> {
        match action {
            Action::SetAvatar { image: Some(image) } if image.is_empty() => {
                return Err(Code::ImageInvalid.into());
            }
            Action::SetAvatar { image: Some(image) } => {
                drop(self.avatars.insert(me.clone(), image));
            }
            Action::SetAvatar { image: None } => drop(self.avatars.remove(me)),
            Action::SetDisplayName { name: Some(name) } => {
                drop(self.display_names.insert(me.clone(), name));
            }
            _ => drop(self.display_names.remove(me)),
        }
        Ok(Outcome::Done)
    }

    fn profile(&self, account: &AccountLabel) -> Result<Profile, Refusal> {
        let is_known = self.accounts.contains_key(account.name.as_str());
        match account.domain.as_str() {
            "acme.test" if !is_known => return Err(Code::AccountNotFound.into()),
            "acme.test" | "globex.test" => {}
            _ => return Err(Code::DomainUnreachable.into()),
        }
        Ok(Profile {
            account: account.clone(),
            display_name: self.display_names.get(account).cloned(),
            avatar: self.avatars.get(account).map(|image| avatar_id(image)),
            status: None,
        })
    }
}

impl ProfileBackend for Double {
    async fn profiles(
        &self,
        caller: &Caller,
        accounts: Vec<AccountLabel>,
    ) -> Result<Vec<Asked>, Refusal> {
        let state = self.state();
        let asked = |account: AccountLabel| {
            let status = state.seen(caller, account.clone()).status;
            let found = state.profile(&account);
            (account, found.map(|profile| Profile { status, ..profile }))
        };
        Ok(accounts.into_iter().map(asked).collect())
    }

    async fn avatar(&self, _: &Caller, account: AccountLabel) -> Result<Avatar, Refusal> {
        let state = self.state();
        state.profile(&account)?;
        let image = state.avatars.get(&account).cloned().ok_or(Code::AvatarNotFound)?;
        Ok(Avatar { id: avatar_id(&image), image })
    }

    fn directory(&self, _: &Caller, text: &str, limit: usize) -> Vec<Profile> {
        let state = self.state();
        let label = |name: &String| format!("{name}@acme.test").parse().unwrap();
        let found = state.accounts.keys().filter(|name| name.starts_with(text));
        found.take(limit).map(|name| state.profile(&label(name)).unwrap()).collect()
    }
}
