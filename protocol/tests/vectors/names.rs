//! Names as people type them, as they are kept, and those that are refused (`docs/protocol/`
//! section 2).

use comity_protocol::name::{AccountLabel, AccountName, ServerName};
use serde_json::{Value, json};

const DOMAINS: [&str; 13] = [
    "acme.example",
    "xn--bcher-kva.example",
    "a.b",
    "Acme.example",
    "bücher.example",
    "acme.example:4433",
    "acme.example.",
    "acme..example",
    "-acme.example",
    "acme",
    "192.0.2.1",
    "::1",
    "",
];

const ACCOUNTS: [&str; 11] = [
    "alice",
    "김철수",
    "mary-jane.o_n",
    " Alice ",
    "ＢＯＢ",
    "E\u{301}va",
    "a b",
    "a@b",
    ".a",
    "a-",
    "",
];

const LABELS: [&str; 5] =
    ["bob@globex.example", "Bob@Globex.Example", "bob", "@globex.example", "bob@globex"];

/// All of them.
pub(crate) fn cases() -> Vec<Value> {
    let of = |of: &'static str| {
        move |text: &&str| {
            json!({
                "kind": "name", "of": of, "text": text,
                "result": result(of, text), "normalised": normalised(of, text),
            })
        }
    };
    let domains = DOMAINS.iter().map(of("server_name"));
    let accounts = ACCOUNTS.iter().map(of("account_name"));
    domains.chain(accounts).chain(LABELS.iter().map(of("account_label"))).collect()
}

/// What becomes of a text as it is: `ok`, or why it is no such name.
pub(crate) fn result(of: &str, text: &str) -> String {
    let refusal = match of {
        "server_name" => text.parse::<ServerName>().map_err(|e| format!("{e:?}")).err(),
        "account_name" => text.parse::<AccountName>().map_err(|e| format!("{e:?}")).err(),
        "account_label" => text.parse::<AccountLabel>().map_err(|e| format!("{e:?}")).err(),
        other => panic!("no such name: {other}"),
    };
    refusal.map_or_else(|| "ok".to_owned(), |debug| snake_case(&debug))
}

/// The name that a typed text stands for, if there is one.
pub(crate) fn normalised(of: &str, text: &str) -> Option<String> {
    match of {
        "account_name" => AccountName::normalise(text).ok().map(|name| name.to_string()),
        "account_label" => AccountLabel::normalise(text).ok().map(|label| label.to_string()),
        _ => None,
    }
}

/// `Name(NotNormal)` as `name_not_normal`.
pub(crate) fn snake_case(debug: &str) -> String {
    let mut text = String::new();
    for c in debug.chars().filter(|c| *c != ')') {
        match c {
            '(' => text.push('_'),
            c if c.is_uppercase() => {
                if !text.is_empty() && !text.ends_with('_') {
                    text.push('_');
                }
                text.extend(c.to_lowercase());
            }
            c => text.push(c),
        }
    }
    text
}
