//! What an admin sees of the settings: defaults, places of errors, the reference.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::Duration;

use comity_discovery::Proof;

use super::*;

fn parse(text: &str) -> Result<Settings, SettingsError> {
    with_variables(text, &[])
}

fn with_variables(text: &str, variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let variables = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
    Settings::parse(text, Path::new("/etc/comity/comity.toml"), variables)
}

fn complaint(text: &str, variables: &[(&str, &str)]) -> String {
    with_variables(text, variables).unwrap_err().to_string()
}

#[test]
fn only_the_domain_has_no_default() {
    let settings = parse("domain = \"acme.example\"").unwrap();
    assert_eq!(settings.client.listen.to_string(), "127.0.0.1:8008");
    assert_eq!(settings.federation.idle_timeout, Duration::from_secs(30));
    assert_eq!(settings.sign_up.mode, SignUpMode::Invite);
    assert_eq!(settings.federation.trust, Trust::default());
    assert_eq!((settings.advertised_host(), settings.advertised_port()), ("acme.example", 4433));
    assert!(complaint("", &[]).contains("COMITY_DOMAIN"));
}

#[test]
fn every_example_is_accepted_and_every_key_is_in_the_table() {
    let mut text = String::new();
    let mut section = "";
    for setting in SETTINGS {
        let (its_section, key) = setting.split();
        if its_section != section {
            text.push_str(&format!("[{its_section}]\n"));
            section = its_section;
        }
        text.push_str(&format!("{key} = {}\n", setting.example));
    }
    let settings = parse(&text).unwrap();
    assert_eq!(settings.advertised_host(), "node1.acme.example");
    assert_eq!(settings.dns.nameservers[0].0.port(), 53);
    assert_eq!(settings.federation.pins.len(), 1);

    // What the parser says it would accept is what the table documents.
    for section in SETTINGS.iter().map(|s| s.split().0) {
        let header = if section.is_empty() { String::new() } else { format!("[{section}]\n") };
        let said = complaint(&format!("{header}zzz = 1\n"), &[]);
        let (_, expected) = said.rsplit_once("expected ").unwrap();
        for key in expected.split('`').skip(1).step_by(2) {
            let full = if section.is_empty() { key.into() } else { format!("{section}.{key}") };
            let known = |s: &Setting| s.key == full || s.split().0 == full;
            assert!(SETTINGS.iter().any(known), "{full} is not documented");
        }
    }
}

#[test]
fn there_are_fewer_than_thirty_settings() {
    assert!(SETTINGS.len() < 30);
    let mut keys: Vec<_> = SETTINGS.iter().map(|s| s.key).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), SETTINGS.len());
}

#[test]
fn errors_name_the_key_and_the_line() {
    let file = "/etc/comity/comity.toml";
    let check = |text: &str, place: &str, reason: &str| {
        let said = complaint(text, &[]);
        assert!(said.starts_with(&format!("{file}, {place}: ")) && said.contains(reason), "{said}");
    };
    check("domain = \"Acme.example\"", "line 1: domain", "lower-case");
    check("domain = \"a.b\"\n\n[client]\nlistn = 1\n", "line 4: client.listn", "expected one of");
    check(
        "domain = \"a.b\"\n[client]\nlisten = \"x\"\n",
        "line 3: client.listen",
        "invalid socket",
    );
    check(
        "domain = \"a.b\"\n[limits]\nsockets_max = 0\n",
        "line 3: limits.sockets_max",
        "not between 1 and",
    );
    check("[sign_up]\nmode = \"all\"\n", "line 2: sign_up.mode", "`open`");
    check("[federation]\nmode = \"closed\"\n", "line 2: federation.mode", "`allowlist`");
    check(
        "[client]\npublic_urls = [\n  { url = \"ftp://a\" },\n]\n",
        "line 3: client.public_urls",
        "https://",
    );
    check(
        "[federation]\npins = { \"b.c\" = \"AA==\" }\n",
        "line 2: federation.pins",
        "b.c: the record",
    );
    check(
        "[federation]\ntrust = [\"dnssec\", \"tofu\"]\n",
        "line 2: federation.trust",
        "\"tofu\": a proof is one of",
    );
    check("[federation]\ntrust = []\n", "line 2: federation.trust", "without any proof");
    check("[federation]\ntrust = \"pin\"\n", "line 2: federation.trust", "such as [\"dnssec\"");
    check("domain = \n", "line 1", "");
    check(
        "[storage]\ncache_bytes = \"big\"\n",
        "line 2: storage.cache_bytes",
        "a whole number from",
    );
    check("[client]\npublic_urls = [1]\n", "line 2: client.public_urls", "such as [{ url = ");
    check("[client]\nlisten = 8008\n", "line 2: client.listen", "a text in quotes, such as");
    check("[client]\nlisten = \"localhost:8008\"\n", "line 2: client.listen", "127.0.0.1:8008");
    check("[log]\nlevel = \"loud\"\n", "line 2: log.level", "\"loud\" is no log level");
    let texts = ["[limits]\nsockets_max = \"x\"", "[client]\npublic_urls = [1]", "data_dir = 1"];
    for said in texts.map(|text| complaint(text, &[])) {
        assert!(!["usize", "struct ", "PublicUrl"].iter().any(|t| said.contains(t)), "{said}");
    }
    assert!(complaint("domain=\"a.b\"\n[client]\ntls_key=\"k\"\n", &[]).contains("set both"));
}

#[test]
fn errors_in_the_limits_of_clients_are_named_too() {
    let check = |text: &str, place: &str, reason: &str| {
        let said = complaint(text, &[]);
        let place = format!("/etc/comity/comity.toml, {place}: ");
        assert!(said.starts_with(&place) && said.contains(reason), "{said}");
    };
    check(
        "[limits]\nclients = { device_unused_days = 0 }\n",
        "line 2: limits.clients",
        "device_unused_days = 0 is not between 1 and 36500 days",
    );
    check("[limits.clients]\nrequests = 7\n", "line 1: limits.clients", "unknown number requests");
    check(
        "[limits]\nclients = { device_unused_days = \"x\" }\n",
        "line 2: limits.clients",
        "not between",
    );
    check("[limits]\nclients = 5\n", "line 2: limits.clients", "a table, such as {");
    check(
        "[client]\ntrusted_proxies = [\"proxy.lan\"]\n",
        "line 2: client.trusted_proxies",
        "10.0.0.0/8",
    );
    check("[client]\norigins = [\"acme.example\"]\n", "line 2: client.origins", "https://chat");
    check("[client]\norigins = [\"*\", \"https://a.b\"]\n", "line 2: client.origins", "\"*\"");
}

#[test]
fn the_environment_wins_and_is_named_in_errors() {
    let text = "domain = \"acme.example\"\n[client]\nlisten = \"127.0.0.1:1\"\n";
    let settings = with_variables(
        text,
        &[
            ("COMITY_CLIENT__LISTEN", "127.0.0.1:2"),
            ("COMITY_FEDERATION__MODE", "allowlist"),
            ("COMITY_DNS__NAMESERVERS", "[\"127.0.0.1:5353\"]"),
            ("COMITY_FEDERATION__TRUST", "[\"webpki\"]"),
            ("COMITY_SERVICE_HOST", "set by a container manager"),
            ("HOME", "/root"),
        ],
    )
    .unwrap();
    assert_eq!(settings.client.listen.port(), 2);
    assert_eq!(settings.federation.mode, FederationMode::Allowlist);
    assert_eq!(settings.dns.nameservers[0].0.port(), 5353);
    let trust = settings.federation.trust;
    assert!(trust.takes(Proof::WebPki) && !trust.takes(Proof::Dnssec));
    assert_eq!(with_variables("", &[("COMITY_DOMAIN", "b.c")]).unwrap().domain.as_str(), "b.c");

    let check = |name: &str, value: &str, reason: &str| {
        let said = complaint(text, &[(name, value)]);
        let place = format!("environment variable {name}: ");
        assert!(said.starts_with(&place) && said.contains(reason), "{said}");
    };
    check("COMITY_CLIENT__LISTEN", "x", "invalid socket");
    check("COMITY_CLIENT__LISTN", "x", "no such setting");
    check("COMITY_LIMITS__SOCKETS_MAX", "0", "not between");
    check("COMITY_LIMITS__SOCKETS_MAX", "many", "");
    check("COMITY_LOG__LEVEL", "loud", "is no log level");
    check("COMITY_DOMAIN", "x", "two labels");
    check("COMITY_DOMAIN", "x\ndata_dir = 1", "lower-case");
    check("COMITY_FEDERATION__PINS", "{ \"b.c\" = 1 }", "string");
}

#[test]
fn numbers_of_a_table_are_given_alone() {
    let text = "domain = \"a.b\"\n[limits.clients]\ndevice_unused_days = 30\n";
    let limits = parse(text).unwrap().limits.clients;
    assert_eq!(limits.device_unused_max(), Duration::from_secs(30 * 86_400));
    assert_eq!(limits.door(), ClientLimits::default().door());
    let variables = [("COMITY_LIMITS__CLIENTS", "{ address_connections_max = 7 }")];
    let limits = with_variables("domain = \"a.b\"", &variables).unwrap().limits.clients;
    assert_eq!(limits.door().address_connections_max, 7);
}

#[test]
fn paths_in_a_file_are_relative_to_it() {
    let settings = parse("domain = \"a.b\"\ndata_dir = \"data\"\n").unwrap();
    assert_eq!(settings.data_dir, Path::new("/etc/comity/data"));
    let settings = parse("domain = \"a.b\"\n[federation]\nweb_roots = \"own.pem\"\n").unwrap();
    assert_eq!(settings.federation.web_roots.as_deref(), Some(Path::new("/etc/comity/own.pem")));
    let settings = with_variables("domain = \"a.b\"", &[("COMITY_DATA_DIR", "data")]).unwrap();
    assert_eq!(settings.data_dir, Path::new("data"));
}

#[test]
fn the_reference_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operating/settings.md");
    let expected = reference();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "docs/operating/settings.md is stale: run this with UPDATE_DOCS=1");
}

#[test]
fn the_settings_in_the_guides_are_accepted() {
    let guides = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operating");
    let mut seen = 0;
    for (file, fence) in [("README.md", "```toml\n"), ("two-nodes.md", "comity.toml <<'END'\n")] {
        let text = std::fs::read_to_string(guides.join(file)).unwrap();
        for block in text.split(fence).skip(1) {
            let end = block.find("```").into_iter().chain(block.find("END\n")).min().unwrap();
            parse(&block[..end]).unwrap_or_else(|error| panic!("{file}: {error}"));
            seen += 1;
        }
    }
    assert!(seen >= 2);
}

#[test]
fn settings_in_force_say_where_they_came_from() {
    let text = "domain = \"a.b\"\n[client]\ntls_key = \"key.pem\"\ntls_certificate = \"c.pem\"\n\
                [limits.clients]\ndevice_unused_days = 30\n[log]\nlevel = \"debug\"\n";
    let variables = [("COMITY_LOG__LEVEL", "warn"), ("COMITY_LIMITS__SOCKETS_MAX", "1_000")];
    let settings = with_variables(text, &variables).unwrap();
    let line = |key: &str| {
        let found = settings.in_force.iter().find(|setting| setting.key == key);
        let found = found.unwrap_or_else(|| panic!("{key} is not listed"));
        (found.origin(), found.value.clone(), found.default.clone())
    };
    let file = || "/etc/comity/comity.toml".to_owned();
    let expected = |from: String, value: serde_json::Value, default: serde_json::Value| {
        (from, Some(value).filter(|v| !v.is_null()), Some(default).filter(|v| !v.is_null()))
    };
    let none = serde_json::Value::Null;
    assert_eq!(line("domain"), expected(file(), "a.b".into(), none.clone()));
    let level = expected("COMITY_LOG__LEVEL".into(), "warn".into(), "info".into());
    assert_eq!(line("log.level"), level, "what wins is named, not what it won over");
    let sockets = expected("COMITY_LIMITS__SOCKETS_MAX".into(), 1_000.into(), 10_000.into());
    assert_eq!(line("limits.sockets_max"), sockets);
    let days = expected(file(), 30.into(), 90.into());
    assert_eq!(line("limits.clients.device_unused_days"), days);
    let devices = expected("default".into(), 100.into(), 100.into());
    assert_eq!(line("limits.clients.account_devices_max"), devices, "only a number is set");
    let host = expected("default".into(), none.clone(), none.clone());
    assert_eq!(line("federation.host"), host);
    let key = expected(file(), "/etc/comity/key.pem".into(), none);
    assert_eq!(line("client.tls_key"), key, "the path, and never what is in it");
    let numbers = SETTINGS.len() - 1 + CLIENT_PARTS.len();
    assert_eq!(settings.in_force.len(), numbers, "each setting, and each number of the table");
}
