//! The heart of the demo: a message goes from one organisation to the other and its answer comes
//! back, through the same API that any client uses.

use std::time::{Duration, Instant};

use comity_client::{Client, ClientSettings, Content, Event, Http};
use tokio::time::timeout;

use crate::cli::{Failure, say};

/// A user of the demo.
pub(super) struct Person {
    /// `name@domain`.
    pub(super) account: String,
    /// The base URL of the node.
    pub(super) server: String,
    /// The password.
    pub(super) password: String,
}

impl Person {
    /// The part before the `@`.
    pub(super) fn name(&self) -> &str {
        self.account.split('@').next().unwrap_or_default()
    }
}

/// Sends a message there and one back, and prints each as it arrives.
pub(super) async fn show(one: &Person, other: &Person) -> Result<(), Failure> {
    let mut here = Seat::take(one).await?;
    let mut there = Seat::take(other).await?;
    let channel = here.client.http().open_direct(&other.account).await?;
    say("A message crosses, and its answer:\n\n")?;
    let hello = format!("Hello {}, can you read this over there?", other.name());
    cross(&here, &mut there, &channel, &hello).await?;
    let answer = format!("Loud and clear, {}!", one.name());
    cross(&there, &mut here, &channel, &answer).await?;
    here.leave().await?;
    there.leave().await
}

/// A logged-in user with a live connection.
struct Seat {
    account: String,
    client: Client,
}

impl Seat {
    async fn take(person: &Person) -> Result<Self, Failure> {
        let http = Http::at(&person.server)?;
        let login = http.log_in(person.name(), &person.password, "comity demo").await?;
        let client = Client::connect(http.with_token(&login.token), ClientSettings::default());
        let mut seat = Self { account: login.account, client };
        let is_up = |event: &Event| matches!(event, Event::Connected { .. }).then_some(());
        seat.wait("connect", is_up).await?;
        Ok(seat)
    }

    /// Waits for an event in which `wanted` finds something.
    async fn wait<T>(
        &mut self,
        what: &str,
        wanted: impl Fn(&Event) -> Option<T>,
    ) -> Result<T, Failure> {
        let found = async {
            while let Some(event) = self.client.next().await {
                if let Some(found) = wanted(&event) {
                    return Some(found);
                }
            }
            None
        };
        match timeout(PATIENCE, found).await {
            Ok(Some(found)) => Ok(found),
            Ok(None) => Err(format!("{}: the connection ended ({what})", self.account).into()),
            Err(_) => Err(format!("{}: waited in vain ({what})", self.account).into()),
        }
    }

    async fn leave(self) -> Result<(), Failure> {
        Ok(self.client.http().log_out().await?)
    }
}

async fn cross(from: &Seat, to: &mut Seat, channel: &str, text: &str) -> Result<(), Failure> {
    let begin = Instant::now();
    let sender = from.client.sender();
    let sent = async { Ok::<_, Failure>((sender.send(channel, text).await?, begin.elapsed())) };
    let is_it = |event: &Event| match event {
        Event::Channel(e) if e.sender == from.account => match &e.content {
            Content::Message { text: Some(found) } if found == text => Some(e.id.clone()),
            _ => None,
        },
        _ => None,
    };
    let arrived = async { Ok((to.wait("a message", is_it).await?, begin.elapsed())) };
    let ((stored, stored_after), (id, arrived_after)) = tokio::try_join!(sent, arrived)?;
    if stored.id != id {
        return Err("the message has another id on the other side".into());
    }
    let (from, to) = (&from.account, &to.account);
    say(format_args!("  {from:<16} -> {to:<16} {text}\n"))?;
    say(format_args!(
        "  {:<16}    {:<16} (on disk here after {:.1?}, there on the screen after {:.1?})\n",
        "", "", stored_after, arrived_after,
    ))?;
    Ok(())
}

/// Long enough for the first contact of two nodes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
