/*
@ABOUT@ *
 * Self-checking histories of children and calls of the wait family: the first thing to run on a kernel that has little else. It
 * prints TAP on standard output: `ok`, `not ok` with the expected and the actual result, or `# SKIP`.
 *
 *     cc -o waits waits.c && ./waits          everything; ./waits nohang  only what starts with that
 *
 * It uses clone (fork), wait4, waitid, exit_group, pipe, read, write, close, poll, kill, rt_sigaction, rt_sigreturn and
 * clock_gettime; the histories of process groups use setpgid and getpgrp, those about the caller getpid. -DUSE_NANOSLEEP does without
 * poll: it uses fcntl and nanosleep. -DPATIENCE=60000 waits a minute for an event that is expected, instead of ten seconds.
 * Exit code 0: everything that could be run is as expected; 1: something is not; 3: nothing is wrong, but something was broken, such
 * as a call that does not return. No verdict depends on a delay: an event that is merely late is broken.
 *
 * Each history has its own parent, which makes the calls, and children, which wait to be told to exit; this process instructs them,
 * and judges. It uses no process table: it waits for a change of a child with a call that may report it.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/types.h>
#include <sys/time.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifndef USE_NANOSLEEP
#include <poll.h>
#endif

#define KIDS @KIDS@
@COMMON@
struct history {
	const char *name, *about;
	int kids;
	const char *const *names;
	const struct step *steps;
	int step_count;
	const struct edge *edges;
	int edge_count;
};

@TABLES@
static const struct history histories[] = {
@HISTORIES@};
#define COUNT(a) ((int)(sizeof(a) / sizeof(a)[0]))

/* How long an expected event may take, and how long to wait for one that must not occur, in milliseconds. */
#ifndef PATIENCE
#define PATIENCE 10000
#endif
#define WINDOW 100

static const struct history *now;
static pid_t agent;
static int is_agent;
static int orders[KIDS + 1][2], to_agent[2], from_agent[2];

/* ---- output ---- */

static char line[4096];
static size_t length;

static void say(const char *text)
{
	size_t n = strlen(text);
	if (length + n > sizeof line)
		n = sizeof line - length;
	memcpy(line + length, text, n);
	length += n;
}

static void say_number(long n)
{
	char digits[24];
	int at = sizeof digits - 1;
	unsigned long rest = n < 0 ? 0UL - (unsigned long)n : (unsigned long)n;
	digits[at] = 0;
	do
		digits[--at] = (char)('0' + rest % 10);
	while ((rest /= 10) != 0);
	if (n < 0)
		digits[--at] = '-';
	say(digits + at);
}

static void flush(void)
{
	size_t at = 0;
	while (at < length) {
		ssize_t n = write(1, line + at, length - at);
		if (n > 0)
			at += (size_t)n;
		else if (n == 0 || errno != EINTR)
			_exit(2);
	}
	length = 0;
}

static void say_error(int error)
{
	static const struct {
		int number;
		const char *name;
	} known[] = {
		{ ECHILD, "ECHILD" }, { EINTR, "EINTR" }, { EINVAL, "EINVAL" }, { ESRCH, "ESRCH" }, { EFAULT, "EFAULT" },
		{ EAGAIN, "EAGAIN" }, { ENOSYS, "ENOSYS" }, { EPERM, "EPERM" }, { 0, NULL },
	};
	int i;
	for (i = 0; known[i].name; i++)
		if (known[i].number == error) {
			say(known[i].name);
			return;
		}
	say("errno ");
	say_number(error);
}

static void say_change(enum change change, int value)
{
	static const char *const words[] = { "has not changed", "exited ", "killed by signal ", "stopped by signal ", "continued" };
	say(words[change]);
	if (change != CONTINUED && change != NO_CHANGE)
		say_number(change == EXITED ? value & 255 : value);
}

static void say_edge(const struct edge *e)
{
	switch (e->outcome) {
	case REPORT:
		say(now->names[e->kid]);
		say(" ");
		say_change(e->change, e->value);
		break;
	case NOTHING: say("0, nothing to report"); break;
	case ERROR:
		say("-1 ");
		say_error(e->value);
		break;
	case SLEEP: say("to sleep"); break;
	default: say("nothing else"); break;
	}
}

static void say_reply(const struct step *s, const struct reply *r)
{
	int value, i;
	enum change change = change_of(s, r, &value);
	long who = reported(s, r);
	say("returned ");
	say_number(r->ret);
	if (r->ret < 0) {
		say(" ");
		say_error(r->error);
		return;
	}
	if (who == 0 && !r->touched)
		return;
	say(", ");
	for (i = now->kids - 1; i >= 0 && pids[i] != who; i--)
		;
	if (i >= 0) {
		say(now->names[i]);
	} else {
		say("process ");
		say_number(who);
	}
	say(" ");
	say_change(change, value);
}

/* ---- time ---- */

static long now_ms(void)
{
#ifdef __KLIBC__
	struct timeval t;
	gettimeofday(&t, NULL);
	return (long)t.tv_sec * 1000 + (long)t.tv_usec / 1000;
#else
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
#endif
}

/* Whether the agent has written something, or terminated, within that time. */
#ifdef USE_NANOSLEEP
static unsigned char peeked[sizeof(struct reply)];
static size_t peeked_size;
static int peeked_end;

static int comes(long within)
{
	long until = now_ms() + within;
	struct timespec pause;
	for (;;) {
		ssize_t n = read(from_agent[0], peeked, 1);
		peeked_end = n == 0;
		peeked_size = n > 0 ? (size_t)n : 0;
		if (n >= 0)
			return 1;
		if (now_ms() >= until)
			return 0;
		/* Yields the CPU between two polls; nothing is ordered by it. */
		pause.tv_sec = 0;
		pause.tv_nsec = 1000000;
		nanosleep(&pause, NULL);
	}
}
#else
static int comes(long within)
{
	struct pollfd fd;
	fd.fd = from_agent[0];
	fd.events = POLLIN;
	return poll(&fd, 1, (int)within) > 0;
}
#endif

static int read_all(int fd, void *to, size_t size)
{
	size_t have = 0;
#ifdef USE_NANOSLEEP
	if (fd == from_agent[0] && !is_agent) {
		if (peeked_end)
			return -1;
		memcpy(to, peeked, peeked_size);
		have = peeked_size;
	}
#endif
	while (have < size) {
		ssize_t n = read(fd, (char *)to + have, size - have);
		if (n > 0)
			have += (size_t)n;
		else if (n == 0 || (errno != EINTR && errno != EAGAIN))
			return -1;
	}
	return 0;
}

static void close_both(int ends[2])
{
	close(ends[0]);
	close(ends[1]);
}

/* ---- a child ---- */

static void child(int kid, int exits, int code)
{
	set_signal(SIGCHLD, SIG_DFL, 0);
	set_signal(SIGURG, SIG_DFL, 0);
	set_signal(SIGWINCH, SIG_DFL, 0);
	close(to_agent[0]);
	close(from_agent[1]);
	if (exits || read_all(orders[kid][0], &code, sizeof code) == 0)
		_exit(code);
	_exit(0);
}

/* ---- the agent ---- */

static void be_agent(void)
{
	int number, i;
	struct reply r;
	is_agent = 1;
	for (i = 0; i < now->kids; i++)
		close(orders[i][1]);
	close(to_agent[1]);
	close(from_agent[0]);
	set_sigchld(0);
	set_signal(SIGURG, caught, SA_RESTART);
	set_signal(SIGWINCH, caught, 0);
	while (read_all(to_agent[0], &number, sizeof number) == 0) {
		const struct step *s = &now->steps[number];
		memset(&r, 0, sizeof r);
		switch (s->op) {
		case SPAWN:
			pids[s->kid] = fork();
			if (pids[s->kid] == 0)
				child(s->kid, s->selector == CHILD, s->arg);
			r.ret = pids[s->kid];
			break;
		case GROUP:
			r.ret = setpgid(pids[s->kid], s->target < 0 ? (s->arg ? getpgrp() : 0) : pids[s->target]);
			break;
		case SIGCHLD_IS: set_sigchld(s->arg); break;
		case CALL: call(s, &r); break;
		default: _exit(0);
		}
		r.error = r.ret == -1 && s->op != CALL ? errno : r.error;
		if (write(from_agent[1], &r, sizeof r) != (ssize_t)sizeof r)
			_exit(2);
	}
	_exit(0);
}

/* ---- the judge ---- */

/* Waits for the agent's reply: 1, 0 if there was none within that time, -1 if the agent has died. */
static int await_reply(struct reply *r, long within)
{
	long until = now_ms() + within, left;
	while ((left = until - now_ms()) > 0)
		if (comes(left))
			return read_all(from_agent[0], r, sizeof *r) == 0 ? 1 : -1;
	return 0;
}

/* Has the agent perform a step. */
static int ask(int number, struct reply *r, long within)
{
	if (write(to_agent[1], &number, sizeof number) != (ssize_t)sizeof number)
		return -1;
	return await_reply(r, within);
}

enum verdict { OK, NOT_OK, BROKEN, SKIPPED };

static enum verdict broken(const struct step *s, const char *why)
{
	say("# ");
	say(s->text);
	say(": ");
	say(why);
	say("\n");
	return BROKEN;
}

static const struct edge *next_of(int number, int state, const struct edge *after)
{
	const struct edge *e = after ? after + 1 : now->edges;
	for (; e < now->edges + now->edge_count; e++)
		if (e->step == number && e->state == state)
			return e;
	return NULL;
}

/* The observed outcome of a step, or NULL. */
static const struct edge *fitting(int number, int state, const struct step *s, const struct reply *r, int came)
{
	const struct edge *e;
	for (e = next_of(number, state, NULL); e; e = next_of(number, state, e))
		if (came == 1 ? fits(s, r, e) : e->outcome == SLEEP)
			return e;
	return NULL;
}

static int may_be(int number, int state, enum outcome outcome)
{
	const struct edge *e;
	for (e = next_of(number, state, NULL); e; e = next_of(number, state, e))
		if (e->outcome == outcome)
			return 1;
	return 0;
}

static enum verdict disagree(int number, int state, const struct step *s, const struct step *call, const struct reply *r)
{
	const struct edge *e;
	const char *between = "";
	say("# ");
	say(s->text);
	if (s != call) {
		say(": ");
		say(call->text);
	}
	say(" ");
	say_reply(call, r);
	say(", expected ");
	for (e = next_of(number, state, NULL); e; e = next_of(number, state, e)) {
		say(between);
		say_edge(e);
		between = ", or ";
	}
	say("\n");
	return NOT_OK;
}

/* One history, from step to step. */
static enum verdict walk(void)
{
	int number, state = 0, came;
	const struct step *sleeping = NULL;
	struct reply r;
	for (number = 0; number < now->step_count; number++) {
		const struct step *s = &now->steps[number], *call;
		const struct edge *e = next_of(number, state, NULL), *first = e;
		long until = now_ms() + PATIENCE;
		if (!first || first->outcome == OTHER_WAY)
			return OK;
		note(s);
		switch (s->op) {
		case SPAWN:
		case GROUP:
		case SIGCHLD_IS:
			if (ask(number, &r, PATIENCE) != 1)
				return broken(s, "the parent does not answer");
			if (s->op == SPAWN)
				pids[s->kid] = (pid_t)r.ret;
			if (s->op == SPAWN ? r.ret <= 0 : r.ret != 0)
				return broken(s, "the operation failed");
			break;
		case LEAVE:
			if (write(orders[s->kid][1], &s->arg, sizeof s->arg) != (ssize_t)sizeof s->arg)
				return broken(s, "the child does not accept the command");
			break;
		case SIGNAL:
			if (kill(pids[s->kid], s->arg) != 0)
				return broken(s, "the child cannot be signalled");
			break;
		case INTERRUPT:
			/* Whether the call is already asleep is not visible: the signal is sent repeatedly until there is a reply. */
			break;
		default: break;
		}
		if (first->outcome == DONE) {
			state = first->next;
			continue;
		}
		call = s->op == CALL ? s : sleeping;
		if (s->op == CALL && write(to_agent[1], &number, sizeof number) != (ssize_t)sizeof number)
			return broken(s, "the parent does not read");
		if (s->op == INTERRUPT) {
			int turns, must = may_be(number, state, ERROR);
			for (came = turns = 0; came == 0 && (must ? now_ms() < until : turns < WINDOW / 10); turns++) {
				if (kill(agent, s->arg ? SIGURG : SIGWINCH) != 0)
					return broken(s, "the parent cannot be signalled");
				came = await_reply(&r, 10);
			}
		} else {
			came = await_reply(&r, may_be(number, state, SLEEP) ? WINDOW : PATIENCE);
		}
		/* A change of a child may not be visible to a nonblocking call yet. */
		while (came == 1 && s->op == CALL && (s->options & WNOHANG) && r.ret == 0 && reported(s, &r) == 0 &&
		       !fitting(number, state, s, &r, 1) && may_be(number, state, REPORT) && now_ms() < until)
			came = ask(number, &r, PATIENCE);
		if (came < 0)
			return broken(call, "the parent has died");
		e = fitting(number, state, call, &r, came);
		if (!e && came == 0)
			return broken(call, "does not return");
		if (!e && (call->options & WNOHANG) && r.ret == 0 && reported(call, &r) == 0 && may_be(number, state, REPORT) &&
		    now_ms() >= until)
			return broken(call, "never reports the child");
		if (!e)
			return disagree(number, state, s, call, &r);
		sleeping = e->outcome == SLEEP ? call : NULL;
		state = e->next;
	}
	return OK;
}

/* Whether the C library of this program has the calls of a history. */
static int has_calls(void)
{
#ifdef NO_WAITID
	int i;
	for (i = 0; i < now->step_count; i++)
		if (now->steps[i].op == CALL && now->steps[i].call == C_WAITID)
			return 0;
#endif
	return 1;
}

static enum verdict run(void)
{
	enum verdict verdict;
	int i, turns, made;
	if (!has_calls())
		return SKIPPED;
	memset(pids, 0, sizeof pids);
	for (made = 0; made < now->kids; made++)
		if (pipe(orders[made]) != 0)
			return BROKEN;
	if (pipe(to_agent) != 0 || pipe(from_agent) != 0)
		return BROKEN;
	agent = fork();
	if (agent == 0)
		be_agent();
	close(to_agent[0]);
	close(from_agent[1]);
#ifdef USE_NANOSLEEP
	fcntl(from_agent[0], F_SETFL, O_NONBLOCK);
#endif
	verdict = agent < 0 ? BROKEN : walk();
	kill_children();
	if (agent > 1)
		kill(agent, SIGKILL);
	for (i = 0; i < now->kids; i++)
		close_both(orders[i]);
	close(to_agent[1]);
	/* Best effort: its termination shows as end of file on its stream, and no wait is trusted. */
	for (turns = 0; turns < 100; turns++) {
		struct reply rest;
		if (comes(10) && read_all(from_agent[0], &rest, sizeof rest) != 0)
			break;
	}
	close(from_agent[0]);
	for (turns = 0; turns < 100 && agent > 1 && waitpid(agent, NULL, WNOHANG) == 0; turns++)
		;
	return verdict;
}

int main(int argc, char **argv)
{
	const char *only = argc > 1 ? argv[1] : "";
	int i, code = 0;
	/* Whatever the inherited action. */
	set_signal(SIGCHLD, SIG_DFL, 0);
	set_signal(SIGPIPE, SIG_IGN, 0);
	say("TAP version 13\n1..");
	say_number(COUNT(histories));
	say("\n");
	flush();
	for (i = 0; i < COUNT(histories); i++) {
		static char why[2048];
		enum verdict verdict;
		now = &histories[i];
		if (strncmp(now->name, only, strlen(only)) != 0)
			continue;
		verdict = run();
		/* The observations follow the verdict. */
		if (length > sizeof why - 1)
			length = sizeof why - 1;
		memcpy(why, line, length);
		why[length] = 0;
		length = 0;
		say(verdict == OK || verdict == SKIPPED ? "ok " : "not ok ");
		say_number(i + 1);
		say(" - ");
		say(now->name);
		say(verdict == SKIPPED ? " # SKIP no such call in this C library\n" : verdict == BROKEN ? " # BROKEN, no verdict\n" : "\n");
		say(why);
		if (verdict == NOT_OK) {
			say("# ");
			say(now->about);
			say("\n");
			code = 1;
		} else if (verdict == BROKEN && code == 0) {
			code = 3;
		}
		flush();
	}
	return code;
}
