//! Bodies: bytes with a content type and a salt (`docs/protocol/` section 3). Erasing body and salt
//! leaves chains and signatures intact, and without the salt nobody can guess a short text from its
//! hash.

use std::borrow::Cow;

use minicbor::{Decode, Encode};

use crate::cbor::ByteString;
use crate::hash::{Hash, Hasher, tag};
use crate::limits::{
    BODY_BYTES_MAX, CONTENT_TYPE_BYTES_MAX, REPORT_BODY_BYTES_MAX, TEXT_CHARS_MAX,
};
use crate::report::REPORT;

/// The content type of plain text.
pub const TEXT: &str = "text/plain;charset=utf-8";
/// The content type of text in Markdown (RFC 7763). No node interprets it.
pub const MARKDOWN: &str = "text/markdown;charset=utf-8";

/// What a text is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Format {
    /// Plain text.
    #[default]
    #[n(0)]
    Plain,
    /// Markdown.
    #[n(1)]
    Markdown,
}

impl Format {
    /// The content type of such a text.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Plain => TEXT,
            Self::Markdown => MARKDOWN,
        }
    }
}

/// A body that is present.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Body {
    /// 32 random bytes, also where the body is empty.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub salt: [u8; 32],
    /// The content type; empty where there is no body.
    #[cbor(n(1), with = "content_type")]
    pub content_type: Cow<'static, str>,
    /// The bytes.
    #[n(2)]
    pub bytes: ByteString,
}

impl Body {
    /// The body of an event that has none.
    pub fn empty(salt: [u8; 32]) -> Self {
        Self { salt, content_type: Cow::Borrowed(""), bytes: ByteString::default() }
    }

    /// A body of plain text.
    pub fn text(salt: [u8; 32], text: &str) -> Self {
        Self::formatted(salt, Format::Plain, text)
    }

    /// A body of text.
    pub fn formatted(salt: [u8; 32], format: Format, text: &str) -> Self {
        let bytes = text.as_bytes().to_vec().into();
        Self { salt, content_type: format.content_type().into(), bytes }
    }

    /// The body of a report of abuse.
    pub fn report(salt: [u8; 32], evidence: ByteString) -> Self {
        Self { salt, content_type: Cow::Borrowed(REPORT), bytes: evidence }
    }

    /// The hash that headers bind.
    pub fn hash(&self) -> Hash {
        Hasher::new(tag::BODY)
            .fixed(&self.salt)
            .var(self.content_type.as_bytes())
            .var(&self.bytes)
            .finish()
    }

    /// What it is written in, where it is a text.
    pub fn format(&self) -> Option<Format> {
        match &*self.content_type {
            TEXT => Some(Format::Plain),
            MARKDOWN => Some(Format::Markdown),
            _ => None,
        }
    }

    /// The text, where the body is one.
    pub fn as_text(&self) -> Option<&str> {
        self.format().and_then(|_| std::str::from_utf8(&self.bytes).ok())
    }

    /// Whether it may be that of a report of abuse.
    pub fn is_report(&self) -> bool {
        self.content_type == REPORT && self.bytes.len() <= REPORT_BODY_BYTES_MAX
    }

    /// Whether it is within the limits of channel version 1; a text is UTF-8 of a bounded length.
    pub fn fits(&self) -> bool {
        let within =
            self.bytes.len() <= BODY_BYTES_MAX && self.content_type.len() <= CONTENT_TYPE_BYTES_MAX;
        let is_text = self.format().is_some();
        let text_fits =
            |text: &str| text.len() <= TEXT_CHARS_MAX || text.chars().count() <= TEXT_CHARS_MAX;
        within && (!is_text || self.as_text().is_some_and(text_fits))
    }
}

/// A content type as it travels: plain text by its number among the Content-Formats of RFC 7252
/// (section 12.3), all others by name, so that each has one encoding.
mod content_type {
    use std::borrow::Cow;

    use minicbor::data::Type;
    use minicbor::decode::Error as DecodeError;
    use minicbor::encode::{Error as EncodeError, Write};
    use minicbor::{Decoder, Encoder};

    use super::TEXT;

    /// The number of [`TEXT`].
    const TEXT_FORMAT: u16 = 0;

    pub(super) fn encode<C, W: Write>(
        content_type: &str,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        if content_type == TEXT { e.u16(TEXT_FORMAT)?.ok() } else { e.str(content_type)?.ok() }
    }

    pub(super) fn decode<C>(
        d: &mut Decoder<'_>,
        _: &mut C,
    ) -> Result<Cow<'static, str>, DecodeError> {
        if d.datatype()? == Type::U8 {
            return match d.u16()? {
                TEXT_FORMAT => Ok(Cow::Borrowed(TEXT)),
                _ => Err(DecodeError::message("a number that is no content type's")),
            };
        }
        Ok(Cow::Owned(d.str()?.to_owned()))
    }
}

/// A body as it travels: present, or only its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WireBody {
    /// Only the hash: erased, or not held by the sender.
    Absent(Hash),
    /// The body itself; its hash is computed by whoever receives it.
    Present(Body),
}

impl WireBody {
    /// The hash that headers bind.
    pub fn hash(&self) -> Hash {
        match self {
            Self::Absent(hash) => *hash,
            Self::Present(body) => body.hash(),
        }
    }

    /// Leaves nothing but the hash.
    pub fn erase(&mut self) {
        *self = Self::Absent(self.hash());
    }
}

impl<C> Encode<C> for WireBody {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        match self {
            Self::Absent(hash) => hash.encode(e, ctx),
            Self::Present(body) => body.encode(e, ctx),
        }
    }
}

impl<'b, C> Decode<'b, C> for WireBody {
    fn decode(d: &mut minicbor::Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
        match d.datatype()? {
            minicbor::data::Type::Bytes => Hash::decode(d, ctx).map(Self::Absent),
            _ => Body::decode(d, ctx).map(Self::Present),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::cbor;

    fn body(content_type: &'static str) -> Body {
        Body { content_type: content_type.into(), ..Body::empty([7; 32]) }
    }

    #[test]
    fn a_content_type_has_one_encoding() {
        let text = cbor::encode(&body(TEXT));
        assert_eq!(text.len(), 1 + 34 + 1 + 1);
        for content_type in [TEXT, MARKDOWN, "", "image/png"] {
            let bytes = cbor::encode(&body(content_type));
            assert_eq!(cbor::decode::<Body>(&bytes, 256).unwrap(), body(content_type));
        }
        let of_type = |item: &[u8]| [&text[..35], item, &text[36..]].concat();
        assert_eq!(of_type(&[0]), text);
        let named = [&[0x78, 24], TEXT.as_bytes()].concat();
        for refused in [of_type(&named), of_type(&[1]), of_type(&[0x18, 0]), of_type(&[0xf6])] {
            assert!(cbor::decode::<Body>(&refused, 256).is_err(), "{refused:02x?}");
        }
    }
}
