//! The handle agent of a crate: `PROGRAM handle`. `src/protocol/handle.rs` of waitspec documents the protocol.
//!
//! A wait borrows the handle mutably: nothing else can be done with it meanwhile, and so requests are served one by one. The only
//! signal that all handles send is SIGKILL, which no case asks for.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use waitspec::protocol::Line;

use crate::{Handle, errno_name, send};

/// Why a request has no `ok`.
enum Refusal {
    Unsupported(&'static str),
    Malformed(String),
    Failed(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Refusal {
        Refusal::Failed(error)
    }
}

/// Serves the requests of standard input.
pub fn serve<H: Handle>() {
    let [name, version, issues] = H::CRATE;
    let promises =
        H::PROMISES.iter().map(|(promise, address)| format!("{promise}:{address} {name} {version}"));
    send(
        &Line::new("hello")
            .with("protocol", 1)
            .with("interface", "handle")
            .with("name", format_args!("rust-{name}"))
            .with("version", version)
            .with("issues", issues)
            .with("os", std::env::consts::OS)
            .with("libc", "system")
            .with("arch", std::env::consts::ARCH)
            .with("pid", std::process::id())
            .with("form", "word")
            .with_list("can", ["poll", "drop", "steal", "core"])
            .with_list("promises", promises),
    );
    let mut children: BTreeMap<i64, (u32, Option<H>)> = BTreeMap::new();
    for line in io::stdin().lines() {
        let Ok(line) = line else { return };
        let Ok(request) = Line::parse(line.as_bytes()) else { return };
        let reply = match answer(&request, &mut children) {
            Ok(reply) => reply,
            Err(Refusal::Unsupported(why)) => Line::new("unsupported").with("why", why),
            Err(Refusal::Malformed(why)) => Line::new("malformed").with("why", why),
            Err(Refusal::Failed(error)) => Line::new("err").with("errno", errno_name(&error)),
        };
        send(&reply.with("id", request.get("id").unwrap_or_default()));
        if request.word() == "bye" {
            // What was dropped or never waited for is not waited for now.
            std::process::exit(0);
        }
    }
}

fn result(status: Option<ExitStatus>) -> Line {
    match status {
        None => Line::new("ok").with("running", "yes"),
        Some(status) => Line::new("ok").with("word", format_args!("{:#06x}", status.into_raw())),
    }
}

fn answer<H: Handle>(
    request: &Line,
    children: &mut BTreeMap<i64, (u32, Option<H>)>,
) -> Result<Line, Refusal> {
    if request.word() == "spawn" {
        let child = H::spawn(&request.list("argv"))?;
        let pid = child.pid();
        let id = request.number("id").map_err(|why| Refusal::Malformed(why.to_string()))?;
        children.insert(id, (pid, Some(child)));
        return Ok(Line::new("ok").with("pid", pid));
    }
    if request.word() == "bye" {
        return Ok(Line::new("ok"));
    }
    if !["poll", "wait", "drop", "steal"].contains(&request.word()) {
        return Err(Refusal::Unsupported("no such request"));
    }
    let handle = request.number("handle").map_err(|why| Refusal::Malformed(why.to_string()))?;
    let no_handle = || Refusal::Malformed(format!("no handle {handle}"));
    let (pid, held) = children.get_mut(&handle).ok_or_else(no_handle)?;
    match request.word() {
        "drop" => {
            *held = None;
            return Ok(Line::new("ok"));
        }
        "steal" => {
            let mut status = 0;
            // SAFETY: the status is an int of ours.
            if unsafe { libc::waitpid(*pid as libc::pid_t, &mut status, 0) } == -1 {
                return Err(io::Error::last_os_error().into());
            }
            return Ok(Line::new("ok").with("word", format_args!("{status:#06x}")));
        }
        _ => {}
    }
    let child = held.as_mut().ok_or_else(no_handle)?;
    match request.word() {
        "poll" => Ok(result(child.try_wait()?)),
        "wait" if request.get("timeout").is_some() => Err(Refusal::Unsupported("no timeout")),
        _ => Ok(result(Some(child.wait()?))),
    }
}
