//! Everything that the node's own OpenAPI document says may be asked, asked wrongly: other types,
//! missing fields, unknown words, too much of everything. Each gets an answer with a code, and none
//! is the node's fault.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use comity_protocol::code::Code;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::world::{World, soon};

/// Somebody who asks by hand.
struct Asker {
    addr: SocketAddr,
    token: String,
    asked: usize,
    codes: BTreeSet<String>,
}

impl Asker {
    /// Asks; every answer has to be one.
    async fn ask(&mut self, line: &str, body: &[u8]) -> u16 {
        let head = format!(
            "{line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n",
            self.token,
            body.len()
        );
        let answer = soon(async {
            let mut stream = TcpStream::connect(self.addr).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            // Who is refused early may be refused before all is sent.
            let _ = stream.write_all(body).await;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.map(|_| answer)
        });
        let answer = String::from_utf8(answer.await.unwrap()).unwrap();
        let shown = || {
            format!("{line} {}\n{answer}", String::from_utf8_lossy(&body[..body.len().min(200)]))
        };
        let status = answer.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok());
        let status = status.unwrap_or_else(|| panic!("no answer: {}", shown()));
        assert!(status < 500, "{}", shown());
        if status >= 400 {
            let (_, json) = answer.split_once("\r\n\r\n").unwrap();
            let error: Value = serde_json::from_str(json).unwrap_or_else(|_| panic!("{}", shown()));
            let code = error["error"]["code"].as_str().unwrap_or_else(|| panic!("{}", shown()));
            assert!(Code::ALL.iter().any(|known| known.name() == code), "{}", shown());
            assert!(error["error"]["message"].as_str().is_some_and(|text| text.ends_with('.')));
            self.codes.insert(code.to_owned());
        }
        self.asked += 1;
        status
    }
}

/// Values of every type, and texts that mean nothing, or too much.
fn junk() -> Vec<Value> {
    let mut junk = vec![
        json!(null),
        json!(true),
        json!(7),
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!(u64::MAX),
        json!([]),
        json!(["x"]),
        json!({}),
        json!({ "x": [{}] }),
    ];
    let long = "x".repeat(20_000);
    let texts = ["", " ", "\u{0}", "unknown", "../../x", "a@b@c", "-1", "٣", "\u{202e}x", &long];
    junk.extend(texts.map(Value::from));
    junk
}

const TEXTS: [&str; 12] = [
    "x",
    "%00",
    "%ff",
    "%2e%2e%2f",
    "..",
    "-1",
    "0",
    "99999999999999999999",
    "%F0%9F%98%80",
    "a%40b",
    "%20",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
];

/// A body that could be right, by the names of its fields.
fn plausible(name: &str) -> Value {
    match name {
        "kind" => json!("group"),
        "nonce" => json!("5"),
        "role" => json!("member"),
        "account" | "with" => json!("bob@acme.test"),
        "home" => json!("acme.test"),
        "member_limit" => json!(20),
        "archived" => json!(false),
        "password" | "old" | "new" => json!("wrong password"),
        "channel" => json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        _ => json!("text"),
    }
}

/// What a schema refers to in the end.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema["$ref"].as_str().and_then(|path| document.pointer(&path[1..]));
    target.map_or(schema, |target| resolved(document, target))
}

/// All fields that a schema of an object names anywhere.
fn fields(document: &Value, schema: &Value) -> BTreeSet<String> {
    let schema = resolved(document, schema);
    let own =
        schema["properties"].as_object().into_iter().flat_map(|fields| fields.keys().cloned());
    let parts = ["oneOf", "anyOf", "allOf"].into_iter().filter_map(|word| schema[word].as_array());
    own.chain(parts.flatten().flat_map(|part| fields(document, part))).collect()
}

fn object(names: &BTreeSet<String>) -> Map<String, Value> {
    names.iter().map(|name| (name.clone(), plausible(name))).collect()
}

/// Every wrong body that is made of these fields.
fn bodies(names: &BTreeSet<String>) -> Vec<Vec<u8>> {
    let mut bodies: Vec<Vec<u8>> =
        ["", "null", "7", "\"x\"", "[]", "[{}]", "{", "{}", "{\"a\":}", "\u{feff}{}"]
            .map(|text| text.as_bytes().to_vec())
            .to_vec();
    bodies.push(b"{\"name\":\"\xff\"}".to_vec());
    bodies.push("{\"a\":".repeat(5_000).into_bytes());
    bodies.push(vec![b' '; 70_000]);
    for name in names {
        let mut body = object(names);
        body.remove(name);
        bodies.push(Value::from(body.clone()).to_string().into_bytes());
        // A field alone, and a field among others.
        for value in junk() {
            bodies.push(json!({ name: value }).to_string().into_bytes());
            body.insert(name.clone(), value);
            bodies.push(Value::from(body.clone()).to_string().into_bytes());
        }
        let twice = format!("{{\"{name}\":\"x\",\"{name}\":\"y\"}}");
        bodies.push(twice.into_bytes());
    }
    bodies
}

/// Paths with wrong values for their parameters, one at a time, and with wrong queries.
fn paths(document: &Value, path: &str, operation: &Value, shared: &Value) -> Vec<String> {
    let listed = [&operation["parameters"], &shared["parameters"]].into_iter();
    let parameters = listed.filter_map(Value::as_array).flatten();
    let mut found = Vec::new();
    let filled = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
    let plain = filled.collect::<Vec<_>>().join("/");
    let long = "x".repeat(9_000);
    for parameter in parameters.map(|parameter| resolved(document, parameter)) {
        let name = parameter["name"].as_str().unwrap();
        for text in TEXTS.into_iter().chain([long.as_str()]) {
            found.push(match parameter["in"].as_str() {
                Some("path") => {
                    let with = path.replace(&format!("{{{name}}}"), text);
                    let parts = with.split('/').map(|p| if p.starts_with('{') { "x" } else { p });
                    parts.collect::<Vec<_>>().join("/")
                }
                _ => format!("{plain}?{name}={text}"),
            });
        }
    }
    found.push(format!("{plain}?%ff=%ff&&=&x"));
    found.push(plain);
    found
}

#[tokio::test]
async fn whatever_is_asked_wrongly_is_refused_with_a_code() {
    let world = World::start(&["acme.test"]).await;
    let (alice, _bob) = (world.person(0, "alice").await, world.person(0, "bob").await);
    let token =
        alice.http().log_in("alice", super::world::PASSWORD, "by hand").await.unwrap().token;
    let addr = world.homes[0].node.client_addr;
    let mut asker = Asker { addr, token, asked: 0, codes: BTreeSet::new() };
    let document: Value = {
        let request = b"GET /v1/openapi.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap()
    };
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            // It logs out whoever asks.
            let is_method = ["get", "put", "post", "patch", "delete"].contains(&method.as_str());
            if !is_method || path == "/v1/sessions/current" {
                continue;
            }
            let method = method.to_uppercase();
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            let names = fields(&document, schema);
            let wrong_paths = paths(&document, path, operation, operations);
            let plain = wrong_paths.last().unwrap().clone();
            for path in wrong_paths {
                let body = Value::from(object(&names)).to_string();
                asker.ask(&format!("{method} {path}"), body.as_bytes()).await;
            }
            if !schema.is_null() {
                for body in bodies(&names) {
                    asker.ask(&format!("{method} {plain}"), &body).await;
                }
            }
        }
    }
    assert!(asker.asked > 1_000, "{}", asker.asked);
    for code in ["malformed", "too_large", "text_not_utf8", "name_invalid", "password_weak"] {
        assert!(asker.codes.contains(code), "{code}: {:?}", asker.codes);
    }
    // The node is as well as before.
    assert_eq!(asker.ask("GET /v1/me", b"").await, 200);
}
