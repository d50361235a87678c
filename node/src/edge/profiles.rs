//! What accounts show of themselves, at the client edge: ours from the state, others' from their
//! nodes, for a while from memory. What another node shows is not trusted: its images are made
//! anew, as uploads are.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use comity_client_api::{Asked, Avatar, Caller, PresenceBackend, Profile, ProfileBackend, Refusal};
use comity_machine::{Account, Act};
use comity_protocol::code::Code;
use comity_protocol::name::AccountLabel;
use comity_protocol::profile::{self, avatar_id};
use futures_util::future::join_all;
use tokio::sync::{OnceCell, Semaphore};

use super::avatar;
use super::client::ClientEdge;
use super::peer::account_refusal;
use super::work::Work;

/// Profiles of other organisations' accounts that are kept, some 500 bytes each.
const PROFILES_KEPT_MAX: usize = 4_096;
/// Avatars of theirs that are kept: 16 MiB at the most, some 3 MB mostly.
const AVATARS_KEPT_MAX: usize = 512;
/// How long what another node says counts.
const KEPT_FOR: Duration = Duration::from_secs(300);
/// How long nobody asks again where there was no answer, or no account.
const FAILURE_KEPT_FOR: Duration = Duration::from_secs(30);
/// Questions to other nodes at once; others wait.
const QUESTIONS_AT_ONCE_MAX: usize = 64;
/// How long a question may take, its wait included.
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// What is known of profiles beyond the state, and where avatars are made.
pub(super) struct Profiles {
    images: Work,
    questions: Semaphore,
    shown: Kept<profile::Profile>,
    avatars: Kept<Avatar>,
}

impl Profiles {
    pub(super) fn new() -> Self {
        Self {
            images: avatar::workplace(),
            questions: Semaphore::new(QUESTIONS_AT_ONCE_MAX),
            shown: Kept::new(PROFILES_KEPT_MAX),
            avatars: Kept::new(AVATARS_KEPT_MAX),
        }
    }
}

impl ClientEdge {
    /// The act by which a caller shows another avatar.
    pub(super) async fn avatar_act(&self, image: Option<bytes::Bytes>) -> Result<Act, Refusal> {
        let Some(image) = image else { return Ok(Act::SetAvatar { image: None }) };
        let made = self.profiles_known().images.run(move || avatar::made_of(&image)).await?;
        Ok(Act::SetAvatar { image: Some(made.into()) })
    }

    /// What an account shows, but for its status.
    async fn shown(&self, account: AccountLabel) -> Result<Profile, Refusal> {
        if account.domain == *self.own_domain() {
            return self.own_profile(&account).ok_or(Code::AccountNotFound.into());
        }
        let ask = || async {
            // What was not asked for is not kept.
            Ok(profile::Profile { image: None, ..self.ask(&account, false).await? })
        };
        let shown = self.profiles_known().shown.get(&account, ask).await?;
        let profile::Profile { display_name, avatar, .. } = shown;
        Ok(Profile { account, display_name, avatar, status: None })
    }

    fn own_profile(&self, label: &AccountLabel) -> Option<Profile> {
        let state = self.shared().state();
        let number = state.account_named(label.name.as_str())?;
        state.accounts.get(&number).and_then(profile_of)
    }

    /// Asks another node, in its turn.
    async fn ask(&self, account: &AccountLabel, image: bool) -> Result<profile::Profile, Refusal> {
        let asked = async {
            let _place = self.profiles_known().questions.acquire().await;
            self.directory().profile(account, image).await
        };
        let late = |_| Err(account_refusal(Code::DomainUnreachable, account));
        tokio::time::timeout(ANSWER_WAIT, asked).await.unwrap_or_else(late)
    }

    /// The avatar of another organisation's account, made anew of what its node shows.
    async fn fetch_avatar(&self, account: &AccountLabel) -> Result<Avatar, Refusal> {
        let profile::Profile { avatar, image, .. } = self.ask(account, true).await?;
        let (Some(id), Some(image)) = (avatar, image) else {
            return Err(Code::AvatarNotFound.into());
        };
        let made = match avatar_id(&image) == id {
            true => self.profiles_known().images.run(move || avatar::made_of(&image)).await,
            false => Err(Refusal::from(Code::ImageInvalid)),
        };
        made.map(|image| Avatar { id, image: image.into() }).map_err(|refusal| {
            if refusal.code != Code::ImageInvalid {
                return refusal;
            }
            tracing::warn!(peer = %account.domain, "an avatar that is not what it should be");
            Code::AvatarNotFound.into()
        })
    }

    fn own_avatar(&self, label: &AccountLabel) -> Result<Avatar, Refusal> {
        let number = self.shared().state().account_named(label.name.as_str());
        let number = number.ok_or(Code::AccountNotFound)?;
        let image = self.shared().view().and_then(|view| view.avatar(number));
        let image = image.map_err(|error| {
            tracing::error!(%error, "an avatar cannot be read");
            Code::Internal
        })?;
        let image = image.ok_or(Code::AvatarNotFound)?;
        Ok(Avatar { id: avatar_id(&image), image: image.into() })
    }
}

impl ProfileBackend for ClientEdge {
    async fn profiles(
        &self,
        caller: &Caller,
        accounts: Vec<AccountLabel>,
    ) -> Result<Vec<Asked>, Refusal> {
        let shown = join_all(accounts.iter().cloned().map(|account| self.shown(account)));
        let (present, shown) = tokio::join!(self.presences(caller, accounts.clone()), shown);
        let all = accounts.into_iter().zip(shown).zip(present?);
        let asked = all.map(|((account, shown), presence)| {
            let status = presence.status.clone();
            (account, shown.map(|profile| Profile { status, ..profile }))
        });
        Ok(asked.collect())
    }

    async fn avatar(&self, _: &Caller, account: AccountLabel) -> Result<Avatar, Refusal> {
        if account.domain == *self.own_domain() {
            return self.own_avatar(&account);
        }
        self.profiles_known().avatars.get(&account, || self.fetch_avatar(&account)).await
    }

    fn directory(&self, _: &Caller, text: &str, limit: usize) -> Vec<Profile> {
        let state = self.shared().state();
        let found = state.search_accounts(text, limit).into_iter();
        found.filter_map(|number| state.accounts.get(&number).and_then(profile_of)).collect()
    }
}

/// What an account of ours shows.
fn profile_of(account: &Account) -> Option<Profile> {
    Some(Profile {
        account: account.label.clone()?,
        display_name: account.display_name.clone(),
        avatar: account.avatar,
        status: None,
    })
}

/// Answers of other nodes, by account: so many, and for a while. Whoever asks for what is being
/// asked for waits for the same answer.
struct Kept<T> {
    max: usize,
    answers: Mutex<HashMap<AccountLabel, Answer<T>>>,
}

struct Answer<T> {
    since: Instant,
    found: Arc<OnceCell<Result<T, Refusal>>>,
}

impl<T> Answer<T> {
    fn is_fresh(&self) -> bool {
        match self.found.get() {
            Some(Ok(_)) => self.since.elapsed() < KEPT_FOR,
            Some(Err(refusal)) if refusal.code == Code::Overloaded => false,
            Some(Err(_)) => self.since.elapsed() < FAILURE_KEPT_FOR,
            None => true,
        }
    }
}

impl<T: Clone> Kept<T> {
    fn new(max: usize) -> Self {
        Self { max, answers: Mutex::default() }
    }

    /// What is kept of an account, or is found by asking.
    async fn get<F: Future<Output = Result<T, Refusal>>>(
        &self,
        account: &AccountLabel,
        ask: impl FnOnce() -> F,
    ) -> Result<T, Refusal> {
        self.cell(account).get_or_init(ask).await.clone()
    }

    fn cell(&self, account: &AccountLabel) -> Arc<OnceCell<Result<T, Refusal>>> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = answers.get(account).filter(|answer| answer.is_fresh()) {
            return Arc::clone(&answer.found);
        }
        if answers.len() >= self.max {
            answers.retain(|_, answer| answer.is_fresh());
        }
        if answers.len() >= self.max
            && let Some(oldest) = answers.iter().min_by_key(|(_, answer)| answer.since)
        {
            let oldest = oldest.0.clone();
            answers.remove(&oldest);
        }
        let found = Arc::<OnceCell<_>>::default();
        let answer = Answer { since: Instant::now(), found: Arc::clone(&found) };
        answers.insert(account.clone(), answer);
        found
    }
}
