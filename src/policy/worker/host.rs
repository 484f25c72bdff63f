//! One pack's worker: started on demand, with the same bytes each time, not too often.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;

use super::process::{Death, Lost, Process};
use super::protocol::{Answer, Ask, Hello, Meta, question};
use super::serve::threads;
use crate::policy::{EvalError, Limits, LoadError};

/// Starts of one pack's worker within a minute; beyond them it is not started again.
const STARTS: usize = 20;
const MINUTE: Duration = Duration::from_secs(60);
/// What program and pipes may take beyond the policy's own time.
const GRACE: Duration = Duration::from_secs(5);
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
    let _ = HOST.set(Host::Aside { program, idle: MINUTE });
}

/// Where this process runs packs.
pub fn host() -> Host {
    HOST.get().cloned().unwrap_or(Host::Here)
}

/// A pack that runs aside.
pub(in crate::policy) struct Worker {
    program: PathBuf,
    idle: Duration,
    hello: Vec<u8>,
    tar: Bytes,
    limits: Limits,
    questions: u32,
    current: Mutex<Current>,
    /// Held by whoever is asked again alone.
    alone: Mutex<()>,
    busy: (Mutex<usize>, Condvar),
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
        tar: &Bytes,
        limits: &Limits,
        tests: bool,
    ) -> Result<(Self, Meta), LoadError> {
        let hello = |tests| {
            serde_json::to_vec(&Hello { limits: *limits, tests })
                .map_err(|error| LoadError::WorkerDied(error.to_string()))
        };
        let deadline = LOADING + limits.tests + limits.evaluation;
        let started = Process::start(&program, &hello(tests)?, tar, deadline, idle);
        let (process, meta) = started.map_err(|death| match death {
            Death::Memory => LoadError::Memory(limits.memory >> 20),
            Death::Late => LoadError::Timeout(deadline),
            Death::Idle => LoadError::WorkerDied("it ended".into()),
            Death::Other(words) => LoadError::WorkerDied(words),
        })??;
        let current =
            Current { process: Some(Arc::new(process)), starts: VecDeque::from([Instant::now()]) };
        let worker = Self {
            program,
            idle,
            hello: hello(false)?,
            tar: tar.clone(),
            limits: *limits,
            questions: u32::try_from(meta.gates.len()).unwrap_or(7) + 2,
            current: Mutex::new(current),
            alone: Mutex::new(()),
            busy: (Mutex::new(0), Condvar::new()),
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
        let _place = self.place();
        let mut last = Death::Idle;
        // A worker that ends for want of questions just now is started anew.
        for _ in 0..3 {
            let process = self.process()?;
            match self.call(&process, limit, ask, input) {
                Ok(answer) => return answer,
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
        current.process = None;
        self.may_start(&mut current)?;
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

    /// Waits until fewer questions are out than the worker has threads: whoever waits here does not
    /// wait within his time limit.
    fn place(&self) -> Place<'_> {
        let (count, freed) = &self.busy;
        let mut count = count.lock().unwrap_or_else(PoisonError::into_inner);
        while *count >= threads() {
            count = freed.wait(count).unwrap_or_else(PoisonError::into_inner);
        }
        *count += 1;
        Place(self)
    }
}

struct Place<'a>(&'a Worker);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let (count, freed) = &self.0.busy;
        *count.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        freed.notify_one();
    }
}
