//! Threads that are cancelled in a wait.

use crate::scenario::{Scenario, Step};
use crate::spec::posix;
use crate::sys::call::abi::Call;
use crate::trial::cases;
use crate::trial::{AgentRequest, Calls, Change, Errno, Needs, Options, Outcome, Target, Trial};

cases! { "cancelled";

    /// a thread cancelled in a sleeping wait terminates, and has reaped nothing
    asleep(ANY) in Calls::only(&[Call::Wait, Call::Waitpid, Call::Waitid]), needs Needs::THREADS
        => [posix::WAIT_CANCELLATION_POINT, posix::WAIT_CANCELLED_REAPS_NOTHING];
}

fn asleep(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.request(&AgentRequest::Cancellable {})?;
    let mut request = t.ask(Target::Any, Options::NONE);
    request.thread = 1;
    let pending = t.begin_request(request)?;
    t.await_sleeper(&pending)?;
    t.request(&AgentRequest::Cancel {})?;
    let seen = t.finish(pending)?;
    // The agent's word for a thread that was cancelled.
    t.expect(&posix::WAIT_CANCELLATION_POINT).error(&seen, Errno::CANCELED)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::WAIT_CANCELLED_REAPS_NOTHING).reaped(&seen, &child, Change::Exited(7))
}
