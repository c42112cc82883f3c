#if defined(__dietlibc__) || defined(__KLIBC__)
#define NO_WAITID
#endif

/* Numbers that some headers of the same kernel lack. */
#ifdef __linux__
#ifndef WCONTINUED
#define WCONTINUED 8
#endif
#ifndef WIFCONTINUED
#define WIFCONTINUED(status) ((status) == 0xffff)
#endif
#ifndef WEXITED
#define WEXITED 4
#endif
#ifndef WSTOPPED
#define WSTOPPED 2
#endif
#ifndef WNOWAIT
#define WNOWAIT 0x01000000
#endif
#ifndef SA_NOCLDWAIT
#define SA_NOCLDWAIT 2
#endif
#endif

enum op { SPAWN, LEAVE, SIGNAL, GROUP, SIGCHLD_IS, CATCH_UP, INTERRUPT, USAGE, CALL, RACE, QUIT };
enum call { C_WAIT, C_WAITPID, C_WAIT3, C_WAIT4, C_WAIT6, C_WAITID };
enum selector { ANY, CHILD, OWN_GROUP, NAMED_GROUP, PIDFD, CALLER };
enum outcome { DONE, REPORT, NOTHING, ERROR, SLEEP, OTHER_WAY };
enum change { NO_CHANGE, EXITED, KILLED, STOPPED, CONTINUED };

/* One step: kid numbers the children in order of creation. */
struct step {
	enum op op;
	int kid, arg;
	enum call call;
	enum selector selector;
	int target, options;
	const char *text;
};

/* A possible observation of a step in a state, and the next state. The process table must first show the child as `settle`. */
struct edge {
	int step, state;
	enum outcome outcome;
	int kid;
	enum change change;
	int value, settle, next;
};

struct reply {
	int entering;
	pid_t born;
	long ret;
	int error, status, touched;
	int info_signo, info_code, info_pid, info_status;
	struct rusage usage;
};

static pid_t pids[KIDS + 1];
#ifndef NO_WAITID
static int pidfds[KIDS + 1];
#endif

/* Of each child: whether it is stopped, has been told to exit, or may have terminated. */
static char stopped[KIDS + 1], told[KIDS + 1], may_be_dead[KIDS + 1];

/* Takes note of a step before it is done. */
static void note(const struct step *s)
{
	int kid = s->kid, stops = s->arg == SIGSTOP || s->arg == SIGTSTP || s->arg == SIGTTIN || s->arg == SIGTTOU;
	switch (s->op) {
	case SPAWN:
	case RACE:
		pids[kid] = 0;
		stopped[kid] = may_be_dead[kid] = 0;
		told[kid] = s->op == RACE || s->selector == CHILD;
		break;
	case LEAVE: told[kid] = 1; break;
	case SIGNAL:
		if (stops)
			stopped[kid] = 1;
		else if (s->arg == SIGCONT || s->arg == SIGKILL)
			stopped[kid] = 0;
		told[kid] |= !stops && s->arg != SIGCONT;
		break;
	default: return;
	}
	may_be_dead[kid] |= told[kid] && !stopped[kid];
}

/* Kills the children that cannot have been reaped: the pid of another one may be somebody else's by now. */
static void kill_children(void)
{
	int i;
	for (i = 0; i < KIDS; i++)
		if (pids[i] > 1 && !may_be_dead[i])
			kill(pids[i], SIGKILL);
}

static volatile sig_atomic_t changes_caught;

static void caught(int signal_number)
{
	if (signal_number == SIGCHLD)
		changes_caught++;
}

static void set_signal(int number, void (*how)(int), int flags)
{
	struct sigaction action;
	memset(&action, 0, sizeof action);
	action.sa_handler = how;
	action.sa_flags = flags;
	sigaction(number, &action, NULL);
}

static void set_sigchld(int arg)
{
	sigset_t chld;
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	set_signal(SIGCHLD, arg == 0 || arg == 6 ? SIG_DFL : arg == 1 ? SIG_IGN : caught,
		   arg < 2 || arg == 4 || arg == 6
			   ? 0
			   : SA_RESTART | (arg == 3 ? SA_NOCLDWAIT : arg == 5 ? SA_NOCLDSTOP : 0));
	sigprocmask(arg == 6 ? SIG_BLOCK : SIG_UNBLOCK, &chld, NULL);
}

static void call(const struct step *s, struct reply *r)
{
	pid_t pid = s->selector == ANY ? -1 : s->selector == OWN_GROUP ? 0 : s->selector == CALLER ? getpid() : pids[s->target];
	int status;
#ifndef NO_WAITID
	siginfo_t info;
	idtype_t type = s->selector == ANY ? P_ALL : s->selector == OWN_GROUP || s->selector == NAMED_GROUP ? P_PGID : P_PID;
	id_t id = (id_t)(s->selector == OWN_GROUP ? getpgrp() : s->selector == ANY ? 0 : pid);
	memset(&info, 0xa5, sizeof info);
#endif
	if (s->selector == NAMED_GROUP && s->call != C_WAITID && s->call != C_WAIT6)
		pid = -pid;
#if defined(__linux__) && !defined(NO_WAITID)
	if (s->selector == PIDFD) {
		type = (idtype_t)3; /* P_PIDFD, which older headers lack */
		id = (id_t)pidfds[s->target];
	}
#endif
	memset(&status, 0xa5, sizeof status);
	memset(&r->usage, 0xa5, sizeof r->usage);
	errno = 0;
	switch (s->call) {
	case C_WAIT: r->ret = wait(&status); break;
	case C_WAITPID: r->ret = waitpid(pid, &status, s->options); break;
	case C_WAIT3: r->ret = wait3(&status, s->options, &r->usage); break;
	case C_WAIT4: r->ret = wait4(pid, &status, s->options, &r->usage); break;
	case C_WAIT6:
#if defined(__FreeBSD__) || defined(__NetBSD__)
		r->ret = wait6(type, id, &status, s->options, NULL, &info);
		break;
#else
		r->ret = -1;
		errno = ENOSYS;
		break;
#endif
	case C_WAITID:
#ifndef NO_WAITID
		r->ret = waitid(type, id, &info, s->options);
		break;
#else
		r->ret = -1;
		errno = ENOSYS;
		break;
#endif
	}
	r->error = r->ret == -1 ? errno : 0;
	r->status = status;
#ifndef NO_WAITID
	r->info_signo = info.si_signo;
	r->info_code = info.si_code;
	r->info_pid = info.si_pid;
	r->info_status = info.si_status;
#endif
	{
		int poison;
		memset(&poison, 0xa5, sizeof poison);
		r->touched = status != poison;
	}
}

/* The reported process, or 0. */
static long reported(const struct step *s, const struct reply *r)
{
	if (r->ret < 0)
		return 0;
	return s->call == C_WAITID ? r->info_pid : r->ret;
}

static enum change change_of(const struct step *s, const struct reply *r, int *value)
{
	int w = r->status;
	*value = 0;
#ifndef NO_WAITID
	if (s->call == C_WAITID) {
		*value = r->info_status;
		switch (r->info_code) {
		case CLD_EXITED: *value &= 255; return EXITED;
		case CLD_KILLED:
		case CLD_DUMPED: return KILLED;
		case CLD_STOPPED: return STOPPED;
		case CLD_CONTINUED: *value = 0; return CONTINUED;
		default: return NO_CHANGE;
		}
	}
#else
	(void)s;
#endif
	if (!r->touched)
		return NO_CHANGE;
	if (WIFCONTINUED(w))
		return CONTINUED;
	if (WIFEXITED(w)) {
		*value = WEXITSTATUS(w);
		return EXITED;
	}
	if (WIFSIGNALED(w)) {
		*value = WTERMSIG(w);
		return KILLED;
	}
	if (WIFSTOPPED(w)) {
		*value = WSTOPSIG(w);
		return STOPPED;
	}
	return NO_CHANGE;
}

/* Whether a reply matches an edge; any other mistake in it is printed. */
static int fits(const struct step *s, const struct reply *r, const struct edge *e)
{
	int value, wanted = e->change == EXITED ? e->value & 255 : e->change == CONTINUED ? 0 : e->value;
	if (e->outcome == ERROR)
		return r->ret == -1 && r->error == e->value;
	if (e->outcome == NOTHING)
		return r->ret == 0 && (s->call == C_WAITID ? r->info_pid == 0 && r->info_signo == 0 : !r->touched);
	if (e->outcome != REPORT || reported(s, r) != pids[e->kid])
		return 0;
	if (s->call == C_WAITID && (r->ret != 0 || r->info_signo != SIGCHLD))
		return 0;
	return change_of(s, r, &value) == e->change && value == wanted;
}

