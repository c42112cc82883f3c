//! Traced children: by their parent, and by a third process.

use crate::trial::Case;

pub(crate) mod events;
pub(crate) mod hidden;
pub(crate) mod parent;
pub(crate) mod strangers;
pub(crate) mod third_party;

/// Every case on this topic.
pub(crate) const THEMES: &[&[Case]] =
    &[parent::CASES, third_party::CASES, hidden::CASES, strangers::CASES, events::CASES];
