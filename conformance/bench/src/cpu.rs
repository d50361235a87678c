//! CPU that a process or some of its threads have used, and memory, as the kernel counts them.

use std::fs;
use std::time::Duration;

use crate::Failure;

/// CPU of all threads of a process, those that have ended too.
pub(crate) fn of_process(pid: u32) -> Result<Duration, Failure> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The second field is a name in brackets, which may hold anything.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: Result<Vec<u64>, _> = fields.skip(11).take(2).map(str::parse).collect();
    Ok(Duration::from_millis(ticks?.iter().sum::<u64>() * 1_000 / TICKS_PER_SECOND))
}

/// Memory of a process by the kernel's name for it, in MB of 10^6 bytes.
pub(crate) fn memory_mb(pid: u32, name: &str) -> Result<f64, Failure> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with(name)).ok_or("no such memory")?;
    let kib: f64 = line.split_whitespace().nth(1).ok_or("no number")?.parse()?;
    Ok(kib * 1.024e-3)
}

/// CPU of this process.
pub(crate) fn of_this_process() -> Result<Duration, Failure> {
    of_process(std::process::id())
}

/// CPU of the living threads of this process that have this name.
pub(crate) fn of_threads(name: &str) -> Result<Duration, Failure> {
    of_threads_of(std::process::id(), |known| known == name)
}

/// CPU of the living threads of a process that have a name of this kind.
pub(crate) fn of_threads_of(
    pid: u32,
    is_meant: impl Fn(&str) -> bool,
) -> Result<Duration, Failure> {
    let mut sum = Duration::ZERO;
    for entry in fs::read_dir(format!("/proc/{pid}/task"))? {
        let thread = entry?.path();
        if is_meant(fs::read_to_string(thread.join("comm"))?.trim_end()) {
            let stat = fs::read_to_string(thread.join("schedstat"))?;
            let ran = stat.split_whitespace().next().unwrap_or_default();
            sum += Duration::from_nanos(ran.parse()?);
        }
    }
    Ok(sum)
}

/// The kernel's unit of `stat` towards programs, the same on every architecture that we run on.
const TICKS_PER_SECOND: u64 = 100;
