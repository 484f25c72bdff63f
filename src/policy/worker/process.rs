//! The program's side of one worker process. Three threads look after it: one starts it, reads its
//! answers and buries it; one writes; one keeps the first of what it says on standard error.

use std::collections::HashMap;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fs, thread};

use bytes::Bytes;

use super::child::{Death, cause, spawn};
use super::frame;
use super::protocol::{Answer, Meta, Reply};
use crate::policy::{EvalError, LoadError};

/// The longest answer.
const ANSWER: usize = 32 << 20;
/// What an empty pipe surely takes.
const PAGE: usize = 4 << 10;
/// What is kept of standard error.
const LAST_WORDS: u64 = 4 << 10;

/// Why a call has no answer.
#[derive(Debug)]
pub(super) enum Lost {
    /// The worker ended before the question reached it.
    NotAsked,
    /// It died over this question, or over another if this one was not alone.
    Died { death: Death, alone: bool },
}

type Outcome = Result<Result<Answer, EvalError>, Lost>;

#[derive(Debug, Default)]
struct State {
    next: u64,
    waiting: HashMap<u64, SyncSender<Outcome>>,
    loaded: Option<SyncSender<Result<Result<Meta, LoadError>, Death>>>,
    /// Set before a kill, or at the end.
    death: Option<Death>,
    to: Option<Sender<Bytes>>,
    pipe: Option<Arc<Mutex<ChildStdin>>>,
    child: Option<Child>,
}

/// A running worker. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Process(Arc<Mutex<State>>);

impl Drop for Process {
    fn drop(&mut self) {
        // Its standard input ends when the writer has nothing more to come, and so does it; if it is
        // at work, for nobody, it is not waited for.
        let mut state = lock(&self.0);
        (state.to, state.pipe) = (None, None);
        if let Some(child) = &mut state.child {
            let _ = child.kill();
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Process {
    /// Starts a worker and waits until it has loaded its pack.
    pub(super) fn start(
        program: &Path,
        hello: &[u8],
        tar: &Bytes,
        deadline: Duration,
        idle: Duration,
    ) -> Result<Result<(Self, Meta), LoadError>, Death> {
        let state = Arc::new(Mutex::new(State::default()));
        let (to, questions) = channel();
        let (loaded, load) = sync_channel(1);
        {
            let mut state = lock(&state);
            (state.to, state.loaded) = (Some(to.clone()), Some(loaded));
        }
        let (shared, program) = (Arc::clone(&state), program.to_owned());
        let other = |error: io::Error| Death::Other(format!("it could not be started: {error}"));
        // The kernel kills the worker when the thread that started it ends: so that thread stays.
        thread::Builder::new()
            .name("policy-worker".into())
            .spawn(move || supervise(&program, &shared, questions, idle))
            .map_err(other)?;
        // A failed send shows as a death.
        let _ = to.send(Bytes::copy_from_slice(hello));
        let _ = to.send(tar.clone());
        drop(to);
        let process = Self(state);
        match load.recv_timeout(deadline) {
            Ok(Ok(meta)) => Ok(meta.map(|meta| (process, meta))),
            Ok(Err(death)) => Err(death),
            Err(_) => {
                process.kill(Death::Late);
                Err(Death::Late)
            }
        }
    }

    /// Asks; `question` gets its number.
    pub(super) fn call(&self, deadline: Duration, question: impl Fn(u64) -> Bytes) -> Outcome {
        let (answer, waits) = sync_channel(1);
        let id = {
            let mut state = lock(&self.0);
            state.next += 1;
            state.next
        };
        let question = question(id);
        {
            let mut state = lock(&self.0);
            let sent = state.death.is_none()
                && (directly(&state, &question)
                    || state.to.as_ref().is_some_and(|to| to.send(question).is_ok()));
            if !sent {
                return Err(Lost::NotAsked);
            }
            state.waiting.insert(id, answer);
        }
        waits.recv_timeout(deadline).unwrap_or_else(|_| {
            lock(&self.0).waiting.remove(&id);
            self.kill(Death::Late);
            Err(Lost::Died { death: Death::Late, alone: true })
        })
    }

    /// Whether it still takes questions.
    pub(super) fn lives(&self) -> bool {
        let state = lock(&self.0);
        // Between its end and the news of what it died of, it takes none either.
        state.death.is_none() && state.to.is_some()
    }

    /// Its process id and the most memory that it ever had, in KiB.
    pub(super) fn peak(&self) -> Option<(u32, u64)> {
        let id = lock(&self.0).child.as_ref()?.id();
        let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some((id, line.trim().trim_end_matches(" kB").parse().ok()?))
    }

    /// Bytes that it has now.
    pub(super) fn resident(&self) -> Option<u64> {
        let id = lock(&self.0).child.as_ref()?.id();
        let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
    }

    /// Lets it go unless it is at work.
    pub(super) fn end(&self) {
        let mut state = lock(&self.0);
        if state.waiting.is_empty() && state.loaded.is_none() {
            state.death.get_or_insert(Death::Idle);
            (state.to, state.pipe) = (None, None);
        }
    }

    /// Whether it ended because nobody asked it.
    pub(super) fn rests(&self) -> bool {
        lock(&self.0).death == Some(Death::Idle)
    }

    fn kill(&self, death: Death) {
        let mut state = lock(&self.0);
        state.death.get_or_insert(death);
        (state.to, state.pipe) = (None, None);
        if let Some(child) = &mut state.child {
            let _ = child.kill();
        }
    }
}

/// A short question while no other is out: the pipe is empty and takes it at once, so that the writer
/// need not wake up for it. If it is gone the writer will find out.
fn directly(state: &State, question: &[u8]) -> bool {
    let Some(Ok(mut pipe)) = state.pipe.as_ref().map(|pipe| pipe.try_lock()) else { return false };
    let Ok(length) = u32::try_from(question.len()) else { return false };
    let frame = [&length.to_be_bytes(), question].concat();
    state.waiting.is_empty() && frame.len() <= PAGE && pipe.write_all(&frame).is_ok()
}

fn supervise(
    program: &Path,
    state: &Arc<Mutex<State>>,
    questions: Receiver<Bytes>,
    idle: Duration,
) {
    let (mut child, to, mut from) = match spawn(program) {
        Ok(started) => started,
        Err(error) => {
            return bury(state, Death::Other(format!("it could not be started: {error}")));
        }
    };
    let words = child.stderr.take();
    let to = Arc::new(Mutex::new(to));
    {
        let mut state = lock(state);
        // Nobody waits for it any more.
        if state.to.is_some() {
            state.pipe = Some(Arc::clone(&to));
        }
        state.child = Some(child);
    }
    let shared = Arc::clone(state);
    let writer = thread::Builder::new().spawn(move || write(&shared, &to, &questions, idle));
    let listener = thread::Builder::new().spawn(move || {
        let mut kept = Vec::new();
        if let Some(mut words) = words {
            let _ = words.by_ref().take(LAST_WORDS).read_to_end(&mut kept);
            let _ = io::copy(&mut words, &mut io::sink());
        }
        String::from_utf8_lossy(&kept).into_owned()
    });
    let nonsense = match writer.is_ok() && listener.is_ok() {
        true => hear(state, &mut from).err(),
        false => Some("no threads for it".to_owned()),
    };
    // It has ended or must.
    let child = {
        let mut state = lock(state);
        (state.to, state.pipe) = (None, None);
        state.child.take()
    };
    let status = child.and_then(|mut child| {
        let _ = child.kill();
        child.wait().ok()
    });
    drop(from);
    let words = listener.ok().and_then(|thread| thread.join().ok()).unwrap_or_default();
    bury(state, nonsense.map_or_else(|| cause(status, &words), Death::Other));
}

/// Passes answers on until there are no more.
fn hear(state: &Mutex<State>, from: &mut ChildStdout) -> Result<(), String> {
    let mut from = io::BufReader::new(from);
    while let Some(reply) = frame::read(&mut from, ANSWER).map_err(|e| e.to_string())? {
        let reply: Reply = serde_json::from_slice(&reply)
            .map_err(|error| format!("its answer is malformed: {error}"))?;
        let mut state = lock(state);
        match reply {
            Reply::Loaded(meta) => {
                let waits = state.loaded.take().ok_or("it answered without being asked")?;
                let _ = waits.send(Ok(meta));
            }
            Reply::Answered { id, answer } => {
                // Nobody waits for what came too late.
                if let Some(waits) = state.waiting.remove(&id) {
                    let _ = waits.send(Ok(answer));
                }
            }
        }
    }
    Ok(())
}

fn write(
    state: &Mutex<State>,
    to: &Mutex<ChildStdin>,
    questions: &Receiver<Bytes>,
    idle: Duration,
) {
    let mut seen = 0;
    loop {
        match questions.recv_timeout(idle) {
            Ok(question) => {
                let mut to = to.lock().unwrap_or_else(PoisonError::into_inner);
                if frame::write(&mut *to, &question).is_err() {
                    return;
                }
            }
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {
                let mut state = lock(state);
                // Nor did any pass by directly.
                let quiet = std::mem::replace(&mut seen, state.next) == state.next;
                if quiet && state.waiting.is_empty() && state.loaded.is_none() {
                    state.death.get_or_insert(Death::Idle);
                    (state.to, state.pipe) = (None, None);
                    return;
                }
            }
        }
    }
}

/// Tells everyone who waits.
fn bury(state: &Mutex<State>, death: Death) {
    let mut state = lock(state);
    let death = state.death.get_or_insert(death).clone();
    (state.to, state.pipe) = (None, None);
    if let Some(loaded) = state.loaded.take() {
        let _ = loaded.send(Err(death.clone()));
    }
    // Only what grew too large while it was alone is surely to blame itself.
    let alone = state.waiting.len() == 1 && death == Death::Memory;
    for (_, waits) in state.waiting.drain() {
        let _ = waits.send(Err(Lost::Died { death: death.clone(), alone }));
    }
}
