//! Texts that stand in a line beside others: names, statuses, reactions (`docs/protocol/` section
//! 2). What of them cannot be seen could make one pass for another, or turn around what stands
//! beside it.

use std::fmt;

use unicode_normalization::char::is_combining_mark;

/// Why a text cannot stand in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineError {
    /// It is longer than it may be, in Unicode scalar values.
    TooLong {
        /// How long it is.
        found: usize,
        /// How long it may be.
        max: usize,
    },
    /// It has a character that is not seen, or overrides the direction of writing.
    Hidden(char),
    /// It begins or ends with a space.
    Padded,
    /// Nothing of it is seen.
    Empty,
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { found, max } => {
                write!(f, "it has {found} characters, and {max} are the most")
            }
            Self::Hidden(c) => {
                write!(f, "it has a character that does not show, U+{:04X}", u32::from(*c))
            }
            Self::Padded => f.write_str("it begins or ends with a space"),
            Self::Empty => f.write_str("nothing of it shows"),
        }
    }
}

impl std::error::Error for LineError {}

/// Whether a text can stand in a line: of up to `chars_max` characters, of which one shows at
/// least, nothing in it that is not seen or that turns around what stands beside it, no spaces at
/// its ends.
pub fn check_line(text: &str, chars_max: usize) -> Result<(), LineError> {
    check_hidden(text, chars_max, is_hidden)?;
    let shows = |c: char| !c.is_whitespace() && !is_joiner(c) && !is_combining_mark(c);
    if text.trim() != text {
        return Err(LineError::Padded);
    }
    if text.chars().any(shows) { Ok(()) } else { Err(LineError::Empty) }
}

/// Whether a text can stand in lines of its own: like one line, but with line feeds, and it may be
/// empty.
pub fn check_lines(text: &str, chars_max: usize) -> Result<(), LineError> {
    check_hidden(text, chars_max, |c| c != '\n' && is_hidden(c))
}

fn check_hidden(
    text: &str,
    chars_max: usize,
    is_hidden: impl Fn(char) -> bool,
) -> Result<(), LineError> {
    let found = text.chars().count();
    if found > chars_max {
        return Err(LineError::TooLong { found, max: chars_max });
    }
    text.chars().find(|c| is_hidden(*c)).map_or(Ok(()), |c| Err(LineError::Hidden(c)))
}

/// They shape letters and emoji beside them, and are nothing alone.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// Controls, line ends, what has no width or no ink, and what overrides the direction of writing.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{200b}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_seen_and_turn_nothing_around() {
        for name in ["Alice", "Mary-Jane O'Neill", "김철수", "علي", "नमस्ते", "👩\u{200d}🚀", "É"]
        {
            assert_eq!(check_line(name, 64), Ok(()), "{name}");
        }
        assert_eq!(check_line(&"é".repeat(64), 64), Ok(()));
        for (name, error) in [
            ("", LineError::Empty),
            (" ", LineError::Padded),
            (" Alice", LineError::Padded),
            ("Alice\t", LineError::Hidden('\t')),
            ("two\nlines", LineError::Hidden('\n')),
            ("bell\u{7}", LineError::Hidden('\u{7}')),
            ("\u{202e}ecilA", LineError::Hidden('\u{202e}')),
            ("Alice\u{2066}", LineError::Hidden('\u{2066}')),
            ("\u{200b}", LineError::Hidden('\u{200b}')),
            ("\u{200d}", LineError::Empty),
            ("\u{301}", LineError::Empty),
            ("\u{3164}", LineError::Hidden('\u{3164}')),
            ("\u{2028}Alice", LineError::Hidden('\u{2028}')),
        ] {
            assert_eq!(check_line(name, 64), Err(error), "{name:?}");
        }
        let long = LineError::TooLong { found: 65, max: 64 };
        assert_eq!(check_line(&"é".repeat(65), 64), Err(long));
    }

    #[test]
    fn lines_of_their_own_may_be_several_and_none() {
        for text in ["", "at five\nin the kitchen", " - tea\n"] {
            assert_eq!(check_lines(text, 1_000), Ok(()), "{text:?}");
        }
        assert_eq!(check_lines("a\rb", 1_000), Err(LineError::Hidden('\r')));
        assert_eq!(check_lines("\u{202e}a", 1_000), Err(LineError::Hidden('\u{202e}')));
        assert_eq!(check_lines("aaa", 2), Err(LineError::TooLong { found: 3, max: 2 }));
    }

    #[test]
    fn errors_say_what_is_wrong() {
        assert_eq!(
            LineError::Hidden('\u{202e}').to_string(),
            "it has a character that does not show, U+202E"
        );
    }
}
