//! Full-text search over messages: what of a text can be found, what a query means, and the index
//! on disk.
//!
//! It knows texts, channels by number and times. Who may see what it finds is not known here:
//! whoever asks says in which channels to look, and judges each text that is found once more.

mod fold;
mod index;
mod query;
mod snippet;
mod token;

pub use index::{Document, Filter, Index, IndexError, Key, OpenError, Order, Writer};
pub use query::{PARTS_MAX, PREFIX_CHARS_MIN, QUERY_CHARS_MAX, Query, QueryError};
pub use snippet::{Piece, SNIPPET_CHARS_MAX, Snippet, snippet};
pub use token::{Kind, Token, tokens};
