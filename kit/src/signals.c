/* Dispositions, masks, and the record of deliveries. */

#if defined(__linux__) && defined(__mips__)
#define LAST_SIGNAL 127
#elif defined(__linux__)
#define LAST_SIGNAL 64
#elif defined(__FreeBSD__) || defined(__DragonFly__)
#define LAST_SIGNAL 126
#elif defined(__NetBSD__)
#define LAST_SIGNAL 63
#elif defined(__OpenBSD__)
#define LAST_SIGNAL 32
#elif defined(__APPLE__)
#define LAST_SIGNAL 31
#else
#define LAST_SIGNAL 64
#endif

/* The maximum number of unread records; older ones are overwritten, but still counted. */
#define RECORDS 1024

enum { COUNT_ONLY, RECORD, CALL };

struct record {
    volatile int ready;
    int signo, code, pid, uid, status;
};

static struct record records[RECORDS];
static volatile int recorded;
static int taken;
static volatile int delivered;
static int told;
/* What the handler does for each signal, and the function it calls. */
static volatile int kinds[LAST_SIGNAL + 1];
static void (*volatile hooks[LAST_SIGNAL + 1])(int);

/* Handlers may run on several threads at once. */
#ifdef HAVE_ATOMICS
#define next_of(counter) __sync_fetch_and_add(&(counter), 1)
#define barrier() __sync_synchronize()
#else
#define next_of(counter) ((counter)++)
#define barrier() ((void)0)
#endif

static void note_signal(int signal, int code, int pid, int uid, int status)
{
    struct record *r;
    int at = next_of(recorded);
    r = &records[at % RECORDS];
    r->ready = 0;
    barrier();
    r->signo = signal;
    r->code = code;
    r->pid = pid;
    r->uid = uid;
    r->status = status;
    barrier();
    r->ready = at + 1;
}

#ifdef HAVE_SIGINFO
static void handler(int signal, siginfo_t *info, void *context)
#else
static void handler(int signal)
#endif
{
    int saved = errno, kind = signal <= LAST_SIGNAL ? kinds[signal] : COUNT_ONLY;
    (void)next_of(delivered);
    if (kind != COUNT_ONLY) {
#ifdef HAVE_SIGINFO
        note_signal(info->si_signo, info->si_code, (int)info->si_pid, (int)info->si_uid, info->si_status);
        (void)context;
#else
        note_signal(signal, 0, 0, 0, 0);
#endif
    }
    if (kind == CALL && hooks[signal] != NULL)
        hooks[signal](signal);
    errno = saved;
}

/* Sets a disposition: `how` is SIG_DFL, SIG_IGN or NULL for the handler. 0, or the errno. */
static int set_action(int signal, void (*how)(int), int is_handler, int kind, void (*hook)(int), int flags)
{
    struct sigaction action;
    int old_kind;
    void (*old_hook)(int);
    if (signal < 1 || signal > LAST_SIGNAL)
        return EINVAL;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_flags = flags;
    if (is_handler) {
#ifdef HAVE_SIGINFO
        action.sa_sigaction = handler;
        action.sa_flags |= SA_SIGINFO;
#else
        action.sa_handler = handler;
#endif
    } else {
        action.sa_handler = how;
    }
    /* Set first: a signal may arrive before the call returns. */
    old_kind = kinds[signal];
    old_hook = hooks[signal];
    kinds[signal] = kind;
    hooks[signal] = hook;
    if (sigaction(signal, &action, NULL) == 0)
        return 0;
    kinds[signal] = old_kind;
    hooks[signal] = old_hook;
    return errno;
}

static int set_default(int signal)
{
    return set_action(signal, SIG_DFL, 0, COUNT_ONLY, NULL, 0);
}

static int is_ignored(int signal)
{
    struct sigaction action;
    return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

#if defined(LINUX_CALLS) && defined(SYS_rt_sigaction)
/* The kernel's own set, in the size that its system calls expect. */
#define KERNEL_SET ((LAST_SIGNAL + 1) / 8)
#endif

/* Resets every disposition and unblocks everything, including the numbers that a C library reserves. */
static void reset_signals(void)
{
    sigset_t none;
    int signal;
    for (signal = 1; signal <= LAST_SIGNAL; signal++) {
        if (set_default(signal) != 0) {
#ifdef KERNEL_SET
            uint64_t action[8];
            memset(action, 0, sizeof action);
            syscall(SYS_rt_sigaction, signal, action, (void *)0, (size_t)KERNEL_SET);
#endif
        }
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
#ifdef KERNEL_SET
    {
        uint64_t set[2] = { 0, 0 };
        syscall(SYS_rt_sigprocmask, SIG_SETMASK, set, (void *)0, (size_t)KERNEL_SET);
    }
#endif
}

/* Changes the calling thread's mask, or only returns it; 0, or the errno. */
static int change_mask(int how, const sigset_t *set, sigset_t *old)
{
#ifdef HAVE_PTHREAD
    return pthread_sigmask(how, set, old);
#else
    return sigprocmask(how, set, old) == 0 ? 0 : errno;
#endif
}

/* Blocks or unblocks one signal in the calling thread; 0, or the errno. */
static int mask_signal(int how, int signal)
{
    sigset_t set;
    int error;
    sigemptyset(&set);
    if (sigaddset(&set, signal) != 0)
        return errno;
    error = change_mask(how, &set, NULL);
#ifdef KERNEL_SET
    /* glibc silently drops 32 and 33. */
    if (error == 0 && sigismember(&set, signal) == 0)
        error = EINVAL;
#endif
    return error;
}

/* Not const: klibc's sigismember takes a plain pointer. */
static void put_set(struct text *t, const char *key, sigset_t *set)
{
    int signal;
    put_key(t, key);
    for (signal = 1; signal <= LAST_SIGNAL; signal++)
        if (sigismember(set, signal) == 1) {
            struct text name = { NULL, 0, 0 };
            add_signal(&name, signal);
            put_item(t, name.at);
            free(name.at);
        }
}

/* Adds the list of pending signals; returns 0, or the errno. */
static int put_pending(struct text *t, const char *key)
{
    sigset_t set;
    sigemptyset(&set);
    if (sigpending(&set) != 0)
        return errno;
    put_set(t, key, &set);
    return 0;
}

/* Adds the list of signals that the calling thread blocks; returns 0, or the errno. */
static int put_blocked(struct text *t, const char *key)
{
    sigset_t set;
    int error;
    sigemptyset(&set);
    error = change_mask(SIG_BLOCK, NULL, &set);
    if (error == 0)
        put_set(t, key, &set);
    return error;
}

/* Sends a signal to the calling thread; 0, or the errno. */
static int raise_here(int signal)
{
#if defined(LINUX_CALLS) && defined(SYS_tgkill)
    if (syscall(SYS_tgkill, (int)getpid(), thread_id(), signal) == 0)
        return 0;
    /* If no more signals can be queued, kill still sends a real-time signal. */
    if (errno != EAGAIN)
        return errno;
    return kill(getpid(), signal) == 0 ? 0 : errno;
#else
    return raise(signal) == 0 ? 0 : errno;
#endif
}

static void add_seen(struct text *t, const struct record *r)
{
    struct text item = { NULL, 0, 0 };
    add_signal(&item, r->signo);
    add(&item, ":");
    add_code(&item, r->code);
    add(&item, ":");
    add_number(&item, r->pid);
    add(&item, ":");
    add_number(&item, r->uid);
    add(&item, ":");
    add_number(&item, r->status);
    put_item(t, item.at);
    free(item.at);
}

/* How many handlers have run since the last time, if any. */
static void put_caught(struct text *t)
{
    int count = delivered;
    if (count != told)
        put_number(t, "caught", count - told);
    told = count;
}

/* What the handlers have seen since the last time: ` count=N seen=...`. */
static void put_signals(struct text *t)
{
    int end, count = delivered;
    put_number(t, "count", count - told);
    told = count;
    put_key(t, "seen");
    end = recorded;
    if (end - taken > RECORDS)
        taken = end - RECORDS;
    for (; taken < end; taken = taken + 1) {
        const struct record *r = &records[taken % RECORDS];
        /* A handler on another thread is about to finish it: the next call returns it. */
        if (r->ready <= taken)
            break;
        /* A record that was overwritten in the meantime is lost. */
        if (r->ready == taken + 1)
            add_seen(t, r);
    }
}
