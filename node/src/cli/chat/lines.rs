//! The input cut into lines, and which of them may be used. Reads bytes, so that nothing typed or
//! piped in can end the chat; knows neither commands nor channels.

use std::fmt;
use std::io::{self, BufRead, IsTerminal};

use tokio::sync::mpsc;

/// A line, or why it cannot be used.
pub(super) type Typed = Result<String, LineError>;

/// Why a line cannot be used. Nothing of it is.
#[derive(Debug)]
pub(super) enum LineError {
    /// It has a character that moves cursors or hides instead of saying something.
    Control {
        /// Its number, from 1.
        line: u64,
        /// The character.
        found: char,
    },
    /// It is as long as a terminal hands on, so the rest of it is lost.
    Cut,
    /// It is no UTF-8.
    Encoding {
        /// Its number, from 1.
        line: u64,
        /// The first byte that is none, from 1.
        byte: usize,
    },
    /// The input cannot be read; no more lines come.
    Io(io::Error),
    /// It is longer than any message may be.
    Long {
        /// Its number, from 1.
        line: u64,
    },
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Control { line, found } => write!(
                f,
                "line {line} was not used: it has the control character U+{:04X}, as arrow keys \
                 and coloured output write them",
                u32::from(*found)
            ),
            Self::Cut => write!(
                f,
                "nothing was sent: a terminal hands on {TERMINAL_LINE_BYTES_MAX} bytes of a line \
                 and drops the rest; pipes take longer texts: cat FILE | comity chat … --open …"
            ),
            Self::Encoding { line, byte } => {
                write!(f, "line {line} was not used: it is no UTF-8 (byte {byte} of the line)")
            }
            Self::Io(error) => write!(f, "the input cannot be read: {error}"),
            Self::Long { line } => {
                write!(f, "line {line} was not used: it has more than {LINE_BYTES_MAX} bytes")
            }
        }
    }
}

impl std::error::Error for LineError {}

/// Lines as they are typed. The thread ends with the process: nothing can wake it from reading.
pub(super) fn typed_lines() -> mpsc::Receiver<Typed> {
    let (typed, lines) = mpsc::channel(LINES_MAX);
    std::thread::spawn(move || {
        let stdin = io::stdin().lock();
        let mut input = Lines { terminal: stdin.is_terminal(), input: stdin, line: 0 };
        while let Some(line) = input.next() {
            let over = matches!(line, Err(LineError::Io(_)));
            if typed.blocking_send(line).is_err() || over {
                return;
            }
        }
    });
    lines
}

/// The lines of an input.
struct Lines<R> {
    input: R,
    terminal: bool,
    line: u64,
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> Option<Typed> {
        let (bytes, length) = match self.read() {
            Ok(Some(read)) => read,
            Ok(None) => return None,
            Err(error) => return Some(Err(LineError::Io(error))),
        };
        self.line += 1;
        Some(self.judge(bytes, length))
    }

    /// The next line without its end, and how long it was: no more than the bound is kept.
    fn read(&mut self) -> io::Result<Option<(Vec<u8>, usize)>> {
        let (mut bytes, mut length) = (Vec::new(), 0);
        loop {
            let available = match self.input.fill_buf() {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                filled => filled?,
            };
            if available.is_empty() {
                return Ok((length > 0).then_some((bytes, length)));
            }
            let end = available.iter().position(|b| *b == b'\n');
            let part = &available[..end.unwrap_or(available.len())];
            let room = LINE_BYTES_MAX.saturating_sub(bytes.len());
            bytes.extend_from_slice(&part[..part.len().min(room)]);
            length += part.len();
            let taken = part.len() + usize::from(end.is_some());
            self.input.consume(taken);
            if end.is_some() {
                return Ok(Some((bytes, length)));
            }
        }
    }

    fn judge(&self, mut bytes: Vec<u8>, length: usize) -> Typed {
        let line = self.line;
        // The kernel keeps this much of a line, even half a character, and drops the rest in
        // silence: a line of just this length cannot be told from a cut one.
        if self.terminal && length >= TERMINAL_LINE_BYTES_MAX {
            return Err(LineError::Cut);
        }
        if length > LINE_BYTES_MAX {
            return Err(LineError::Long { line });
        }
        while bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let byte = error.utf8_error().valid_up_to() + 1;
            LineError::Encoding { line, byte }
        })?;
        // Some systems begin a file, and so the pipe, with a byte order mark.
        let text = match text.strip_prefix(BYTE_ORDER_MARK) {
            Some(rest) if line == 1 => rest.to_owned(),
            _ => text,
        };
        match unusable(&text) {
            Some(found) => Err(LineError::Control { line, found }),
            None => Ok(text),
        }
    }
}

/// What a line may not have: control characters but tabs, and before a command not even those, nor
/// a byte order mark, since the command would be sent as a text.
fn unusable(text: &str) -> Option<char> {
    let hidden = |c: char| c.is_control() || c == BYTE_ORDER_MARK;
    let shown = text.trim_start_matches(|c| hidden(c) || c == ' ');
    let before = &text[..text.len() - shown.len()];
    let hiding = before.chars().find(|c| hidden(*c)).filter(|_| shown.starts_with('/'));
    hiding.or_else(|| text.chars().find(|c| c.is_control() && *c != '\t'))
}

const BYTE_ORDER_MARK: char = '\u{feff}';
/// What Linux keeps of a line in a terminal's canonical mode, its end not counted.
const TERMINAL_LINE_BYTES_MAX: usize = 4_095;
/// More than the longest message has: 100,000 characters of four bytes.
const LINE_BYTES_MAX: usize = 512 * 1024;
/// Lines read ahead.
const LINES_MAX: usize = 16;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read(input: &[u8], terminal: bool) -> Vec<String> {
        let mut lines = Lines { input, terminal, line: 0 };
        let shown = |typed: Typed| typed.unwrap_or_else(|error| format!("! {error}"));
        std::iter::from_fn(|| lines.next().map(shown)).collect()
    }

    #[test]
    fn what_is_no_text_is_named_and_the_rest_is_read() {
        let input = b"\xef\xbb\xbfone\r\n\xff\nt\xc3\n/two\ttabs\n\x1b[A/quit\n\n\t/quit\nlast";
        let lines = read(input, false);
        assert_eq!(
            (&*lines[0], &*lines[3], &*lines[5], &*lines[7]),
            ("one", "/two\ttabs", "", "last")
        );
        assert!(lines[1].contains("line 2 was not used: it is no UTF-8 (byte 1"), "{lines:?}");
        assert!(lines[2].contains("line 3") && lines[2].contains("byte 2"), "{lines:?}");
        assert!(lines[4].contains("line 5") && lines[4].contains("U+001B"), "{lines:?}");
        assert!(lines[6].contains("line 7") && lines[6].contains("U+0009"), "{lines:?}");
        assert_eq!(lines.len(), 8);
    }

    #[test]
    fn a_line_that_a_terminal_cut_is_refused_whole() {
        // The kernel may cut inside a character; what was cut off never comes.
        let mut input = "é".repeat(TERMINAL_LINE_BYTES_MAX / 2).into_bytes();
        input.extend_from_slice(b"\xc3\nnext\n");
        let lines = read(&input, true);
        assert!(lines[0].contains("pipes take longer texts"), "{lines:?}");
        assert_eq!(lines[1..], ["next"]);
        let whole = "x".repeat(TERMINAL_LINE_BYTES_MAX - 1);
        assert_eq!(read(format!("{whole}\n").as_bytes(), true), [whole]);
        let piped = "x".repeat(LINE_BYTES_MAX);
        assert!(read(piped.as_bytes(), false)[0] == piped);
        let lines = read(format!("{piped}x\nnext").as_bytes(), false);
        assert!(lines[0].contains("more than") && lines[1] == "next", "{:?}", lines[1]);
    }

    #[test]
    fn only_what_hides_before_a_command_is_refused() {
        for line in ["\t/open x", "\u{feff}/open x", "\u{7}/open x", " \u{0}/x", "a\u{9b}b"] {
            assert!(unusable(line).is_some(), "{line:?}");
        }
        for line in ["/open x", " /etc/hosts", "\tindented", "한국어 👩‍👩‍👧", "", "a\tb"]
        {
            assert_eq!(unusable(line), None, "{line:?}");
        }
    }
}
