/* Requests for pidfds, epoll, and signals accepted without a handler; and the agent's loop. */

#ifdef LINUX_CALLS
struct pidfd_info_64 {
    uint64_t mask, cgroup;
    uint32_t pid, tgid, ppid, ids[8];
    int32_t exit_code;
};
#endif

static int serve_pidfd_signal(struct task *q)
{
    const char *name = get(&q->line, "sig");
    int fd, signal = 0, result = OK;
    if (name == NULL || !same(name, "0"))
        result = signal_key(q, &signal);
    if (result == OK)
        result = fd_in(q, "fd", &fd);
    if (result != OK)
        return result;
    return refused(q, pidfd_signal(fd, signal) == 0 ? 0 : errno);
}

static int serve_pidfd_info(struct task *q)
{
#if defined(LINUX_CALLS) && defined(SYS_ioctl)
    struct pidfd_info_64 info;
    int fd, result = fd_in(q, "fd", &fd);
    if (result != OK)
        return result;
    memset(&info, 0, sizeof info);
    info.mask = 1 | 8;
#if defined(__mips__) || defined(__powerpc__)
    if (syscall(SYS_ioctl, fd, 0xC040FF0BUL, &info) < 0)
#else
    if (syscall(SYS_ioctl, fd, 0xC040FF0BUL, &info) < 0)
#endif
        return refused(q, errno);
    if (info.mask & 1)
        put_number(&q->reply, "of", (int)info.pid);
    if (info.mask & 8)
        put_status(&q->reply, "status", info.exit_code);
    return OK;
#else
    return refused(q, ENOSYS);
#endif
}

static int serve_pidfd_thread(struct task *q)
{
    int tid;
    if (int_in(q, "tid", &tid) != OK)
        return WRONG;
    return keep(q, pidfd_open_of(tid, O_EXCL));
}

static int serve_pidfd_getfd(struct task *q)
{
    int pid, number, from, fd;
    if (int_in(q, "pid", &pid) != OK || int_in(q, "fd", &number) != OK)
        return WRONG;
    from = pidfd_open_of(pid, 0);
    if (from < 0)
        return refused(q, errno);
#ifdef LINUX_CALLS
    fd = (int)syscall(NEWER(SYS_pidfd_getfd), from, number, 0);
#else
    fd = -1;
    errno = ENOSYS;
#endif
    number = errno;
    close(from);
    errno = number;
    return keep(q, fd);
}

static int serve_epoll(struct task *q)
{
#if defined(LINUX_CALLS) && defined(SYS_epoll_create1) && defined(SYS_epoll_ctl)
    /* struct epoll_event: packed on x86-64 only. */
#ifdef __x86_64__
    struct { uint32_t events, low, high; } event;
#else
    struct { uint32_t events; uint64_t data; } event;
#endif
    int fd, watcher, result = fd_in(q, "fd", &fd);
    if (result != OK)
        return result;
    watcher = (int)syscall(SYS_epoll_create1, O_CLOEXEC);
    if (watcher < 0)
        return refused(q, errno);
    memset(&event, 0, sizeof event);
    event.events = 1;
    if (syscall(SYS_epoll_ctl, watcher, 1, fd, &event) != 0) {
        result = errno;
        close(watcher);
        return refused(q, result);
    }
    return keep(q, watcher);
#else
    return refused(q, ENOSYS);
#endif
}

#if defined(HAVE_SIGTIMEDWAIT) || (defined(LINUX_CALLS) && defined(SYS_signalfd4))
static void put_taken(struct task *q, const struct record *r)
{
    put_key(&q->reply, "seen");
    add_seen(&q->reply, r);
}
#endif

static int serve_sigwait(struct task *q)
{
    int signal, result = signal_key(q, &signal);
    if (result != OK)
        return result;
#ifdef HAVE_SIGTIMEDWAIT
    {
        struct timespec five = { 5, 0 };
        struct record r;
        siginfo_t info;
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, signal);
        memset(&info, 0, sizeof info);
        if (sigtimedwait(&set, &info, &five) < 0)
            return refused(q, errno);
        memset(&r, 0, sizeof r);
        r.signo = info.si_signo;
        r.code = info.si_code;
        r.pid = (int)info.si_pid;
        r.uid = (int)info.si_uid;
        r.status = info.si_status;
        put_taken(q, &r);
        return OK;
    }
#else
    return refused(q, ENOSYS);
#endif
}

static int serve_signalfd(struct task *q)
{
    int signal, result = signal_key(q, &signal);
    if (result != OK)
        return result;
#if defined(LINUX_CALLS) && defined(SYS_signalfd4)
    {
        /* struct signalfd_siginfo: signo, errno, code, pid, uid, fd, tid, band, overrun, trapno, status, ... */
        uint32_t raw[32];
        uint64_t set[2] = { 0, 0 };
        struct record r;
        ssize_t n;
        int fd;
        if (signal < 1 || signal > 64)
            return refused(q, EINVAL);
        set[0] = (uint64_t)1 << (signal - 1);
        if (sizeof(long) == 4) {
            const unsigned long halves[2] = { (unsigned long)(set[0] & 0xffffffffUL), (unsigned long)(set[0] >> 32) };
            memcpy(set, halves, sizeof halves);
        }
        fd = (int)syscall(SYS_signalfd4, -1, set, (size_t)KERNEL_SET, O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
            return refused(q, errno);
        is_ready(fd, 5000000);
        n = read(fd, raw, sizeof raw);
        result = errno;
        close(fd);
        if (n < (ssize_t)sizeof raw)
            return refused(q, n < 0 ? result : EIO);
        memset(&r, 0, sizeof r);
        r.signo = (int)raw[0];
        r.code = (int)raw[2];
        r.pid = (int)raw[3];
        r.uid = (int)raw[4];
        r.status = (int)raw[10];
        put_taken(q, &r);
        return OK;
    }
#else
    return refused(q, ENOSYS);
#endif
}

static const struct {
    const char *word;
    int (*serve)(struct task *);
} REQUESTS[] = {
    { "spawn", serve_spawn },
    { "sigaction", serve_sigaction },
    { "signals", serve_signals },
    { "sigprocmask", serve_sigprocmask },
    { "sigpending", serve_sigpending },
    { "getrusage", serve_getrusage },
    { "setpgid", serve_setpgid },
    { "pidfd_open", serve_pidfd_open },
    { "open", serve_open },
    { "poll", serve_poll },
    { "close", serve_close },
    { "subreaper", serve_subreaper },
    { "decode", serve_decode },
    { "clone", serve_clone },
    { "posix_spawn", serve_posix_spawn },
    { "in-fork", serve_in_fork },
    { "exec", serve_exec },
    { "getids", serve_getids },
    { "ptrace", serve_ptrace },
    { "terminal", serve_terminal },
    { "type", serve_type },
    { "foreground", serve_foreground },
    { "pidfd_signal", serve_pidfd_signal },
    { "pidfd_info", serve_pidfd_info },
    { "pidfd_thread", serve_pidfd_thread },
    { "pidfd_getfd", serve_pidfd_getfd },
    { "epoll", serve_epoll },
    { "blocking", serve_blocking },
    { "duplicate", serve_duplicate },
    { "sigwait", serve_sigwait },
    { "signalfd", serve_signalfd },
    { "times", serve_times },
    { "limit", serve_limit },
    { "deny", serve_deny },
    { "unshare-users", serve_unshare_users },
    { "exists", serve_exists },
    { "gated", serve_gated },
    { "through-gate", serve_through_gate },
    { "slept", serve_slept },
    { "cancellable", serve_cancellable },
    { "cancel", serve_cancel },
    { "await-readable", serve_await_readable },
    { "switches", serve_switches },
    { "late-writes", serve_late_writes },
    { "caller-state", serve_caller_state },
    { "handler", serve_handler },
    { "measure", serve_measure },
};

/* Serves a request on the calling thread, and frees it. */
static void serve(struct task *q)
{
    enum call call = call_of(q->line.word);
    int result = UNSUPPORTED;
    size_t i;
    q->why = "this agent does not know the request";
    if (q->malformed[0] != 0) {
        result = wrong(q, q->malformed);
    } else if (call != NO_CALL) {
        result = serve_call(q, call);
    } else {
        for (i = 0; i < COUNT_OF(REQUESTS) && !same(REQUESTS[i].word, q->line.word); i++)
            ;
        if (i < COUNT_OF(REQUESTS))
            result = REQUESTS[i].serve(q);
    }
    if (result != TOLD) {
        struct text told = q->reply;
        memset(&q->reply, 0, sizeof q->reply);
        add(&q->reply, result == OK ? "ok" : result == REFUSED ? "err" : result == WRONG ? "malformed" : "unsupported");
        put_number(&q->reply, "id", q->id);
        if (result == OK) {
            add_bytes(&q->reply, told.at != NULL ? told.at : "", told.len);
        } else if (result == REFUSED) {
            put_key(&q->reply, "errno");
            add_errno(&q->reply, q->error);
        } else {
            put(&q->reply, "why", q->why);
        }
        free(told.at);
    }
    if (written_late())
        put_flag(&q->reply, "late-write", 1);
    agent_writes(&q->reply);
    free(q->reply.at);
    free_line(&q->line);
    free(q);
}

/* --- Threads ---------------------------------------------------------------------------------------------------------------------------- */

#ifdef HAVE_PTHREAD
#define MOST_THREADS 64

struct queued {
    struct task *task;
    struct queued *next;
};

static struct worker {
    int number;
    pthread_t thread;
    struct queued *first, **last;
    int ends;
} workers[MOST_THREADS];
static pthread_mutex_t queueing = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t queued = PTHREAD_COND_INITIALIZER;

static void *work(void *with)
{
    struct worker *w = with;
    for (;;) {
        struct queued *first;
        pthread_mutex_lock(&queueing);
        while (w->first == NULL && !w->ends)
            pthread_cond_wait(&queued, &queueing);
        first = w->first;
        if (first != NULL && (w->first = first->next) == NULL)
            w->last = &w->first;
        pthread_mutex_unlock(&queueing);
        if (first == NULL)
            return NULL;
        serve(first->task);
        free(first);
    }
}

static struct worker *worker_of(int number)
{
    size_t i;
    for (i = 0; i < MOST_THREADS; i++)
        if (workers[i].number == number)
            return &workers[i];
    return NULL;
}

/* Has thread `number` serve a request; returns the errno if the thread cannot be created. */
static int give(int number, struct task *task)
{
    struct worker *w = worker_of(number);
    struct queued *item;
    if (w == NULL) {
        int error;
        w = worker_of(0);
        if (w == NULL)
            return EAGAIN;
        w->number = number;
        w->first = NULL;
        w->last = &w->first;
        w->ends = 0;
        agent.threaded = 1;
        error = start_thread(&w->thread, work, w);
        if (error != 0) {
            w->number = 0;
            return error;
        }
    }
    item = more(NULL, sizeof *item);
    item->task = task;
    item->next = NULL;
    pthread_mutex_lock(&queueing);
    *w->last = item;
    w->last = &item->next;
    pthread_cond_broadcast(&queued);
    pthread_mutex_unlock(&queueing);
    return 0;
}

static void end_thread(int number)
{
    struct worker *w = worker_of(number);
    if (number == 0 || w == NULL)
        return;
    pthread_mutex_lock(&queueing);
    w->ends = 1;
    pthread_cond_broadcast(&queued);
    pthread_mutex_unlock(&queueing);
    pthread_join(w->thread, NULL);
    w->number = 0;
}
#endif

/* --- The loop --------------------------------------------------------------------------------------------------------------------------- */

static void say_hello(int ignored)
{
    struct text t = { NULL, 0, 0 };
    size_t i;
    add(&t, "hello protocol=1");
    put(&t, "name", agent.raw ? "syscall" : agent.library != NULL ? base_name(agent.library) : "libc");
#ifdef HAVE_UNAME
    {
        struct utsname names;
        put(&t, "version", !agent.raw ? C_LIBRARY : uname(&names) >= 0 ? names.release : "unknown");
    }
#else
    put(&t, "version", agent.raw ? "unknown" : C_LIBRARY);
#endif
    put(&t, "issues", "");
    put(&t, "os", WAITSPEC_OS);
    put(&t, "libc", C_LIBRARY);
    put(&t, "arch", WAITSPEC_ARCH);
    put_number(&t, "pid", getpid());
    put_key(&t, "calls");
    for (i = 1; i < COUNT_OF(CALL_NAMES); i++)
        if (has_call((enum call)i, agent.raw))
            put_item(&t, CALL_NAMES[i]);
#if defined(HAVE_PTHREAD) && defined(HAVE_ATOMICS)
    put(&t, "threads", "yes");
#endif
    if (agent.raw) {
        size_t page;
        put(&t, "raw", "yes");
        if (edges(&page) != NULL)
            put(&t, "pointers", "all");
    }
    if (ignored)
        put(&t, "ignored", "SIGCHLD");
    agent_writes(&t);
    free(t.at);
}

static void dispatch(char *bytes, size_t n)
{
    struct task *q = more(NULL, sizeof *q);
    const char *bad, *thread;
    long long number = 0;
    memset(q, 0, sizeof *q);
    bad = parse_line(&q->line, bytes, n);
    if (bad != NULL) {
        /* It has no id for an answer. */
        complain("the agent received a malformed line: ", bad, 0);
        free_line(&q->line);
        free(q);
        return;
    }
    q->id = id_of(&q->line);
    is_malformed(&q->line, AGENT_SHAPES, COUNT_OF(AGENT_SHAPES), q->malformed);
    thread = get(&q->line, "thread");
    if (q->id < 0) {
        add(&q->reply, "malformed why=the%20request%20has%20no%20id");
    } else if (thread != NULL && (!parse_number(thread, &number) || number < 0 || number > INT_MAX)) {
        add(&q->reply, "malformed");
        put_number(&q->reply, "id", q->id);
        put(&q->reply, "why", "'thread=' is not a thread number");
    } else if (same(q->line.word, "bye")) {
        add(&q->reply, "ok");
        put_number(&q->reply, "id", q->id);
        if (written_late())
            put_flag(&q->reply, "late-write", 1);
        agent_writes(&q->reply);
        _exit(0);
    } else if (same(q->line.word, "exit-thread") && q->malformed[0] == 0) {
#ifdef HAVE_PTHREAD
        end_thread((int)number);
#endif
        add(&q->reply, "ok");
        put_number(&q->reply, "id", q->id);
    } else if (number == 0) {
        serve(q);
        return;
    } else {
#ifdef HAVE_PTHREAD
        int error = give((int)number, q);
        if (error == 0)
            return;
        add(&q->reply, "err");
        put_number(&q->reply, "id", q->id);
        put_key(&q->reply, "errno");
        add_errno(&q->reply, error);
#else
        add(&q->reply, "unsupported");
        put_number(&q->reply, "id", q->id);
        put(&q->reply, "why", "this agent has no threads");
#endif
    }
    agent_writes(&q->reply);
    free(q->reply.at);
    free_line(&q->line);
    free(q);
}

/* Serves standard input until it ends. Must be called in a single-threaded process without children. */
static int serve_agent(int raw)
{
    struct lines lines;
    char buffer[4096], *line;
    size_t len;
    int got, ignored = is_ignored(SIGCHLD);
    memset(&lines, 0, sizeof lines);
    agent.raw = raw;
    if (agent.library == NULL)
        agent.out = 1;
    reset_signals();
    die_with_parent();
    say_hello(ignored);
    for (;;) {
        ssize_t n;
        while ((got = next_line(&lines, &line, &len)) != 0) {
            if (got > 0)
                dispatch(line, len);
            else
                complain("the agent received a malformed line: ", "it is too long", 0);
        }
        n = read(0, buffer, sizeof buffer);
        if (n > 0)
            push(&lines, buffer, (size_t)n);
        else if (n == 0)
            return 0;
        else if (errno != EINTR)
            return 1;
    }
}

static int agent_of_library(const char *path, int prove, int loud);

/* `libc`, `syscall`, or `so:PATH`. */
static int agent_of(const char *name)
{
    if (starts(name, "so:"))
        return agent_of_library(name + 3, 0, 0);
    if (same(name, "libc"))
        return serve_agent(0);
    if (same(name, "syscall") && has_call(WAITID, 1))
        return serve_agent(1);
    complain("waitspec-c agent: there is no subject ", name, 0);
    return USAGE;
}
