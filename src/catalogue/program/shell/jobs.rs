//! Job control: `set -m` in a script that has a terminal. No prompt is involved.

use super::said;
use crate::scenario::{Scenario, Step};
use crate::spec::posix;
use crate::trial::program::{How, Offer, Trial};
use crate::trial::{Abort, Child, Outcome, ProcessState, cases};
use crate::wait::Signal;

cases! { program "shell-jobs";

    /// `jobs` shows a stopped job
    stopped(SHELL) => [posix::SHELL_JOBS_STOPPED];

    /// when a foreground command stops, the shell resumes
    foreground_stop(SHELL) => [posix::SHELL_FOREGROUND_STOP];

    /// `bg` continues a stopped job without waiting for it, which can still be waited for
    background(SHELL) => [posix::SHELL_BG, posix::SHELL_WAIT_PID];

    /// `wait %N` waits for that job and returns its status
    wait_for_job(SHELL) => [posix::SHELL_WAIT_JOB];

    /// `fg` continues a job, waits for it and returns its status
    foreground(SHELL) => [posix::SHELL_FG];
}

/// Starts a script with job control.
fn script(t: &mut Trial, text: &str) -> Outcome {
    t.with.how = How { terminal: true, ..How::default() };
    t.script("(set -m) 2> /dev/null\necho has=$?\n")?;
    t.exit()?;
    if super::value(&t.output()?.out, "has") != Some(0) {
        return Err(Abort::Skip("not offered: the shell has no job control in a script".to_owned()));
    }
    t.script(&format!("set -m\n{text}"))
}

/// A stopped job that the script started in the background; the script then continues past the gate.
fn stop(t: &mut Trial, job: &Offer, gate: &Offer) -> Result<Child, Abort> {
    let job = t.meet(job)?;
    let gate = t.meet(gate)?;
    t.signal(&job, Signal::STOP)?;
    t.await_stopped(&job)?;
    t.tell(&gate, Step::exit(0))?;
    // From here on it is the shell that is waited for.
    t.await_ended(&gate)?;
    Ok(job)
}

fn stopped(t: &mut Trial) -> Outcome {
    let (job, gate) = (t.offer(Scenario::held()), t.offer(Scenario::held()));
    script(t, &format!("{} &\n{}\njobs\necho done=1\n", job.command, gate.command))?;
    stop(t, &job, &gate)?;
    t.awaited("done")?;
    let out = t.output()?.out.to_lowercase();
    let shown = out.contains("stopped") || out.contains("suspended");
    let first = out.lines().next().unwrap_or("nothing").chars().take(60).collect::<String>();
    t.expect(&posix::SHELL_JOBS_STOPPED).that(shown, "a job that is stopped or suspended", first)
}

fn foreground_stop(t: &mut Trial) -> Outcome {
    let (job, gate) = (t.offer(Scenario::held()), t.offer(Scenario::held()));
    script(t, &format!("{}\necho s=$?\n{}\n", job.command, gate.command))?;
    let job = t.meet(&job)?;
    t.signal(&job, Signal::STOP)?;
    let got = t.awaited("s")?;
    let over = got.is_some_and(|status| status > 128);
    t.expect(&posix::SHELL_FOREGROUND_STOP).that(over, "$? over 128", said("$?", got))?;
    // If its shell exited, the system would continue it.
    t.meet(&gate)?;
    let state = t.state(&job)?;
    let lives = state == ProcessState::Stopped;
    t.expect(&posix::SHELL_FOREGROUND_STOP).that(lives, "the command stopped", format!("the command {state}"))
}

fn background(t: &mut Trial) -> Outcome {
    let (job, gate, second) =
        (t.offer(Scenario::held()), t.offer(Scenario::held()), t.offer(Scenario::held()));
    script(
        t,
        &format!(
            "{} &\np=$!\n{}\nbg\necho b=$?\n{}\necho ready=1\nwait $p\necho w=$?\n",
            job.command, gate.command, second.command
        ),
    )?;
    let job = stop(t, &job, &gate)?;
    let got = t.awaited("b")?;
    t.expect(&posix::SHELL_BG).that(got == Some(0), "$? 0 of bg", said("$?", got))?;
    // The script is waiting in its next command.
    let second = t.meet(&second)?;
    let state = t.state(&job)?;
    let runs = matches!(state, ProcessState::Running | ProcessState::Asleep);
    t.expect(&posix::SHELL_BG).that(runs, "the job to continue", format!("it is {state}"))?;
    t.tell(&second, Step::exit(0))?;
    // Not before the wait: once the shell has notified the user of its termination, it may forget the job.
    t.awaited("ready")?;
    t.await_program_asleep()?;
    t.tell(&job, Step::exit(6))?;
    let got = t.awaited("w")?;
    t.expect(&posix::SHELL_WAIT_PID).that(got == Some(6), "$? 6", said("$?", got))
}

fn foreground(t: &mut Trial) -> Outcome {
    let (job, gate, last) = (t.offer(Scenario::held()), t.offer(Scenario::held()), t.offer(Scenario::held()));
    script(t, &format!("{} &\n{}\nfg\necho f=$?\n{}\n", job.command, gate.command, last.command))?;
    let job = stop(t, &job, &gate)?;
    let runs = t.goes_on(&job)?;
    t.expect(&posix::SHELL_FG).that(runs, "the job to continue", "it is stopped")?;
    t.settle()?;
    let early = super::value(&t.output()?.out, "f");
    t.expect(&posix::SHELL_FG).that(early.is_none(), "fg to wait for the job", said("$?", early))?;
    t.tell(&job, Step::exit(6))?;
    let got = t.awaited("f")?;
    // POSIX.1-2017 has fg succeed with 0; since POSIX.1-2024, the status is that of the job.
    t.expect(&posix::SHELL_FG).that(matches!(got, Some(6 | 0)), "$? 6 or 0 of fg", said("$?", got))
}

fn wait_for_job(t: &mut Trial) -> Outcome {
    let (first, second) = (t.offer(Scenario::held()), t.offer(Scenario::held()));
    let waits = "wait %2\necho b=$?\nwait %1\necho a=$?\n";
    script(t, &format!("{} &\n{} &\necho ready=1\n{waits}", first.command, second.command))?;
    let (first, second) = (t.meet(&first)?, t.meet(&second)?);
    t.awaited("ready")?;
    for (child, code, name) in [(&second, 5, "b"), (&first, 3, "a")] {
        // A job that ends earlier may be forgotten: zsh reports and deletes it.
        t.await_program_asleep()?;
        t.tell(child, Step::exit(code))?;
        let got = t.awaited(name)?;
        t.expect(&posix::SHELL_WAIT_JOB).that(got == Some(code), format!("$? {code}"), said("$?", got))?;
    }
    Ok(())
}
