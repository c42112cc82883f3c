//! What a case is tried with: a call, a form of results, a contract.

use crate::protocol::handle::Form;
use crate::spec::contracts;
use crate::sys::call::abi::Call;

/// The interfaces: what kind of thing is judged.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum InterfaceName {
    /// The wait family.
    #[default]
    Calls,
    /// A process handle of a runtime.
    Handle,
    /// A program that runs a program.
    Program,
}

impl InterfaceName {
    /// Every interface.
    pub const ALL: [InterfaceName; 3] = [InterfaceName::Calls, InterfaceName::Handle, InterfaceName::Program];

    /// The word of `hello interface=` and of reports.
    pub const fn name(self) -> &'static str {
        match self {
            InterfaceName::Calls => "calls",
            InterfaceName::Handle => "handle",
            InterfaceName::Program => "program",
        }
    }

    /// The interface with this name.
    pub fn from_name(name: &str) -> Option<InterfaceName> {
        InterfaceName::ALL.into_iter().find(|interface| interface.name() == name)
    }
}

/// What a case is tried with; the part of a trial's id after the `@`.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Variant {
    /// A call of the family.
    Call(Call),
    /// A handle, by the form of its results.
    Form(Form),
    /// A program, by the name of its contract.
    Contract(&'static str),
}

impl Variant {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Variant::Call(call) => call.name(),
            Variant::Form(form) => form.name(),
            Variant::Contract(name) => name,
        }
    }

    /// The variant with this name.
    pub fn from_name(name: &str) -> Option<Variant> {
        let call = Call::from_name(name).map(Variant::Call);
        let form = || Form::from_name(name).map(Variant::Form);
        call.or_else(form).or_else(|| contracts::contract(name).map(|c| Variant::Contract(c.name)))
    }

    /// The call, if it is one.
    pub const fn call(self) -> Option<Call> {
        match self {
            Variant::Call(call) => Some(call),
            _ => None,
        }
    }

    /// The interface that it belongs to.
    pub const fn interface(self) -> InterfaceName {
        match self {
            Variant::Call(_) => InterfaceName::Calls,
            Variant::Form(_) => InterfaceName::Handle,
            Variant::Contract(_) => InterfaceName::Program,
        }
    }
}

impl From<Call> for Variant {
    fn from(call: Call) -> Variant {
        Variant::Call(call)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found_again() {
        let calls = Call::ALL.map(Variant::Call).into_iter();
        let forms = Form::ALL.map(Variant::Form).into_iter();
        let contracts = contracts::CONTRACTS.iter().map(|c| Variant::Contract(c.name));
        for variant in calls.chain(forms).chain(contracts) {
            assert_eq!(Variant::from_name(variant.name()), Some(variant));
        }
        for interface in InterfaceName::ALL {
            assert_eq!(InterfaceName::from_name(interface.name()), Some(interface));
        }
    }
}
