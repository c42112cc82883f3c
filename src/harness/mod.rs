//! Trials: what a case sees, what is judged, and how a run is planned, carried out and told.
//!
//! | file | what it holds |
//! |---|---|
//! | [`case`] | what a case is, and what it needs |
//! | [`trial`] | what a case sees; `children`, `calls`, [`agent_ops`], [`further_ops`] are what it does with children, calls and the agent |
//! | [`seen`], [`expect`] | what a call came back with, and the checks of clauses |
//! | [`link`], [`wardens`], [`folder`] | the driver's end of the streams to the wardens; `estate` is what killed ones leave |
//! | [`settings`], [`select`], [`plan`] | what a run is asked for, and the trials that this means |
//! | [`run`] | carrying out the plan on all wardens |
//! | [`pool`] | single trials, from any thread |
//! | `testing` | the trials as tests of `cargo test` (feature `libtest`) |
//! | [`event`] | what a run tells |

pub mod agent_ops;
pub mod case;
pub mod event;
pub mod expect;
pub mod folder;
pub mod further_ops;
pub mod link;
pub mod plan;
pub mod pool;
pub mod run;
pub mod seen;
pub mod select;
pub mod settings;
#[cfg(feature = "libtest")]
pub mod testing;
pub mod trial;
pub mod wardens;

mod asked;
mod calls;
mod children;
mod estate;
mod one;
mod queue;
mod start;
mod states;
mod verdict;
