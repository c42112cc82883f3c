//! The requests of the driver, each answered here or watched for.

use super::start::Refused;
use super::{Warden, inner, known_statuses, probe, run, watch};
use crate::protocol::Line;
use crate::protocol::warden::{ProcessState, Request};
use crate::wait::Signal;
use rustix::io::Errno;

impl Warden<'_> {
    pub(super) fn request(&mut self, request: &Line) {
        let Some(id) = request.id() else {
            return self
                .tell(&Line::new("garbage").with("from", "driver").with("why", "a request without an id"));
        };
        let ok = || Line::new("ok").with("id", id);
        let err = |key: &str, why: String| Line::new("err").with("id", id).with(key, why);
        let request = match Request::from_line(request) {
            Some(Ok(request)) => request,
            Some(Err(why)) => return self.tell(&Line::new("malformed").with("id", id).with("why", why)),
            None => {
                let why = format!("unknown request {}", request.word());
                return self.tell(&err("why", why));
            }
        };
        let answer = match request {
            Request::Probe {} => probe::probe().with("id", id),
            Request::Contain {} => match self.containment() {
                Ok(privilege) => ok().with("how", inner::word(privilege)),
                Err(why) => err("why", why),
            },
            Request::Run { nonce, argv, first, terminal, ignored, blocked, zombie, files } => {
                let how = run::How { first, terminal, ignored, blocked, zombie, files };
                match self.run_program(nonce, argv, how) {
                    Ok(pid) => self.opened(ok().with("pid", pid)),
                    Err(why) => err("why", why),
                }
            }
            Request::Open { nonce, subject, argv, begin } => {
                match self.open_agent(nonce, subject, argv, begin) {
                    Ok(pid) => self.opened(ok().with("pid", pid)),
                    Err(Refused::Broken(why)) => err("why", why),
                    Err(Refused::Lacking(why)) => err("why", why).with("lacking", "yes"),
                }
            }
            Request::Decoy { .. } | Request::Pending {} => {
                match self.agent.as_mut().and_then(|agent| agent.keeper.as_mut()) {
                    Some(keeper) => keeper.ask(&request.to_line()).with("id", id),
                    None => err("why", "the agent has no PID namespace of its own".to_owned()),
                }
            }
            Request::Place {} => {
                let folder = self.program_folder();
                self.opened(ok()).with("folder", folder.display())
            }
            Request::Tally {} => self.tally().with("id", id),
            Request::Statuses {} => ok().with_list("statuses", known_statuses::reaped()),
            Request::Adopt { name, pid } => match self.adopt(name, pid) {
                Ok(()) => ok(),
                Err(why) => err("why", why),
            },
            Request::Signal { to, sig } => match self.signal(&to, sig) {
                Ok(()) => ok(),
                Err(errno) => err("errno", crate::wait::names::errno_text(errno.raw_os_error())),
            },
            Request::Freeze { of, frozen } => match self.freeze(&of, frozen) {
                Ok(()) => ok(),
                Err(why) => err("why", why),
            },
            Request::State { of } => match self.state(&of) {
                Some(state) => state.with("id", id),
                None => ok().with("state", ProcessState::Unknown),
            },
            request @ (Request::Await { .. }
            | Request::Blocked { .. }
            | Request::Answer { .. }
            | Request::Output { .. }
            | Request::Exit { .. }) => {
                self.watches.extend(watch::Watch::new(id, request));
                self.idle_turns = 0;
                return;
            }
            Request::Ping {} => ok(),
            Request::Close {} => self.close(id),
        };
        self.tell(&answer);
    }

    /// Adds what a trial needs to know about its environment.
    fn opened(&mut self, answer: Line) -> Line {
        let exe = self.exe.get_or_insert_with(|| {
            std::env::current_exe().unwrap_or_else(|_| {
                // Without /proc: argv[0].
                self.subjects.start_folder().join(std::env::args_os().next().unwrap_or_default())
            })
        });
        answer.with("socket", self.folder.join("s").display()).with("exe", exe.display())
    }

    fn adopt(&mut self, name: String, pid: i64) -> Result<(), String> {
        let pid = i32::try_from(pid)
            .ok()
            .filter(|p| *p > 1)
            .ok_or_else(|| format!("pid {pid} cannot be a child"))?;
        // Without a process table, trust the agent: it got the pid from fork.
        let spawned = || self.agent.as_ref().is_some_and(|agent| agent.spawned.contains(&pid));
        if !self.sweeper.is_below_us(pid) && (self.sweeper.has_a_table() || !spawned()) {
            return Err(format!("process {pid} is not below the warden"));
        }
        self.children.adopt(name, pid)
    }

    fn signal(&mut self, to: &str, signal: Signal) -> Result<(), Errno> {
        self.handle(to).ok_or(Errno::SRCH)?.signal(signal.number())
    }

    fn state(&self, of: &str) -> Option<Line> {
        let pid = self.handle(of)?.pid();
        let line = match &self.agent {
            Some(_) if of == "agent" => run::figures(pid),
            _ => Line::new("ok"),
        };
        Some(match crate::sys::process_table::glance(pid) {
            Ok(Some(p)) => line
                .with("state", watch::seen(p.state))
                .with("pid", p.pid)
                .with("ppid", p.ppid)
                .with("pgid", p.pgid)
                .with("sid", p.sid)
                .with("below", if self.sweeper.is_below_us(pid) { "yes" } else { "no" }),
            Ok(None) => line.with("state", ProcessState::Gone),
            Err(_) => line.with("state", ProcessState::Unknown),
        })
    }
}
