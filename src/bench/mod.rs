//! Speed, measured: a subject next to a bare C loop, in the same run.
//!
//! Everything is a ratio. The loop of the subject and the bare loop take turns, so that what the machine does meanwhile happens
//! to both; a ratio is the median over the turns. Nothing is judged: no time is too long.
//!
//! | file | what it holds |
//! |---|---|
//! | [`plan`] | what is measured, how often, and when a growing series stops |
//! | [`sampler`] | one batch: by a loop inside the agent, or by requests to an agent that has no such loop |
//! | [`measure`] | one subject, from the first batch to its figures |
//! | [`figures`] | ratios, quantiles, growth |
//! | `terminal`, `html`, `plot` | the figures as text, as one page, as pictures on it |

pub mod figures;
#[cfg(feature = "full")]
pub mod html;
pub mod measure;
pub mod plan;
#[cfg(feature = "full")]
mod plot;
mod sampler;
pub mod terminal;
