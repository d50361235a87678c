//! Searching a million real sentences in many scripts: how long it takes, how large the index is,
//! and what share of what should be found is. What should be found another program says, which
//! knows nothing of the index (`conformance/corpus/judge.py`).
//!
//! The sentences are not in the repository: `conformance/corpus/build.py` makes them, and the
//! variable `COMITY_CORPUS` says where they are.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use comity_search::{Document, Filter, Index, Key, Order, Query};

use crate::row::Row;
use crate::stats::Times;
use crate::{Failure, Place, cpu};

/// The figures of this bench.
pub(crate) const NAMES: [&str; 6] = [
    "search1m.lookup_p50_ms",
    "search1m.lookup_p95_ms",
    "search1m.few_p95_ms",
    "search1m.index_over_text",
    "search1m.index_cpu_us",
    "search.recall_percent",
];

/// Measures.
pub(crate) fn measure(place: &Place) -> Result<Vec<Row>, Failure> {
    let corpus = corpus()?;
    let dir = place.path("search");
    let made = make(&corpus, &dir)?;
    let judged = judge(&corpus)?;
    let index = Index::open(&dir)?;
    let all = channels(CHANNELS);
    let times = look_up(&index, &judged, &all)?;
    let few = look_up(&index, &judged, &channels(FEW))?;
    Ok(vec![
        Row::new(NAMES[0], times.p50_ms(), "ms"),
        Row::new(NAMES[1], times.p95_ms(), "ms"),
        Row::new(NAMES[2], few.p95_ms(), "ms"),
        Row::new(NAMES[3], size(&dir)? as f64 / made.text_bytes as f64, ""),
        Row::new(NAMES[4], made.cpu.as_secs_f64() * 1e6 / SENTENCES as f64, "µs"),
        Row::new(NAMES[5], recall(&index, &judged, &all)? * 100.0, "%"),
    ])
}

struct Made {
    text_bytes: u64,
    cpu: Duration,
}

/// Puts the sentences into an index, in steps as a node would, and waits for its merges.
fn make(corpus: &Path, dir: &Path) -> Result<Made, Failure> {
    let index = Index::open(dir)?;
    let mut writer = index.writer()?;
    let (before, mut text_bytes) = (cpu::of_this_process()?, 0);
    for (number, line) in (0..).zip(sentences(corpus)?) {
        let line = line?;
        let text = line.split_once('\t').map_or("", |(_, sentence)| sentence);
        text_bytes += text.len() as u64;
        writer.add(Document { key: key(number), author: number % AUTHORS, text })?;
        if (number + 1) % STEP == 0 {
            writer.commit("")?;
        }
    }
    writer.commit("")?;
    writer.finish()?;
    Ok(Made { text_bytes, cpu: cpu::of_this_process()?.saturating_sub(before) })
}

fn key(number: u64) -> Key {
    let channel = u32::try_from(number % u64::from(CHANNELS)).unwrap_or(0);
    // As far apart as messages of some years, with ids as random as theirs.
    Key { channel, time: BEGIN + number * APART, rest: number.wrapping_mul(ODD) }
}

fn number_of(key: Key) -> u64 {
    (key.time - BEGIN) / APART
}

/// A query, and which sentences should be found.
pub(crate) struct Judged {
    pub(crate) text: String,
    pub(crate) relevant: HashSet<u64>,
}

/// All queries.
pub(crate) fn judge(corpus: &Path) -> Result<Vec<Judged>, Failure> {
    let judge = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/judge.py");
    let answer = Command::new("python3")
        .args(["-B".as_ref(), judge.as_os_str(), corpus.as_os_str()])
        .arg(SENTENCES.to_string())
        .output()?;
    if !answer.status.success() {
        return Err(String::from_utf8_lossy(&answer.stderr).into_owned().into());
    }
    let text = String::from_utf8(answer.stdout)?;
    text.lines().map(judged).collect()
}

fn judged(line: &str) -> Result<Judged, Failure> {
    let (text, numbers) = line.split_once('\t').ok_or("a line without a tab")?;
    let relevant = numbers.split(' ').filter(|number| !number.is_empty()).map(str::parse);
    Ok(Judged { text: text.to_owned(), relevant: relevant.collect::<Result<_, _>>()? })
}

/// How long each query takes, one after the other, by rank and by date.
fn look_up(
    index: &Index,
    judged: &[Judged],
    channels: &Arc<HashSet<u32>>,
) -> Result<Times, Failure> {
    let mut times = Times::default();
    for order in [Order::Rank, Order::Newest] {
        for Judged { text, .. } in judged {
            let (filter, begin) = (filter(channels), Instant::now());
            index.search(&Query::parse(text)?, &filter, order, (0, PAGE))?;
            times.add(begin.elapsed());
        }
    }
    Ok(times)
}

/// The share of what should be found, on the average of the queries.
fn recall(index: &Index, judged: &[Judged], channels: &Arc<HashSet<u32>>) -> Result<f64, Failure> {
    let mut shares = 0.0;
    for Judged { text, relevant } in judged {
        let query = Query::parse(text)?;
        let found = index.search(&query, &filter(channels), Order::Newest, (0, FOUND_MAX))?;
        let found: HashSet<u64> = found.into_iter().map(number_of).collect();
        let share = found.intersection(relevant).count() as f64 / relevant.len().max(1) as f64;
        shares += if relevant.is_empty() { 1.0 } else { share };
    }
    Ok(shares / judged.len().max(1) as f64)
}

fn filter(channels: &Arc<HashSet<u32>>) -> Filter {
    Filter { channels: Arc::clone(channels), author: None, times: 0..u64::MAX }
}

fn channels(count: u32) -> Arc<HashSet<u32>> {
    Arc::new((0..count).collect())
}

/// Where the sentences are.
pub(crate) fn corpus() -> Result<PathBuf, Failure> {
    let dir = std::env::var_os("COMITY_CORPUS").ok_or(
        "COMITY_CORPUS is to name the directory of the sentences; make them with \
         `python3 conformance/corpus/build.py --out DIR`",
    )?;
    Ok(PathBuf::from(dir).join("sentences.tsv"))
}

/// A million lines, each with a sentence after a tab.
pub(crate) fn sentences(
    corpus: &Path,
) -> Result<impl Iterator<Item = std::io::Result<String>>, Failure> {
    let file = std::fs::File::open(corpus)?;
    let count = usize::try_from(SENTENCES)?;
    Ok(BufReader::new(file).lines().take(count))
}

fn size(dir: &Path) -> Result<u64, Failure> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}

const SENTENCES: u64 = 1_000_000;
pub(crate) const CHANNELS: u32 = 500;
/// Channels of somebody who is in few.
const FEW: u32 = 10;
const AUTHORS: u64 = 1_000;
/// Sentences between two commits.
const STEP: u64 = 10_000;
const PAGE: usize = 20;
/// More than any query should find.
const FOUND_MAX: usize = 50_000;
const BEGIN: u64 = 1_700_000_000_000 << 16;
const APART: u64 = 60_000 << 16;
const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
