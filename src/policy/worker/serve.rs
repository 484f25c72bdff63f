//! The worker's side: bounds itself, loads one pack, answers until standard input ends.

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
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

enum Job {
    Load(Hello, Bytes),
    Question(Vec<u8>),
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
    let (jobs, queue) = sync_channel::<Job>(1);
    let queue = Arc::new(Mutex::new(queue));
    let pack = Arc::new(OnceLock::new());
    for _ in 0..threads() {
        let (queue, pack) = (Arc::clone(&queue), Arc::clone(&pack));
        thread::Builder::new().stack_size(STACK).spawn(move || work(&queue, &pack))?;
    }
    bound_memory(limits.memory as u64)?;
    let Some(tar) = frame::read(&mut input, limits.archive.total)? else { return Ok(()) };
    give(&jobs, Job::Load(hello, tar.into()))?;
    // An input's text takes more bytes than it weighs, but not without end.
    let longest = limits.input.saturating_mul(4).saturating_add(HEADER);
    while let Some(question) = frame::read(&mut input, longest)? {
        give(&jobs, Job::Question(question))?;
    }
    // Nobody listens any more, whatever is still being worked out.
    std::process::exit(0)
}

/// How many questions are worked on at once.
pub(super) fn threads() -> usize {
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

fn give(jobs: &SyncSender<Job>, job: Job) -> io::Result<()> {
    jobs.send(job).map_err(|_| io::Error::other("all threads of the worker ended"))
}

fn work(queue: &Mutex<Receiver<Job>>, pack: &OnceLock<(Loaded, Limits)>) {
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        let reply = match job {
            Job::Load(hello, tar) => first(&hello, &tar, pack),
            Job::Question(question) => answer(&question, pack),
        };
        // Without an answer the program would wait until its deadline.
        let sent = reply.and_then(|reply| {
            let body = serde_json::to_vec(&reply)?;
            frame::write(&mut io::stdout().lock(), &body)
        });
        if let Err(error) = sent {
            let _ = writeln!(io::stderr(), "{error}");
            std::process::exit(1);
        }
    }
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
