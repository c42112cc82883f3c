//! What a handle answered, and what that shows about a child.

use crate::protocol::Change;
use crate::protocol::handle::{Form, HandleReport};
use crate::sys::call::abi::Usage;
use crate::trial::core::Child;
use crate::trial::shown::{NoAnswer, Shown, Shows};
use crate::wait::{Signal, System};

/// What a handle answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It reported something.
    Reported(HandleReport),
    /// The request was carried out.
    Done,
    /// It reported an error, by name.
    Failed(String),
    /// It did not answer in time.
    Hung,
    /// Its agent died.
    Crashed,
}

/// An answer of a handle.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The answer.
    pub answer: Answer,
    /// The usage of the child that was reported with it.
    pub usage: Option<Usage>,
    pub(super) form: Form,
    /// Its results show whether a core was dumped.
    pub(super) shows_core: bool,
    /// Its numbers are those of this system.
    pub(super) system: System,
}

impl Answered {
    /// Whether the handle reported that the child has not terminated.
    pub fn is_running(&self) -> bool {
        self.answer == Answer::Reported(HandleReport::Running)
    }

    /// Whether the handle reported that it does not know, or an error.
    pub fn is_ignorant(&self) -> bool {
        matches!(self.answer, Answer::Reported(HandleReport::Unknown) | Answer::Failed(_))
    }

    /// The change that it reports for that child, if any.
    pub fn change(&self, child: &Child) -> Option<Change> {
        match self.change_of(child) {
            Shows::Yes(change) => Some(change),
            _ => None,
        }
    }

    /// The number by which this form represents a change.
    fn number_of(&self, change: Change) -> Option<i64> {
        match (change, self.form) {
            (Change::Exited(code), _) => Some(code.into()),
            (Change::Killed(signal, _), Form::Shell) => {
                signal.number_on(self.system).map(|n| i64::from(128 + n))
            }
            (Change::Killed(signal, _), Form::Negative) => {
                signal.number_on(self.system).map(|n| -i64::from(n))
            }
            _ => None,
        }
    }

    /// The change, without what the form does not show.
    fn as_far_as_shown(&self, change: Change) -> Change {
        match change {
            Change::Killed(signal, _) if !self.shows_core => Change::Killed(signal, false),
            other => other,
        }
    }

    /// The signal with that number, if there is one.
    fn signal(&self, number: i64) -> Option<Signal> {
        let signal = Signal::from_number_on(i32::try_from(number).ok()?, self.system);
        (signal.name().is_some() || signal.is_realtime_on(self.system)).then_some(signal)
    }
}

impl Shown for Answered {
    fn unanswered(&self) -> Option<NoAnswer> {
        match self.answer {
            Answer::Hung => Some(NoAnswer::Hung),
            Answer::Crashed => Some(NoAnswer::Crashed),
            Answer::Reported(_) | Answer::Done | Answer::Failed(_) => None,
        }
    }

    fn change_of(&self, _: &Child) -> Shows<Change> {
        let Answer::Reported(report) = self.answer else { return Shows::No };
        Shows::Yes(match report {
            HandleReport::Running | HandleReport::Unknown => return Shows::No,
            HandleReport::Word(word) => Change::from(self.system.decode(word as i32)),
            HandleReport::Signal(signal, core) => Change::Killed(signal, core),
            HandleReport::Code(code @ 0..=255) => Change::Exited(code as i32),
            HandleReport::Code(code) => match self.signal(-code) {
                Some(signal) if self.form == Form::Negative => Change::Killed(signal, false),
                _ => Change::Unknown(code),
            },
        })
    }

    fn change_for(&self, child: &Child, wanted: Change) -> Shows<Change> {
        let shown = match (self.change_of(child), &self.answer) {
            (Shows::Yes(change), _) => Shows::Yes(self.as_far_as_shown(change)),
            (other, _) => other,
        };
        match (&self.answer, wanted) {
            // Changes that the shell's codes cannot tell apart are both right.
            (Answer::Reported(HandleReport::Code(code)), _) if self.number_of(wanted) == Some(*code) => {
                Shows::Yes(wanted)
            }
            // Any code that stands for a signal must not be a success.
            (Answer::Reported(HandleReport::Code(code)), Change::Killed(..))
                if self.form == Form::Code && *code != 0 =>
            {
                Shows::NotObservable("the form does not show signals")
            }
            (_, Change::Killed(signal, true))
                if shown == Shows::Yes(Change::Killed(signal, false)) && !self.shows_core =>
            {
                Shows::Yes(wanted)
            }
            _ => shown,
        }
    }

    fn outcome(&self) -> String {
        match &self.answer {
            Answer::Reported(HandleReport::Running) => "running".into(),
            Answer::Reported(HandleReport::Unknown) => "unknown".into(),
            Answer::Reported(HandleReport::Code(code)) => format!("code {code}"),
            Answer::Reported(HandleReport::Word(word)) => {
                format!("status {word:#06x} ({})", Change::from(self.system.decode(*word as i32)))
            }
            Answer::Reported(HandleReport::Signal(signal, false)) => format!("signal {signal}"),
            Answer::Reported(HandleReport::Signal(signal, true)) => format!("signal {signal}, core dumped"),
            Answer::Done => "done".into(),
            Answer::Failed(errno) => format!("error {errno}"),
            Answer::Hung => "no answer".into(),
            Answer::Crashed => "the agent died".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERM: Change = Change::Killed(Signal::TERM, false);
    const ABRT_CORE: Change = Change::Killed(Signal::ABRT, true);

    fn shown(form: Form, report: HandleReport, wanted: Change) -> Shows<Change> {
        let child = Child { name: "A".into(), pid: 7 };
        let answer = Answer::Reported(report);
        Answered { answer, usage: None, form, shows_core: false, system: System::HOST }
            .change_for(&child, wanted)
    }

    #[test]
    fn a_form_shows_what_it_can() {
        let exited = Change::Exited;
        for form in [Form::Code, Form::CodeOrSignal, Form::Shell, Form::Negative] {
            assert_eq!(shown(form, HandleReport::Code(7), exited(7)), Shows::Yes(exited(7)), "{form:?}");
            assert_eq!(shown(form, HandleReport::Running, exited(7)), Shows::No);
        }
        assert_eq!(shown(Form::Word, HandleReport::Word(0x700), exited(7)), Shows::Yes(exited(7)));
        assert_eq!(shown(Form::Word, HandleReport::Word(15), TERM), Shows::Yes(TERM));
        assert_eq!(
            shown(Form::CodeOrSignal, HandleReport::Signal(Signal::TERM, false), TERM),
            Shows::Yes(TERM)
        );
        assert_eq!(shown(Form::CodeOrSignal, HandleReport::Code(143), TERM), Shows::Yes(exited(143)));
        assert_eq!(shown(Form::Negative, HandleReport::Code(-15), TERM), Shows::Yes(TERM));
        assert_eq!(shown(Form::Negative, HandleReport::Code(241), TERM), Shows::Yes(exited(241)));
        assert_eq!(shown(Form::Negative, HandleReport::Code(-99), TERM), Shows::Yes(Change::Unknown(-99)));
    }

    #[test]
    fn what_a_form_cannot_tell_apart_is_right_either_way() {
        assert_eq!(shown(Form::Shell, HandleReport::Code(143), TERM), Shows::Yes(TERM));
        assert_eq!(
            shown(Form::Shell, HandleReport::Code(143), Change::Exited(143)),
            Shows::Yes(Change::Exited(143))
        );
        assert_eq!(shown(Form::Shell, HandleReport::Code(262), ABRT_CORE), Shows::Yes(Change::Unknown(262)));
        assert!(matches!(shown(Form::Code, HandleReport::Code(-1), TERM), Shows::NotObservable(_)));
        assert_eq!(shown(Form::Code, HandleReport::Code(0), TERM), Shows::Yes(Change::Exited(0)));
        assert_eq!(
            shown(Form::CodeOrSignal, HandleReport::Signal(Signal::ABRT, false), ABRT_CORE),
            Shows::Yes(ABRT_CORE)
        );
    }
}
