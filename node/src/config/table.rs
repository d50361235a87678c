//! The one table of settings: key, form, unit, default, meaning and the cost of a bad value. The
//! loader takes the defaults from here and `docs/operating/settings.md` is written from here, so
//! the two cannot differ. What admins change while the node runs (partners, limits per domain)
//! is data and never here.

use super::clients::{CLIENT_PARTS, Part};

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Where it stands in the file: `section.key`, or `key` before the first section.
    pub key: &'static str,
    /// The form of its value.
    pub form: Form,
    /// The unit of a number.
    pub unit: &'static str,
    /// The default as it would be written in the file; absent where there is none.
    pub default: Option<&'static str>,
    /// What stands in for an absent default.
    pub otherwise: &'static str,
    /// What it does.
    pub meaning: &'static str,
    /// What a bad value costs.
    pub cost: &'static str,
    /// A value as it could be written in the file.
    pub example: &'static str,
}

/// The form of a setting's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An IP address and a port; port 0 takes a free one.
    Address,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// A whole number between two bounds, both included.
    Number {
        /// The smallest allowed.
        min: u64,
        /// The largest allowed.
        max: u64,
    },
    /// A file or directory; relative to the settings file where it stands there.
    Path,
    /// A TOML list or table.
    Structure,
    /// A TOML table of numbers, each with a default of its own.
    Table(&'static [Part]),
    /// A text.
    Text,
}

/// The most settings that a node may have.
pub const SETTINGS_MAX: usize = 29;

/// Every setting, in the order of the reference.
pub const SETTINGS: &[Setting] = &[
    Setting {
        key: "domain",
        form: Form::Text,
        unit: "",
        default: None,
        otherwise: "must be set",
        meaning: "The organisation's DNS domain: the part of its accounts after the `@`. Lower \
                  case, other scripts as A-labels (`xn--…`).",
        cost: "It is part of every account and of the node's lineage. A data directory \
               belongs to the domain that it was made for and is refused under another.",
        example: "\"acme.example\"",
    },
    Setting {
        key: "data_dir",
        form: Form::Path,
        unit: "",
        default: Some("\"comity-data\""),
        otherwise: "",
        meaning: "Where the node keeps its keys, journal and database. Made at the first start, \
                  readable by its owner only.",
        cost: "A slow disk here makes every message slow: a send is answered after one \
               fdatasync. A directory in memory loses everything at the next boot.",
        example: "\"/var/lib/comity\"",
    },
    Setting {
        key: "client.listen",
        form: Form::Address,
        unit: "",
        default: Some("\"127.0.0.1:8008\""),
        otherwise: "",
        meaning: "Where clients connect, by HTTP and WebSocket. The default is for a proxy on \
                  the same machine that speaks TLS.",
        cost: "A public address without `tls_certificate` sends passwords and messages in \
               clear text.",
        example: "\"0.0.0.0:443\"",
    },
    Setting {
        key: "client.public_urls",
        form: Form::Structure,
        unit: "",
        default: Some("[]"),
        otherwise: "",
        meaning: "The base URLs under which clients reach this node, for the well-known \
                  document: a list of `{ url, priority, weight }`; priority (default 10) is \
                  tried lowest first, weight (default 1) shares the load among equals. Empty: \
                  the address that the document was asked at.",
        cost: "A URL that does not lead here keeps clients out.",
        example: "[{ url = \"https://chat.acme.example\", priority = 10, weight = 1 }]",
    },
    Setting {
        key: "client.trusted_proxies",
        form: Form::Structure,
        unit: "",
        default: Some("[\"127.0.0.0/8\", \"::1\"]"),
        otherwise: "",
        meaning: "Addresses and networks of proxies that say truly for whom they speak, in \
                  `X-Forwarded-For` or in `Forwarded`. From all others these headers count for \
                  nothing. A request with both counts as its client's only where they agree. The \
                  default is for a proxy on the same machine.",
        cost: "A proxy that is missing here makes all its clients one address, which they fill \
               together. A proxy that passes on what its client wrote in these headers, adding \
               nothing, lets everybody choose an address.",
        example: "[\"127.0.0.1\", \"10.0.0.0/8\", \"2001:db8::/32\"]",
    },
    Setting {
        key: "client.origins",
        form: Form::Structure,
        unit: "",
        default: Some("[\"*\"]"),
        otherwise: "",
        meaning: "Whose web pages may use the node: a list of origins (scheme, host and, where it \
                  is not the usual one, port), or `*` for all. All is safe: the token is in a \
                  header that only the page can set, and there are no cookies.",
        cost: "A missing origin keeps its web client out (`origin_refused`, and an error in the \
               browser's console). Programs other than browsers are not kept out by any value.",
        example: "[\"https://chat.acme.example\"]",
    },
    Setting {
        key: "client.tls_certificate",
        form: Form::Path,
        unit: "",
        default: None,
        otherwise: "no TLS of its own",
        meaning: "A PEM file with the certificate chain for clients, the node's own first. Only \
                  with `client.tls_key`.",
        cost: "A wrong or expired one makes every client refuse to connect; the node does not \
               start when the file cannot be read.",
        example: "\"/etc/comity/chain.pem\"",
    },
    Setting {
        key: "client.tls_key",
        form: Form::Path,
        unit: "",
        default: None,
        otherwise: "no TLS of its own",
        meaning: "A PEM file with the private key of `client.tls_certificate`.",
        cost: "As for the certificate. The file should be readable by the node's user only.",
        example: "\"/etc/comity/key.pem\"",
    },
    Setting {
        key: "federation.listen",
        form: Form::Address,
        unit: "",
        default: Some("\"0.0.0.0:4433\""),
        otherwise: "",
        meaning: "Where other organisations' nodes connect, by QUIC over UDP. The node's own \
                  links leave from the same socket. `[::]:4433` takes IPv6 and, on most systems, \
                  IPv4.",
        cost: "A loopback address, or a firewall that drops UDP here, leaves the node able to \
               call others but not to be called.",
        example: "\"[::]:4433\"",
    },
    Setting {
        key: "federation.host",
        form: Form::Text,
        unit: "",
        default: None,
        otherwise: "the domain itself",
        meaning: "The host name that `comity dns` names in the SRV record, and the node in its \
                  well-known document: a name with an address record (A or AAAA), not an alias.",
        cost: "A name without an address record makes the node unfindable for organisations \
               that do not know it yet.",
        example: "\"node1.acme.example\"",
    },
    Setting {
        key: "federation.port",
        form: Form::Number { min: 1, max: 65_535 },
        unit: "UDP port",
        default: None,
        otherwise: "the port of `federation.listen`",
        meaning: "The port that `comity dns` names in the SRV record, and the node in its \
                  well-known document, where a router forwards another one.",
        cost: "A wrong port looks to others as if the node were down.",
        example: "4433",
    },
    Setting {
        key: "federation.mode",
        form: Form::Choice(&["allowlist", "ask", "open"]),
        unit: "",
        default: Some("\"ask\""),
        otherwise: "",
        meaning: "With which organisations this node federates of which you have said nothing: \
                  `allowlist` with none; `ask` with none either, but `comity peers` lists who \
                  asks, or is asked for, until you decide; `open` with all whose key is proven. \
                  `comity peers allow` and `comity peers block` decide for a domain, whatever the \
                  mode, and at once. With `ask`, organisations that the node has met already need \
                  no answer.",
        cost: "`open`: anybody with a domain can write to your users. `allowlist`: users of both \
               sides are refused without a word to you.",
        example: "\"open\"",
    },
    Setting {
        key: "federation.pins",
        form: Form::Structure,
        unit: "",
        default: Some("{}"),
        otherwise: "",
        meaning: "Node keys that the admin vouches for, by domain: the line that `comity keys \
                  show` prints at the other organisation, handed over by a way that you trust. A \
                  pinned domain needs no DNSSEC, but its SRV, TXT and address records as ever, or \
                  its well-known document in place of SRV and TXT. A pin vouches for the first \
                  contact; a known organisation continues by its lineage. A pin that contradicts \
                  refuses the domain in both directions, also where `federation.trust` leaves \
                  pins out.",
        cost: "A wrong key refuses the true node of that domain. A key taken from an \
               attacker's hand lets the attacker speak for that domain.",
        example: "{ \"globex.example\" = \"v=comity1; k=ed25519; id=2026a; \
                  p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=; \
                  r=RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRQ=\" }",
    },
    Setting {
        key: "federation.trust",
        form: Form::Structure,
        unit: "",
        default: Some("[\"dnssec\", \"webpki\", \"pin\"]"),
        otherwise: "",
        meaning: "Which proofs introduce the key of an organisation not met before; each alone \
                  suffices. `dnssec`: its SRV and TXT records, validated by this node. `webpki`: \
                  its document at `https://DOMAIN/.well-known/comity`, asked for where the \
                  records prove nothing; records that are bogus refuse the domain while `dnssec` \
                  is in the list, and a TXT record that DNSSEC proves is never overruled. `pin`: \
                  `federation.pins`. All by default: most domains are not signed, and your \
                  users' clients trust the same certificates with their passwords.",
        cost: "With `webpki`, whoever gets a false certificate for a domain while you meet it \
               first can speak for it; so can whoever runs its web server. Without it, domains \
               that are neither signed nor pinned are refused (`domain_unproven`). Without \
               `pin`, pins only refuse.",
        example: "[\"dnssec\", \"pin\"]",
    },
    Setting {
        key: "federation.web_roots",
        form: Form::Path,
        unit: "",
        default: None,
        otherwise: "no others than those built in",
        meaning: "A PEM file with certificates of authorities that count for `webpki`, besides \
                  those that browsers trust (Mozilla's list, built in): for organisations whose \
                  web servers have certificates of a private authority.",
        cost: "Whoever holds such an authority's key can introduce any key for any domain not \
               met before. The node does not start when the file cannot be read or holds no \
               certificate.",
        example: "\"/etc/comity/roots.pem\"",
    },
    Setting {
        key: "federation.idle_timeout_ms",
        form: Form::Number { min: 1_000, max: 120_000 },
        unit: "milliseconds",
        default: Some("30_000"),
        otherwise: "",
        meaning: "How long an idle link to another node may be silent before it counts as cut; \
                  one over which something was sent that is not acknowledged counts as cut after \
                  ten seconds. Signs of life are sent at least three times in this time, and \
                  every ten seconds; the shorter value of the two ends counts.",
        cost: "Too low: links on a lossy network are cut and dialled again and again. Too \
               high: messages wait that long before a dead node is noticed.",
        example: "30_000",
    },
    Setting {
        key: "dns.nameservers",
        form: Form::Structure,
        unit: "",
        default: Some("[]"),
        otherwise: "",
        meaning: "The resolvers that the node asks, as a list of addresses with or without a \
                  port (53). Empty: the ones in `/etc/resolv.conf`. The node validates DNSSEC \
                  itself, so they need not be trusted, but they must pass DNSSEC records on.",
        cost: "A resolver that drops DNSSEC records makes every other organisation bogus, \
               except for pinned ones, while `federation.trust` has `dnssec` in it.",
        example: "[\"192.0.2.53\", \"[2001:db8::53]:5353\"]",
    },
    Setting {
        key: "dns.trust_anchor",
        form: Form::Path,
        unit: "",
        default: None,
        otherwise: "the IANA root keys, built in",
        meaning: "A file with the DNSKEY records of the DNS root, for a DNS of one's own.",
        cost: "Whoever holds these keys can introduce any key for any domain not met before. \
               With a wrong key nothing validates.",
        example: "\"/etc/comity/root.key\"",
    },
    Setting {
        key: "sign_up.mode",
        form: Form::Choice(&["open", "invite", "closed"]),
        unit: "",
        default: Some("\"invite\""),
        otherwise: "",
        meaning: "Who may make an account: `open` anybody, `invite` whoever has a token from \
                  `comity user invite`, `closed` only the admin by `comity user add`.",
        cost: "`open` on a public address invites spammers, for whom other organisations will \
               block the whole domain.",
        example: "\"closed\"",
    },
    Setting {
        key: "presence.heartbeat_ms",
        form: Form::Number { min: 100, max: 3_600_000 },
        unit: "milliseconds",
        default: Some("5_000"),
        otherwise: "",
        meaning: "How often a client is asked to give a sign of life; any frame is one. With many \
                  devices the node asks for fewer by itself: for twice the time, and again, up to \
                  16 times; a device is then gone after three of them, where that is longer \
                  than `presence.timeout_ms`, or after that where its connection broke.",
        cost: "Too low: phones run their radio for nothing, and each beat costs the node some ten \
               microseconds. Too high: who is gone is seen late.",
        example: "5_000",
    },
    Setting {
        key: "presence.timeout_ms",
        form: Form::Number { min: 100, max: 21_600_000 },
        unit: "milliseconds",
        default: Some("30_000"),
        otherwise: "",
        meaning: "After how long without a sign of life a device counts as gone, and its socket is \
                  dropped. A connection that breaks and returns within this time is seen by \
                  nobody. Six times `presence.heartbeat_ms`, so that a lost packet or two mean \
                  nothing.",
        cost: "Below two heartbeats: people seem to come and go. Too high: who is gone seems to be \
               there.",
        example: "30_000",
    },
    Setting {
        key: "limits.sockets_max",
        form: Form::Number { min: 1, max: 10_000_000 },
        unit: "connections",
        default: Some("10_000"),
        otherwise: "",
        meaning: "The most client connections at once, sockets and requests together; further \
                  ones wait. Each takes a file descriptor, so raise the system's limit \
                  (`LimitNOFILE`) with it.",
        cost: "Too low: users wait for a place. Too high: memory, or descriptors, run out and \
               nobody is served.",
        example: "10_000",
    },
    Setting {
        key: "limits.clients",
        form: Form::Table(&CLIENT_PARTS),
        unit: "",
        default: Some("{}"),
        otherwise: "",
        meaning: "How much clients may do: a table of the numbers below. What is beyond gets \
                  `rate_limited` and is told when to come again. An address is an IPv4 address or \
                  64 bits of IPv6.",
        cost: "See each number.",
        example: "{ account_requests_per_minute = 60_000, device_unused_days = 30 }",
    },
    Setting {
        key: "storage.journal_bytes_max",
        form: Form::Number { min: 4 * 1024 * 1024, max: 16 * 1024 * 1024 * 1024 },
        unit: "bytes",
        default: Some("67_108_864"),
        otherwise: "",
        meaning: "How large the journal may grow before the database takes over what it holds; as \
                  much is held in memory at the most. Near it, senders are slowed down.",
        cost: "Larger: a start after a crash takes longer, and more memory at the worst moment. \
               Smaller: more pauses under load.",
        example: "67_108_864",
    },
    Setting {
        key: "storage.cache_bytes",
        form: Form::Number { min: 4 * 1024 * 1024, max: 1024 * 1024 * 1024 * 1024 },
        unit: "bytes",
        default: Some("268_435_456"),
        otherwise: "",
        meaning: "Memory for the database's page cache.",
        cost: "Smaller: reading history costs more disk reads. Larger than the free memory: \
               the system swaps, and everything is slow.",
        example: "268_435_456",
    },
    Setting {
        key: "storage.retention_seconds",
        form: Form::Number { min: 3_600, max: 3_155_760_000 },
        unit: "seconds",
        default: None,
        otherwise: "for ever",
        meaning: "How long this node keeps the texts of messages at most, in direct channels and \
                  in groups. A group's own rule may be shorter, and counts then. Older texts are \
                  erased here, whoever wrote them; that there was a message stays.",
        cost: "What is erased never comes back, neither by a longer time nor without one. Other \
               organisations that take history from this node get no texts that it has erased.",
        example: "31_536_000",
    },
    Setting {
        key: "push.networks",
        form: Form::Structure,
        unit: "",
        default: Some("[]"),
        otherwise: "",
        meaning: "Networks of your own that notifications may be sent into, also over plain \
                  `http`: a push service or a gateway that you run yourself. Everything else is \
                  called over `https` alone, and never at a private, local or reserved address.",
        cost: "Whoever has an account can have the node send POST requests to any port in these \
               networks: name single addresses rather than networks.",
        example: "[\"10.0.0.5\"]",
    },
    Setting {
        key: "log.format",
        form: Form::Choice(&["text", "json"]),
        unit: "",
        default: Some("\"text\""),
        otherwise: "",
        meaning: "`text` for people, `json` (one object a line) for machines. Logs go to \
                  standard error.",
        cost: "None but readability.",
        example: "\"json\"",
    },
    Setting {
        key: "log.level",
        form: Form::Text,
        unit: "",
        default: Some("\"info\""),
        otherwise: "",
        meaning: "What is logged: `error`, `warn`, `info`, `debug` or `trace`, also by part: \
                  `info,comity::writer=debug`. Anything else is refused. Never the text of a \
                  message, a password or a key, at any level.",
        cost: "`debug` and `trace` name accounts and channels on every action: a record of \
               who talks to whom, and a busy disk.",
        example: "\"warn\"",
    },
];

const _: () = assert!(SETTINGS.len() <= SETTINGS_MAX);

impl Setting {
    /// The environment variable that overrides it: `client.listen` is `COMITY_CLIENT__LISTEN`.
    pub fn variable(&self) -> String {
        format!("{VARIABLE_PREFIX}{}", self.key.to_ascii_uppercase().replace('.', "__"))
    }

    /// Section and key within it; the section is empty for the keys before the first one.
    pub fn split(&self) -> (&'static str, &'static str) {
        self.key.split_once('.').unwrap_or(("", self.key))
    }
}

/// What every environment variable of the node begins with.
pub const VARIABLE_PREFIX: &str = "COMITY_";
