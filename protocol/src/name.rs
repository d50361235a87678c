//! Names that people and DNS use: domains of organisations, account names, `name@domain` labels and
//! `#name@domain` aliases (`docs/protocol/` section 2). A value that exists is valid; nothing here
//! resolves a name.

use std::fmt;
use std::str::FromStr;

use unicode_normalization::UnicodeNormalization;

use crate::limits::{ACCOUNT_NAME_CHARS_MAX, DOMAIN_BYTES_MAX, DOMAIN_LABEL_BYTES_MAX};

/// The DNS domain of an organisation: lower-case A-labels, at least two of them, no trailing dot,
/// no IP literal, no port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerName(Box<str>);

/// Why a text is no [`ServerName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerNameError {
    /// A character other than `a-z`, `0-9`, `-` and `.`; upper case and U-labels are refused, not
    /// folded.
    Character,
    /// It has the form of an IP address.
    IpLiteral,
    /// A label is empty, longer than 63 bytes, or begins or ends with a hyphen.
    Label,
    /// Longer than 253 bytes.
    Length,
    /// A single label: organisations have registered domains, not host names.
    SingleLabel,
}

impl fmt::Display for ServerNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Character => {
                "a domain has only lower-case a-z, 0-9, '-' and '.'; write other scripts as \
                 A-labels (xn--…)"
            }
            Self::IpLiteral => "an IP address is not a domain",
            Self::Label => {
                "each label of a domain has 1 to 63 characters and no hyphen at its ends"
            }
            Self::Length => "a domain has at most 253 characters",
            Self::SingleLabel => "a domain has at least two labels, such as acme.example",
        })
    }
}

impl std::error::Error for ServerNameError {}

impl ServerName {
    /// The domain as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ServerName {
    type Err = ServerNameError;

    fn from_str(text: &str) -> Result<Self, ServerNameError> {
        if text.len() > DOMAIN_BYTES_MAX {
            return Err(ServerNameError::Length);
        }
        if text.parse::<std::net::IpAddr>().is_ok() {
            return Err(ServerNameError::IpLiteral);
        }
        let allowed =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
        if !text.bytes().all(allowed) {
            return Err(ServerNameError::Character);
        }
        for label in text.split('.') {
            let length_ok = (1..=DOMAIN_LABEL_BYTES_MAX).contains(&label.len());
            if !length_ok || label.starts_with('-') || label.ends_with('-') {
                return Err(ServerNameError::Label);
            }
        }
        let Some((_, top)) = text.rsplit_once('.') else {
            return Err(ServerNameError::SingleLabel);
        };
        // "1.2.3" and "0x7f.1" are read as addresses by resolvers; no top-level domain is numeric.
        if top.bytes().all(|b| b.is_ascii_digit()) || top.starts_with("0x") {
            return Err(ServerNameError::IpLiteral);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of an account within its organisation: 1 to 64 characters; letters and digits of any
/// script in NFKC lower-case form, and `.`, `_`, `-` inside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountName(Box<str>);

/// Why a text is no [`AccountName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountNameError {
    /// A character other than a letter, a digit, `.`, `_` or `-`.
    Character,
    /// It begins or ends with `.`, `_` or `-`.
    Edge,
    /// Empty, or longer than 64 characters.
    Length,
    /// Not in its normal form (NFKC, lower case); only [`AccountName::normalise`] changes a text.
    NotNormal,
}

impl fmt::Display for AccountNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Character => "a name has only letters, digits, '.', '_' and '-'",
            Self::Edge => "a name begins and ends with a letter or a digit",
            Self::Length => "a name has 1 to 64 characters",
            Self::NotNormal => "a name is written in lower case and in Unicode normal form NFKC",
        })
    }
}

impl std::error::Error for AccountNameError {}

impl AccountName {
    /// The name that a text typed by a person stands for: trimmed, NFKC, lower case.
    pub fn normalise(typed: &str) -> Result<Self, AccountNameError> {
        fold(typed.trim()).parse()
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Lower-casing may leave NFKC and NFKC may bring upper case back, so both are repeated until
/// neither changes anything; the bound is never reached by assigned characters.
fn fold(text: &str) -> String {
    let mut folded: String = text.nfkc().collect();
    for _ in 0..4 {
        let next: String = folded.to_lowercase().nfkc().collect();
        if next == folded {
            break;
        }
        folded = next;
    }
    folded
}

impl FromStr for AccountName {
    type Err = AccountNameError;

    fn from_str(text: &str) -> Result<Self, AccountNameError> {
        if !(1..=ACCOUNT_NAME_CHARS_MAX).contains(&text.chars().count()) {
            return Err(AccountNameError::Length);
        }
        if fold(text) != text {
            return Err(AccountNameError::NotNormal);
        }
        let inner = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-') || is_mark(c);
        if !text.chars().all(inner) {
            return Err(AccountNameError::Character);
        }
        let edge = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let last = text.chars().rev().find(|c| !is_mark(*c));
        if !edge(text.chars().next()) || !edge(last) {
            return Err(AccountNameError::Edge);
        }
        Ok(Self(text.into()))
    }
}

/// Combining marks belong to the letters of many scripts (Devanagari, Thai, Arabic).
fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `name@domain`: how people write an account. A label names; it carries no authority.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountLabel {
    /// The account's name within its organisation.
    pub name: AccountName,
    /// The organisation's domain.
    pub domain: ServerName,
}

/// Why a text is no [`AccountLabel`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountLabelError {
    /// The part after the `@` is no domain.
    Domain(ServerNameError),
    /// There is no `@`.
    MissingAt,
    /// The part before the `@` is no account name.
    Name(AccountNameError),
}

impl fmt::Display for AccountLabelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(e) => e.fmt(f),
            Self::MissingAt => f.write_str("an account is written name@domain"),
            Self::Name(e) => e.fmt(f),
        }
    }
}

impl std::error::Error for AccountLabelError {}

impl AccountLabel {
    /// The label that a text typed by a person stands for: the name normalised, the domain in lower
    /// case.
    pub fn normalise(typed: &str) -> Result<Self, AccountLabelError> {
        let (name, domain) = typed.trim().rsplit_once('@').ok_or(AccountLabelError::MissingAt)?;
        Ok(Self {
            name: AccountName::normalise(name).map_err(AccountLabelError::Name)?,
            domain: domain.to_ascii_lowercase().parse().map_err(AccountLabelError::Domain)?,
        })
    }
}

impl FromStr for AccountLabel {
    type Err = AccountLabelError;

    fn from_str(text: &str) -> Result<Self, AccountLabelError> {
        let (name, domain) = text.rsplit_once('@').ok_or(AccountLabelError::MissingAt)?;
        Ok(Self {
            name: name.parse().map_err(AccountLabelError::Name)?,
            domain: domain.parse().map_err(AccountLabelError::Domain)?,
        })
    }
}

impl fmt::Display for AccountLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.domain)
    }
}

/// `#name@domain`: how people write a group that an organisation has given a name. It is looked up
/// at the domain, and carries no authority.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelAlias {
    /// The name; formed as an account's.
    pub name: AccountName,
    /// The domain of the organisation that gave it.
    pub domain: ServerName,
}

impl ChannelAlias {
    /// The alias that a text typed by a person stands for, with or without its `#`.
    pub fn normalise(typed: &str) -> Result<Self, AccountLabelError> {
        let typed = typed.trim();
        let AccountLabel { name, domain } =
            AccountLabel::normalise(typed.strip_prefix('#').unwrap_or(typed))?;
        Ok(Self { name, domain })
    }
}

impl fmt::Display for ChannelAlias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}@{}", self.name, self.domain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_lower_case_a_labels() {
        use ServerNameError::*;
        let cases = [
            ("acme.example", Ok(())),
            ("xn--bcher-kva.example", Ok(())),
            ("a.b", Ok(())),
            ("Acme.example", Err(Character)),
            ("bücher.example", Err(Character)),
            ("acme.example:4433", Err(Character)),
            ("acme.example.", Err(Label)),
            ("acme..example", Err(Label)),
            ("-acme.example", Err(Label)),
            ("acme", Err(SingleLabel)),
            ("192.0.2.1", Err(IpLiteral)),
            ("192.0.2", Err(IpLiteral)),
            ("::1", Err(IpLiteral)),
            ("[::1]", Err(Character)),
            ("", Err(Label)),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<ServerName>().map(|_| ()), expected, "{text}");
        }
        let long = format!("{}.example", "a".repeat(64));
        assert_eq!(long.parse::<ServerName>(), Err(Label));
        let longest = format!("{}{}", "a.".repeat(126), "b");
        assert!(longest.parse::<ServerName>().is_ok());
        assert_eq!(format!("a.{longest}").parse::<ServerName>(), Err(Length));
    }

    #[test]
    fn names_are_normalised_once() {
        let check = |typed: &str, expected: &str| {
            let name = AccountName::normalise(typed).unwrap();
            assert_eq!(name.as_str(), expected);
            assert_eq!(expected.parse::<AccountName>().unwrap(), name);
        };
        check(" Alice ", "alice");
        check("ＢＯＢ", "bob");
        check("E\u{301}va", "éva");
        check("김철수", "김철수");
        check("mary-jane.o_n", "mary-jane.o_n");
        use AccountNameError::*;
        for (text, expected) in [
            ("", Length),
            ("a b", Character),
            ("a@b", Character),
            (".a", Edge),
            ("a-", Edge),
            ("Alice", NotNormal),
        ] {
            assert_eq!(text.parse::<AccountName>(), Err(expected), "{text}");
        }
        assert_eq!("x".repeat(65).parse::<AccountName>(), Err(Length));
    }

    #[test]
    fn aliases_are_read_with_and_without_their_mark() {
        for typed in ["#Team@Acme.Test", " team@acme.test ", "#team@acme.test"] {
            let alias = ChannelAlias::normalise(typed).unwrap();
            assert_eq!(alias.to_string(), "#team@acme.test", "{typed}");
        }
        for typed in ["##team@acme.test", "#team", "#@acme.test", "# team@acme"] {
            assert!(ChannelAlias::normalise(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn labels_split_at_the_last_at() {
        let label = AccountLabel::normalise("Bob@Globex.Test").unwrap();
        assert_eq!(label.to_string(), "bob@globex.test");
        assert_eq!("bob".parse::<AccountLabel>(), Err(AccountLabelError::MissingAt));
    }
}
