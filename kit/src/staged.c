/*
 * Calls that are not made right away: after a gate has opened, or where they can be cancelled; and requests that examine the agent
 * itself.
 */

/* --- Whether there is such a process ---------------------------------------------------------------------------------------- */

/* What a call that takes a pid reports: 0, or the errno. None of them affects an existing process. */
static int ask_about(const char *by, int pid)
{
    if (pid <= 1)
        return EINVAL;
    errno = 0;
    if (same(by, "kill"))
        return kill(pid, 0) == 0 ? 0 : errno;
    if (same(by, "killpg"))
        return kill(-pid, 0) == 0 ? 0 : errno;
    if (same(by, "getpgid"))
        return getpgid(pid) >= 0 ? 0 : errno;
    if (same(by, "setpgid")) {
        /* The group that it is already in. */
        pid_t group = getpgid(pid);
        return group >= 0 && setpgid(pid, group) == 0 ? 0 : errno;
    }
#ifdef HAVE_SESSIONS
    if (same(by, "getsid"))
        return getsid(pid) >= 0 ? 0 : errno;
#endif
#ifdef HAVE_PRIORITY
    if (same(by, "getpriority")) {
        /* -1 is a valid priority, too. */
        int priority = getpriority(PRIO_PROCESS, pid);
        return priority == -1 ? errno : 0;
    }
#endif
#ifdef HAVE_CPUCLOCK
    if (same(by, "clock_getcpuclockid")) {
        clockid_t clock;
        return clock_getcpuclockid(pid, &clock);
    }
#endif
#ifdef LINUX_CALLS
    if (same(by, "pidfd_open")) {
        int fd = pidfd_open_of(pid, 0);
        if (fd < 0)
            return errno;
        close(fd);
        return 0;
    }
#ifdef SYS_sched_getscheduler
    if (same(by, "sched_getscheduler"))
        return syscall(SYS_sched_getscheduler, pid) >= 0 ? 0 : errno;
#endif
#ifdef SYS_sched_getaffinity
    if (same(by, "sched_getaffinity")) {
        unsigned long set[128];
        /* EINVAL: more processors than fit in the set. */
        return syscall(SYS_sched_getaffinity, pid, sizeof set, set) >= 0 || errno == EINVAL ? 0 : errno;
    }
#endif
#if defined(SYS_prlimit64) && defined(RLIMIT_CORE)
    if (same(by, "prlimit"))
        return syscall(SYS_prlimit64, pid, RLIMIT_CORE, (void *)0, (void *)0) == 0 ? 0 : errno;
#endif
#ifdef SYS_tgkill
    if (same(by, "tgkill"))
        return syscall(SYS_tgkill, pid, pid, 0) == 0 ? 0 : errno;
#endif
#endif
    return ENOSYS;
}

static int serve_exists(struct task *q)
{
    static const char *const known[] = {
        "kill", "killpg", "getpgid", "getsid", "setpgid", "getpriority", "sched_getscheduler", "sched_getaffinity", "prlimit",
        "tgkill", "clock_getcpuclockid", "pidfd_open", NULL,
    };
    const char *by = get(&q->line, "by");
    int pid;
    if (int_in(q, "pid", &pid) != OK)
        return WRONG;
    if (by == NULL || !among(by, known))
        return wrong(q, "'by=' is not a call that takes a pid");
    return refused(q, ask_about(by, pid));
}

/* --- The gate ------------------------------------------------------------------------------------------------------------------ */

/* The delay between the gate and the next call, in nanoseconds; negative: no gate. */
static long long gate_ns = -1;
/* Whether the last call through the gate slept. */
static int slept;

#ifdef HAVE_MMAP
/* The generation that may pass, and the last one that has arrived, in memory shared with the children. */
static struct gate {
    volatile int open, arrived;
} *gate;

/* The limit on spinning. */
#define GATE_US 5000000LL
/* The exit code of a child for which the gate did not open. */
#define TOO_LATE 99

static int make_gate(void)
{
    void *at;
    if (gate != NULL)
        return 0;
    at = mmap(NULL, sizeof *gate, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        return errno;
    gate = at;
    return 0;
}

/* Waits, without giving up the processor, until `*counter` has reached a value; returns whether it has. */
static int spin_until(volatile const int *counter, int value)
{
    long long until = now_us() + GATE_US;
    while (*counter < value)
        if (now_us() > until)
            return 0;
    return 1;
}

/* The number of processors that this process may use. */
static int processors(void)
{
#if defined(LINUX_CALLS) && defined(SYS_sched_getaffinity)
    unsigned long set[128];
    long size = syscall(SYS_sched_getaffinity, 0, sizeof set, set);
    if (size > 0) {
        size_t i, bits = sizeof *set * 8;
        int count = 0;
        for (i = 0; i < (size_t)size * 8; i++)
            count += (int)(set[i / bits] >> i % bits & 1);
        return count > 0 ? count : 1;
    }
#endif
#ifdef _SC_NPROCESSORS_ONLN
    {
        long count = sysconf(_SC_NPROCESSORS_ONLN);
        if (count > 0)
            return (int)count;
    }
#endif
    return 1;
}
#endif

/* Creates a child that spins at the gate, and exits once the gate is open. Returns once the child is there. */
static int serve_gated(struct task *q)
{
#ifdef HAVE_MMAP
    int code, own, error;
    pid_t pid;
    if (int_in(q, "code", &code) != OK)
        return WRONG;
    error = make_gate();
    if (error != 0)
        return refused(q, error);
    own = gate->open + 1;
    pid = fork();
    if (pid == 0) {
        die_with_parent();
        gate->arrived = own;
        _exit(spin_until(&gate->open, own) ? code : TOO_LATE);
    }
    if (pid < 0)
        return refused(q, errno);
    if (!spin_until(&gate->arrived, own))
        return refused(q, ETIMEDOUT);
    put_number(&q->reply, "pid", pid);
    put_number(&q->reply, "processors", processors());
    return OK;
#else
    return unsupported(q, "there is no memory here that processes can share");
#endif
}

static int serve_through_gate(struct task *q)
{
    long long ns;
    const char *value = get(&q->line, "ns");
    if (value == NULL || !parse_number(value, &ns) || ns < 0)
        return wrong(q, "'ns=' is missing or not a number");
    gate_ns = ns;
    return OK;
}

static int serve_slept(struct task *q)
{
    put_flag(&q->reply, "slept", slept);
    return OK;
}

#ifdef HAVE_MMAP
/* How many times this thread has gone to sleep. */
static long long own_switches(void)
{
    struct usage u;
#ifdef RUSAGE_THREAD
    own_usage(&u, RUSAGE_THREAD);
#else
    own_usage(&u, RUSAGE_SELF);
#endif
    return u.value[NVCSW];
}
#endif

/* Makes a call, through the gate if that was requested. */
static const char *perform_after_gate(const struct request *r, struct seen *s)
{
    long long ns = gate_ns;
    gate_ns = -1;
#ifdef HAVE_MMAP
    if (ns >= 0 && make_gate() == 0) {
        long long before = own_switches(), began = now_ns();
        const char *why;
        barrier();
        gate->open = gate->open + 1;
        while (now_ns() - began < ns)
            ;
        why = perform(agent.raw, r, s);
        slept = own_switches() != before;
        return why;
    }
#endif
    if (ns >= 0)
        return "there is no memory here that processes can share";
    return perform(agent.raw, r, s);
}

/* --- Cancellation ---------------------------------------------------------------------------------------------------------------- */

#ifdef HAVE_PTHREAD_CANCEL
/* Whether the next call can be cancelled. */
static int cancellable;

/* A call that can be cancelled: the request, and its result. */
static struct {
    struct request request;
    pthread_t thread;
    volatile int tid, runs;
    int returned, error;
} caller;
static pthread_mutex_t calling = PTHREAD_MUTEX_INITIALIZER;

static void *call_to_cancel(void *with)
{
    struct request r = caller.request;
    siginfo_t info;
    caller.tid = thread_id();
    if (r.call == WAITPID)
        caller.returned = (int)waitpid(r.pid, NULL, r.options);
    else if (r.call == WAIT)
        caller.returned = (int)wait(NULL);
#ifdef HAVE_WAITID
    else
        caller.returned = waitid((idtype_t)r.idtype, (id_t)r.id, &info, r.options);
#else
    (void)info;
#endif
    caller.error = caller.returned == -1 ? errno : 0;
    return with;
}

/* Held until a thread has been cancelled. */
static pthread_mutex_t uncancelled = PTHREAD_MUTEX_INITIALIZER;

static void *test_for_cancel(void *with)
{
    pthread_mutex_lock(&uncancelled);
    for (;;)
        pthread_testcancel();
    return with;
}

/*
 * Whether threads can be cancelled, tried in a fork: a static program whose C library loads what it needs for this at run time is
 * aborted if that is missing. The thread acts on the request by itself. Whether it also does so when asleep in a call, where a signal
 * handler may have to unwind it, is for the trial to find out.
 */
static int cancels(void)
{
    int ends[2], works = 0;
    char byte = 0;
    pid_t pid;
    if (pipe_for_us(ends) != 0)
        return 0;
    pid = fork();
    if (pid == 0) {
        pthread_t thread;
        void *result = NULL;
        die_with_parent();
        close(ends[0]);
        if (pthread_mutex_lock(&uncancelled) == 0 && start_thread(&thread, test_for_cancel, NULL) == 0 && pthread_cancel(thread) == 0 &&
            pthread_mutex_unlock(&uncancelled) == 0 && pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED)
            (void)!write(ends[1], "y", 1);
        _exit(0);
    }
    close(ends[1]);
    if (pid > 0) {
        works = is_ready(ends[0], 5000000) != 0 && read(ends[0], &byte, 1) == 1 && byte == 'y';
        kill_and_reap((int)pid);
    }
    close(ends[0]);
    return works;
}
#endif

static int serve_cancellable(struct task *q)
{
#ifdef HAVE_PTHREAD_CANCEL
    if (agent.raw)
        return unsupported(q, "only the C library's own calls are cancellation points");
    if (!cancels())
        return unsupported(q, "this C library cannot cancel a thread here");
    cancellable = 1;
    return OK;
#else
    return unsupported(q, "this C library does not support cancellation");
#endif
}

static int serve_cancel(struct task *q)
{
#ifdef HAVE_PTHREAD_CANCEL
    int error;
    pthread_mutex_lock(&calling);
    error = caller.runs ? pthread_cancel(caller.thread) : ESRCH;
    pthread_mutex_unlock(&calling);
    return refused(q, error);
#else
    return unsupported(q, "this C library does not support cancellation");
#endif
}

static void announce(struct task *q, int tid)
{
    add(&q->reply, "entering");
    put_number(&q->reply, "id", q->id);
    put_number(&q->reply, "tid", tid);
    agent_writes(&q->reply);
}

#ifdef HAVE_PTHREAD_CANCEL
/* Makes a call on a thread of its own, and waits until the thread has ended. */
static int call_cancellably(struct task *q, const struct request *r)
{
    void *result = NULL;
    int error;
    if (r->call != WAIT && r->call != WAITPID && r->call != WAITID)
        return refused(q, ENOSYS);
    caller.request = *r;
    caller.tid = 0;
    agent.threaded = 1;
    error = start_thread(&caller.thread, call_to_cancel, NULL);
    if (error != 0)
        return refused(q, error);
    while (caller.tid == 0)
        rest_us(0);
    pthread_mutex_lock(&calling);
    caller.runs = 1;
    pthread_mutex_unlock(&calling);
    announce(q, caller.tid);
    pthread_join(caller.thread, &result);
    pthread_mutex_lock(&calling);
    caller.runs = 0;
    pthread_mutex_unlock(&calling);
    if (result == PTHREAD_CANCELED)
        return refused(q, ECANCELED);
    if (caller.error != 0)
        return refused(q, caller.error);
    put_number(&q->reply, "ret", caller.returned);
    return OK;
}
#endif

/* --- Sleep --------------------------------------------------------------------------------------------------------------------------- */

/* Polls for input until there is some. The poll is announced, so that the thread can be seen to sleep. */
static int serve_await_readable(struct task *q)
{
#ifdef HAVE_POLL
    struct pollfd one;
    int fd, result = fd_in(q, "fd", &fd), error = 0;
    if (result != OK)
        return result;
    announce(q, thread_id());
    one.fd = fd;
    one.events = POLLIN;
    one.revents = 0;
    while (poll(&one, 1, -1) < 0)
        if (errno != EINTR) {
            error = errno;
            break;
        }
    return refused(q, error);
#else
    return unsupported(q, "there is no poll here");
#endif
}

/* How many times a thread of the agent has gone to sleep, according to the process table. */
static int serve_switches(struct task *q)
{
    int tid;
    if (int_in(q, "tid", &tid) != OK)
        return WRONG;
#ifdef HAVE_DIRENT
    {
        char path[80], text[4096];
        long long count = -1;
        if (has_table() && slurp(proc_path(path, (int)getpid(), tid, "status"), text, sizeof text) > 0)
            count = status_field(text, "voluntary_ctxt_switches");
        if (count >= 0) {
            put_number(&q->reply, "count", count);
            return OK;
        }
    }
#endif
    return refused(q, ENOSYS);
}

/* Its reply, like any other, reports whether the buffers of an earlier call have changed. */
static int serve_late_writes(struct task *q)
{
    (void)q;
    return OK;
}

/* A call of the family: announced, made, and reported. */
static int serve_call(struct task *q, enum call call)
{
    struct request r;
    struct seen s;
    const char *why;
    int result = call_in(q, call, &r);
    if (result != OK)
        return result;
#ifdef HAVE_PTHREAD_CANCEL
    if (cancellable) {
        cancellable = 0;
        return call_cancellably(q, &r);
    }
#endif
    announce(q, thread_id());
    why = perform_after_gate(&r, &s);
    if (why != NULL)
        return unsupported(q, why);
    put_seen(&q->reply, q->id, &s);
    return TOLD;
}
