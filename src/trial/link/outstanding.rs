//! Requests that the agent has not answered yet: every line it writes must be due.

use crate::protocol::Line;
use crate::sorted::Map;
use crate::sys::call::abi::Call;

/// The lines that an agent has yet to write.
#[derive(Debug, Default)]
pub(crate) struct Outstanding {
    /// A `hello`: at startup, and after an `exec`.
    hello: bool,
    /// What is due next to each request, by its id.
    due: Map<u64, Due>,
}

/// What is due for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    /// `entering`, and then the reply.
    Announcement,
    /// The reply of a call that was announced.
    Return,
    /// The reply.
    Reply,
}

impl Outstanding {
    /// For an agent that has just been started.
    pub(crate) fn at_start() -> Outstanding {
        Outstanding { hello: true, due: Map::new() }
    }

    /// Records a request that is sent.
    pub(crate) fn sent(&mut self, request: &Line) {
        // The `wait` of a handle is not announced.
        let is_call = Call::from_name(request.word()).is_some() && request.get("handle").is_none();
        let sleeps = is_call || ["await-readable", "pdwait", "await-exit-note"].contains(&request.word());
        let due = if sleeps { Due::Announcement } else { Due::Reply };
        self.hello |= request.word() == "exec";
        self.due.extend(request.id().map(|id| (id, due)));
    }

    /// Records a line from the agent; an error says what is wrong with it.
    pub(crate) fn received(&mut self, line: &Line) -> Result<(), &'static str> {
        if line.word() == "hello" {
            return if std::mem::take(&mut self.hello) { Ok(()) } else { Err("a hello that is not due") };
        }
        let id = line.id();
        let due = id.and_then(|id| self.due.get(&id).copied());
        match (line.word(), id.zip(due)) {
            ("entering", Some((id, Due::Announcement))) => {
                self.due.insert(id, Due::Return);
                Ok(())
            }
            ("entering", _) => Err("no such call is about to begin"),
            ("ok" | "err", Some((_, Due::Announcement))) => Err("the call was not announced by `entering`"),
            ("ok" | "err" | "unsupported" | "malformed", Some((id, _))) => {
                self.due.remove(&id);
                Ok(())
            }
            ("ok" | "err" | "unsupported" | "malformed", None) => Err("nothing was asked with that id"),
            _ => Err("a reply is ok, err, unsupported or malformed"),
        }
    }

    /// Whether the agent is in a call that it has announced.
    pub(crate) fn is_in_a_call(&self) -> bool {
        self.call_in_progress().is_some()
    }

    /// The request of the first such call.
    pub(crate) fn call_in_progress(&self) -> Option<u64> {
        self.due.iter().find_map(|(id, due)| (*due == Due::Return).then_some(*id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with each line of a conversation; requests begin with `>`.
    fn wrong(lines: &[&str]) -> Vec<Option<&'static str>> {
        let mut asked = Outstanding::at_start();
        let mut wrong = Vec::new();
        for line in lines {
            match line.strip_prefix("> ") {
                Some(request) => asked.sent(&request.parse().expect("a request")),
                None => wrong.push(asked.received(&line.parse().expect("a line")).err()),
            }
        }
        wrong
    }

    #[test]
    fn what_is_asked_is_answered_once() {
        let asked = [
            "hello",
            "> spawn id=2 argv=a",
            "> wait id=3",
            "> waitpid id=4 pid=1",
            "ok id=2",
            "entering id=3 tid=1",
            "unsupported id=4",
            "err id=3 errno=ECHILD",
            "> exec id=5 argv=a",
            "hello pid=7",
        ];
        assert_eq!(wrong(&asked), [None; 6]);
        let again = ["hello", "> spawn id=2", "> wait id=3", "ok id=2", "entering id=3"];
        assert_eq!(wrong(&again), [None; 3]);
        for (line, why) in [
            ("hello", "a hello that is not due"),
            ("ok id=2", "nothing was asked with that id"),
            ("entering id=3", "no such call is about to begin"),
        ] {
            assert_eq!(wrong(&[&again[..], &[line]].concat())[3], Some(why), "{line}");
        }
    }

    #[test]
    fn what_is_not_due_is_named() {
        for (line, why) in [
            ("ok id=3", "nothing was asked with that id"),
            ("ok", "nothing was asked with that id"),
            ("ok id=-2", "nothing was asked with that id"),
            ("fine id=2", "a reply is ok, err, unsupported or malformed"),
            ("ok id=4 ret=0", "the call was not announced by `entering`"),
            ("entering id=2", "no such call is about to begin"),
        ] {
            assert_eq!(wrong(&["> spawn id=2", "> wait id=4", line]), [Some(why)], "{line}");
        }
    }

    #[test]
    fn a_call_is_entered_and_left() {
        let mut asked = Outstanding::at_start();
        asked.sent(&Line::new("wait").with("id", 4));
        assert!(!asked.is_in_a_call());
        asked.received(&Line::new("entering").with("id", 4)).expect("due");
        assert!(asked.is_in_a_call());
        asked.received(&Line::new("ok").with("id", 4)).expect("due");
        assert!(!asked.is_in_a_call());
    }
}
