//! What the agents for other crates share: [`serve`] for one that has the calls of the family, [`handles`] for one that
//! has handles of children, each of which can be waited for by itself.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};

use waitspec::protocol::Line;
use waitspec::subject::Subject;

mod agent;

/// `PROGRAM bare` does nothing, which is the start that a run cannot do without.
fn bare() -> bool {
    std::env::args().nth(1).as_deref() == Some("bare")
}

/// Serves a subject's calls; the crate waitspec has the rest.
pub fn serve(subject: Box<dyn Subject>) {
    if bare() {
        return;
    }
    let streams = [io::stdin().as_fd().try_clone_to_owned(), io::stdout().as_fd().try_clone_to_owned()];
    let [Ok(input), Ok(output)] = streams else { panic!("standard input and output are open") };
    waitspec::agent::serve(Box::leak(subject), input, output)
}

/// A child that can be waited for by itself, and by nobody else.
pub trait Handle: Sized {
    /// The crate, its version and where to report what was found.
    const CRATE: [&str; 3];

    /// Starts a program.
    fn spawn(argv: &[String]) -> io::Result<Self>;

    /// Its process id.
    fn pid(&self) -> u32;

    /// Waits until it terminates.
    fn wait(&mut self) -> io::Result<ExitStatus>;

    /// The same without blocking.
    fn try_wait(&mut self) -> io::Result<Option<ExitStatus>>;

    /// What the documentation promises of a handle, and where.
    const PROMISES: &[(&str, &str)];
}

/// The command for `argv`, without the agent's own streams.
pub fn command(argv: &[String]) -> Command {
    let mut command = Command::new(&argv[0]);
    command.args(&argv[1..]).stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// Why a request has no `ok`.
enum Refusal {
    Unsupported(String),
    Malformed(String),
    Failed(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Refusal {
        Refusal::Failed(error)
    }
}

/// Speaks the protocol: `waitpid` of a pid that [`Handle::spawn`] has made is [`Handle::wait`], or [`Handle::try_wait`]
/// with WNOHANG.
///
/// `PROGRAM handle` is the agent of the crate's handles instead.
pub fn handles<H: Handle>() {
    if bare() {
        return;
    }
    if std::env::args().nth(1).as_deref() == Some("handle") {
        return agent::serve::<H>();
    }
    let [name, version, issues] = H::CRATE;
    send(
        &Line::new("hello")
            .with("protocol", 1)
            .with("name", name)
            .with("version", version)
            .with("issues", issues)
            .with("os", std::env::consts::OS)
            .with("libc", "system")
            .with("arch", std::env::consts::ARCH)
            .with("pid", std::process::id())
            .with("calls", "waitpid")
            .with("selectors", "pid")
            // All of them make an interrupted call again, if they make one at all.
            .with("retries", "eintr"),
    );
    let mut children = BTreeMap::new();
    for line in io::stdin().lines() {
        let Ok(line) = line else { return };
        let Ok(request) = Line::parse(line.as_bytes()) else { return };
        let reply = match answer::<H>(&request, &mut children) {
            Ok(reply) => reply,
            Err(Refusal::Unsupported(why)) => Line::new("unsupported").with("why", why),
            Err(Refusal::Malformed(why)) => Line::new("malformed").with("why", why),
            Err(Refusal::Failed(error)) => Line::new("err").with("errno", errno_name(&error)),
        };
        send(&reply.with("id", request.get("id").unwrap_or_default()));
        if request.word() == "bye" {
            return;
        }
    }
}

fn answer<H: Handle>(request: &Line, children: &mut BTreeMap<i64, H>) -> Result<Line, Refusal> {
    if request.get("thread").is_some_and(|thread| thread != "0") {
        return Err(Refusal::Unsupported("this agent has no threads".into()));
    }
    match request.word() {
        "spawn" => {
            let argv = request.list("argv");
            if argv.is_empty() {
                return Err(Refusal::Malformed("'argv=' is missing".into()));
            }
            let child = H::spawn(&argv)?;
            let pid = i64::from(child.pid());
            children.insert(pid, child);
            Ok(Line::new("ok").with("pid", pid))
        }
        "waitpid" => {
            let pid = request.number("pid").map_err(|why| Refusal::Malformed(why.to_string()))?;
            let nohang = match request.list("options").iter().map(String::as_str).collect::<Vec<_>>()[..] {
                [] => false,
                ["WNOHANG"] => true,
                _ => return Err(Refusal::Unsupported("a handle has no options but WNOHANG".into())),
            };
            if request.get("status").is_some_and(|pointer| pointer != "buffer") {
                return Err(Refusal::Unsupported("a handle has no pointer".into()));
            }
            let Some(child) = children.get_mut(&pid) else {
                return Err(Refusal::Unsupported(
                    "a handle waits for its own child only, and only once".into(),
                ));
            };
            let entering = Line::new("entering").with("id", request.get("id").unwrap_or_default());
            send(&entering.with("tid", std::process::id()));
            let status = if nohang { child.try_wait()? } else { Some(child.wait()?) };
            let Some(status) = status else { return Ok(Line::new("ok").with("ret", 0)) };
            // What a handle says from then on is its memory, and not the system's.
            children.remove(&pid);
            Ok(Line::new("ok").with("ret", pid).with("status", format_args!("{:#06x}", status.into_raw())))
        }
        "bye" => Ok(Line::new("ok")),
        word => Err(Refusal::Unsupported(format!("this agent does not know {word}"))),
    }
}

fn errno_name(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::ECHILD) => "ECHILD".to_owned(),
        Some(libc::EINTR) => "EINTR".to_owned(),
        Some(libc::EINVAL) => "EINVAL".to_owned(),
        Some(libc::ENOENT) => "ENOENT".to_owned(),
        Some(number) => number.to_string(),
        None => "EIO".to_owned(),
    }
}

/// Writes one line in one piece.
fn send(line: &Line) {
    let text = format!("{line}\n");
    if io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()).is_err() {
        std::process::exit(1);
    }
}
