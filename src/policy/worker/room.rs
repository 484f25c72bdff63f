//! What all workers together may take of the memory that this process has: half of it. Three
//! quarters of that are for those at work, who are few; the rest is for those who wait for a
//! question, who must be small.

use std::collections::VecDeque;
use std::fs;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};

use super::process::Process;

const MIB: u64 = 1 << 20;
/// What a worker takes before it has a pack.
const START: u64 = 16 * MIB;
/// The largest worker that is kept while nobody asks it.
const RESTING: u64 = 64 * MIB;
/// The most that one worker may take for its pack.
const LARGEST: u64 = 512 * MIB;

/// How the memory is shared out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Share {
    /// Questions that are worked on at once, and packs that are loaded.
    at_once: usize,
    /// Bytes that a worker may take beyond its start.
    each: u64,
    /// Workers that wait for a question.
    kept: usize,
}

/// Pure: of `total` bytes.
fn share(total: u64, processors: usize) -> Share {
    let workers = total / 2;
    let (working, waiting) = (workers / 4 * 3, workers / 4);
    let many = usize::try_from(working / (LARGEST + START)).unwrap_or(usize::MAX);
    let at_once = many.clamp(2, processors.clamp(2, 8));
    let each = (working / at_once as u64).clamp(2 * START, LARGEST + START) - START;
    let kept = usize::try_from(waiting / RESTING).unwrap_or(usize::MAX).clamp(1, 64);
    Share { at_once, each, kept }
}

/// The room that workers have; each that is started or asked waits for its place.
#[derive(Debug)]
pub struct Room {
    share: Share,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    working: usize,
    waiting: VecDeque<Weak<Process>>,
}

impl Room {
    /// For workers beside a process that has `total` bytes with them.
    pub fn of(total: u64) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let (state, freed) = (Mutex::default(), Condvar::new());
        Self { share: share(total, processors), state, freed }
    }

    /// What the control group or the machine gives.
    pub fn here() -> Self {
        Self::of(memory(&|path| fs::read_to_string(path).ok()))
    }

    /// Bytes that a worker may take beyond its start.
    pub fn each(&self) -> usize {
        usize::try_from(self.share.each).unwrap_or(usize::MAX)
    }

    /// A place to work, when there is one.
    pub(super) fn place(&self) -> Place<'_> {
        let mut state = self.lock();
        while state.working >= self.share.at_once {
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.working += 1;
        Place(self)
    }

    /// A worker has answered. It waits for the next question if it is small, and if others do not
    /// wait since later.
    pub(super) fn rest(&self, process: &Arc<Process>, looked_at: bool) {
        if looked_at && process.resident().is_some_and(|bytes| bytes > RESTING) {
            process.end();
        }
        let mut ended = Vec::new();
        let mut state = self.lock();
        let last = state.waiting.back().and_then(Weak::upgrade);
        if last.is_some_and(|last| Arc::ptr_eq(&last, process)) {
            return;
        }
        state.waiting.retain(|other| {
            other.upgrade().is_some_and(|other| other.lives() && !Arc::ptr_eq(&other, process))
        });
        state.waiting.push_back(Arc::downgrade(process));
        while state.waiting.len() > self.share.kept {
            ended.extend(state.waiting.pop_front().and_then(|oldest| oldest.upgrade()));
        }
        drop(state);
        // One that is at work comes back when it has answered.
        ended.iter().for_each(|process| process.end());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place to work.
pub(super) struct Place<'a>(&'a Room);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.lock().working -= 1;
        self.0.freed.notify_one();
    }
}

/// The least that limits this process: its control groups, of either version, and the machine.
fn memory(read: &dyn Fn(&str) -> Option<String>) -> u64 {
    let mut least = u64::MAX;
    for line in read("/proc/self/cgroup").unwrap_or_default().lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(mut path)) = (parts.next(), parts.next()) else { continue };
        let (root, file) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            _ if controllers.split(',').any(|name| name == "memory") => {
                ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => continue,
        };
        // A group is bound by those above it. In a container the path may be the machine's.
        loop {
            path = path.trim_end_matches('/');
            let limit = read(&format!("{root}{path}/{file}"));
            if let Some(limit) = limit.and_then(|text| text.trim().parse().ok()) {
                least = least.min(limit);
            }
            let Some((above, _)) = path.rsplit_once('/') else { break };
            path = above;
        }
    }
    let machine = read("/proc/meminfo").and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok()
    });
    least.min(machine.map_or(1 << 30, |kib| kib * 1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_shares_together_stay_within_half() {
        for (total, processors, expected) in [
            (2048 * MIB, 2, Share { at_once: 2, each: 368 * MIB, kept: 4 }),
            (1024 * MIB, 4, Share { at_once: 2, each: 176 * MIB, kept: 2 }),
            (16 << 30, 4, Share { at_once: 4, each: 512 * MIB, kept: 32 }),
            (256 << 30, 64, Share { at_once: 8, each: 512 * MIB, kept: 64 }),
            (256 * MIB, 1, Share { at_once: 2, each: 32 * MIB, kept: 1 }),
        ] {
            let found = share(total, processors);
            assert_eq!(found, expected, "{total}");
            let working = found.at_once as u64 * (found.each + START);
            assert!(working + found.kept as u64 * RESTING <= total / 2 + RESTING, "{total}");
        }
    }

    #[test]
    fn the_least_limit_counts() {
        let machine = ("/proc/meminfo", "MemTotal:  8388608 kB\n");
        let cases: [(&[(&str, &str)], u64); 6] = [
            (&[machine], 8 << 30),
            (&[], 1 << 30),
            (
                &[
                    machine,
                    ("/proc/self/cgroup", "0::/\n"),
                    ("/sys/fs/cgroup/memory.max", "1073741824\n"),
                ],
                1 << 30,
            ),
            (
                &[machine, ("/proc/self/cgroup", "0::/\n"), ("/sys/fs/cgroup/memory.max", "max\n")],
                8 << 30,
            ),
            (
                &[
                    machine,
                    ("/proc/self/cgroup", "0::/a/b\n"),
                    ("/sys/fs/cgroup/a/b/memory.max", "max\n"),
                    ("/sys/fs/cgroup/a/memory.max", "4096\n"),
                ],
                4096,
            ),
            (
                &[
                    machine,
                    ("/proc/self/cgroup", "5:cpu:/x\n4:memory:/elsewhere\n0::/\n"),
                    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912\n"),
                ],
                512 * MIB,
            ),
        ];
        for (files, expected) in cases {
            let read = |path: &str| {
                files.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned())
            };
            assert_eq!(memory(&read), expected, "{files:?}");
        }
    }
}
