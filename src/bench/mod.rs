//! Benchmarks: a subject compared with a bare C loop, in the same run.
//!
//! Everything is a ratio. The subject's loop and the bare loop alternate, so that other load on the machine affects both; a ratio
//! is the median of the rounds. There are no verdicts: no time is too long.
//!
//! | file | what it holds |
//! |---|---|
//! | [`plan`] | what is measured, how often, and when a growing series stops |
//! | [`sampler`] | one batch: by a loop inside the agent, or by requests to an agent without such a loop |
//! | [`measure`] | one subject, from the first batch to its figures |
//! | [`figures`] | ratios, quantiles, growth |
//! | `terminal`, `html`, `plot` | the figures as text, as one page, and its plots |

pub mod figures;
#[cfg(feature = "full")]
pub mod html;
pub mod measure;
pub mod plan;
#[cfg(feature = "full")]
mod plot;
mod sampler;
pub mod terminal;
