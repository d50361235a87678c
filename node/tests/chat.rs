//! `comity chat` and `comity user` against a running node: the built binary on both sides, as an
//! admin and a user's script would use them.
#![allow(clippy::unwrap_used)]

mod common;
#[path = "../../client-api/client/examples/echo.rs"]
#[allow(dead_code, missing_docs, unreachable_pub)]
mod echo;

use std::io::{Read, Write};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use common::{Process, lines, wait_for};

/// A node of `acme.test` in a directory of its own.
struct Node {
    dir: tempfile::TempDir,
    server: String,
    _process: Process,
}

impl Node {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut command = comity(dir.path());
        let child = command.arg("serve").stderr(Stdio::piped()).spawn().unwrap();
        let mut process = Process(child);
        let lines = lines(process.0.stderr.take().unwrap());
        let running = wait_for(&lines, "\"running\"");
        let clients = running.split("\"clients\":\"").nth(1).unwrap();
        let server = format!("http://{}", clients.split('"').next().unwrap());
        Self { dir, server, _process: process }
    }

    /// Runs a command to its end.
    fn run(&self, arguments: &[&str], input: impl AsRef<[u8]>) -> (bool, String, String) {
        let mut command = comity(self.dir.path());
        command.args(arguments).stdin(Stdio::piped());
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap();
        child.stdin.take().unwrap().write_all(input.as_ref()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.success(), text(output.stdout), text(output.stderr))
    }

    /// Makes an account and answers its password.
    fn add_user(&self, name: &str) -> String {
        let (done, out, err) = self.run(&["user", "add", name], "");
        assert!(done && out.starts_with(&format!("{name}@acme.test\n")), "{out}{err}");
        out.lines().nth(1).unwrap().strip_prefix("password: ").unwrap().to_owned()
    }

    /// A user is called so from now on.
    fn calls(&self, user: &str, password: &str, name: &str) {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let http = comity_client::Http::at(&self.server).unwrap();
            let login = http.log_in(user, password, "calls").await.unwrap();
            http.with_token(&login.token).set_display_name(name).await.unwrap();
        });
    }

    /// What a user's script says, and what came of it.
    fn say(&self, user: &str, password: &str, lines: impl AsRef<[u8]>) -> (bool, String, String) {
        let user = ["chat", "--server", &self.server, "--user", user, "--password", password];
        self.run(&user, lines)
    }

    /// A user who stays.
    fn sit(&self, user: &str, password: &str) -> Seat {
        let mut command = comity(self.dir.path());
        command.args(["chat", "--server", &self.server, "--user", user, "--password", password]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = Process(command.spawn().unwrap());
        let typed = process.0.stdin.take().unwrap();
        let shown = lines(process.0.stdout.take().unwrap());
        let notices = lines(process.0.stderr.take().unwrap());
        wait_for(&notices, "logged in");
        Seat { typed, shown, notices, _process: process }
    }
}

struct Seat {
    typed: ChildStdin,
    shown: Receiver<String>,
    notices: Receiver<String>,
    _process: Process,
}

impl Seat {
    fn types(&mut self, line: &str) {
        writeln!(self.typed, "{line}").unwrap();
    }

    fn sees(&self, text: &str) -> String {
        wait_for(&self.shown, text)
    }

    fn is_told(&self, text: &str) -> String {
        wait_for(&self.notices, text)
    }
}

fn comity(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comity"));
    command.current_dir(dir).env_clear().envs([
        ("COMITY_DOMAIN", "acme.test"),
        ("COMITY_CLIENT__LISTEN", "127.0.0.1:0"),
        ("COMITY_FEDERATION__LISTEN", "127.0.0.1:0"),
        ("COMITY_DNS__NAMESERVERS", "[\"127.0.0.1:1\"]"),
        ("COMITY_LOG__FORMAT", "json"),
        ("TZ", "UTC"),
    ]);
    command
}

#[test]
fn groups_are_found_and_joined() {
    let node = Node::start();
    let (alice, bob) = (node.add_user("alice"), node.add_user("bob"));
    let mut seat = node.sit("alice", &alice);
    seat.types("/new Tea");
    seat.is_told("in #Tea");
    seat.types("/alias tea");
    seat.is_told("/join #tea@acme.test");
    // Named, but open to nobody yet.
    let (done, out, err) = node.say("bob", &bob, "/groups\n/join #tea\n");
    assert!(!done && out.contains("no groups that you may join"), "{out}");
    assert!(err.contains("channel_not_found"), "{err}");
    seat.types("/admit anyone");
    seat.sees("changed a rule");
    let (done, out, err) = node.say("bob", &bob, "/groups\n/join 1\nhello\n/leave\n");
    assert!(done, "{err}");
    assert!(out.contains("1  Tea  (1 member, #tea@acme.test)"), "{out}");
    seat.sees("bob@acme.test: hello");
    let (done, _, err) = node.say("bob", &bob, "/join Tea@acme.test\nback\n");
    assert!(done, "{err}");
    seat.sees("bob@acme.test: back");
}

#[test]
fn users_chat_in_pipes() {
    let node = Node::start();
    let alice = node.add_user("alice");
    let (done, out, _) =
        node.run(&["user", "add", "carol", "--password-stdin"], "carols password\n");
    assert!(done && out == "carol@acme.test\n", "{out}");
    let (done, _, err) = node.run(&["user", "add", "Alice@acme.test"], "");
    assert!(!done && err.contains("name_taken"), "{err}");

    let mut carol = node.sit("carol", "carols password");
    let script = "/open carol@acme.test\nhello\n//slash\n   \n";
    let (done, _, err) = node.say("alice", &alice, script);
    assert!(done, "{err}");
    carol.sees(" [alice@acme.test] alice@acme.test: hello");
    carol.sees("alice@acme.test: /slash");
    carol.types("/open alice");
    carol.is_told("in alice@acme.test");
    carol.types("hello yourself");
    carol.sees("carol@acme.test: hello yourself");
    carol.types("/history 2");
    carol.sees("alice@acme.test: /slash");
    carol.sees("carol@acme.test: hello yourself");
}

#[test]
fn groups_are_made_joined_and_left() {
    let node = Node::start();
    let (alice, carol) = (node.add_user("alice"), node.add_user("carol"));
    let mut a = node.sit("alice", &alice);
    let mut c = node.sit("carol", &carol);
    a.types("/new Lunch");
    a.is_told("in #Lunch");
    a.types("/invite carol");
    a.is_told("invited carol@acme.test");
    c.sees("alice@acme.test * invites you to #Lunch: /accept 1 or /decline 1");
    c.types("/open #lunch");
    c.is_told("/accept 1 first");
    c.types("/accept");
    c.is_told("in #Lunch");
    a.sees("carol@acme.test * carol@acme.test joined");
    c.types("at noon?");
    a.sees("carol@acme.test: at noon?");
    a.types("/members");
    a.sees("alice@acme.test  (owner)");
    a.sees("carol@acme.test  (member)");
    c.types("/leave");
    c.is_told("left #Lunch");
    a.sees("carol@acme.test * carol@acme.test left");
    c.types("anybody?");
    c.is_told("no channel is open");
}

#[test]
fn a_group_called_like_somebody_is_never_taken_for_them() {
    let node = Node::start();
    let (alice, carol, mallory) =
        (node.add_user("alice"), node.add_user("carol"), node.add_user("mallory"));
    let mut m = node.sit("mallory", &mallory);
    m.types("/new carol@acme.test");
    m.is_told("in #carol@acme.test");
    m.types("/invite alice");
    m.is_told("invited alice@acme.test");
    let mut c = node.sit("carol", &carol);
    let (done, _, err) = node.say("alice", &alice, "/open carol@acme.test\nour secret\n");
    assert!(done && err.contains("in carol@acme.test"), "{err}");
    c.sees("alice@acme.test: our secret");
    c.types("/open");
    c.is_told("which one?");
    c.types("/open #carol@acme.test");
    c.is_told("there is no channel");
}

#[test]
fn lines_that_are_no_text_are_named_and_the_others_sent() {
    let node = Node::start();
    let (alice, carol) = (node.add_user("alice"), node.add_user("carol"));
    let mut carol = node.sit("carol", &carol);
    let script = b"/open carol@acme.test\nfirst\n\xffbroken\n\x1b[A/quit\nlast\n";
    let (done, _, err) = node.say("alice", &alice, script);
    assert!(!done && err.contains("line 3 was not used: it is no UTF-8"), "{err}");
    assert!(err.contains("line 4 was not used: it has the control character U+001B"), "{err}");
    carol.sees("alice@acme.test: first");
    assert!(carol.shown.recv().unwrap().ends_with("alice@acme.test: last"));
    carol.types("/help");
    carol.sees("  /list  ");
}

#[test]
fn a_node_that_is_gone_is_named_in_words() {
    let node = Node::start();
    let alice = node.add_user("alice");
    let alice = node.sit("alice", &alice);
    drop(node);
    alice.is_told("cannot reach the node, trying again by itself");
}

#[test]
fn the_echo_bot_of_the_clients_documents_answers_once() {
    let node = Node::start();
    let (alice, robot) = (node.add_user("alice"), node.add_user("robot"));
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let start = || {
        let (bot, server, robot) = (runtime(), node.server.clone(), robot.clone());
        let folder = node.dir.path().to_owned();
        bot.spawn(async move {
            loop {
                let ended = echo::run(&server, "robot", &robot, &folder).await;
                // A process that another test starts just now may hold the old one's file still.
                let why = ended.unwrap_err().to_string();
                assert_eq!(why, "another process uses it");
                tokio::task::yield_now().await;
            }
        });
        bot
    };
    let bot = start();
    let mut seat = node.sit("alice", &alice);
    seat.types("/new Tea");
    seat.is_told("in #Tea");
    seat.types("/invite robot");
    seat.sees("robot@acme.test joined");
    seat.types("hello");
    seat.sees("robot@acme.test: hello");
    // It is ended in the middle of whatever it does, and hears later what was said meanwhile.
    bot.shutdown_timeout(Duration::from_secs(10));
    seat.types("are you there?");
    seat.sees("alice@acme.test: are you there?");
    let _bot = start();
    seat.sees("robot@acme.test: are you there?");
    seat.types("/history 20");
    seat.sees("alice@acme.test: are you there?");
    assert!(seat.shown.recv().unwrap().ends_with("robot@acme.test: are you there?"));
    assert!(std::fs::read_to_string(node.dir.path().join("outbox")).unwrap().contains(" q "));
}

/// A window in a terminal of 80 columns and 24 rows, and what is seen there.
struct Window {
    typed: ChildStdin,
    written: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    raw: Vec<u8>,
    _process: Process,
}

impl Window {
    fn open(node: &Node, user: &str, password: &str) -> Self {
        let comity = env!("CARGO_BIN_EXE_comity");
        // What the terminal is set to afterwards is shown, too.
        let line = format!(
            "stty cols 80 rows 24; {comity} chat --server {} --user {user}; stty -a; echo over",
            node.server
        );
        let mut command = Command::new("script");
        command.args(["-qfec", &line, "/dev/null"]).current_dir(node.dir.path());
        command.envs([("COMITY_PASSWORD", password), ("TERM", "xterm-256color"), ("TZ", "UTC")]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Process(command.spawn().unwrap());
        let typed = process.0.stdin.take().unwrap();
        let mut output = process.0.stdout.take().unwrap();
        let (read, written) = std::sync::mpsc::sync_channel(1_024);
        std::thread::spawn(move || {
            let mut chunk = [0; 4_096];
            while let Ok(length @ 1..) = output.read(&mut chunk) {
                let _ = read.send(chunk[..length].to_vec());
            }
        });
        let size = |size| std::num::NonZero::new(size).unwrap();
        let screen = vt100::Parser::new(size(24), size(80), 0);
        Self { typed, written, screen, raw: Vec::new(), _process: process }
    }

    fn types(&mut self, keys: &str) {
        self.typed.write_all(keys.as_bytes()).unwrap();
        self.typed.flush().unwrap();
    }

    #[track_caller]
    fn sees(&mut self, wanted: &str) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.screen.screen().contents().contains(wanted) {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(chunk) = self.written.recv_timeout(left) else {
                panic!("no {wanted:?} in\n{}", self.screen.screen().contents());
            };
            self.screen.process(&chunk);
            self.raw.extend(chunk);
        }
    }
}

#[test]
fn a_window_in_a_terminal_shows_a_chat_and_leaves_the_terminal_as_it_was() {
    let node = Node::start();
    let (alice, bob) = (node.add_user("alice"), node.add_user("bob"));
    node.calls("bob", &bob, "Bob Stone");
    let mut seat = node.sit("bob", &bob);
    let mut window = Window::open(&node, "alice", &alice);
    window.sees("No channel is open.");
    window.types("/open bob@acme.test\r");
    window.sees("│bob@acme.test  Bob Stone");
    window.types("/open 1\r/members\r");
    window.sees("bob@acme.test  (member)  Bob Stone");
    window.types("안녕, Bob!\r");
    window.sees("안녕, Bob! ✓");
    seat.sees("[alice@acme.test] alice@acme.test: 안녕, Bob!");
    node.calls("alice", &alice, "Alice Liddell");
    window.sees("│ alice  Alice Liddell");
    // Chosen by an arrow, answered, reacted to and changed.
    window.types("\x1b[A");
    window.sees("▸");
    window.types("/reply are you there?\r");
    window.sees("↪ alice: 안녕, Bob!");
    window.types("\x1b[A/react 👍\r");
    window.sees("👍 1");
    window.types("\x1b[A/edit\r");
    window.sees("> /edit are you there?");
    window.types("\x7f!\r");
    window.sees("are you there! (edited)");
    seat.sees("changed a message to: are you there!");
    window.types("\x1b[A/delete\r");
    window.sees("(this message was erased)");
    seat.types("/new Tea");
    seat.is_told("in #Tea");
    seat.types("/invite alice");
    window.sees("? #Tea");
    // To the invitation, by its name.
    window.types("\x0bte\r");
    window.sees("You are invited to #Tea.");
    window.types("/accept\r");
    seat.sees("alice@acme.test joined");
    window.sees("alice joined");
    seat.types("@alice which one?");
    window.sees("@alice which one?");
    // Back to Bob; what is said in the group is counted, and that it calls her.
    window.types("\x0bbob\r");
    window.sees("│bob@acme.test");
    seat.types("@alice the green one?");
    window.sees("@1 1");

    // A text that would change the terminal's title and clear it.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let http = comity_client::Http::at(&node.server).unwrap();
        let login = http.log_in("bob", &bob, "evil").await.unwrap();
        let http = http.with_token(&login.token);
        let channel = http.open_direct("alice@acme.test").await.unwrap();
        http.post(&channel, "\x1b]0;owned\x07\x1b[2Jgone", 1).await.unwrap();
    });
    window.sees("\\u{1b}]0;owned\\u{7}\\u{1b}[2Jgone");
    assert!(!window.raw.windows(9).any(|bytes| bytes == b"\x1b]0;owned"));
    window.sees("안녕, Bob!");
    assert!(window.screen.screen().alternate_screen() && window.screen.screen().bracketed_paste());

    window.types("\x03");
    window.sees("over");
    let after = window.screen.screen();
    assert!(!after.alternate_screen() && !after.bracketed_paste() && !after.hide_cursor());
    let text = after.contents();
    assert!(text.contains(" icanon") && text.contains(" echo "), "{text}");
    assert!(!text.contains("-icanon") && !text.contains("-echo "), "{text}");
}

#[test]
fn a_call_that_is_typed_line_by_line_is_counted_by_the_node() {
    let node = Node::start();
    let (alice, bob) = (node.add_user("alice"), node.add_user("bob"));
    let typed = "/open alice@acme.test\n@alice look\n@nobody look\nmail alice@acme.test\n";
    let (done, _, err) = node.say("bob", &bob, typed);
    assert!(done, "{err}");
    let channels = tokio::runtime::Runtime::new().unwrap().block_on(async {
        let http = comity_client::Http::at(&node.server).unwrap();
        let login = http.log_in("alice", &alice, "counts").await.unwrap();
        http.with_token(&login.token).channels().await.unwrap()
    });
    assert_eq!((channels[0].unread, channels[0].mentions), (Some(3), Some(1)), "{channels:?}");
}

#[test]
fn plain_is_line_by_line_in_a_terminal_too() {
    let node = Node::start();
    let alice = node.add_user("alice");
    let mut window = Window::open(&node, "alice --plain", &alice);
    window.sees("/help shows what you can do");
    assert!(!window.screen.screen().alternate_screen());
    window.types("/new Tea\r");
    window.sees("#Tea> ");
    window.types("/quit\r");
    window.sees("over");
}

#[test]
fn invites_make_accounts_and_failures_are_told() {
    let node = Node::start();
    let (done, out, err) = node.run(&["user", "invite", "--uses", "1", "--expires", "1h"], "");
    assert!(done && out.contains("good for 1 until "), "{out}{err}");
    let token = out.lines().next().unwrap();
    let sign_up = |name: &str, token: &str| {
        let options = ["--sign-up", "--invite", token, "--password", "a long password"];
        let whom = ["chat", "--server", &node.server, "--user", name];
        node.run(&[&whom[..], &options].concat(), "/list\n")
    };
    let (done, out, err) = sign_up("dave", token);
    assert!(done && out.contains("no channels yet"), "{out}{err}");
    let (done, _, err) = sign_up("erin", token);
    assert!(!done && err.contains("invite_token_invalid"), "{err}");
    // One in 64 tokens begins so.
    let (done, _, err) = sign_up("erin", "-bX");
    assert!(!done && err.contains("invite_token_invalid"), "{err}");

    // What is not used up can be listed and taken back, by its name or by itself.
    assert_eq!(node.run(&["user", "invites"], "").1, "no invites\n");
    let make = || {
        let (done, out, err) = node.run(&["user", "invite", "--uses", "3"], "");
        assert!(done, "{err}");
        out.lines().next().unwrap().to_owned()
    };
    let (one, other) = (make(), make());
    let (_, listed, _) = node.run(&["user", "invites"], "");
    assert_eq!(listed.matches("good for 3 until ").count(), 2, "{listed}");
    assert!(!listed.contains(&one) && !listed.contains(&other), "{listed}");
    assert!(node.run(&["user", "revoke-invite", &one], "").0);
    let (_, listed, _) = node.run(&["user", "invites"], "");
    let id = listed.split(' ').next().unwrap();
    assert_eq!(listed.lines().count(), 1, "{listed}");
    assert!(node.run(&["user", "revoke-invite", id], "").0);
    let (done, _, err) = node.run(&["user", "revoke-invite", id], "");
    assert!(!done && err.contains("invite_not_found"), "{err}");
    let (done, _, err) = sign_up("erin", &other);
    assert!(!done && err.contains("invite_token_invalid"), "{err}");

    let uninvited = ["--user", "erin", "--sign-up", "--password", "a long password"];
    let whom = [&["chat", "--server", &node.server][..], &uninvited].concat();
    let (done, _, err) = node.run(&whom, "");
    assert!(!done && err.contains("needs an invite") && err.contains("--invite"), "{err}");

    let (done, _, err) = node.say("dave", "wrong password", "");
    assert!(!done && err.contains("credentials_wrong"), "{err}");
    let (done, _, err) = node.say("dave", "a long password", "to nobody\n/fly\n/open x\n");
    assert!(!done, "a script learns that something failed");
    for wanted in ["no channel is open", "no command /fly", "there is no channel x"] {
        assert!(err.contains(wanted), "{err}");
    }
}
