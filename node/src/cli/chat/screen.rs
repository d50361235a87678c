//! Where a chat is shown: arrivals and answers on standard output, notices on standard error, and
//! on a terminal a prompt; or all of it in a window. Prints what it is given; making it fit is
//! `text`'s work.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use comity_client::Channel;
use tokio::sync::mpsc;

use super::people::Listed;

/// The terminal line by line, the two pipes, or a window.
pub(super) struct Screen {
    kind: Kind,
    prompt: Mutex<String>,
}

enum Kind {
    /// Standard input and output are a terminal: somebody types and reads, line by line.
    Lines,
    Pipes,
    Window(mpsc::Sender<Told>),
}

/// What a window is told by what is done for it.
#[derive(Debug)]
pub(super) enum Told {
    Channels {
        channels: Vec<Channel>,
        /// Events that the window had taken when it was asked for.
        heard: u64,
    },
    Notice(String),
    Opened(String),
    /// A list of people.
    People(Vec<Listed>),
    /// Something that was asked for.
    Text(String),
}

impl Screen {
    /// The one of this process, without a window.
    pub(super) fn of_process() -> Self {
        let kind = if is_terminal() { Kind::Lines } else { Kind::Pipes };
        Self::of(kind)
    }

    /// A window that is told what there is to show.
    pub(super) fn window(told: mpsc::Sender<Told>) -> Self {
        Self::of(Kind::Window(told))
    }

    fn of(kind: Kind) -> Self {
        Self { kind, prompt: Mutex::new("> ".to_owned()) }
    }

    /// Whether somebody types and reads.
    pub(super) fn is_terminal(&self) -> bool {
        !matches!(self.kind, Kind::Pipes)
    }

    /// Whether a channel that is opened shows itself.
    pub(super) fn is_window(&self) -> bool {
        matches!(self.kind, Kind::Window(_))
    }

    /// Names the open channel in the prompt.
    pub(super) fn set_title(&self, title: &str) {
        let mut prompt = self.prompt.lock().unwrap_or_else(PoisonError::into_inner);
        *prompt = if title.is_empty() { "> ".to_owned() } else { format!("{title}> ") };
    }

    /// A channel is open now.
    pub(super) fn opened(&self, id: &str) {
        self.tell(Told::Opened(id.to_owned()));
    }

    /// The list of channels is another.
    pub(super) fn channels(&self, channels: &[Channel], heard: u64) {
        if self.is_window() {
            self.tell(Told::Channels { channels: channels.to_vec(), heard });
        }
    }

    /// A list of people, to which a window puts their names.
    pub(super) fn people(&self, listed: Vec<Listed>) {
        self.tell(Told::People(listed));
    }

    /// Something that came, or that was asked for.
    pub(super) fn arrival(&self, text: &str) -> io::Result<()> {
        let line = if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") };
        match self.kind {
            Kind::Lines => show(&format!("{CLEAR_LINE}{line}{}", self.prompt())),
            Kind::Pipes => show(&line),
            Kind::Window(_) => {
                self.tell(Told::Text(line));
                Ok(())
            }
        }
    }

    /// Something about the chat itself.
    pub(super) fn notice(&self, text: &str) -> io::Result<()> {
        match self.kind {
            Kind::Lines => self.arrival(&format!("-- {text}")),
            Kind::Pipes => writeln!(io::stderr(), "-- {text}"),
            Kind::Window(_) => {
                self.tell(Told::Notice(text.to_owned()));
                Ok(())
            }
        }
    }

    /// Shows the prompt.
    pub(super) fn ask(&self) -> io::Result<()> {
        match self.kind {
            Kind::Lines => show(&format!("{CLEAR_LINE}{}", self.prompt())),
            Kind::Pipes | Kind::Window(_) => Ok(()),
        }
    }

    /// Takes the line just typed away: what was sent comes back as an arrival, with its time.
    pub(super) fn take_typed_line(&self) -> io::Result<()> {
        match self.kind {
            Kind::Lines => show(&format!("{LINE_UP}{CLEAR_LINE}{}", self.prompt())),
            Kind::Pipes | Kind::Window(_) => Ok(()),
        }
    }

    fn tell(&self, told: Told) {
        if let Kind::Window(window) = &self.kind {
            // One that lags so far behind is about to end.
            let _ = window.try_send(told);
        }
    }

    fn prompt(&self) -> String {
        self.prompt.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Whether standard input and output are a terminal.
pub(super) fn is_terminal() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

fn show(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    write!(out, "{text}")?;
    out.flush()
}

const CLEAR_LINE: &str = "\r\x1b[2K";
const LINE_UP: &str = "\x1b[1A";
