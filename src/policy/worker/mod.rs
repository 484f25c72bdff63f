//! Packs run in a process of their own: `lazaret policy-worker`, one for each loaded revision.
//!
//! What a policy does to memory no bound within a process holds. So the program asks a child that
//! has hard limits and nothing to lose: no environment, no files, no network code, the pack's bytes
//! and the questions on standard input, the answers on standard output. If it dies, is late or
//! talks nonsense, the answer is an error, and means deny. Whoever was asking beside a bomb is asked
//! again alone. An idle worker ends and comes back on demand. All together have
//! half of the memory that there is (`room`).

mod child;
mod codec;
mod frame;
mod host;
mod process;
mod protocol;
mod room;
mod serve;

pub(super) use host::Worker;
pub use host::{Host, host, run_aside};
pub(super) use protocol::{Answer, Ask, Meta};
pub use room::Room;
pub use serve::serve;
