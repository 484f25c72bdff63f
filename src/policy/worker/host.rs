//! One pack's worker: started on demand, with the same bytes each time, not too often.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;

use super::child::Death;
use super::process::{Lost, Process};
use super::protocol::{Answer, Ask, Hello, Meta, question};
use super::room::Room;
use crate::policy::{EvalError, Limits, LoadError};

/// Starts of one pack's worker within a minute; beyond them it is not started again.
const STARTS: usize = 20;
const MINUTE: Duration = Duration::from_secs(60);
/// What program and pipes may take beyond the policy's own time.
const GRACE: Duration = Duration::from_secs(5);
/// A question that is answered so soon.
const SHORT: Duration = Duration::from_millis(5);
/// Time to read and compile a pack, its tests apart.
const LOADING: Duration = Duration::from_secs(30);

/// Where packs are loaded and evaluated.
#[derive(Clone, Debug)]
pub enum Host {
    /// In this process: for a worker, which runs one pack, and for tests.
    Here,
    /// In worker processes.
    Aside {
        /// The program; it has a command `policy-worker`.
        program: PathBuf,
        /// How long a worker without questions stays.
        idle: Duration,
        /// The memory that all workers share.
        room: Arc<Room>,
    },
}

static HOST: OnceLock<Host> = OnceLock::new();

/// From now on this process loads and evaluates no pack itself. The program says so before all
/// else, so that no command of it can forget.
pub fn run_aside() {
    let running = PathBuf::from("/proc/self/exe");
    // The link leads to the running program even if another was put in its place.
    let program =
        if running.exists() { running } else { std::env::current_exe().unwrap_or(running) };
    let room = Arc::new(Room::here());
    let _ = HOST.set(Host::Aside { program, idle: MINUTE, room });
}

/// Where this process runs packs.
pub fn host() -> Host {
    HOST.get().cloned().unwrap_or(Host::Here)
}

/// A pack that runs aside.
pub(in crate::policy) struct Worker {
    program: PathBuf,
    idle: Duration,
    room: Arc<Room>,
    hello: Vec<u8>,
    tar: Bytes,
    limits: Limits,
    questions: u32,
    current: Mutex<Current>,
    /// Held by whoever is asked again alone.
    alone: Mutex<()>,
}

#[derive(Default)]
struct Current {
    process: Option<Arc<Process>>,
    starts: VecDeque<Instant>,
}

impl Worker {
    /// Loads a pack aside.
    pub(in crate::policy) fn load(
        program: PathBuf,
        idle: Duration,
        room: Arc<Room>,
        tar: &Bytes,
        limits: &Limits,
        tests: bool,
    ) -> Result<(Self, Meta), LoadError> {
        let limits = Limits { memory: limits.memory.min(room.each()), ..*limits };
        let hello = |tests| {
            serde_json::to_vec(&Hello { limits, tests })
                .map_err(|error| LoadError::WorkerDied(error.to_string()))
        };
        let deadline = LOADING + limits.tests + limits.evaluation;
        let place = room.place();
        let started = Process::start(&program, &hello(tests)?, tar, deadline, idle);
        let (process, meta) = started.map_err(|death| match death {
            Death::Memory => LoadError::Memory(limits.memory >> 20),
            Death::Late => LoadError::Timeout(deadline),
            Death::Idle => LoadError::WorkerDied("it ended".into()),
            Death::Other(words) => LoadError::WorkerDied(words),
        })??;
        let process = Arc::new(process);
        room.rest(&process, true);
        drop(place);
        let current = Current { process: Some(process), starts: VecDeque::from([Instant::now()]) };
        let worker = Self {
            program,
            idle,
            room,
            hello: hello(false)?,
            tar: tar.clone(),
            limits,
            questions: u32::try_from(meta.gates.len()).unwrap_or(7) + 2,
            current: Mutex::new(current),
            alone: Mutex::new(()),
        };
        Ok((worker, meta))
    }

    /// Asks. Whatever goes wrong is an error, and means deny.
    pub(in crate::policy) fn ask(&self, ask: &Ask, input: &Value) -> Result<Answer, EvalError> {
        let limit = match ask {
            Ask::Gates => self.limits.evaluation * self.questions + GRACE,
            Ask::Evidence => self.limits.evaluation + GRACE,
            Ask::Tests(_) => self.limits.tests + self.limits.evaluation + GRACE,
        };
        // Whoever waits here does not wait within his time limit.
        let place = self.room.place();
        let mut last = Death::Idle;
        // A worker that ends for want of questions just now is started anew.
        for _ in 0..3 {
            let process = self.process()?;
            let begun = Instant::now();
            match self.call(&process, limit, ask, input) {
                Ok(answer) => {
                    // A short question makes no worker large.
                    self.room.rest(&process, begun.elapsed() > SHORT);
                    drop(place);
                    return answer;
                }
                Err(Lost::NotAsked) => {}
                Err(Lost::Died { death, alone: true }) => return Err(self.error(death, limit)),
                Err(Lost::Died { death: Death::Idle, .. }) => {}
                Err(Lost::Died { .. }) => return self.alone(limit, ask, input),
            }
            last = Death::Other("it ended as soon as it was started".into());
        }
        Err(self.error(last, limit))
    }

    /// The pid of the running worker, if one runs, and the most memory it ever had, in KiB.
    pub(in crate::policy) fn peak(&self) -> Option<(u32, u64)> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.process.as_ref()?.peak()
    }

    fn call(
        &self,
        process: &Process,
        limit: Duration,
        ask: &Ask,
        input: &Value,
    ) -> Result<Result<Answer, EvalError>, Lost> {
        process.call(limit, |id| question(id, ask, input).into())
    }

    /// Once more, with nobody beside, in a worker that is used for nothing else.
    fn alone(&self, limit: Duration, ask: &Ask, input: &Value) -> Result<Answer, EvalError> {
        let _alone = self.alone.lock().unwrap_or_else(PoisonError::into_inner);
        self.may_start(&mut self.current.lock().unwrap_or_else(PoisonError::into_inner))?;
        let process = self.start()?;
        match self.call(&process, limit, ask, input) {
            Ok(answer) => answer,
            Err(Lost::NotAsked) => Err(self.error(Death::Idle, limit)),
            Err(Lost::Died { death, .. }) => Err(self.error(death, limit)),
        }
    }

    /// The running worker, or a new one.
    fn process(&self) -> Result<Arc<Process>, EvalError> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(process) = current.process.as_ref().filter(|process| process.lives()) {
            return Ok(Arc::clone(process));
        }
        let rested = current.process.take().is_some_and(|process| process.rests());
        if !rested {
            self.may_start(&mut current)?;
        }
        let process = Arc::new(self.start()?);
        current.process = Some(Arc::clone(&process));
        Ok(process)
    }

    fn may_start(&self, current: &mut Current) -> Result<(), EvalError> {
        while current.starts.front().is_some_and(|at| at.elapsed() > MINUTE) {
            current.starts.pop_front();
        }
        if current.starts.len() >= STARTS {
            let text = format!("it died {STARTS} times within a minute and is given a rest");
            return Err(EvalError::WorkerDied(text));
        }
        current.starts.push_back(Instant::now());
        Ok(())
    }

    fn start(&self) -> Result<Process, EvalError> {
        match Process::start(&self.program, &self.hello, &self.tar, LOADING, self.idle) {
            Ok(Ok((process, _))) => Ok(process),
            Ok(Err(error)) => Err(EvalError::WorkerDied(error.to_string())),
            Err(death) => Err(self.error(death, LOADING)),
        }
    }

    fn error(&self, death: Death, limit: Duration) -> EvalError {
        match death {
            Death::Memory => EvalError::Memory(self.limits.memory >> 20),
            Death::Late => EvalError::Timeout { rule: "the policy".into(), limit },
            Death::Idle => EvalError::WorkerDied("it ended".into()),
            Death::Other(words) => EvalError::WorkerDied(words),
        }
    }
}
