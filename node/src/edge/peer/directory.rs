//! Finding accounts, what they show of themselves, and groups of other organisations by asking
//! their nodes.

use comity_client_api::Refusal;
use comity_protocol::code::Code;
use comity_protocol::directory::{Offer, Seek};
use comity_protocol::id::AccountId;
use comity_protocol::name::{AccountLabel, ServerName};
use comity_protocol::probe::{Probed, ProbedRecord};
use comity_protocol::profile::Profile;
use tokio::sync::{mpsc, oneshot};

/// A question for another organisation.
pub(super) struct Question {
    pub(super) domain: ServerName,
    pub(super) wanted: Wanted,
}

/// What a question is for, and where its answer goes.
pub(super) enum Wanted {
    /// The account of this name.
    Account(String, oneshot::Sender<Result<AccountId, Code>>),
    /// Groups that our accounts may join.
    Groups(Seek, oneshot::Sender<Result<Offer, Code>>),
    /// How it is between us: with a dial of our addresses or without, and with a record of ours
    /// that is to be read back.
    Probe(bool, Option<ProbedRecord>, oneshot::Sender<Result<Probed, Code>>),
    /// What the account of this name shows, with its avatar's bytes or without.
    Profile(String, bool, oneshot::Sender<Result<Profile, Code>>),
}

impl Question {
    /// Nobody will answer it. Whoever asked may be gone.
    pub(super) fn fail(self, code: Code) {
        match self.wanted {
            Wanted::Account(_, asker) => drop(asker.send(Err(code))),
            Wanted::Groups(_, asker) => drop(asker.send(Err(code))),
            Wanted::Probe(_, _, asker) => drop(asker.send(Err(code))),
            Wanted::Profile(_, _, asker) => drop(asker.send(Err(code))),
        }
    }
}

/// Questions that wait; more are refused.
const QUESTIONS_MAX: usize = 256;

/// Finds accounts and groups of other organisations. Cheap to clone.
#[derive(Clone)]
pub struct Directory {
    questions: mpsc::Sender<Question>,
}

impl Directory {
    /// A directory, and where its questions come out.
    pub(super) fn new() -> (Self, mpsc::Receiver<Question>) {
        let (questions, received) = mpsc::channel(QUESTIONS_MAX);
        (Self { questions }, received)
    }

    /// The account that a label of another domain names.
    pub(in crate::edge) async fn look_up(
        &self,
        label: &AccountLabel,
    ) -> Result<AccountId, Refusal> {
        let wanted = |answer| Wanted::Account(label.name.to_string(), answer);
        let found = self.ask(&label.domain, wanted).await;
        found.map_err(|code| account_refusal(code, label))
    }

    /// What an account of another domain shows.
    pub(in crate::edge) async fn profile(
        &self,
        label: &AccountLabel,
        image: bool,
    ) -> Result<Profile, Refusal> {
        let wanted = |answer| Wanted::Profile(label.name.to_string(), image, answer);
        let found = self.ask(&label.domain, wanted).await;
        found.map_err(|code| account_refusal(code, label))
    }

    /// Groups that accounts of ours may join, as another domain's node says.
    pub(in crate::edge) async fn seek(
        &self,
        domain: &ServerName,
        seek: Seek,
    ) -> Result<Offer, Refusal> {
        let found = self.ask(domain, |answer| Wanted::Groups(seek, answer)).await;
        found.map_err(|code| refusal(code, domain))
    }

    /// How it is between us and another domain's node, as that says.
    pub(super) async fn probe(
        &self,
        domain: &ServerName,
        dial: bool,
        record: Option<ProbedRecord>,
    ) -> Result<Probed, Code> {
        self.ask(domain, |answer| Wanted::Probe(dial, record, answer)).await
    }

    async fn ask<T>(
        &self,
        domain: &ServerName,
        wanted: impl FnOnce(oneshot::Sender<Result<T, Code>>) -> Wanted,
    ) -> Result<T, Code> {
        let (answer, received) = oneshot::channel();
        let question = Question { domain: domain.clone(), wanted: wanted(answer) };
        self.questions.try_send(question).map_err(|_| Code::Overloaded)?;
        received.await.unwrap_or(Err(Code::DomainUnreachable))
    }
}

/// A refusal that names the account, or the domain.
pub(in crate::edge) fn account_refusal(code: Code, label: &AccountLabel) -> Refusal {
    match code {
        Code::AccountNotFound => {
            Refusal { sentence: format!("There is no account {label}."), ..code.into() }
        }
        code => refusal(code, &label.domain),
    }
}

/// A refusal that names the domain.
fn refusal(code: Code, domain: &ServerName) -> Refusal {
    let sentence = match code {
        Code::DomainBogus => format!("The DNS signatures of {domain} do not verify."),
        Code::DomainNotFound => {
            format!("The domain {domain} does not exist or publishes no Comity node.")
        }
        Code::DomainUnproven => {
            format!("Nothing that this node trusts proves the key of {domain}.")
        }
        Code::DomainUnreachable => format!("The node of {domain} cannot be reached right now."),
        Code::DomainRefused => format!("This node does not federate with {domain}."),
        Code::DomainWaits => {
            format!("This node's admin has to allow {domain} first, and was asked.")
        }
        Code::RefusedByDomain => format!("The node of {domain} does not federate with this one."),
        Code::WaitsAtDomain => {
            format!("An admin of {domain} has to allow this organisation first, and was asked.")
        }
        other => other.sentence().to_owned(),
    };
    Refusal { sentence, ..code.into() }
}
