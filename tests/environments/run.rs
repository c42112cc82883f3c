//! A run of the program: started in an environment, waited for with a deadline, and cleaned up.
//!
//! A variable in the environment marks every process of a run, and descendants inherit it; no other process is ever signalled or
//! counted.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::poll::poll;
use rustix::process::{Pid, Signal, kill_process};

/// The time after which anything counts as hung; for a run, without a byte of its report. No passing test comes near it.
pub const LIMIT: Duration = Duration::from_secs(400);

/// The variable that marks the processes of a run.
const MARK: &str = "WAITSPEC_TEST_RUN";

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A process of a run.
#[derive(Debug, Clone)]
pub struct Process {
    pub pid: i32,
    pub ppid: i32,
    /// The letter of its state, as `ps` shows it.
    pub state: char,
    /// CPU time, in clock ticks.
    pub ticks: u64,
}

/// The live processes with this mark. A zombie has no environment and does not count.
fn marked(mark: &str) -> Vec<Process> {
    let entry = format!("{MARK}={mark}");
    let Ok(folder) = fs::read_dir("/proc") else { return Vec::new() };
    folder
        .filter_map(|e| e.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid: i32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
            environment.split(|&b| b == 0).find(|e| *e == entry.as_bytes())?;
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            // After the name, which may contain anything: state, ppid, ..., user time (12th) and system time (13th).
            let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
            let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
            Some(Process { pid, ppid: fields.get(1)?.parse().ok()?, state: fields[0].chars().next()?, ticks })
        })
        .filter(|p| !matches!(p.state, 'Z' | 'X'))
        .collect()
}

/// Whether the processes of a run can be found, which takes `/proc`.
pub fn can_be_found() -> bool {
    fs::read("/proc/self/environ").is_ok()
}

/// A run: its arguments and environment.
pub struct Run {
    command: Vec<PathBuf>,
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, PathBuf)>,
    stdout: Option<Stdio>,
    folder: tempfile::TempDir,
    mark: String,
}

/// A run with these arguments of `waitspec run`.
pub fn run<S: AsRef<str>>(arguments: &[S]) -> Run {
    let folder = tempfile::Builder::new().prefix("waitspec-test-").tempdir().expect("a temporary folder");
    // Not a pid: a test that was killed may have left processes with one of the same number.
    let mark = folder.path().display().to_string();
    open_to_all(folder.path());
    let temporary = folder.path().join("tmp");
    fs::create_dir(&temporary).expect("a folder in it");
    open_to_all(&temporary);
    Run {
        command: Vec::new(),
        program: PathBuf::from(env!("CARGO_BIN_EXE_waitspec")),
        arguments: arguments.iter().map(|a| a.as_ref().to_owned()).collect(),
        environment: vec![("TMPDIR".to_owned(), temporary)],
        stdout: None,
        folder,
        mark,
    }
}

/// Makes a directory accessible to everybody, like `/tmp`, for runs by another user.
fn open_to_all(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o1777)).expect("a folder of ours");
}

impl Run {
    /// Runs it through another command, such as `strace`.
    pub fn by<S: AsRef<OsStr>>(mut self, command: &[S]) -> Run {
        self.command.extend(command.iter().map(|word| PathBuf::from(word.as_ref())));
        self
    }

    /// Runs it from a shell, after this script.
    pub fn after(self, script: &str) -> Run {
        self.by(&["sh", "-c", &format!("{script}\nexec \"$0\" \"$@\"")])
    }

    /// Runs it as an ordinary user without other processes (limits apply to all processes of a user), if possible.
    ///
    /// An ordinary user runs it under their own ID. Root's program need not be readable by others, so a copy is run.
    pub fn by_a_user(mut self) -> Option<Run> {
        if !rustix::process::geteuid().is_root() {
            return Some(self);
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let id = (54_000 + std::process::id() % 5000 * 100 + number % 100).to_string();
        let user = ["setpriv", "--reuid", &id, "--regid", &id, "--clear-groups"];
        let copy = self.folder.path().join("waitspec");
        // Copied by another process: a file open for writing here could be inherited by a process that another test is
        // starting, and could not be executed in the meantime.
        let copied = Command::new("cp").arg(&self.program).arg(&copy).status().is_ok_and(|s| s.success());
        self.program = copy;
        (copied && super::tools::works(&[user.as_slice(), &["true"]].concat())).then(|| self.by(&user))
    }

    /// With a variable in the environment.
    pub fn with(mut self, name: &str, value: impl AsRef<Path>) -> Run {
        self.environment.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// With its standard output somewhere other than a pipe.
    pub fn into(mut self, stdout: impl Into<Stdio>) -> Run {
        self.stdout = Some(stdout.into());
        self
    }

    /// A directory that is removed after the run.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts it.
    pub fn start(self) -> Running {
        let Run { command, program, arguments, environment, stdout, folder, mark } = self;
        let mut words = command.into_iter().chain([program.clone()]);
        let mut command = Command::new(words.next().expect("a program"));
        command.args(words).arg("run").args(arguments).envs(environment);
        command.env(MARK, &mark).env("WAITSPEC", program);
        command.stdin(Stdio::null()).stdout(stdout.unwrap_or_else(Stdio::piped)).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let heard = Arc::default();
        let (out, err) = (read(out, Arc::clone(&heard)), read(err, Arc::default()));
        Running { began: Instant::now(), child, out, err, heard, folder, mark, status: None }
    }

    /// Starts it and waits until it terminates.
    pub fn finish(self) -> Ended {
        self.start().finish()
    }
}

/// Reads a stream to its end, in a thread, because a full pipe would block the program; counts what is read.
fn read(mut stream: Option<impl Read + Send + 'static>, heard: Arc<AtomicUsize>) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
        // What was read before an error is kept.
        while let Some(Ok(n @ 1..)) = stream.as_mut().map(|stream| stream.read(&mut buffer)) {
            bytes.extend(&buffer[..n]);
            heard.fetch_add(n, Ordering::Relaxed);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// A run in progress.
pub struct Running {
    began: Instant,
    child: Child,
    out: JoinHandle<String>,
    err: JoinHandle<String>,
    /// How many bytes of its report have been read.
    heard: Arc<AtomicUsize>,
    folder: tempfile::TempDir,
    mark: String,
    status: Option<ExitStatus>,
}

impl Running {
    /// Its live processes, including the first.
    pub fn processes(&self) -> Vec<Process> {
        marked(&self.mark)
    }

    /// The process that was started.
    pub fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }

    /// The processes at this depth below the first: 1 for wardens, 2 for agents, 3 for children.
    pub fn below(&self, steps: usize) -> Vec<Process> {
        let all = self.processes();
        let depth = |process: &Process| {
            let mut depth = 0;
            let mut at = process.clone();
            while at.pid != self.pid() {
                at = all.iter().find(|p| p.pid == at.ppid)?.clone();
                depth += 1;
            }
            Some(depth)
        };
        all.iter().filter(|p| depth(p) == Some(steps)).cloned().collect()
    }

    /// Sends it a signal. It has not been reaped, so the pid is its own.
    pub fn signal(&self, signal: Signal) {
        assert!(self.status.is_none());
        send(self.pid(), signal);
    }

    /// Waits until it has terminated and nothing of it is left.
    pub fn finish(mut self) -> Ended {
        let ended = self.await_end();
        self.status = ended;
        let took = self.began.elapsed();
        let gone = poll(LIMIT, || marked(&self.mark).is_empty().then_some(()));
        let left = if gone.is_some() { Vec::new() } else { marked(&self.mark) };
        let lasted = self.began.elapsed() - took;
        self.clear();
        // A reader ends with the last process that holds the stream.
        let (out, err) = (take(&mut self.out), take(&mut self.err));
        let status = ended.unwrap_or_else(|| panic!("no end within {LIMIT:?}: {out}{err}"));
        assert!(left.is_empty(), "left behind: {left:?}\n{out}{err}");
        let files: Vec<_> = fs::read_dir(self.folder.path().join("tmp"))
            .map(|folder| folder.filter_map(|e| Some(e.ok()?.file_name())).collect())
            .unwrap_or_default();
        Ended { code: status.code(), signal: status.signal(), out, err, took, lasted, files }
    }

    /// How it ended; `None` if it is hung. A run of every case on a busy machine may take any time, but reports trial after trial.
    fn await_end(&mut self) -> Option<ExitStatus> {
        loop {
            let before = self.heard.load(Ordering::Relaxed);
            let ended = poll(LIMIT, || self.child.try_wait().expect("a child of ours"));
            if ended.is_some() || self.heard.load(Ordering::Relaxed) == before {
                return ended;
            }
        }
    }

    /// Kills what is left, so that a failing test leaves nothing behind.
    fn clear(&mut self) {
        if self.status.is_none() {
            let _ = self.child.kill();
            self.status = poll(Duration::from_secs(10), || self.child.try_wait().ok().flatten());
        }
        for process in marked(&self.mark) {
            send(process.pid, Signal::KILL);
        }
    }
}

fn take(reader: &mut JoinHandle<String>) -> String {
    std::mem::replace(reader, std::thread::spawn(String::new)).join().unwrap_or_default()
}

impl Drop for Running {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Sends a signal to a process of a run.
pub fn send(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        // It may have terminated already.
        let _ = kill_process(pid, signal);
    }
}

/// A run that is over, and left no process behind.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub out: String,
    pub err: String,
    /// The duration of the run.
    pub took: Duration,
    /// The time from its termination to that of its last process.
    pub lasted: Duration,
    /// What is left in its temporary folder.
    pub files: Vec<std::ffi::OsString>,
}

/// A trial of a report.
#[derive(Debug)]
pub struct Trial {
    pub id: String,
    pub subject: String,
    pub verdict: String,
    pub reason: String,
    pub failed_clause: Option<String>,
}

impl Ended {
    /// Checks that it exited with this code and cleaned up.
    pub fn code(self, code: i32) -> Ended {
        assert_eq!(self.code, Some(code), "signal {:?}\n{}{}", self.signal, self.out, self.err);
        assert!(self.files.is_empty(), "left behind: {:?}", self.files);
        self
    }

    /// Checks that it printed this on standard error.
    pub fn saying(self, text: &str) -> Ended {
        assert!(self.err.contains(text), "not said: {text}\n{}", self.err);
        self
    }

    /// The lines of its JSON report; each must be complete.
    pub fn report(&self) -> Vec<serde_json::Value> {
        let line = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        self.out.lines().map(line).collect()
    }

    /// The trials of its JSON report.
    pub fn trials(&self) -> Vec<Trial> {
        let text = |record: &serde_json::Value, key: &str| record[key].as_str().map(str::to_owned);
        self.report()
            .iter()
            .filter(|record| record["type"] == "trial")
            .map(|record| Trial {
                id: text(record, "id").unwrap_or_default(),
                subject: text(record, "subject").unwrap_or_default(),
                verdict: text(record, "verdict").unwrap_or_default(),
                reason: text(record, "reason").unwrap_or_default(),
                failed_clause: text(record, "failed_clause"),
            })
            .collect()
    }

    /// The number of trials with this verdict.
    pub fn count(&self, verdict: &str) -> usize {
        self.trials().iter().filter(|trial| trial.verdict == verdict).count()
    }
}
