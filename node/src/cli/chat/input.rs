//! What the user types, done line by line in its order. Texts are queued and settle behind, so that
//! a pipe is not held up by each answer; everything else is waited for.

use comity_client::{Draft, FoundGroup, Pending, Sender};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::book::Found;
use super::lines::{LineError, typed_lines};
use super::people::Listed;
use super::{Shared, mention, text};
use crate::cli::Failure;

/// How the input ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Everything was done.
    Clean,
    /// A text was refused, or a command failed, and nobody sat there to see it.
    SomethingFailed,
}

/// The typing half of a chat.
pub(super) struct Input {
    pub(super) shared: Shared,
    sender: Sender,
    failed: bool,
    /// The groups that were listed last, as numbers name them.
    pub(super) listed: Vec<FoundGroup>,
}

/// Whether to go on after a line.
enum Next {
    Go,
    Quit,
}

impl Input {
    pub(super) fn new(shared: Shared, sender: Sender) -> Self {
        Self { shared, sender, failed: false, listed: Vec::new() }
    }

    /// Reads until the end of the input or `/quit`, then waits until every text is settled.
    pub(super) async fn run(
        mut self,
        open: Option<String>,
        follow: bool,
    ) -> Result<Ending, Failure> {
        let (settle, settled) = self.start_settling();
        if let Some(name) = open {
            self.open(&name).await?;
        } else if self.shared.screen.is_terminal() {
            self.list().await?;
            self.shared.screen.notice("/help shows what you can do")?;
        }
        self.shared.screen.ask()?;
        let mut lines = typed_lines();
        let mut quit = false;
        while let Some(line) = lines.recv().await {
            let done = match line {
                Ok(line) => self.line(&line, &settle).await,
                Err(error @ LineError::Io(_)) => return Err(error.into()),
                Err(error) => Err(error.into()),
            };
            match done {
                Ok(Next::Go) => {}
                Ok(Next::Quit) => {
                    quit = true;
                    break;
                }
                Err(error) => {
                    self.failed = true;
                    self.shared.screen.notice(&text::clean(&error.to_string()))?;
                }
            }
        }
        drop(settle);
        let all_stored = settled.await?;
        if follow && !quit {
            std::future::pending::<()>().await;
        }
        let clean = self.shared.screen.is_terminal() || (all_stored && !self.failed);
        Ok(if clean { Ending::Clean } else { Ending::SomethingFailed })
    }

    /// Does the commands that a window hands over, each when the one before is done.
    pub(super) async fn serve(mut self, mut commands: mpsc::Receiver<String>) {
        while let Some(command) = commands.recv().await {
            if let Err(error) = self.command(&command).await {
                // A window that is gone shows nothing.
                let _ = self.shared.screen.notice(&text::clean(&error.to_string()));
            }
        }
    }

    /// Texts settle in their order; the task answers whether all were stored.
    fn start_settling(&self) -> (mpsc::Sender<Unsettled>, JoinHandle<bool>) {
        let (settle, mut unsettled) = mpsc::channel::<Unsettled>(UNSETTLED_MAX);
        let screen = self.shared.screen.clone();
        let task = tokio::spawn(async move {
            let mut all_stored = true;
            while let Some(next) = unsettled.recv().await {
                let text = match next {
                    Unsettled::Text(text) => text,
                    Unsettled::Mark(passed) => {
                        // Whoever waited may have gone.
                        let _ = passed.send(());
                        continue;
                    }
                };
                if let Err(error) = text.stored().await {
                    all_stored = false;
                    let notice = format!("not sent: {}", text::clean(&error.to_string()));
                    let _ = screen.notice(&notice);
                }
            }
            all_stored
        });
        (settle, task)
    }

    async fn line(
        &mut self,
        line: &str,
        settle: &mpsc::Sender<Unsettled>,
    ) -> Result<Next, Failure> {
        let text = match line.strip_prefix('/') {
            None => line,
            Some(rest) if rest.starts_with('/') => rest,
            Some(command) => {
                self.settled(settle).await?;
                return self.command(command).await;
            }
        };
        if text.trim().is_empty() {
            self.shared.screen.ask()?;
            return Ok(Next::Go);
        }
        let channel = self.open_channel()?;
        self.shared.screen.take_typed_line()?;
        let draft = self.draft(&channel, text).await;
        let pending = self.sender.start_send(&channel, draft).await;
        if settle.send(Unsettled::Text(pending)).await.is_err() {
            return Err("the connection ended".into());
        }
        Ok(Next::Go)
    }

    /// A text as it is sent, with those of the channel whom it calls. Where the node does not say
    /// who is in it the text goes all the same.
    async fn draft(&self, channel: &str, text: &str) -> Draft {
        if !mention::has_call(text) {
            return text.into();
        }
        let asked = self.shared.http.channel(channel).await;
        let members = asked.map(|channel| channel.members).unwrap_or_default();
        mention::draft(text, members.iter().map(|member| &*member.account))
    }

    /// In a script a command does not overtake the texts before it. A person is not kept waiting.
    async fn settled(&self, settle: &mpsc::Sender<Unsettled>) -> Result<(), Failure> {
        if self.shared.screen.is_terminal() {
            return Ok(());
        }
        let (passed, passing) = oneshot::channel();
        if settle.send(Unsettled::Mark(passed)).await.is_err() || passing.await.is_err() {
            return Err("the connection ended".into());
        }
        Ok(())
    }

    async fn command(&mut self, command: &str) -> Result<Next, Failure> {
        let (name, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
        let rest = rest.trim();
        match name {
            "accept" => self.accept(rest).await?,
            "admit" => self.admit(rest).await?,
            "alias" => self.alias(rest).await?,
            "contact" => self.contact(rest).await?,
            "contacts" => self.contacts().await?,
            "decline" => self.decline(rest).await?,
            "find" => self.find(rest).await?,
            "groups" => self.groups(rest).await?,
            "help" => self.shared.screen.arrival(HELP)?,
            "history" => self.history(rest).await?,
            "invite" => self.invite(rest).await?,
            "join" => self.join(rest).await?,
            "leave" => self.leave(rest).await?,
            "list" => self.list().await?,
            "members" => self.members().await?,
            "new" => self.new_group(rest).await?,
            "open" => self.open(rest).await?,
            "quit" => return Ok(Next::Quit),
            "report" => self.report(rest).await?,
            "uncontact" => self.uncontact(rest).await?,
            _ => return Err(format!("there is no command /{name}; /help lists them").into()),
        }
        Ok(Next::Go)
    }

    async fn list(&self) -> Result<(), Failure> {
        self.shared.refresh().await?;
        let listing = self.shared.book().listing();
        Ok(self.shared.screen.arrival(&listing)?)
    }

    async fn open(&self, name: &str) -> Result<(), Failure> {
        self.shared.refresh().await?;
        let found = self.shared.book().find(name)?;
        let id = match found {
            Found::Channel(id) => id,
            Found::Account(account) => {
                let id = self.shared.http.open_direct(&account).await?;
                self.shared.refresh().await?;
                id
            }
        };
        self.shared.enter(&id).await
    }

    async fn new_group(&self, name: &str) -> Result<(), Failure> {
        if name.is_empty() {
            return Err("a group needs a name: /new NAME".into());
        }
        let id = self.shared.http.create_group(name, "").await?;
        self.shared.refresh().await?;
        self.shared.enter(&id).await
    }

    async fn invite(&self, account: &str) -> Result<(), Failure> {
        if account.is_empty() {
            return Err("whom? /invite name@domain".into());
        }
        let channel = self.open_channel()?;
        let account = self.shared.book().account(account);
        let done = self.shared.http.invite(&channel, &account).await?;
        let how = if done.requested { "asked to invite" } else { "invited" };
        Ok(self.shared.screen.notice(&format!("{how} {}", text::clean(&account)))?)
    }

    async fn accept(&self, name: &str) -> Result<(), Failure> {
        let id = self.invitation(name).await?;
        let done = self.shared.http.accept(&id).await?;
        if !done.requested {
            self.shared.refresh().await?;
            return self.shared.enter(&id).await;
        }
        self.await_group(&id, "accepted").await
    }

    /// Opens a group as soon as its home has let the user in.
    pub(super) async fn await_group(&self, id: &str, what: &str) -> Result<(), Failure> {
        self.shared.book().set_awaited(id.to_owned());
        self.shared.screen.set_title("");
        let title = self.shared.book().title(id);
        let notice = format!("{what}: {title} opens when its organisation lets you in");
        self.shared.screen.notice(&notice)?;
        // The event may have come before anybody awaited it.
        self.shared.refresh().await?;
        let joined = self.shared.book().channel(id).is_some_and(|c| c.standing == "joined");
        if joined { self.shared.enter_awaited(id).await } else { Ok(()) }
    }

    async fn decline(&self, name: &str) -> Result<(), Failure> {
        let id = self.invitation(name).await?;
        self.shared.http.decline(&id).await?;
        self.shared.refresh().await?;
        Ok(self.shared.screen.notice("declined")?)
    }

    async fn leave(&self, name: &str) -> Result<(), Failure> {
        let id = match name {
            "" => self.open_channel()?,
            name => self.channel_named(name)?,
        };
        let title = self.shared.book().title(&id);
        self.shared.http.leave_group(&id).await?;
        self.shared.refresh().await?;
        if self.shared.book().open().is_none() {
            self.shared.screen.set_title("");
        }
        Ok(self.shared.screen.notice(&format!("left {title}"))?)
    }

    async fn members(&self) -> Result<(), Failure> {
        let channel = self.open_channel()?;
        let channel = self.shared.http.channel(&channel).await?;
        let (members, others) = (channel.members, channel.organisations);
        let listed = members.into_iter().map(|member| {
            let standing = if member.invited { "invited" } else { member.role.as_str() };
            Listed { what: text::clean(standing), account: member.account }
        });
        self.show_people(listed.collect()).await?;
        for text in others.iter().filter_map(text::behind) {
            self.shared.screen.notice(&text)?;
        }
        Ok(())
    }

    async fn history(&self, count: &str) -> Result<(), Failure> {
        let count = match count {
            "" => HISTORY_DEFAULT,
            text => text.parse().map_err(|_| "how many? /history 50")?,
        };
        let channel = self.open_channel()?;
        self.shared.page(&channel, count.clamp(1, HISTORY_MAX)).await
    }

    /// The invitation that is meant: the one named, or the only one.
    async fn invitation(&self, name: &str) -> Result<String, Failure> {
        self.shared.refresh().await?;
        if !name.is_empty() {
            return self.channel_named(name);
        }
        match self.shared.book().invitations()[..] {
            [] => Err("you have no invitations".into()),
            [only] => Ok(only.id.clone()),
            _ => Err("which one? /list shows your invitations".into()),
        }
    }

    fn channel_named(&self, name: &str) -> Result<String, Failure> {
        match self.shared.book().find(name)? {
            Found::Channel(id) => Ok(id),
            Found::Account(account) => {
                Err(format!("there is no channel with {}", text::clean(&account)).into())
            }
        }
    }

    pub(super) fn open_channel(&self) -> Result<String, Failure> {
        let book = self.shared.book();
        match (book.open(), book.awaited()) {
            (Some(open), _) => Ok(open.to_owned()),
            (None, Some(id)) => {
                let title = book.title(id);
                Err(format!("not done: {title} has not let you in yet; /open another one").into())
            }
            (None, None) => Err("no channel is open: /open name@domain, or /list".into()),
        }
    }
}

pub(super) const HELP: &str = "  /list                 your channels and invitations, with numbers
  /open WHAT            open a channel: name@domain, #group, or its number in the list
  /new NAME             make a group and open it
  /invite name@domain   invite somebody to the open group
  /groups [DOMAIN]      groups that you may join, here or at another organisation
  /join WHAT            join one: #name@domain, or its number in that list
  /accept [WHAT]        accept an invitation
  /decline [WHAT]       decline it
  /leave [WHAT]         leave a group
  /members              who is in the open channel
  /history [N]          the newest N messages of the open channel
  /find WORDS           messages of all channels that have these words
  /admit WHO            who may join the open group: anyone, invited, or domains
  /alias NAME           name the open group, so that people find it as #NAME@domain
  /contacts             your contacts, and who asks to be one
  /contact name@domain  ask somebody to be a contact, or agree
  /uncontact WHOM       decline, take back or end it
  /report WHO WHY TEXT  report his newest message here: spam, harassment, illegal, other
  /quit                 end
  anything else is sent to the open channel; //text sends a line that begins with a slash
";

/// What is to be settled, in its order.
enum Unsettled {
    Text(Pending),
    /// All before it is settled.
    Mark(oneshot::Sender<()>),
}

/// Texts under way at once; more are not read from the input.
const UNSETTLED_MAX: usize = 256;
pub(super) const HISTORY_DEFAULT: usize = 20;
/// The most that a node gives in one page.
const HISTORY_MAX: usize = 200;
