//! The worker's side: bounds itself, loads one pack, answers until standard input ends.

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::{fs, io, thread};

use bytes::Bytes;
use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};

use super::frame;
use super::protocol::{Hello, Reply, asked};
use crate::pack::read_archive;
use crate::policy::compile::{Loaded, load};
use crate::policy::sandbox::{STACK, message};
use crate::policy::{EvalError, Limits, LoadError, evaluate};

const HEADER: usize = 64 << 10;
/// Address space beyond the memory limit, for what is reserved and not used.
const RESERVED: u64 = 1 << 30;

/// Whose turn it is to read: one thread reads, works and answers, while the next one reads.
struct Turn {
    /// Before the pack is read.
    hello: Option<Hello>,
    /// Bytes of the longest question.
    longest: usize,
}

/// Runs the worker until standard input ends. Only the program itself calls it, in a child.
pub fn serve() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    // Dies with the thread that started it, which lives as long as the worker should.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    // If the pod's memory runs out, this is the process to lose.
    let _ = fs::write("/proc/self/oom_score_adj", "1000");
    let none = |resource, at| setrlimit(resource, Rlimit { current: Some(at), maximum: Some(at) });
    none(Resource::Core, 0)?;
    none(Resource::Fsize, 0)?;
    none(Resource::Nofile, 16)?;
    let mut input = io::stdin().lock();
    let Some(hello) = frame::read(&mut input, HEADER)? else { return Ok(()) };
    let hello: Hello = serde_json::from_slice(&hello)?;
    let limits = hello.limits;
    // An input's text takes more bytes than it weighs, but not without end.
    let longest = limits.input.saturating_mul(4).saturating_add(HEADER);
    let turn = Arc::new(Mutex::new(Turn { hello: Some(hello), longest }));
    let pack = Arc::new(OnceLock::new());
    drop(input);
    let threads = {
        // They begin when memory is bounded.
        let _wait = turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = Vec::new();
        for _ in 0..threads() {
            let (turn, pack) = (Arc::clone(&turn), Arc::clone(&pack));
            let thread = thread::Builder::new().stack_size(STACK);
            all.push(thread.spawn(move || work(&turn, &pack))?);
        }
        bound_memory(limits.memory as u64)?;
        all
    };
    for thread in threads {
        let _ = thread.join();
    }
    Err(io::Error::other("all threads of the worker ended"))
}

/// How many questions are worked on at once.
fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from).clamp(2, 8)
}

/// From here on only so much more, for all that the pack makes.
fn bound_memory(limit: u64) -> io::Result<()> {
    let text = fs::read_to_string("/proc/self/status")?;
    let figure = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        let missing = || io::Error::other(format!("no {name} in /proc/self/status"));
        kilobytes.map(|n| n * 1024).ok_or_else(missing)
    };
    let at_most = |limit: u64| Rlimit { current: Some(limit), maximum: Some(limit) };
    setrlimit(Resource::Data, at_most(figure("VmData:")? + limit))?;
    setrlimit(Resource::As, at_most(figure("VmSize:")? + limit + RESERVED))?;
    Ok(())
}

fn work(turn: &Mutex<Turn>, pack: &OnceLock<(Loaded, Limits)>) {
    loop {
        // Without an answer the program would wait until its deadline.
        if let Err(error) = one(turn, pack) {
            let _ = writeln!(io::stderr(), "{error}");
            std::process::exit(1);
        }
    }
}

fn one(turn: &Mutex<Turn>, pack: &OnceLock<(Loaded, Limits)>) -> io::Result<()> {
    let mut turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
    let hello = turn.hello.take();
    let limit = hello.as_ref().map_or(turn.longest, |hello| hello.limits.archive.total);
    let Some(frame) = frame::read(&mut io::stdin().lock(), limit)? else {
        // Nobody listens any more, whatever is still being worked out.
        std::process::exit(0)
    };
    let reply = match hello {
        Some(hello) => first(&hello, &frame.into(), pack)?,
        None => {
            drop(turn);
            answer(&frame, pack)?
        }
    };
    frame::write(&mut io::stdout().lock(), &serde_json::to_vec(&reply)?)
}

fn first(hello: &Hello, tar: &Bytes, pack: &OnceLock<(Loaded, Limits)>) -> io::Result<Reply> {
    let limits = hello.limits;
    let loaded = catch_unwind(|| {
        let files = read_archive(tar, &limits.archive)?;
        load(&files, &limits, hello.tests)
    });
    let loaded = loaded.unwrap_or_else(|_| Err(LoadError::EngineFailed("panic".into())));
    Ok(Reply::Loaded(loaded.map(|loaded| {
        let meta = loaded.meta.clone();
        let _ = pack.set((loaded, limits));
        meta
    })))
}

fn answer(question: &[u8], pack: &OnceLock<(Loaded, Limits)>) -> io::Result<Reply> {
    let (head, input) = asked(question).ok_or_else(|| io::Error::other("no question"))?;
    let (pack, limits) =
        pack.get().ok_or_else(|| io::Error::other("asked before the pack was loaded"))?;
    let answer = catch_unwind(AssertUnwindSafe(|| evaluate::here(pack, limits, &head.ask, input)));
    let answer = answer.unwrap_or_else(|panic| {
        let message = message(&*panic);
        Err(EvalError::EngineFailed(message))
    });
    Ok(Reply::Answered { id: head.id, answer })
}
