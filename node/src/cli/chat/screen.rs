//! Where a chat is shown: arrivals and answers on standard output, notices on standard error, and
//! on a terminal a prompt. Prints what it is given; making it fit is `text`'s work.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

/// The terminal, or the two pipes.
pub(super) struct Screen {
    /// Standard input and output are a terminal: somebody types and reads.
    terminal: bool,
    prompt: Mutex<String>,
}

impl Screen {
    /// The one of this process.
    pub(super) fn of_process() -> Self {
        let terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
        Self { terminal, prompt: Mutex::new("> ".to_owned()) }
    }

    /// Whether somebody types and reads.
    pub(super) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Names the open channel in the prompt.
    pub(super) fn set_title(&self, title: &str) {
        let mut prompt = self.prompt.lock().unwrap_or_else(PoisonError::into_inner);
        *prompt = if title.is_empty() { "> ".to_owned() } else { format!("{title}> ") };
    }

    /// Something that came, or that was asked for.
    pub(super) fn arrival(&self, text: &str) -> io::Result<()> {
        let line = if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") };
        let mut out = io::stdout().lock();
        if self.terminal {
            write!(out, "{CLEAR_LINE}{line}{}", self.prompt())?;
        } else {
            write!(out, "{line}")?;
        }
        out.flush()
    }

    /// Something about the chat itself.
    pub(super) fn notice(&self, text: &str) -> io::Result<()> {
        if self.terminal {
            return self.arrival(&format!("-- {text}"));
        }
        writeln!(io::stderr(), "-- {text}")
    }

    /// Shows the prompt.
    pub(super) fn ask(&self) -> io::Result<()> {
        if !self.terminal {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        write!(out, "{CLEAR_LINE}{}", self.prompt())?;
        out.flush()
    }

    /// Takes the line just typed away: what was sent comes back as an arrival, with its time.
    pub(super) fn take_typed_line(&self) -> io::Result<()> {
        if !self.terminal {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        write!(out, "{LINE_UP}{CLEAR_LINE}{}", self.prompt())?;
        out.flush()
    }

    fn prompt(&self) -> String {
        self.prompt.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

const CLEAR_LINE: &str = "\r\x1b[2K";
const LINE_UP: &str = "\x1b[1A";
