//! The interface `calls`: the wait family with every argument.

mod agent;
mod expect;
mod family;
mod latency;
mod meanwhile;
mod missing;
mod observed;
mod optional;
mod perform;
mod spawn;
mod uses;

pub use self::agent::{Caught, Signals};
pub use self::family::{Family, Pending, Target, Trial};
pub use self::observed::{End, Seen, info_text, together};
pub use self::optional::{Accept, Traced};
pub use self::uses::{Calls, Options, Targets, Uses};

pub(crate) use self::observed::reported_child;
