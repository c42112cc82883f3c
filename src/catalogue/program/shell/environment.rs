//! What commands inherit from a shell.

use super::{asleep_with, said};
use crate::scenario::{Scenario, Step};
use crate::spec::posix;
use crate::trial::program::{How, Offer, Trial};
use crate::trial::{Abort, Inherited, Outcome, cases};
use crate::wait::Signal;

cases! { program "shell-command";

    /// a command inherits the working directory and the umask as the shell has set them, and else what the shell has inherited
    inherits(SHELL) => [posix::SHELL_COMMAND_ENVIRONMENT];

    /// a signal that is ignored when the shell starts is ignored in spite of a trap for it
    ignored_at_start(SHELL) => [posix::SHELL_IGNORED_AT_START];

    /// a command inherits the same in the background, in a pipeline, in a substitution, and after a subshell that changed it
    inherits_anywhere(SHELL) => [posix::SHELL_COMMAND_ENVIRONMENT];
}

/// A command that keeps its signals.
fn command(t: &mut Trial) -> Offer {
    t.offer_how(&How { keeps_signals: true, ..How::default() }, Scenario::held())
}

/// What a command has inherited, which then exits.
fn inherited(t: &mut Trial, offer: &Offer) -> Result<Inherited, Abort> {
    let child = t.meet(offer)?;
    let inherited = t.inherited(&child)?;
    t.tell(&child, Step::exit(0))?;
    Ok(inherited)
}

/// What is different in a command, apart from variables that shells export.
fn differences(command: &Inherited, from: &Inherited) -> Vec<String> {
    let own = ["PWD", "OLDPWD", "SHLVL", "LOGNAME", "A__z"].map(|name| format!("environment: {name}:"));
    let without = own.each_ref().map(|text| text.replace(": ", ": no "));
    let mut found = command.differences(from);
    found.retain(|text| !own.iter().chain(&without).any(|own| text.starts_with(own)));
    found
}

/// Where the script puts commands, they have other streams. In the background they ignore what a terminal sends, and zsh gives them
/// a lower priority, which POSIX leaves open.
const OF_PLACE: [&str; 5] = ["stdin: ", "stdout: ", "ignored: SIGINT", "ignored: SIGQUIT", "nice: "];

fn inherits(t: &mut Trial) -> Outcome {
    let clause = &posix::SHELL_COMMAND_ENVIRONMENT;
    let (other, first) = (command(t), command(t));
    t.with.how.after = Some(other.command.clone());
    let begun = t.script(&format!("umask 027\ncd /\nUNEXPORTED=1\n{}\n", first.command));
    t.with.how.after = None;
    begun?;
    let shell = inherited(t, &other)?;
    let first = inherited(t, &first)?;
    t.exit()?;
    for (key, wanted) in [("umask", "027"), ("cwd", "/")] {
        let got = first.value(key);
        t.expect(clause).that(got == wanted, format!("{key} {wanted}"), format!("{key} {got}"))?;
    }
    let mut found = differences(&first, &shell);
    found.retain(|text| !text.starts_with("umask") && !text.starts_with("cwd"));
    t.expect(clause).that(found.is_empty(), "what the shell has inherited", found.join("; "))
}

fn inherits_anywhere(t: &mut Trial) -> Outcome {
    let clause = &posix::SHELL_COMMAND_ENVIRONMENT;
    let [plain, piped, last, substituted, background] = [(); 5].map(|()| command(t));
    t.script(&format!(
        "{}\n(umask 077; cd /)\n{} | {}\nv=$({})\n{} &\nwait $!\n",
        plain.command, piped.command, last.command, substituted.command, background.command
    ))?;
    let plain = inherited(t, &plain)?;
    for offer in [piped, last, substituted, background] {
        let mut found = differences(&inherited(t, &offer)?, &plain);
        found.retain(|text| !OF_PLACE.iter().any(|word| text.starts_with(word)));
        t.expect(clause).that(found.is_empty(), "what the first command inherits", found.join("; "))?;
    }
    t.exit().map(drop)
}

fn ignored_at_start(t: &mut Trial) -> Outcome {
    t.with.how.ignored = vec![Signal::USR1];
    let child = asleep_with(t, |child| {
        format!("trap 'echo trapped=1' USR1\n{child} &\np=$!\necho ready=1\nwait $p\necho s=$?\n")
    })?;
    t.signal_program(Signal::USR1)?;
    t.settle()?;
    t.tell(&child, Step::exit(7))?;
    let got = t.awaited("s")?;
    let trapped = t.output()?.out.contains("trapped=1");
    let clause = &posix::SHELL_IGNORED_AT_START;
    t.expect(clause).that(!trapped, "no trap", "the trap runs")?;
    t.expect(clause).that(got == Some(7), "$? 7 of the wait", said("$?", got))
}
