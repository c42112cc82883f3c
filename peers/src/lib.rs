//! What the agents for other crates share: [`serve`] for one that has the calls of the family, [`handles`] for one that
//! has handles of children, each of which can be waited for by itself.

use std::io;
use std::os::fd::AsFd;

use waitspec::subject::Subject;

/// `PROGRAM bare` does nothing, which is the start that a run cannot do without.
fn bare() -> bool {
    std::env::args().nth(1).as_deref() == Some("bare")
}

/// Serves a subject's calls; the crate waitspec has the rest.
pub fn serve(subject: Box<dyn Subject>) {
    if bare() {
        return;
    }
    let streams = [io::stdin().as_fd().try_clone_to_owned(), io::stdout().as_fd().try_clone_to_owned()];
    let [Ok(input), Ok(output)] = streams else { panic!("standard input and output are open") };
    waitspec::agent::serve(Box::leak(subject), input, output)
}
