//! Where Rego runs: a thread of its own, whose stack no accepted policy can fill, and whose panic
//! ends it alone. Threads that answer questions are kept for the next: to make one costs more than a
//! small policy.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Reserved, not used: pages are taken as the stack grows.
pub(super) const STACK: usize = 256 << 20;

/// Runs `work` aside.
///
/// # Errors
/// The message of a panic, or why no thread could be had.
pub(super) fn run<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, String> {
    thread::scope(|scope| {
        let name = "rego".to_owned();
        let handle = thread::Builder::new().name(name).stack_size(STACK).spawn_scoped(scope, work);
        match handle {
            Ok(handle) => handle.join().map_err(|panic| message(&*panic)),
            Err(error) => Err(format!("no thread: {error}")),
        }
    })
}

type Job = Box<dyn FnOnce() + Send>;

/// Threads that wait, and how many at most.
static IDLE: Mutex<Vec<Sender<Job>>> = Mutex::new(Vec::new());
const KEPT: usize = 4;

/// As [`run`], on a thread that is kept.
///
/// # Errors
/// As [`run`]'s.
pub(super) fn ask<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    let waiting = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let thread = match waiting {
        Some(thread) => thread,
        None => start().map_err(|error| format!("no thread: {error}"))?,
    };
    let (answer, answered) = sync_channel(1);
    let job = move || {
        let done = catch_unwind(AssertUnwindSafe(work));
        let _ = answer.send(done.map_err(|panic| message(&*panic)));
    };
    let gone = || "its thread is gone".to_owned();
    thread.send(Box::new(job)).map_err(|_| gone())?;
    let done = answered.recv().map_err(|_| gone())?;
    let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    if idle.len() < KEPT {
        idle.push(thread);
    }
    done
}

fn start() -> std::io::Result<Sender<Job>> {
    let (thread, jobs) = channel::<Job>();
    let name = "rego".to_owned();
    thread::Builder::new().name(name).stack_size(STACK).spawn(move || {
        for job in jobs {
            job();
        }
    })?;
    Ok(thread)
}

pub(super) fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panic".to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_panic_is_an_error_and_a_deep_stack_is_none() {
        fn deep(n: u64) -> u64 {
            if n == 0 { 0 } else { 1 + std::hint::black_box(deep(n - 1)) }
        }
        assert_eq!(super::run(|| deep(500_000)), Ok(500_000));
        assert_eq!(super::run(|| -> () { panic!("x {}", 1) }), Err("x 1".to_owned()));
        for _ in 0..10 {
            assert_eq!(super::ask(|| deep(500_000)), Ok(500_000));
            assert_eq!(super::ask(|| -> () { panic!("x {}", 1) }), Err("x 1".to_owned()));
        }
    }
}
