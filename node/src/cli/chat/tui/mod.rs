//! The window of `comity chat`. What it knows and how that changes is `model`, what it shows is
//! `view` and `rows`, both without I/O; here is the dull rest: take what comes, have the model look
//! at it, do what it says, draw.

mod acts;
mod editor;
mod keys;
mod list;
mod model;
mod paint;
mod room;
mod rows;
mod say;
mod terminal;
#[cfg(test)]
mod tests;
mod view;
mod watch;
mod wrap;

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use comity_client::{
    Client, ClientSettings, Command, Content, Event, Http, Page, RequestError, Sender,
};
use jiff::tz::TimeZone;
use ratatui::crossterm::event::Event as Typed;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use self::model::{Effect, Happened, Model};
use self::terminal::Window;
use super::book::Book;
use super::input::Input;
use super::screen::{Screen, Told};
use super::{Options, Shared, text};
use crate::cli::Failure;

/// Chats until the user ends it.
pub(super) async fn chat(http: &Http, account: &str, options: &Options) -> Result<(), Failure> {
    let mut client = Client::connect(http.clone(), ClientSettings::patient());
    let (told_in, mut told) = mpsc::channel(TOLD_MAX);
    let (results_in, mut results) = mpsc::channel(RESULTS_MAX);
    let (commands_in, commands) = mpsc::channel(COMMANDS_MAX);
    let shared = Shared {
        http: http.clone(),
        book: Arc::new(Mutex::new(Book::new(account))),
        screen: Arc::new(Screen::window(told_in)),
        away: Arc::default(),
        heard: Arc::default(),
    };
    shared.refresh().await?;
    tokio::spawn(Input::new(shared.clone(), client.sender()).serve(commands));
    let mut window = Window::open()?;
    let mut model = Model::new(account, TimeZone::system(), window.size()?);
    model.has_colours = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let mut driver = Driver { shared, sender: client.sender(), results: results_in, commands_in };
    if let Some(open) = &options.open {
        driver.perform(Effect::Command(format!("open {open}")));
    }
    let mut typed = terminal::input();
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut ended, mut closed) = (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    loop {
        let happened = tokio::select! {
            event = client.next() => match event {
                Some(Event::Ended(refused)) => {
                    return Err(text::clean(&refused.to_string()).into());
                }
                Some(event) => {
                    driver.follow(&event);
                    Some(Happened::Client(event))
                }
                None => return Err("the connection ended".into()),
            },
            Some(told) = told.recv() => Some(of_told(told)),
            Some(result) = results.recv() => Some(result),
            event = typed.recv() => match event {
                Some(event) => of_typed(event?),
                None => return Ok(()),
            },
            _ = ticks.tick() => Some(Happened::Tick),
            _ = ended.recv() => return Ok(()),
            _ = closed.recv() => return Ok(()),
        };
        let Some(happened) = happened else { continue };
        let now_ms = jiff::Timestamp::now().as_millisecond();
        let is_still = matches!(happened, Happened::Tick) && !model.changes_with_time();
        for effect in model.update(now_ms, happened) {
            match effect {
                Effect::Quit => return Ok(()),
                Effect::Redraw => window.clear()?,
                effect => driver.perform(effect),
            }
        }
        driver.shared.heard.store(model.heard, Relaxed);
        driver.shared.book().arrange(&model.order);
        // A burst is shown once it is over.
        if !is_still && typed.is_empty() && results.is_empty() && told.is_empty() {
            window.show(&model)?;
        }
    }
}

fn of_told(told: Told) -> Happened {
    match told {
        Told::Channels { channels, heard } => Happened::Channels { channels, heard },
        Told::Notice(text) => Happened::Notice(text),
        Told::People(listed) => Happened::People(listed),
        Told::Opened(id) => Happened::Opened(id),
        Told::Text(text) => Happened::Panel(text),
    }
}

fn of_typed(typed: Typed) -> Option<Happened> {
    Some(match typed {
        Typed::FocusGained => Happened::Focused(true),
        Typed::FocusLost => Happened::Focused(false),
        Typed::Key(key) => Happened::Key(key),
        Typed::Mouse(_) => return None,
        Typed::Paste(text) => Happened::Pasted(text),
        Typed::Resize(width, height) => Happened::Resized(width, height),
    })
}

/// Does what the model says, beside the window; what comes of it goes back to the model.
struct Driver {
    shared: Shared,
    sender: Sender,
    results: mpsc::Sender<Happened>,
    commands_in: mpsc::Sender<String>,
}

impl Driver {
    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Act(command) => self.act(command),
            Effect::Ask(accounts) => self.ask(accounts),
            Effect::Command(command) => {
                if self.commands_in.try_send(command).is_err() {
                    let _ = self.shared.screen.notice("the commands before it are not done yet");
                }
            }
            Effect::Load { channel, place } => self.load(channel, place),
            Effect::Mark { channel, message } => self.mark(channel, message),
            Effect::Open(id) => self.shared.book().set_open(id),
            Effect::Refresh => {
                let shared = self.shared.clone();
                tokio::spawn(async move {
                    if let Err(error) = shared.refresh().await {
                        let _ = shared.screen.notice(&text::clean(&error.to_string()));
                    }
                });
            }
            Effect::Send { channel, number, draft } => {
                let pending = self.sender.try_start_send(&channel, draft);
                let results = self.results.clone();
                tokio::spawn(async move {
                    let result = match pending {
                        Ok(pending) => pending.stored().await.map_err(|e| e.to_string()),
                        Err(error) => Err(error.to_string()),
                    };
                    let result = result.map(|stored| stored.id).map_err(|e| text::clean(&e));
                    let _ = results.send(Happened::Settled { channel, number, result }).await;
                });
            }
            Effect::Thread { channel, message } => self.thread(channel, message),
            Effect::Typing(channel) => self.sender.typing(&channel),
            // Both are the loop's own.
            Effect::Quit | Effect::Redraw => {}
        }
    }

    /// What comes of it is an event like any other; only what goes wrong is told.
    fn act(&self, command: Command) {
        let (sender, screen) = (self.sender.clone(), self.shared.screen.clone());
        tokio::spawn(async move {
            let told = match sender.command(command).await {
                Ok(done) if done.requested => "asked of the group's organisation".to_owned(),
                Ok(_) => return,
                Err(error) => text::clean(&error.to_string()),
            };
            let _ = screen.notice(&told);
        });
    }

    fn thread(&self, channel: String, message: String) {
        let (http, results) = (self.shared.http.clone(), self.results.clone());
        tokio::spawn(async move {
            let result = http.thread(&channel, &message, None, THREAD_MAX).await;
            let result = result.map(|(events, _)| events).map_err(|e| text::clean(&e.to_string()));
            let _ = results.send(Happened::Thread { channel, message, result }).await;
        });
    }

    /// Asks how people want to be called.
    fn ask(&self, asked: Vec<String>) {
        let (http, results) = (self.shared.http.clone(), self.results.clone());
        tokio::spawn(async move {
            let accounts: Vec<&str> = asked.iter().map(String::as_str).collect();
            // Without an answer there are no names, which is no news for anybody.
            let profiles = http.profiles(&accounts).await.unwrap_or_default();
            let _ = results.send(Happened::Profiles { asked, profiles }).await;
        });
    }

    fn load(&self, channel: String, place: Page) {
        let (http, results) = (self.shared.http.clone(), self.results.clone());
        tokio::spawn(async move {
            let result = http.history(&channel, &place, PAGE).await;
            let result = result.map_err(|error| text::clean(&error.to_string()));
            let _ = results.send(Happened::Page { channel, place, result }).await;
        });
    }

    fn mark(&self, channel: String, message: String) {
        let (sender, results) = (self.sender.clone(), self.results.clone());
        tokio::spawn(async move {
            let command = Command::MarkRead { channel: channel.clone(), message };
            let is_known = match sender.command(command).await {
                Err(RequestError::Refused(refused)) => refused.code != "malformed",
                Ok(_) | Err(_) => true,
            };
            let _ = results.send(Happened::Marked { channel, is_known }).await;
        });
    }

    /// A group that lets the user in is opened where that is awaited.
    fn follow(&self, event: &Event) {
        let Event::Channel(event) = event else { return };
        match &event.content {
            Content::Joined { account } if *account == *self.shared.book().me() => {
                let (shared, id) = (self.shared.clone(), event.channel.clone());
                tokio::spawn(async move {
                    if shared.book().awaited() != Some(&id) {
                        return;
                    }
                    let entered = match shared.refresh().await {
                        Ok(()) => shared.enter_awaited(&id).await,
                        Err(error) => Err(error.into()),
                    };
                    if let Err(error) = entered {
                        let _ = shared.screen.notice(&text::clean(&error.to_string()));
                    }
                });
            }
            Content::RequestRefused { .. } => {
                self.shared.book().take_awaited(&event.channel);
            }
            _ => {}
        }
    }
}

/// Clocks and countdowns are no finer.
const TICK: Duration = Duration::from_secs(1);
/// Events asked for at a time.
const PAGE: usize = 50;
/// Messages of a thread that are shown; the most that a node gives in one page.
const THREAD_MAX: usize = 200;
const TOLD_MAX: usize = 256;
const RESULTS_MAX: usize = 256;
const COMMANDS_MAX: usize = 32;
