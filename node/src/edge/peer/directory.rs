//! Finding accounts of other organisations by asking their nodes.

use comity_client_api::Refusal;
use comity_protocol::code::Code;
use comity_protocol::id::AccountId;
use comity_protocol::name::AccountLabel;
use tokio::sync::{mpsc, oneshot};

/// A question for an account of another organisation.
pub(super) struct Question {
    pub(super) label: AccountLabel,
    pub(super) answer: oneshot::Sender<Result<AccountId, Code>>,
}

/// Questions that wait; more are refused.
const QUESTIONS_MAX: usize = 256;

/// Finds accounts of other organisations. Cheap to clone.
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
        let (answer, received) = oneshot::channel();
        let asked = self.questions.try_send(Question { label: label.clone(), answer });
        asked.map_err(|_| Refusal::from(Code::Overloaded))?;
        let found = received.await.unwrap_or(Err(Code::DomainUnreachable));
        found.map_err(|code| refusal(code, label))
    }
}

/// A refusal that names the domain or the account.
fn refusal(code: Code, label: &AccountLabel) -> Refusal {
    let domain = &label.domain;
    let sentence = match code {
        Code::AccountNotFound => format!("There is no account {label}."),
        Code::DomainBogus => format!("The DNS signatures of {domain} do not verify."),
        Code::DomainNotFound => {
            format!("The domain {domain} does not exist or publishes no Comity node.")
        }
        Code::DomainUnproven => {
            format!("Nothing that this node trusts proves the key of {domain}.")
        }
        Code::DomainUnreachable => format!("The node of {domain} cannot be reached right now."),
        other => other.sentence().to_owned(),
    };
    Refusal { sentence, ..code.into() }
}
