/*
@ABOUT@ *
 * Made by waitspec: a history of children and calls of the wait family, and everything that each call may come back with.
 * Compile and run:   cc -o history history.c && ./history
 * It prints what it sees. Exit code 0: all as it should be; 1: something was not; 2: it could not be tried here.
 *
 * A step `race` is one of luck: ./history NS begins its call NS nanoseconds after the child is released (60000).
 *
 * Three kinds of processes: this one does what happens to the children and judges; the agent is their parent and makes the calls;
 * the children wait to be told to exit. A change of a child is looked for in the process table before the next step.
 */
#define _GNU_SOURCE
#include <sys/types.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#ifndef MAP_ANON
#define MAP_ANON MAP_ANONYMOUS
#endif

#ifdef NSIG
#define SIGNALS NSIG
#else
#define SIGNALS 65
#endif

#define KIDS @KIDS@
@COMMON@static const char *const names[KIDS + 1] = { @NAMES@ };
static const struct step steps[] = {
@STEPS@};
static const struct edge edges[] = {
@EDGES@};
#define COUNT(a) ((int)(sizeof(a) / sizeof(a)[0]))

static pid_t agent;
static int orders[KIDS + 1][2], to_agent[2], from_agent[2];

static void give_up(const char *what)
{
	int error = errno;
	int i;
	printf("cannot go on: %s: %s\n", what, strerror(error));
	for (i = 0; i < KIDS; i++)
		if (pids[i] > 0)
			kill(pids[i], SIGKILL);
	if (agent > 0)
		kill(agent, SIGKILL);
	exit(2);
}

static int read_all(int fd, void *to, size_t size)
{
	size_t have = 0;
	while (have < size) {
		ssize_t n = read(fd, (char *)to + have, size - have);
		if (n > 0)
			have += (size_t)n;
		else if (n == 0 || errno != EINTR)
			return -1;
	}
	return 0;
}

static void close_writing_ends(void)
{
	int i;
	for (i = 0; i < KIDS; i++)
		close(orders[i][1]);
	close(to_agent[1]);
}

/* ---- a child ---- */

static void child(int kid, int exits, int code)
{
#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
	signal(SIGCHLD, SIG_DFL);
	signal(SIGURG, SIG_DFL);
	signal(SIGWINCH, SIG_DFL);
	if (exits || read_all(orders[kid][0], &code, sizeof code) == 0)
		_exit(code);
	_exit(0);
}

/* ---- the agent ---- */

/* A gate that agent and children share: a child spins at it. */
static volatile int *gate;

static long long nanoseconds(void)
{
#ifdef __KLIBC__
	struct timeval now;
	gettimeofday(&now, NULL);
	return (long long)now.tv_sec * 1000000000 + (long long)now.tv_usec * 1000;
#else
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000000000 + now.tv_nsec;
#endif
}

/* Makes a child that exits once the gate is open. */
static pid_t gated(int code)
{
	long long patience = nanoseconds() + 5000000000LL;
	pid_t pid;
	gate[0] = gate[1] = 0;
	pid = fork();
	if (pid == 0) {
		gate[0] = 1;
		while (!gate[1] && nanoseconds() < patience)
			;
		_exit(code);
	}
	while (pid > 0 && !gate[0] && nanoseconds() < patience)
		;
	return pid;
}

/* So long after the gate a call begins: it is about to sleep when the child is dead, if the first argument says so. */
static long long delay = 60000;

static void open_gate(void)
{
	long long began = nanoseconds();
	gate[1] = 1;
	while (nanoseconds() < began + delay)
		;
}

static void be_agent(void)
{
	int number, turns;
	struct reply r;
	setpgid(0, 0);
	close_writing_ends();
	close(from_agent[0]);
	set_sigchld(0);
	set_signal(SIGURG, caught, SA_RESTART);
	set_signal(SIGWINCH, caught, 0);
	while (read_all(to_agent[0], &number, sizeof number) == 0) {
		const struct step *s = &steps[number];
		memset(&r, 0, sizeof r);
		switch (s->op) {
		case SPAWN:
			pids[s->kid] = fork();
			if (pids[s->kid] == 0)
				child(s->kid, s->whom == CHILD, s->arg);
			r.ret = pids[s->kid];
#ifdef SYS_pidfd_open
			pidfds[s->kid] = (int)syscall(SYS_pidfd_open, pids[s->kid], 0);
#endif
			break;
		case GROUP:
			r.ret = setpgid(pids[s->kid], s->target < 0 ? (s->arg ? getpgrp() : 0) : pids[s->target]);
			break;
		case SIGCHLD_IS: set_sigchld(s->arg); break;
		case CATCH_UP:
			/* A signal that came late would interrupt just any call. */
			for (turns = 0; changes_caught < s->arg && turns < 1000; turns++)
				poll(NULL, 0, 1);
			r.ret = changes_caught >= s->arg;
			break;
		case USAGE: r.ret = getrusage(RUSAGE_CHILDREN, &r.usage); break;
		case CALL:
		case RACE:
			r.entering = 1;
			if (s->op == RACE)
				pids[s->kid] = r.born = gated(s->arg);
			if (write(from_agent[1], &r, sizeof r) != (ssize_t)sizeof r)
				_exit(2);
			r.entering = 0;
			if (s->op == RACE)
				open_gate();
			call(s, &r);
			break;
		default: _exit(0);
		}
		if (write(from_agent[1], &r, sizeof r) != (ssize_t)sizeof r)
			_exit(2);
	}
	_exit(0);
}

/* ---- the judge ---- */

/* The state of a process in the process table: R, S, T, Z, ..., or 0 if it is not there. */
static int state_of(pid_t pid)
{
	char text[512], *at;
	int state = 0;
	FILE *file;
#ifdef __linux__
	size_t n;
	snprintf(text, sizeof text, "/proc/%ld/stat", (long)pid);
	if (access("/proc/self/stat", R_OK) == 0) {
		file = fopen(text, "r");
		if (!file)
			return 0;
		n = fread(text, 1, sizeof text - 1, file);
		text[n] = 0;
		fclose(file);
		at = strrchr(text, ')');
		return at && at[1] ? at[2] : 0;
	}
#endif
#ifndef __KLIBC__
	snprintf(text, sizeof text, "ps -o stat= -p %ld", (long)pid);
	file = popen(text, "r");
	if (!file)
		return 0;
	at = fgets(text, sizeof text, file);
	if (at)
		state = at[strspn(at, " ")];
	pclose(file);
#endif
	return state;
}

static void settle(pid_t pid, int wanted)
{
	int turns;
	/* Without it the next call might come before the change. */
	if (state_of(getpid()) == 0) {
		errno = ENOSYS;
		give_up("no process table shows when a child has changed");
	}
	for (turns = 0; turns < 10000; turns++) {
		int state = state_of(pid);
		if (state == wanted || state == 0)
			return;
		poll(NULL, 0, 1);
	}
	give_up("a child does not change as it was told to");
}

static int comes(int within)
{
	struct pollfd fd;
	fd.fd = from_agent[0];
	fd.events = POLLIN;
	return poll(&fd, 1, within) > 0;
}

/* Waits for the agent's reply; 0 if it sleeps in a call (`may_sleep`), -1 if it does not answer, or died. */
static int await_reply(struct reply *r, int may_sleep)
{
	int turns, asleep = 0;
	for (turns = 0; turns < 1000; turns++) {
		if (comes(may_sleep ? 5 : 10)) {
			if (read_all(from_agent[0], r, sizeof *r) != 0)
				return -1;
			if (!r->entering)
				return 1;
			continue;
		}
		asleep = state_of(agent) == 'R' ? 0 : asleep + 1;
		if (may_sleep && asleep >= 3)
			return 0;
		if (!may_sleep && asleep >= 200)
			return -1;
	}
	return -1;
}

static void ask(int number, struct reply *r)
{
	if (write(to_agent[1], &number, sizeof number) != (ssize_t)sizeof number || await_reply(r, 0) != 1)
		give_up("the agent does not answer");
}

static const char *name_of(long pid)
{
	static char text[32];
	int i;
	for (i = KIDS - 1; i >= 0; i--)
		if (pids[i] == pid)
			return names[i];
	snprintf(text, sizeof text, "process %ld", pid);
	return text;
}

static const char *const changes[] = { "has not changed", "exited", "killed by signal", "stopped by signal", "continued" };

static void say_edge(const struct edge *e)
{
	switch (e->outcome) {
	case REPORT:
		printf("%s %s", names[e->kid], changes[e->change]);
		if (e->change != CONTINUED)
			printf(" %d", e->change == EXITED ? e->value & 255 : e->value);
		break;
	case NOTHING: printf("0, nothing to report"); break;
	case ERROR: printf("-1, %s", strerror(e->value)); break;
	case SLEEP: printf("to sleep"); break;
	default: printf("no more than that"); break;
	}
}

static void say_reply(const struct step *s, const struct reply *r)
{
	int value;
	enum change change = change_of(s, r, &value);
	if (r->ret < 0)
		printf("-1, %s", strerror(r->error));
	else if (reported(s, r) == 0)
		printf("%ld, nothing to report", r->ret);
	else if (change == CONTINUED)
		printf("%s continued", name_of(reported(s, r)));
	else
		printf("%s %s %d", name_of(reported(s, r)), changes[change], value);
	if (s->call != C_WAITID && r->ret > 0)
		printf(" (status 0x%04x)", (unsigned)r->status);
}

static struct rusage last_usage, taken_usage;
static int taken, taken_unseen;

/* User time in microseconds. */
static long long user_time(const struct rusage *usage)
{
	return (long long)usage->ru_utime.tv_sec * 1000000 + usage->ru_utime.tv_usec;
}

static void take(const struct step *s, const struct reply *r)
{
	taken++;
	if (s->call != C_WAIT3 && s->call != C_WAIT4) {
		taken_unseen++;
		return;
	}
	taken_usage.ru_minflt += r->usage.ru_minflt;
	taken_usage.ru_utime.tv_sec += r->usage.ru_utime.tv_sec;
	taken_usage.ru_utime.tv_usec += r->usage.ru_utime.tv_usec;
}

/* What the usage of children has to grow by: by that of the children taken, and by nothing else. */
static int usage_is_right(const struct rusage *now)
{
	long long faults = now->ru_minflt - last_usage.ru_minflt;
	long long user = user_time(now) - user_time(&last_usage);
	long long expected = user_time(&taken_usage);
	int right = faults >= taken_usage.ru_minflt && user >= expected - 2 * (taken + 1);
	if (taken_unseen == 0)
		right = right && faults == taken_usage.ru_minflt && user <= expected + 2 * (taken + 1);
	printf("%lld page faults and %lld us of user time more; of the children taken %ld and %lld%s\n", faults, user,
	       taken_usage.ru_minflt, expected, taken_unseen ? " or more" : "");
	last_usage = *now;
	memset(&taken_usage, 0, sizeof taken_usage);
	taken = taken_unseen = 0;
	return right;
}

static int finish(int code)
{
	int i;
	for (i = 0; i < KIDS; i++)
		if (pids[i] > 0 && state_of(pids[i]) != 0)
			kill(pids[i], SIGKILL);
	kill(agent, SIGKILL);
	printf("%s\n", code ? "NOT as it should be" : "all as it should be");
	return code;
}

/* Finds what was seen among the edges of a step; NULL, having said so, if it is none of them. */
static const struct edge *judge(int number, int state, const struct step *s, const struct reply *r, int came)
{
	const struct edge *e;
	for (e = edges; e < edges + COUNT(edges); e++)
		if (e->step == number && e->state == state && (came == 1 ? fits(s, r, e) : came == 0 && e->outcome == SLEEP))
			return e;
	printf("\n    EXPECTED ");
	for (e = edges, came = 0; e < edges + COUNT(edges); e++)
		if (e->step == number && e->state == state) {
			if (came++)
				printf(", or ");
			say_edge(e);
		}
	printf("\n");
	return NULL;
}

int main(int argc, char **argv)
{
	int i, number, state = 0;
	const struct step *sleeping = NULL;
	struct reply r;
	sigset_t none;
	if (argc > 1)
		delay = atol(argv[1]);
#ifndef __KLIBC__
	setvbuf(stdout, NULL, _IONBF, 0);
#endif
#ifdef NO_WAITID
	for (number = 0; number < COUNT(steps); number++)
		if (steps[number].op == CALL && steps[number].call == C_WAITID) {
			errno = ENOSYS;
			give_up("this C library has no waitid");
		}
#endif
	/* Whatever it was started with: nohup leaves SIGHUP ignored. */
	for (i = 1; i < SIGNALS; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	for (i = 0; i < KIDS; i++)
		if (pipe(orders[i]) != 0)
			give_up("pipe");
	if (pipe(to_agent) != 0 || pipe(from_agent) != 0)
		give_up("pipe");
	gate = mmap(NULL, sizeof *gate * 2, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
	if (gate == MAP_FAILED)
		give_up("mmap");
	agent = fork();
	if (agent < 0)
		give_up("fork");
	if (agent == 0)
		be_agent();
	close(from_agent[1]);
	for (number = 0; number < COUNT(steps); number++) {
		const struct step *s = &steps[number];
		const struct edge *e, *first = NULL;
		int came, may_sleep = 0;
		for (e = edges; e < edges + COUNT(edges); e++)
			if (e->step == number && e->state == state) {
				if (!first)
					first = e;
				may_sleep |= e->outcome == SLEEP;
			}
		if (!first || first->outcome == OTHER_WAY) {
			printf("%s: has no meaning any more, since another child was reported before\n", s->text);
			return finish(0);
		}
		if (s->op != CATCH_UP)
			printf("%-40s ", s->text);
		switch (s->op) {
		case SPAWN:
			ask(number, &r);
			pids[s->kid] = (pid_t)r.ret;
			if (r.ret <= 0)
				give_up("fork");
			break;
		case LEAVE:
			if (write(orders[s->kid][1], &s->arg, sizeof s->arg) != (ssize_t)sizeof s->arg)
				give_up("write");
			break;
		case SIGNAL:
			if (kill(pids[s->kid], s->arg) != 0) {
				printf("%s cannot be signalled: %s\n    EXPECTED it to be there\n", names[s->kid], strerror(errno));
				return finish(1);
			}
			break;
		case INTERRUPT:
			/* An earlier signal has been handled once the agent sleeps again. */
			if (await_reply(&r, 1) != 0) {
				printf("%s returned without a cause\n    EXPECTED it to sleep\n", sleeping->text);
				return finish(1);
			}
			kill(agent, s->arg ? SIGURG : SIGWINCH);
			break;
		case GROUP:
			ask(number, &r);
			if (r.ret != 0)
				give_up("setpgid");
			break;
		case SIGCHLD_IS: ask(number, &r); break;
		case CATCH_UP:
			ask(number, &r);
			if (r.ret == 0) {
				printf("    EXPECTED a SIGCHLD for each change of a child\n");
				return finish(1);
			}
			break;
		case USAGE:
			ask(number, &r);
			if (!usage_is_right(&r.usage))
				return finish(1);
			break;
		case CALL:
			sleeping = s;
			if (write(to_agent[1], &number, sizeof number) != (ssize_t)sizeof number)
				give_up("write");
			break;
		case RACE:
			sleeping = s;
			if (write(to_agent[1], &number, sizeof number) != (ssize_t)sizeof number ||
			    read_all(from_agent[0], &r, sizeof r) != 0 || r.born <= 0)
				give_up("the agent makes no child");
			pids[s->kid] = r.born;
			break;
		case QUIT: break;
		}
		if (first->settle)
			settle(pids[s->kid], first->settle);
		if (first->outcome == DONE) {
			if (s->op != USAGE && s->op != CATCH_UP)
				printf("\n");
			state = first->next;
			continue;
		}
		came = await_reply(&r, may_sleep);
		if (came == 1)
			say_reply(sleeping, &r);
		else
			printf("%s", came == 0 ? "sleeps" : "does not return");
		e = judge(number, state, sleeping, &r, came);
		if (!e)
			return finish(1);
		printf("\n");
		if (e->outcome == REPORT && (e->change == EXITED || e->change == KILLED) && !(sleeping->options & WNOWAIT))
			take(sleeping, &r);
		state = e->next;
	}
	return finish(0);
}
