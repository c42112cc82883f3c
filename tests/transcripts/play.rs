//! Playing a transcript.

use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, Signal, kill_process_group};
use waitspec::protocol::LineReader;
use waitspec::protocol::line::encode;
use waitspec::sys::process_table;

use super::Speaker;
use super::pattern::{Names, filled, is_one_of, matches};
use super::poll::poll;

/// Long enough for any machine; never reached.
const DEADLINE: Duration = Duration::from_secs(60);

/// A program and the conversation with it.
struct Session {
    child: Child,
    reaped: bool,
    /// Where a child program connects, in a directory of its own.
    meeting: (tempfile::TempDir, UnixListener),
    connects: bool,
    input: Option<Box<dyn Write>>,
    output: Option<OwnedFd>,
    reader: LineReader,
    /// A line received ahead of the pattern for it.
    kept: Option<String>,
}

impl Session {
    fn start(words: &[&str], speaker: &Speaker, names: &mut Names) -> Result<Session, String> {
        let io = |error: std::io::Error| error.to_string();
        let folder = tempfile::tempdir().map_err(io)?;
        let path = folder.path().join("s");
        let listener = UnixListener::bind(&path).map_err(io)?;
        names.clear();
        let child = [speaker.program.to_string_lossy().into_owned(), "child".to_owned()];
        names.insert("child".to_owned(), child.map(|word| encode(word.as_bytes())).join(","));
        let mut command = Command::new(&speaker.program);
        let who = words.first().copied().unwrap_or_default();
        match who {
            "agent" => command.args(["child", "--agent", "libc"]),
            "syscall" => command.args(["child", "--agent", "syscall"]),
            "handle" => command.args(["child", "--agent", "handle:waitspec"]),
            "child" => command.arg("child"),
            "warden" => command.arg("warden"),
            other => return Err(format!("there is no {other} to be started")),
        };
        if who == "child" {
            names.insert("socket".to_owned(), encode(path.to_string_lossy().as_bytes()));
        }
        for word in &words[1..] {
            command.arg(decoded(&filled(word, names)?));
        }
        let connects = words.contains(&"--token") && words.contains(&"{socket}");
        let talks = who != "child";
        command.stderr(Stdio::null()).stdin(if talks { Stdio::piped() } else { Stdio::null() });
        command.stdout(if talks { Stdio::piped() } else { Stdio::null() });
        // Its children are in its group, unless they leave it.
        command.process_group(0);
        let mut child = command.spawn().map_err(io)?;
        let input = child.stdin.take().map(|stdin| Box::new(stdin) as Box<dyn Write>);
        let output = child.stdout.take().map(OwnedFd::from);
        let meeting = (folder, listener);
        Ok(Session {
            child,
            reaped: false,
            meeting,
            connects,
            input,
            output,
            reader: LineReader::default(),
            kept: None,
        })
    }

    /// A child's connection, the first or, after an exec, another.
    fn accept(&mut self) -> Result<(), String> {
        readable(&self.meeting.1)?;
        let (stream, _) = self.meeting.1.accept().map_err(|error| error.to_string())?;
        let second: UnixStream = stream.try_clone().map_err(|error| error.to_string())?;
        self.input = Some(Box::new(stream));
        self.output = Some(second.into());
        self.reader = LineReader::default();
        Ok(())
    }

    fn send(&mut self, line: &str) -> Result<(), String> {
        let input = self.input.as_mut().ok_or("the input of the program is not open")?;
        input.write_all(format!("{line}\n").as_bytes()).map_err(|error| error.to_string())
    }

    fn line(&mut self) -> Result<String, String> {
        if let Some(line) = self.kept.take() {
            return Ok(line);
        }
        let mut buffer = [0; 4096];
        loop {
            if let Some(line) = self.reader.next_line() {
                let line = line.map_err(|error| error.to_string())?;
                return Ok(String::from_utf8_lossy(&line).into_owned());
            }
            let Some(output) = &self.output else {
                if !self.connects {
                    return Err("its output ended".to_owned());
                }
                self.accept()?;
                continue;
            };
            readable(output)?;
            match rustix::io::read(output, &mut buffer) {
                Ok(0) | Err(rustix::io::Errno::CONNRESET) => self.output = None,
                Ok(n) => self.reader.push(&buffer[..n]),
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    /// Kills what is left in its process group. No other group can have that number, since the program is not reaped yet. A child
    /// of an agent that exits at once may not have asked yet to be killed with its parent.
    fn end_group(&self) {
        if let Some(group) = Pid::from_raw(self.child.id() as i32) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    /// How it ends once nothing more is sent.
    fn end(mut self) -> Result<String, String> {
        if !self.connects {
            self.input = None;
        }
        let pid = self.child.id() as i32;
        poll(DEADLINE, || process_table::is_zombie(pid).then_some(())).ok_or("it does not end")?;
        self.end_group();
        let status = self.child.wait().map_err(|error| error.to_string())?;
        self.reaped = true;
        Ok(match (status.code(), status.signal()) {
            (Some(code), _) => format!("exits {code}"),
            (None, signal) => format!("killed {}", signal.unwrap_or(0)),
        })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if !self.reaped {
            // A warden ends what is below it first.
            self.input = None;
            self.end_group();
            let _ = self.child.wait();
        }
    }
}

fn readable(fd: impl AsFd) -> Result<(), String> {
    let timeout = Timespec::try_from(DEADLINE).map_err(|_| "a deadline too far".to_owned())?;
    let mut polled = [PollFd::new(&fd, PollFlags::IN)];
    match rustix::io::retry_on_intr(|| rustix::event::poll(&mut polled, Some(&timeout))) {
        Ok(0) => Err(format!("nothing came within {DEADLINE:?}")),
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

fn decoded(word: &str) -> String {
    let line: waitspec::protocol::Line = format!("x y={word}").parse().expect("percent-encoded");
    line.get("y").unwrap_or_default()
}

/// The numbered lines of a transcript, those between `( N` and `)` N times.
fn repeated(text: &str) -> Result<Vec<(usize, &str)>, String> {
    let mut lines = Vec::new();
    let mut round: Option<(usize, usize)> = None;
    for (number, line) in text.lines().enumerate() {
        match (line.strip_prefix("( "), round) {
            (Some(times), None) => {
                round = Some((times.parse().map_err(|_| format!("'{times}' is no number"))?, lines.len()));
            }
            (None, Some((times, from))) if line == ")" => {
                let once = lines.split_off(from);
                lines.extend(std::iter::repeat_n(once, times).flatten());
                round = None;
            }
            (Some(_), Some(_)) => return Err(format!("line {}: a round in a round", number + 1)),
            (None, _) => lines.push((number, line)),
        }
    }
    if round.is_some() { Err("a round has no end".to_owned()) } else { Ok(lines) }
}

/// Plays a file: an error names the line, and what was received instead.
pub fn file(path: &str, speaker: &Speaker) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let mut session: Option<Session> = None;
    let mut names = Names::new();
    let mut again: Option<String> = None;
    let mut run: Vec<String> = Vec::new();
    for (number, line) in repeated(&text).map_err(|why| format!("{path}: {why}"))? {
        let at = |why: String| format!("{path}:{}: {line}\n    {why}", number + 1);
        let Some((kind, rest)) = line.split_once(' ').filter(|(kind, _)| *kind != "#") else { continue };
        if kind == "@" {
            let words: Vec<&str> = rest.split(' ').collect();
            session = Some(Session::start(&words, speaker, &mut names).map_err(at)?);
            continue;
        }
        let talk = session.as_mut().ok_or_else(|| at("nothing was started".to_owned()))?;
        if kind != "*" && !run.is_empty() {
            any_order(talk, &mut run, &mut names).map_err(at)?;
        }
        match kind {
            ">" => filled(rest, &names).and_then(|line| talk.send(&line)).map_err(at)?,
            "~" => again = Some(filled(rest, &names).map_err(at)?),
            "*" => run.push(rest.to_owned()),
            "?" => {
                let came = talk.line().map_err(at)?;
                if !matches(rest, &came, &mut names).map_err(at)? {
                    talk.kept = Some(came);
                }
            }
            "<" => expect(talk, rest, again.take(), &mut names).map_err(at)?,
            "=" => {
                let how = session.take().map_or(Ok(String::new()), Session::end).map_err(at)?;
                if !is_one_of(rest, &how) {
                    return Err(at(format!("it {how}")));
                }
            }
            other => return Err(at(format!("'{other}' is no kind of line"))),
        }
    }
    Ok(())
}

fn expect(talk: &mut Session, pattern: &str, again: Option<String>, names: &mut Names) -> Result<(), String> {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(request) = &again {
            talk.send(request)?;
        }
        let came = talk.line()?;
        if matches(pattern, &came, names)? {
            return Ok(());
        }
        if again.is_none() || Instant::now() > deadline {
            return Err(format!("came {came}"));
        }
    }
}

/// Reads as many lines as there are patterns, each of which must match one of them. Unambiguous matches are made first.
fn any_order(talk: &mut Session, run: &mut Vec<String>, names: &mut Names) -> Result<(), String> {
    while !run.is_empty() {
        let came = talk.line()?;
        let mut found = None;
        for (at, pattern) in run.iter().enumerate() {
            if matches(pattern, &came, names)? {
                found = Some(at);
                break;
            }
        }
        match found {
            Some(at) => drop(run.remove(at)),
            None => return Err(format!("came {came}, and expected was one of {run:#?}")),
        }
    }
    Ok(())
}
