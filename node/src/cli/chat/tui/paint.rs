//! Colours and other styles, in one place: without colours (NO_COLOR) weight and inversion say the
//! same. Pure.

use ratatui::style::{Color, Modifier, Style};

/// The styles.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint {
    pub(super) has_colours: bool,
}

impl Paint {
    /// What is beside the point.
    pub(super) fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// What somebody should look at.
    pub(super) fn alarm(self) -> Style {
        self.coloured(Style::new().add_modifier(Modifier::BOLD), Color::Red)
    }

    /// The reader is called.
    pub(super) fn call(self) -> Style {
        self.coloured(Style::new().add_modifier(Modifier::BOLD), Color::Yellow)
    }

    /// All is well.
    pub(super) fn good(self) -> Style {
        self.coloured(Style::new(), Color::Green)
    }

    /// What is chosen in a list.
    pub(super) fn chosen(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    pub(super) fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Somebody's colour: always the same one.
    pub(super) fn sender(self, account: &str, is_me: bool) -> Style {
        let style = self.strong();
        if is_me {
            return style;
        }
        let sum = account
            .bytes()
            .fold(FNV_OFFSET, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(FNV_PRIME));
        let colours = SENDERS.len() as u64;
        let place = usize::try_from((sum >> 32) % colours).unwrap_or_default();
        self.coloured(style, SENDERS[place])
    }

    fn coloured(self, style: Style, colour: Color) -> Style {
        if self.has_colours { style.fg(colour) } else { style }
    }
}

/// Colours that can be read on light and on dark; red and yellow mean something else here.
const SENDERS: [Color; 8] = [
    Color::Green,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::LightGreen,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
];
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;
