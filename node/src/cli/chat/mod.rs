//! `comity chat`: a client for the terminal (`tui`), and a plain one for pipes. Knows the node only
//! through comity-client, as any other client would; keeps nothing on disk, and logs its device out
//! at the end.

mod book;
mod contacts;
mod door;
mod find;
mod groups;
mod input;
mod lines;
mod mention;
mod people;
mod reports;
mod screen;
pub(super) mod text;
mod tui;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clap::Args;
use comity_client::{ChannelEvent, Client, ClientSettings, Content, Event, Http, Page};
use tokio::time::timeout;

use self::book::Book;
use self::input::{Ending, HISTORY_DEFAULT, Input};
use self::screen::Screen;
use self::text::When;
use super::Failure;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The node's URL [default: asked at https://DOMAIN/ of --user name@DOMAIN]
    #[arg(long, value_name = "URL", env = "COMITY_SERVER")]
    server: Option<String>,
    /// The account: name, or name@domain
    #[arg(long, value_name = "NAME", env = "COMITY_USER")]
    user: String,
    /// Its password; others on this machine can see it here, so prefer the environment, or leave
    /// it out to be asked
    #[arg(long, value_name = "PASSWORD", env = "COMITY_PASSWORD", hide_env_values = true)]
    password: Option<String>,
    /// Make the account first
    #[arg(long)]
    sign_up: bool,
    /// The invite for --sign-up, where the node asks for one
    #[arg(long, value_name = "TOKEN", requires = "sign_up", allow_hyphen_values = true)]
    invite: Option<String>,
    /// Open this channel at once: name@domain, or #group
    #[arg(long, value_name = "CHANNEL")]
    open: Option<String>,
    /// Go on showing arrivals after the end of the input, until Ctrl-C
    #[arg(long)]
    follow: bool,
    /// No window: line by line, as in a pipe
    #[arg(long)]
    plain: bool,
    /// A PEM file with certificates to trust besides the public web's
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
}

/// What the two halves of a chat share: the one that shows arrivals and the one that does what is
/// typed.
#[derive(Clone)]
struct Shared {
    http: Http,
    book: Arc<Mutex<Book>>,
    screen: Arc<Screen>,
    /// The node cannot be reached, and the user has been told.
    away: Arc<AtomicBool>,
    /// Events that a window has taken, by which it knows what a list cannot know of yet.
    heard: Arc<AtomicU64>,
}

impl Shared {
    fn book(&self) -> MutexGuard<'_, Book> {
        // A panic elsewhere left the list whole: it is only ever replaced.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches the list of channels anew.
    async fn refresh(&self) -> Result<(), comity_client::HttpError> {
        let heard = self.heard.load(Relaxed);
        let channels = self.http.channels().await?;
        self.screen.channels(&channels, heard);
        self.book().replace(channels);
        Ok(())
    }

    /// Opens a channel in which the user is.
    async fn enter(&self, id: &str) -> Result<(), Failure> {
        let (title, invited, topic) = {
            let mut book = self.book();
            let channel = book.channel(id);
            let invited = channel.is_some_and(|c| c.standing == "invited" && c.kind == "group");
            let topic = channel.and_then(|c| c.topic.clone()).unwrap_or_default();
            if !invited {
                book.set_open(Some(id.to_owned()));
            }
            (book.title(id), invited, topic)
        };
        if invited {
            let hint = self.book().hint(id);
            return Err(format!("you are invited to {title}: /accept {hint} first").into());
        }
        if self.screen.is_window() {
            self.screen.opened(id);
            return Ok(());
        }
        self.screen.set_title(&title);
        self.screen.notice(&format!("in {title}"))?;
        if !topic.is_empty() {
            self.screen.notice(&format!("topic: {}", text::clean(&topic)))?;
        }
        if self.screen.is_terminal() {
            self.page(id, HISTORY_DEFAULT).await?;
        }
        Ok(())
    }

    /// Opens the group that let the user in, if that is still wanted.
    async fn enter_awaited(&self, id: &str) -> Result<(), Failure> {
        if self.book().take_awaited(id) { self.enter(id).await } else { Ok(()) }
    }

    /// Shows the newest events of a channel.
    async fn page(&self, channel: &str, count: usize) -> Result<(), Failure> {
        let page = self.http.history(channel, &Page::Latest, count).await?;
        let short = self.screen.is_terminal();
        let lines: Vec<String> = {
            let book = self.book();
            let line = |event: &comity_client::HistoryEvent| {
                let who = (&*event.sender, book.me());
                let said = text::said(&event.content, |id| book.hint(id), channel, who);
                let when = When { time: &event.time, is_late: event.is_late, short };
                text::line(when, None, &event.sender, &said)
            };
            page.events.iter().map(line).collect()
        };
        for line in lines {
            self.screen.arrival(&line)?;
        }
        Ok(())
    }
}

/// Runs `comity chat`.
pub(super) async fn run(options: Options) -> Result<(), Failure> {
    let http = door::server(&options).await?;
    let logged_in = door::log_in(&http, &options).await?;
    let http = http.with_token(&logged_in.token);
    let result = if screen::is_terminal() && !options.plain && !options.follow {
        tui::chat(&http, &logged_in.account, &options).await
    } else {
        chat(&http, &logged_in.account, &options).await
    };
    // The device was made for this chat alone; where the node is gone, its user can revoke it
    // later.
    let _ = timeout(LOG_OUT_TIMEOUT, http.log_out()).await;
    result
}

async fn chat(http: &Http, account: &str, options: &Options) -> Result<(), Failure> {
    let mut client = Client::connect(http.clone(), ClientSettings::default());
    let shared = Shared {
        http: http.clone(),
        book: Arc::new(Mutex::new(Book::new(account))),
        screen: Arc::new(Screen::of_process()),
        away: Arc::default(),
        heard: Arc::default(),
    };
    shared.refresh().await?;
    shared.screen.notice(&format!("logged in as {}", text::clean(account)))?;
    let input = Input::new(shared.clone(), client.sender());
    let mut typing = tokio::spawn(input.run(options.open.clone(), options.follow));
    loop {
        tokio::select! {
            event = client.next() => match event {
                Some(event) => show(&shared, event).await?,
                None => return Err("the connection ended".into()),
            },
            ended = &mut typing => {
                while let Some(event) = client.try_next() {
                    show(&shared, event).await?;
                }
                return match ended?? {
                    Ending::Clean => Ok(()),
                    Ending::SomethingFailed => Err("not everything was done; see above".into()),
                };
            }
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
    }
}

/// Shows what came.
async fn show(shared: &Shared, event: Event) -> Result<(), Failure> {
    match event {
        Event::Channel(event) => show_event(shared, &event).await?,
        Event::Delivered(_) | Event::HistoryGrew { .. } | Event::Settled(_) | Event::Sign(_) => {}
        Event::Connected { resync, .. } => {
            // The first connection is no news.
            if shared.away.swap(false, Relaxed) {
                shared.screen.notice("connected again")?;
            }
            if !resync {
                return Ok(());
            }
            shared.screen.notice("some arrivals may be missing here; /history shows them")?;
            shared.refresh().await?;
        }
        Event::Disconnected { reason, .. } => {
            // Each try ends so; people want to know it once.
            if !shared.away.swap(true, Relaxed) {
                let reason = text::clean(&reason);
                let notice = format!("cannot reach the node, trying again by itself ({reason})");
                shared.screen.notice(&notice)?;
            }
        }
        Event::Ended(refused) => return Err(text::clean(&refused.to_string()).into()),
        Event::Objection(refused) => {
            shared.screen.notice(&text::clean(&refused.to_string()))?;
        }
    }
    Ok(())
}

async fn show_event(shared: &Shared, event: &ChannelEvent) -> Result<(), Failure> {
    let about_lists = !matches!(event.content, Content::Message { .. } | Content::Other { .. });
    if about_lists || !shared.book().knows(&event.channel) {
        // Where the node does not answer, the list is old and the arrival is shown all the same.
        if let Err(error) = shared.refresh().await {
            shared.screen.notice(&text::clean(&error.to_string()))?;
        }
    }
    let line = {
        let book = shared.book();
        // A step between contacts is shown where the two talk, or would.
        let is_placed = !matches!(event.content, Content::Contact { .. });
        let is_elsewhere = book.open() != Some(&event.channel) && is_placed;
        let title = is_elsewhere.then(|| book.title(&event.channel));
        let who = (&*event.sender, book.me());
        let said = text::said(&event.content, |id| book.hint(id), &event.channel, who);
        let short = shared.screen.is_terminal();
        let when = When { time: &event.time, is_late: event.is_late, short };
        text::line(when, title.as_deref(), &event.sender, &said)
    };
    shared.screen.arrival(&line)?;
    let me = shared.book().me().to_owned();
    match &event.content {
        Content::Joined { account } if *account == me => {
            shared.enter_awaited(&event.channel).await?
        }
        Content::RequestRefused { .. } => {
            shared.book().take_awaited(&event.channel);
        }
        _ => {}
    }
    Ok(())
}

const LOG_OUT_TIMEOUT: Duration = Duration::from_secs(3);
