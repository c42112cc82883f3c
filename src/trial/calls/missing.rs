//! What a subject lacks altogether: a call, or an option of one. This is one finding, not one per trial.

use super::family::{Pending, Trial};
use super::observed::Seen;
use super::uses::Calls;
use crate::protocol::wait::{Flag, IdType, OptionSet, RawTarget, WaitRequest};
use crate::spec::posix;
use crate::sys::call::abi::Call;
use crate::trial::abort::Abort;
use crate::trial::link::connection::To;
use crate::wait::errno::Errno;

impl Trial<'_> {
    /// Why an answer says nothing about what a case checks: the case needs something that the subject lacks, and it is
    /// the case of [`posix::WAITPID_PROVIDED`] that reports this.
    pub(super) fn lacks(&mut self, seen: &Seen) -> Result<Option<String>, Abort> {
        let finds = self.cited.iter().any(|clause| clause.id == posix::WAITPID_PROVIDED.id);
        if self.probing || finds || self.cited.is_empty() {
            return Ok(None);
        }
        let call = seen.request.call;
        let what = match seen.errno() {
            Some(Errno::NOSYS) => Some(format!("there is no {}: ENOSYS", call.name())),
            Some(Errno::INVAL) if seen.request.options.raw == 0 && Calls::WITH_TARGET.has(call) => self
                .lacking_option(&seen.request)?
                .map(|flag| format!("{} has no {flag}: EINVAL", call.name())),
            _ => None,
        };
        Ok(what.map(|what| format!("{what} (judged by errors.provided@{})", call.name())))
    }

    /// A standard option that is rejected even where nothing else is wrong: for a process that is not a child.
    fn lacking_option(&mut self, request: &WaitRequest) -> Result<Option<Flag>, Abort> {
        let by_id = matches!(request.call, Call::Waitid | Call::Wait6);
        let base = |flags: &[Flag]| if by_id { [&[Flag::Exited], flags].concat() } else { flags.to_vec() };
        let mut asked = vec![Flag::NoHang];
        asked.extend(request.options.flags.iter().copied().filter(|flag| match flag {
            Flag::Untraced | Flag::Stopped | Flag::Continued => true,
            Flag::NoWait => by_id,
            _ => false,
        }));
        if self.of_no_child(request.call, &base(&[]))? != Some(Errno::CHILD) {
            return Ok(None);
        }
        for flag in asked {
            if self.of_no_child(request.call, &base(&[flag]))? == Some(Errno::INVAL) {
                return Ok(Some(flag));
            }
        }
        Ok(None)
    }

    /// The error of a call for the agent itself, which is not its own child.
    fn of_no_child(&mut self, call: Call, flags: &[Flag]) -> Result<Option<Errno>, Abort> {
        let pid = self.agent_pid();
        let target = match call {
            Call::Waitid | Call::Wait6 => RawTarget::Id { idtype: IdType::Pid, who: pid },
            _ => RawTarget::Pid(pid),
        };
        let mut request = WaitRequest::new(call, target);
        request.options = OptionSet::of(flags.iter().copied());
        let shown = self.show(&request);
        let pending = Pending { id: self.link.id(), request, shown };
        let line = To::Agent(pending.request.to_line(pending.id));
        self.probing = true;
        let seen = self.settle(pending, Some(line));
        self.probing = false;
        Ok(seen?.errno())
    }
}
