//! Linearizability of concurrent calls: whether some sequential order explains their results.
//!
//! Each call takes effect at one moment between its invocation and its return. A log is valid if there is such a moment
//! for each call so that the model allows the resulting sequence: each event is then consumed once, and later callers
//! get `ECHILD`. A caller that was seen asleep must have had nothing to report at that moment.

use super::op::{Op, Wait};
use super::oracle::violated_clause::blame;
use super::oracle::{CallOutcome, Oracle, Rules, Violation};
use super::state::{Permitted, State};
use crate::sorted::sort;
use crate::trial::{Options, Seen};

/// A call and its result; `None` if it had not returned at the end of the history.
#[derive(Clone, Debug)]
pub struct Call {
    /// The request.
    pub wait: Wait,
    /// The result.
    pub ended: Option<Seen>,
}

/// An event, in the order the driver observed. Calls are given by index.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Moment {
    /// A child was acted on, and the effect was awaited.
    Act(Op),
    /// A call was started.
    Begin(usize),
    /// A call was found to have returned, at some moment since its start.
    End(usize),
    /// A call was seen asleep while nothing else happened.
    Asleep(usize),
}

/// One possible linearization so far.
#[derive(Clone, PartialEq)]
struct Way {
    world: State,
    /// The calls that have taken effect, and have not been seen to return.
    done: Vec<usize>,
}

impl Way {
    /// The same with one more call that has taken effect.
    fn with(&self, call: usize, wait: &Wait, answer: Permitted) -> Way {
        let mut done = self.done.clone();
        done.push(call);
        sort(&mut done);
        Way { world: self.world.after(wait, answer), done }
    }
}

/// Whether other calls have the same results afterwards as before.
fn consumes_nothing(wait: &Wait, answer: Permitted) -> bool {
    !matches!(answer, Permitted::Report(..)) || wait.has(Options::NOWAIT)
}

/// A log of concurrent calls.
pub struct Log {
    /// The calls.
    pub calls: Vec<Call>,
    /// The events.
    pub events: Vec<Moment>,
    /// The pids of the children in order of creation.
    pub pids: Vec<i64>,
}

impl Log {
    /// Whether some order is allowed by the model.
    ///
    /// # Errors
    /// The violated clause, and the index of the event at which no order is left.
    pub fn check(&self, rules: Rules) -> Result<(), (Violation, usize)> {
        let mut ways = vec![Way { world: State::default(), done: Vec::new() }];
        let mut begun: Vec<usize> = Vec::new();
        for (at, event) in self.events.iter().enumerate() {
            let before = ways.clone();
            match *event {
                Moment::Act(ref op) => {
                    ways.iter_mut().for_each(|way| way.world.begin_end(op));
                    self.take_effect(rules, &begun, at, &mut ways);
                    ways.iter_mut().for_each(|way| way.world.act(op));
                }
                Moment::Begin(call) => begun.push(call),
                Moment::End(call) => {
                    begun.retain(|other| *other != call);
                    ways.retain(|way| way.done.contains(&call));
                    ways.iter_mut().for_each(|way| way.done.retain(|other| *other != call));
                }
                Moment::Asleep(call) => ways.retain(|way| {
                    let wait = &self.calls[call].wait;
                    !way.done.contains(&call)
                        && way.world.answers(wait, rules.profile).contains(&Permitted::Sleep)
                }),
            }
            if ways.is_empty() {
                return Err((self.why(rules, *event, &before), at));
            }
            self.take_effect(rules, &begun, at, &mut ways);
        }
        Ok(())
    }

    /// Adds every way in which further calls may have taken effect after that event, or during it.
    fn take_effect(&self, rules: Rules, begun: &[usize], at: usize, ways: &mut Vec<Way>) {
        let judge = Oracle::of(rules, ways.iter().map(|way| way.world.clone()).collect(), &self.pids);
        let mut unexplored = std::mem::take(ways);
        while let Some(mut way) = unexplored.pop() {
            let mut further = Vec::new();
            for &number in begun {
                if way.done.contains(&number) {
                    continue;
                }
                let Call { wait, ended: Some(seen) } = &self.calls[number] else { continue };
                let outcome = CallOutcome::Ended(seen.clone());
                let mut answers = way.world.answers(wait, rules.profile);
                answers.retain(|answer| judge.accepts(&way.world, wait, *answer, &outcome, true).is_ok());
                // A call that consumes nothing takes effect as soon as it can: no other call is affected, and trying
                // both would double the number of ways for each of them.
                if let Some(&answer) = answers.iter().find(|answer| consumes_nothing(wait, **answer))
                    && !self.sleeps_after(number, at)
                {
                    way = way.with(number, wait, answer);
                    continue;
                }
                further.extend(answers.into_iter().map(|answer| (number, answer)));
            }
            if ways.contains(&way) {
                continue;
            }
            for (number, answer) in further {
                unexplored.push(way.with(number, &self.calls[number].wait, answer));
            }
            ways.push(way);
        }
    }

    /// Whether a call was seen asleep after that event.
    fn sleeps_after(&self, call: usize, at: usize) -> bool {
        self.events[at + 1..].contains(&Moment::Asleep(call))
    }

    /// The violated clause when no way is left.
    fn why(&self, rules: Rules, event: Moment, ways: &[Way]) -> Violation {
        let (Moment::End(call) | Moment::Asleep(call) | Moment::Begin(call)) = event else {
            // An act is possible in every state.
            return Violation::new(&crate::spec::posix::STATUS_CONSUMED_ONCE, "an order", "none", 0);
        };
        let Call { wait, ended } = &self.calls[call];
        let outcome = match (event, ended) {
            (Moment::End(_), Some(seen)) => CallOutcome::Ended(seen.clone()),
            _ => CallOutcome::Asleep,
        };
        let judge = Oracle::of(rules, ways.iter().map(|way| way.world.clone()).collect(), &self.pids);
        // The closest way: one in which the call has not taken effect.
        let open = ways.iter().filter(|way| !way.done.contains(&call)).chain(ways).next();
        let Some(way) = open else {
            return Violation::new(&crate::spec::posix::STATUS_CONSUMED_ONCE, "an order", "none", 0);
        };
        let answers = way.world.answers(wait, rules.profile);
        let fitting = answers.iter().filter_map(|a| judge.fits(&way.world, wait, *a, &outcome, true).err());
        if let Some(near) = fitting.max_by_key(|violation| violation.nearness).filter(|v| v.nearness > 0) {
            return near;
        }
        let answer = answers.first().copied().unwrap_or(Permitted::Sleep);
        let clause = blame(&way.world, judge.known(), wait, answer, &outcome, true);
        let expected = format!("{} of {wait}, in any order of the calls", judge.expected(wait));
        Violation::new(clause, expected, judge.describe(wait, &outcome), 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::script::parse;
    use crate::protocol::Line;
    use crate::protocol::wait::{RawTarget, Reply, WaitRequest};
    use crate::spec::Profile;
    use crate::trial::End;
    use crate::wait::{Layout, System};

    /// A log: `begin N CALL`, `end N REPLY`, `asleep N`, or an operation. Children have the pids 101, 102, ...
    fn check(text: &str) -> Result<(), &'static str> {
        let mut log = Log { calls: Vec::new(), events: Vec::new(), pids: Vec::new() };
        for line in text.lines().map(str::trim).filter(|l| !l.is_empty()) {
            let mut words = line.splitn(3, ' ');
            match (words.next(), words.next().and_then(|n| n.parse::<usize>().ok()), words.next()) {
                (Some("begin"), Some(number), Some(call)) => {
                    let [Op::Wait(wait)] = parse(call).unwrap()[..] else { panic!("{call}") };
                    log.calls.push(Call { wait, ended: None });
                    log.events.push(Moment::Begin(number));
                }
                (Some("end"), Some(number), Some(reply)) => {
                    let call = &mut log.calls[number];
                    let request = WaitRequest::new(call.wait.call, RawTarget::Pid(-1));
                    let line = Line::parse(reply.as_bytes()).unwrap();
                    let reply = Reply::from_line(&line, &request, System::of(Layout::Linux)).unwrap();
                    let end = End::Returned(reply);
                    call.ended = Some(Seen::new(request, String::new(), end));
                    log.events.push(Moment::End(number));
                }
                (Some("asleep"), Some(number), None) => log.events.push(Moment::Asleep(number)),
                _ => {
                    for op in parse(line).unwrap() {
                        if matches!(op, Op::Spawn { .. }) {
                            log.pids.push(101 + log.pids.len() as i64);
                        }
                        log.events.push(Moment::Act(op));
                    }
                }
            }
        }
        let (profile, system) = (Profile::Linux, System::of(Layout::Linux));
        let rules = Rules { profile, system, uid: None, fresh: true, retries: false };
        log.check(rules).map_err(|(violation, _)| violation.clause.id)
    }

    const TWO: &str = "spawn A\nbegin 0 1: wait(any)\nbegin 1 2: waitpid(A)\nasleep 0\nasleep 1\nexit A 1\n";

    #[test]
    fn one_wins_and_the_other_has_no_child() {
        for (winner, loser) in [(0, 1), (1, 0)] {
            let ends = format!("end {winner} ok ret=101 status=0x0100\nend {loser} err errno=ECHILD");
            assert_eq!(check(&format!("{TWO}{ends}")), Ok(()));
            let ends = format!("end {loser} err errno=ECHILD\nend {winner} ok ret=101 status=0x0100");
            assert_eq!(check(&format!("{TWO}{ends}")), Ok(()));
        }
    }

    #[test]
    fn every_event_is_consumed_exactly_once() {
        let both = "end 0 ok ret=101 status=0x0100\nend 1 ok ret=101 status=0x0100";
        assert_eq!(check(&format!("{TWO}{both}")), Err("posix/status/consumed-once"));
        let neither = "end 0 err errno=ECHILD\nend 1 err errno=ECHILD";
        assert!(check(&format!("{TWO}{neither}")).is_err());
    }

    #[test]
    fn a_sleeping_caller_has_nothing_to_report() {
        assert!(check(&format!("{TWO}asleep 1\nend 0 ok ret=101 status=0x0100")).is_err());
        assert!(check(&format!("{TWO}end 0 ok ret=101 status=0x0100\nasleep 1")).is_err());
        let other = "spawn A; spawn B\nbegin 0 1: waitpid(A)\nbegin 1 2: waitpid(B)\nexit A 1\nend 0 ok ret=101 status=0x0100";
        assert_eq!(check(&format!("{other}\nasleep 1")), Ok(()));
    }

    #[test]
    fn a_call_may_take_effect_before_or_after_a_concurrent_event() {
        let nohang = "spawn A\nbegin 0 1: waitpid(A, WNOHANG)\nexit A 1\n";
        assert_eq!(check(&format!("{nohang}end 0 ok ret=0 status=untouched")), Ok(()));
        assert_eq!(check(&format!("{nohang}end 0 ok ret=101 status=0x0100")), Ok(()));
        // Between an unconsumed stop and the exit there may be a moment with nothing to report.
        let stopped = "spawn A; stop A\nbegin 0 1: waitpid(A, WNOHANG|WUNTRACED)\nkill A SIGKILL\n";
        for end in ["ok ret=0 status=untouched", "ok ret=101 status=0x137f", "ok ret=101 status=0x0009"] {
            assert_eq!(check(&format!("{stopped}end 0 {end}")), Ok(()), "{end}");
        }
        let later = "spawn A\nexit A 1\nbegin 0 1: waitpid(A, WNOHANG)\nend 0 ok ret=0 status=untouched";
        assert!(check(later).is_err());
    }

    /// Each waiter that consumes nothing used to double the number of ways.
    #[test]
    fn many_waiters_are_checked_as_fast_as_a_few() {
        let many = 1..200;
        let begin = |n: i32| format!("begin {n} {}: waitpid(A)\nasleep {n}\n", n + 1);
        let begun: String = many.clone().map(begin).collect();
        let start = format!("spawn A\nbegin 0 1: waitpid(A)\nasleep 0\n{begun}exit A 1\n");
        let lost: String = many.map(|n| format!("end {n} err errno=ECHILD\n")).collect();
        let won = "end 0 ok ret=101 status=0x0100\n";
        assert_eq!(check(&format!("{start}{won}{lost}")), Ok(()));
        assert_eq!(check(&format!("{start}{lost}{won}")), Ok(()));
        assert!(check(&format!("{start}{lost}end 0 err errno=ECHILD")).is_err());
        let peeks = begun.replace("waitpid(A)", "waitid(A, WEXITED|WNOWAIT)");
        let seen = "ok ret=0 info=written si_signo=SIGCHLD si_code=CLD_EXITED si_pid=101 si_status=1";
        let all: String = (1..200).map(|n| format!("end {n} {seen}\n")).collect();
        let start = format!("spawn A\nbegin 0 1: waitpid(A)\nasleep 0\n{peeks}exit A 1\n");
        assert_eq!(check(&format!("{start}{all}{won}")), Ok(()));
        assert_eq!(check(&format!("{start}{won}{all}")), Ok(()));
    }

    #[test]
    fn peeks_are_shared() {
        let peeks =
            "spawn A\nbegin 0 1: waitid(A, WEXITED|WNOWAIT)\nbegin 1 2: waitid(A, WEXITED)\nkill A SIGKILL\n";
        let seen = "ok ret=0 info=written si_signo=SIGCHLD si_code=CLD_KILLED si_pid=101 si_status=9";
        assert_eq!(check(&format!("{peeks}end 0 {seen}\nend 1 {seen}")), Ok(()));
        assert_eq!(check(&format!("{peeks}end 0 err errno=ECHILD\nend 1 {seen}")), Ok(()));
        assert!(check(&format!("{peeks}end 0 {seen}\nend 1 err errno=ECHILD")).is_err());
    }
}
