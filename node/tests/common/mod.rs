//! What the tests of the built binary share: a process that does not outlive its test, and lines to
//! wait for.

use std::io::{BufRead, BufReader, Read};
use std::process::Child;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

/// A process that ends with its test.
pub(crate) struct Process(pub(crate) Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The lines that come from a pipe.
pub(crate) fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (read, lines) = sync_channel(LINES_MAX);
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines() {
            let Ok(line) = line else { return };
            // Nobody waits any more when the test is over.
            let _ = read.send(line);
        }
    });
    lines
}

/// The first line that contains a text.
pub(crate) fn wait_for(lines: &Receiver<String>, wanted: &str) -> String {
    let mut seen = Vec::new();
    loop {
        match lines.recv_timeout(Duration::from_secs(60)) {
            Ok(line) if line.contains(wanted) => return line,
            Ok(line) => seen.push(line),
            Err(error) => panic!("no {wanted:?} ({error}) among {seen:#?}"),
        }
    }
}

/// Lines that may wait for the test.
const LINES_MAX: usize = 1_024;
