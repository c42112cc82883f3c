//! A warden of the kit, tested without a driver.

use super::poll::poll;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Long enough for any machine; never reached.
const DEADLINE: Duration = Duration::from_secs(60);

/// A warden and its streams.
pub struct Warden {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Warden {
    /// Starts one that works below `folder`.
    pub fn start(program: &Path, folder: &Path, arguments: &[&str]) -> Result<Warden, String> {
        Warden::run(Command::new(program).arg("warden").args(arguments), folder)
    }

    /// The same with a command that becomes a warden.
    pub fn run(command: &mut Command, folder: &Path) -> Result<Warden, String> {
        let mut child = command
            .env("TMPDIR", folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .map_err(|error| error.to_string())?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or("no output")?;
        let (sender, lines) = channel();
        // It ends with the warden's output.
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Warden { child, input, lines })
    }

    pub fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }

    pub fn send(&mut self, line: &str) -> Result<(), String> {
        let input = self.input.as_mut().ok_or("its input is closed")?;
        writeln!(input, "{line}").map_err(|error| error.to_string())
    }

    /// The next line that begins with this.
    pub fn line(&self, beginning: &str) -> Result<String, String> {
        let until = Instant::now() + DEADLINE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).map_err(|_| format!("no line '{beginning}...' came"))?;
            if line.starts_with(beginning) {
                return Ok(line);
            }
        }
    }

    /// Closes its input.
    pub fn hang_up(&mut self) {
        self.input = None;
    }

    pub fn signal(&self, signal: rustix::process::Signal) -> Result<(), String> {
        let pid = rustix::process::Pid::from_raw(self.pid()).ok_or("no pid")?;
        rustix::process::kill_process(pid, signal).map_err(|error| error.to_string())
    }

    /// How it ends: its exit code, or minus the signal.
    pub fn ends(&mut self) -> Result<i32, String> {
        let ended = poll(DEADLINE, || self.child.try_wait().transpose()).ok_or("it does not end")?;
        let status = ended.map_err(|error| error.to_string())?;
        status.code().or_else(|| status.signal().map(|s| -s)).ok_or_else(|| "no end".to_owned())
    }
}

impl Drop for Warden {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The raw value of a key in a line.
pub fn value<'l>(line: &'l str, key: &str) -> Result<&'l str, String> {
    let pair = line.split(' ').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
    pair.ok_or_else(|| format!("no {key}= in {line}"))
}
