//! The script notation of a history.
//!
//! ```text
//! spawn A                    a child that runs until told otherwise
//! spawn A exit 7             a child that exits on its own
//! exit A 7                   it exits
//! kill A SIGTERM             a signal that terminates it by default
//! stop A  |  stop A SIGTSTP  a stop signal
//! cont A                     SIGCONT
//! group A own|agent|B        it moves to its own process group, the agent's, or the one B leads
//! sigchld default|ignore|count|nocldwait|nocldstop|blocked
//! sigchld interrupt          a handler without SA_RESTART, before any child has changed
//! interrupt  |  interrupt restart   a caught signal while the agent blocks in a call, without or with SA_RESTART
//! usage                      RUSAGE_CHILDREN of the agent
//! 2: wait4(any)              a call on thread 2 of the agent, concurrent with others
//! race A 7: waitpid(A)       a new child exits just as the agent makes a call
//! wait4(any, WNOHANG)        a call; targets: any, A, own group, group A, pidfd A, the caller
//! ```
//!
//! Operations are separated by `;` or newlines; `#` starts a comment.

use super::op::{Destination, Op, Selector, Sigchld, Slot, UNKNOWN_BIT, Wait};
use crate::sys::call::abi::Call;
use crate::trial::Flag;
use crate::trial::Options;
use crate::wait::Signal;
use std::fmt;

impl Slot {
    fn parse(text: &str) -> Option<Slot> {
        match text.as_bytes() {
            [letter @ b'A'..=b'Z'] => Some(Slot(letter - b'A')),
            _ => None,
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", char::from(b'A' + self.0 % Slot::MOST))
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Op::Spawn { slot, exits: None } => write!(f, "spawn {slot}"),
            Op::Spawn { slot, exits: Some(code) } => write!(f, "spawn {slot} exit {code}"),
            Op::Exit { slot, code } => write!(f, "exit {slot} {code}"),
            Op::Kill { slot, signal } => write!(f, "kill {slot} {signal}"),
            Op::Stop { slot, signal: Signal::STOP } => write!(f, "stop {slot}"),
            Op::Stop { slot, signal } => write!(f, "stop {slot} {signal}"),
            Op::Cont { slot } => write!(f, "cont {slot}"),
            Op::Group { slot, to: Destination::Own } => write!(f, "group {slot} own"),
            Op::Group { slot, to: Destination::Agent } => write!(f, "group {slot} agent"),
            Op::Group { slot, to: Destination::Of(other) } => write!(f, "group {slot} {other}"),
            Op::Sigchld(action) => {
                let name = Sigchld::ALL.iter().find(|(a, _)| a == action).map_or("", |(_, name)| name);
                write!(f, "sigchld {name}")
            }
            Op::Interrupt { restart: false } => f.write_str("interrupt"),
            Op::Interrupt { restart: true } => f.write_str("interrupt restart"),
            Op::Usage => f.write_str("usage"),
            Op::Wait(wait) => wait.fmt(f),
            Op::Race { slot, code, wait } => write!(f, "race {slot} {code}: {wait}"),
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Selector::Any => f.write_str("any"),
            Selector::Child(slot) => slot.fmt(f),
            Selector::OwnGroup => f.write_str("own group"),
            Selector::Group(slot) => write!(f, "group {slot}"),
            Selector::Pidfd(slot) => write!(f, "pidfd {slot}"),
            Selector::Caller => f.write_str("the caller"),
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.thread > 0 {
            write!(f, "{}: ", self.thread)?;
        }
        write!(f, "{}({}", self.call.name(), self.selector)?;
        let mut options: Vec<String> = self.options.flags(self.call).iter().map(Flag::to_string).collect();
        if self.unknown {
            options.push(format!("{UNKNOWN_BIT:#x}"));
        }
        // `wait` has no options, and its event is implied.
        if !options.is_empty() {
            write!(f, ", {}", options.join("|"))?;
        }
        f.write_str(")")
    }
}

/// The script of a history.
pub fn script(ops: &[Op]) -> String {
    ops.iter().map(Op::to_string).collect::<Vec<_>>().join("; ")
}

/// Why a script cannot be parsed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScriptError {
    /// The line, from 1.
    pub line: usize,
    /// The text that is not an operation.
    pub what: String,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: '{}' is not an operation", self.line, self.what)
    }
}

impl std::error::Error for ScriptError {}

/// Parses a script.
///
/// # Errors
/// [`ScriptError`] for the first text that is not an operation.
pub fn parse(text: &str) -> Result<Vec<Op>, ScriptError> {
    let mut ops = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        for piece in line.split(';').map(str::trim).filter(|p| !p.is_empty()) {
            let error = || ScriptError { line: number + 1, what: piece.to_owned() };
            ops.push(parse_one(piece).ok_or_else(error)?);
        }
    }
    Ok(ops)
}

fn parse_one(text: &str) -> Option<Op> {
    if let Some(race) = text.strip_prefix("race ") {
        let (child, call) = race.split_once(':')?;
        let (slot, code) = child.trim().split_once(' ')?;
        let Op::Wait(wait) = parse_one(call.trim())? else { return None };
        return Some(Op::Race { slot: Slot::parse(slot)?, code: code.trim().parse().ok()?, wait });
    }
    if let Some((call, rest)) = text.split_once('(') {
        let (thread, call) = call.split_once(':').unwrap_or(("0", call));
        let mut wait = parse_wait(Call::from_name(call.trim())?, rest.strip_suffix(')')?)?;
        wait.thread = thread.trim().parse().ok()?;
        return Some(Op::Wait(wait));
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let slot = || words.get(1).copied().and_then(Slot::parse);
    match words.as_slice() {
        ["spawn", _] => Some(Op::Spawn { slot: slot()?, exits: None }),
        ["spawn", _, "exit", code] => Some(Op::Spawn { slot: slot()?, exits: Some(code.parse().ok()?) }),
        ["exit", _, code] => Some(Op::Exit { slot: slot()?, code: code.parse().ok()? }),
        ["kill", _, signal] => Some(Op::Kill { slot: slot()?, signal: Signal::from_name(signal)? }),
        ["stop", _] => Some(Op::Stop { slot: slot()?, signal: Signal::STOP }),
        ["stop", _, signal] => Some(Op::Stop { slot: slot()?, signal: Signal::from_name(signal)? }),
        ["cont", _] => Some(Op::Cont { slot: slot()? }),
        ["group", _, "own"] => Some(Op::Group { slot: slot()?, to: Destination::Own }),
        ["group", _, "agent"] => Some(Op::Group { slot: slot()?, to: Destination::Agent }),
        ["group", _, other] => Some(Op::Group { slot: slot()?, to: Destination::Of(Slot::parse(other)?) }),
        ["sigchld", name] => {
            Sigchld::ALL.iter().find(|(_, known)| known == name).map(|(action, _)| Op::Sigchld(*action))
        }
        ["interrupt"] => Some(Op::Interrupt { restart: false }),
        ["interrupt", "restart"] => Some(Op::Interrupt { restart: true }),
        ["usage"] => Some(Op::Usage),
        _ => None,
    }
}

fn parse_wait(call: Call, arguments: &str) -> Option<Wait> {
    let (selector, options) = arguments.split_once(',').unwrap_or((arguments, ""));
    let words: Vec<&str> = selector.split_whitespace().collect();
    let selector = match words.as_slice() {
        ["any"] | [] => Selector::Any,
        ["own", "group"] => Selector::OwnGroup,
        ["the", "caller"] => Selector::Caller,
        ["group", slot] => Selector::Group(Slot::parse(slot)?),
        ["pidfd", slot] => Selector::Pidfd(Slot::parse(slot)?),
        [slot] => Selector::Child(Slot::parse(slot)?),
        _ => return None,
    };
    let by_event = matches!(call, Call::Waitid | Call::Wait6);
    let mut wait = Wait { call, selector, options: Options::NONE, unknown: false, thread: 0 };
    let mut wants_end = !by_event;
    for option in options.split('|').map(str::trim).filter(|o| !o.is_empty()) {
        let bit = match Flag::from_name(option) {
            Some(Flag::NoHang) => Options::NOHANG,
            Some(Flag::Untraced | Flag::Stopped) => Options::UNTRACED,
            Some(Flag::Continued) => Options::CONTINUED,
            Some(Flag::NoWait) => Options::NOWAIT,
            Some(Flag::Exited) if by_event => {
                wants_end = true;
                continue;
            }
            None if crate::protocol::line::parse_number(option) == Some(i64::from(UNKNOWN_BIT)) => {
                wait.unknown = true;
                continue;
            }
            _ => return None,
        };
        wait.options = wait.options.with(bit);
    }
    if !wants_end {
        wait.options = wait.options.with(Options::NOT_EXITED);
    }
    wait.is_valid().then_some(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_values_are_read_back() {
        let text = "spawn A; spawn B exit -1; exit A 256; kill B SIGTERM; kill B SIG40; stop A; stop A SIGTSTP; \
                    cont A; group A own; group A agent; group B A; sigchld default; sigchld ignore; sigchld count; \
                    sigchld nocldwait; sigchld nocldstop; sigchld blocked; sigchld interrupt; interrupt; interrupt restart; usage; race A 7: waitpid(A); race B -1: waitid(any, WNOHANG|WEXITED); 3: wait(any); wait(any); waitpid(A, WNOHANG|WUNTRACED); wait3(any, WCONTINUED); \
                    wait4(own group, WNOHANG); wait4(group B); wait4(the caller); \
                    waitid(any, WNOHANG|WSTOPPED|WCONTINUED|WNOWAIT|WEXITED); waitid(pidfd A, WSTOPPED); \
                    wait6(A, WEXITED); waitid(any, WEXITED|0x10000000)";
        let ops = parse(text).unwrap();
        assert_eq!(script(&ops), text);
        assert_eq!(parse(&script(&ops).replace("; ", "\n")).unwrap(), ops);
    }

    #[test]
    fn remarks_and_empty_pieces_are_passed_over() {
        let ops = parse("# a remark\nspawn A;; # another\n\n wait( any )\nwait()").unwrap();
        assert_eq!(script(&ops), "spawn A; wait(any); wait(any)");
    }

    #[test]
    fn invalid_operations_are_named_with_their_line() {
        for bad in [
            "spawn",
            "spawn a",
            "spawn A exit",
            "spwan A",
            "exit A",
            "kill A SIGNONE",
            "wait4(any",
            "wait4(any, WEXITED)",
            "wait4(any, WNOWAIT)",
            "wait(A)",
            "wait(any, WNOHANG)",
            "waitid(any)",
            "waitpid(pidfd A)",
            "group A nowhere",
            "race A: wait(any)",
            "race A 7: usage",
        ] {
            let error = parse(&format!("spawn A\n{bad}")).unwrap_err();
            assert_eq!(error, ScriptError { line: 2, what: bad.to_owned() }, "{bad}");
        }
    }
}
