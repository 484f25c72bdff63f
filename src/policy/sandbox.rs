//! Where Rego runs: a thread of its own, whose stack no accepted policy can fill, and whose panic
//! ends it alone.

use std::any::Any;
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
    }
}
