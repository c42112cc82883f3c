//! Programs that are started in a process that had a child before.

use crate::scenario::{Scenario, Step};
use crate::trial::abort::Abort;
use crate::trial::core::Child;
use crate::trial::inherited::Inherited;
use crate::trial::making::By;
use crate::trial::program::interface::{How, Trial, greeting};

impl Trial<'_> {
    /// A child of a program in a process that first had another child, which performed these steps.
    pub fn spawn_after(&mut self, steps: &[Step], scenario: Scenario) -> Result<Child, Abort> {
        let first =
            |t: &mut Self, other: &Child| steps.iter().try_for_each(|step| t.tell(other, step.clone()));
        self.spawn_behind(&How::default(), scenario, first).map(|(_, child)| child)
    }

    /// A child, and what another one has inherited that the program's process had before it became the program.
    pub fn spawn_with_reference(&mut self) -> Result<(Inherited, Child), Abort> {
        let how = How { keeps_signals: true, ..How::default() };
        self.spawn_behind(&how, Scenario::held(), |t, other| {
            let inherited = t.inherited(other)?;
            t.tell(other, Step::exit(0))?;
            Ok(inherited)
        })
    }

    /// Starts the program in a process that first has another child, and waits for it.
    fn spawn_behind<T>(
        &mut self,
        how: &How,
        scenario: Scenario,
        first: impl FnOnce(&mut Self, &Child) -> Result<T, Abort>,
    ) -> Result<(T, Child), Abort> {
        let other = self.offer_how(how, Scenario::held());
        let birth = self.core.birth(&By::Fork { thread: 0 }, &scenario);
        // A shell waits for it, and becomes the program.
        let how = How { after: Some(other.command.clone()), ..how.clone() };
        let before = std::mem::replace(&mut self.with.how, how);
        let argv = self.with.argv(&self.core, &birth);
        let begun = self.with.begin(&mut self.core, &argv);
        self.with.how = before;
        begun?;
        let other = self.meet(&other)?;
        let came = first(self, &other)?;
        let started = greeting(&mut self.core, &birth.name)?;
        Ok((came, self.core.join(birth, started)?))
    }
}
