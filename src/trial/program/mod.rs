//! The interface `program`: programs that run another program.

mod behind;
pub(crate) mod children;
pub(crate) mod interface;
pub(crate) mod kind;
pub(crate) mod outcome;
pub(crate) mod soon;
pub(crate) mod starved;

pub use self::interface::{How, Run, Trial};
pub use self::kind::{Kind, Kinds};
pub use self::outcome::{Offer, ProgramOutcome};
