//! One act for many things, on all cores.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Documents nest up to 128 deep, and what walks them recurses.
const STACK: usize = 16 << 20;
/// Fewer are not worth a thread.
const ALONE: usize = 8;

/// What `act` makes of each, in their order.
pub(super) fn each<T: Sync, R: Send>(items: &[T], act: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { return done };
            done.push((at, act(item)));
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from).min(64);
    let helpers = cores.min(items.len() / ALONE).max(1);
    let mut all = thread::scope(|scope| {
        let start = |_| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        let started: Vec<_> = (0..helpers).filter_map(|n| start(n).ok()).collect();
        let mut all = Vec::with_capacity(items.len());
        for thread in started {
            all.extend(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        // Where no thread could be had.
        all.extend(work());
        all
    });
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_is_done_once_and_in_order() {
        for many in [0_usize, 1, 7, 1000] {
            let items: Vec<usize> = (0..many).collect();
            let doubled: Vec<usize> = items.iter().map(|n| n * 2).collect();
            assert_eq!(super::each(&items, |n| n * 2), doubled);
        }
    }
}
