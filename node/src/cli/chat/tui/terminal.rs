//! The terminal: taken over at the beginning, given back however the chat ends. It must not draw.

use std::io::{self, Stdout, Write};

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange, Event, read,
};
use ratatui::crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{execute, queue};
use ratatui::layout::Rect;
use tokio::sync::mpsc;

use super::model::Model;
use super::view::draw;

/// The terminal while a window is on it; dropped, it is as it was.
pub(super) struct Window {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Window {
    /// Takes the terminal over.
    pub(super) fn open() -> io::Result<Self> {
        give_back_on_panic();
        enable_raw_mode()?;
        // From here on it is given back, also where one of the next steps fails.
        let mut window = Self { terminal: Terminal::new(CrosstermBackend::new(io::stdout()))? };
        execute!(
            window.terminal.backend_mut(),
            EnterAlternateScreen,
            EnableBracketedPaste,
            EnableFocusChange
        )?;
        window.clear()?;
        Ok(window)
    }

    /// Shows the model: what changed is written in one go, which the terminal shows as one.
    pub(super) fn show(&mut self, model: &Model) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(|frame| draw(model, frame))?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    /// Everything is written anew with the next one.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        // The same size anew: what is called `clear` asks where the cursor stands, and not every
        // terminal answers.
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::new(0, 0, size.width, size.height))
    }

    pub(super) fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.terminal.size()?;
        Ok((size.width, size.height))
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        give_back();
    }
}

/// What is typed, pasted and resized. The thread ends with the process: nothing can wake it.
pub(super) fn input() -> mpsc::Receiver<io::Result<Event>> {
    let (typed, events) = mpsc::channel(EVENTS_MAX);
    std::thread::spawn(move || {
        loop {
            let event = read();
            let is_over = event.is_err();
            if typed.blocking_send(event).is_err() || is_over {
                return;
            }
        }
    });
    events
}

/// A panic's message is of no use on a screen that is about to vanish.
fn give_back_on_panic() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        give_back();
        before(panic);
    }));
}

/// Nothing can be done where the terminal is gone.
fn give_back() {
    let mut out = io::stdout();
    let _ = execute!(
        out,
        EndSynchronizedUpdate,
        DisableFocusChange,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Show
    );
    let _ = disable_raw_mode();
    let _ = out.flush();
}

/// Keys that may wait to be taken.
const EVENTS_MAX: usize = 256;
