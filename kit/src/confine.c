/* Restricting a process; real causes of fatal signals; the terminal; ptrace; clone. */

#ifdef HAVE_SECCOMP
/*
 * From here on a system call fails with `error`, or kills the process if that is 0. With `which` >= 0, only if that argument,
 * compared by `how` (BPF_JEQ or BPF_JSET), matches `with`. Returns 0, or the errno.
 */
static int deny_call(long number, int error, int which, int how, unsigned with)
{
    struct sock_filter program[6];
    struct sock_fprog filter;
    unsigned verdict = error != 0 ? SECCOMP_RET_ERRNO | (unsigned)error : 0x80000000U /* kill the process */;
    size_t n = 0, half = 0;
    const unsigned char skip = which >= 0 ? 3 : 1;
    const union { unsigned word; unsigned char first; } one = { 1 };
    if (!one.first)
        half = 4;
#define LOAD(at) (program[n].code = BPF_LD | BPF_W | BPF_ABS, program[n].jt = program[n].jf = 0, program[n++].k = (unsigned)(at))
#define TEST(op, value, jf_) \
    (program[n].code = (unsigned short)(BPF_JMP | (op) | BPF_K), program[n].jt = 0, program[n].jf = (jf_), program[n++].k = (value))
#define RETURN(value) (program[n].code = BPF_RET | BPF_K, program[n].jt = program[n].jf = 0, program[n++].k = (value))
    LOAD(offsetof(struct seccomp_data, nr));
    TEST(BPF_JEQ, (unsigned)number, skip);
    if (which >= 0) {
        LOAD(offsetof(struct seccomp_data, args) + 8 * (size_t)which + half);
        TEST(how, with, 1);
    }
    RETURN(verdict);
    RETURN(SECCOMP_RET_ALLOW);
#undef LOAD
#undef TEST
#undef RETURN
    filter.len = (unsigned short)n;
    filter.filter = program;
    if (prctl(38 /* PR_SET_NO_NEW_PRIVS */, 1UL, 0UL, 0UL, 0UL) != 0)
        return errno;
    return prctl(22 /* PR_SET_SECCOMP */, 2UL /* a filter */, &filter) == 0 ? 0 : errno;
}
#endif

/* By the protocol's names. 0, or the errno. */
static int deny(const char *call, int error)
{
#ifdef HAVE_SECCOMP
    if (same(call, "pidfd_open"))
        return deny_call(NEWER(SYS_pidfd_open), error, -1, 0, 0);
#ifdef SYS_getppid
    if (same(call, "getppid"))
        return deny_call(SYS_getppid, error, -1, 0, 0);
#endif
    if (same(call, "ptrace"))
        return deny_call(SYS_ptrace, error, -1, 0, 0);
    if (same(call, "unshare"))
        return deny_call(SYS_unshare, error, -1, 0, 0);
    if (same(call, "clone3"))
        return deny_call(NEWER(SYS_clone3), error, -1, 0, 0);
    if (same(call, "subreaper"))
        return deny_call(SYS_prctl, error, 0, BPF_JEQ, PR_SET_CHILD_SUBREAPER);
    if (same(call, "waitid-pidfd"))
        return deny_call(SYS_waitid, error, 0, BPF_JEQ, 3);
    if (same(call, "clone-into-namespaces"))
#ifdef __s390x__
        return deny_call(SYS_clone, error, 1, BPF_JSET, 0x7e020000U);
#else
        return deny_call(SYS_clone, error, 0, BPF_JSET, 0x7e020000U);
#endif
    return EINVAL;
#else
    (void)call;
    (void)error;
    return ENOTSUP;
#endif
}

#ifdef HAVE_RLIMIT
static int limit_soft(int resource, long long soft)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0)
        return errno;
    limit.rlim_cur = (rlim_t)soft;
    return setrlimit(resource, &limit) == 0 ? 0 : errno;
}
#endif

/* --- Causes ----------------------------------------------------------------------------------------------------------- */

#if defined(HAVE_RLIMIT) || defined(HAVE_ITIMER)
static void busy(long long us)
{
    long long start = now_us();
    while (now_us() - start < us)
        compute();
}
#endif

#ifdef HAVE_ITIMER
static int set_timer(int which)
{
    struct itimerval once;
    memset(&once, 0, sizeof once);
    once.it_value.tv_usec = 1000;
    return setitimer(which, &once, NULL) == 0 ? 0 : errno;
}
#endif

#ifdef HAVE_MMAP
static volatile char what_was_read;

static int read_past_the_end(int fd, void *with)
{
    volatile char *page = mmap(NULL, page_size(), PROT_READ, MAP_SHARED, fd, 0);
    (void)with;
    if (page == MAP_FAILED)
        return errno;
    what_was_read = *page;
    munmap((void *)page, page_size());
    return 0;
}
#endif

#ifdef HAVE_RLIMIT
static int write_past_the_limit(int fd, void *with)
{
    int error = limit_soft(RLIMIT_FSIZE, 0);
    (void)with;
    if (error == 0 && write(fd, "x", 1) < 0)
        error = errno;
    return error;
}
#endif

/* Does something that the system answers with that signal. Returns only if the process survived. */
static int incur(int signal)
{
    switch (signal) {
    case SIGABRT:
        abort();
#ifdef HAVE_MMAP
    case SIGSEGV: {
        volatile char *page = mmap(NULL, page_size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED)
            return errno;
        /* Some compilers optimize away a read that is only cast to void. */
        what_was_read = *page;
        return 0;
    }
    case SIGBUS:
        return with_a_file(read_past_the_end, NULL);
#endif
#if defined(__x86_64__) || defined(__i386__)
    case SIGFPE:
        __asm__ volatile("xorl %%edx, %%edx\n\tmovl $1, %%eax\n\txorl %%ecx, %%ecx\n\tdivl %%ecx" ::: "eax", "ecx", "edx");
        return 0;
    case SIGILL:
        __asm__ volatile("ud2");
        return 0;
    case SIGTRAP:
        __asm__ volatile("int3");
        return 0;
#elif defined(__aarch64__)
    case SIGILL:
        __asm__ volatile(".inst 0");
        return 0;
    case SIGTRAP:
        __asm__ volatile("brk #0");
        return 0;
#endif
    case SIGPIPE: {
        int ends[2], error;
        if (pipe(ends) != 0)
            return errno;
        close(ends[0]);
        error = write(ends[1], "x", 1) < 0 ? errno : 0;
        close(ends[1]);
        return error;
    }
#ifdef HAVE_RLIMIT
    case SIGXFSZ:
        return with_a_file(write_past_the_limit, NULL);
    case SIGXCPU: {
        int error = limit_soft(RLIMIT_CPU, 0);
        if (error == 0)
            busy(60000000);
        return error;
    }
    case SIGKILL: {
        struct rlimit both;
        both.rlim_cur = both.rlim_max = 0;
        if (setrlimit(RLIMIT_CPU, &both) != 0)
            return errno;
        busy(60000000);
        return 0;
    }
#endif
#ifdef HAVE_ITIMER
    case SIGALRM: {
        int error = set_timer(ITIMER_REAL);
        if (error == 0)
            busy(10000000);
        return error;
    }
    case SIGVTALRM:
    case SIGPROF: {
        long long start = now_us(), cpu = cpu_now();
        int error = set_timer(signal == SIGVTALRM ? ITIMER_VIRTUAL : ITIMER_PROF);
        if (error != 0)
            return error;
        while (cpu_now() - cpu < 100000 && now_us() - start < 10000000)
            busy(1000);
        return ETIMEDOUT;
    }
#endif
#if defined(SIGSYS) && defined(HAVE_SECCOMP) && defined(SYS_getppid)
    case SIGSYS: {
        int error = deny("getppid", 0);
        if (error == 0)
            syscall(SYS_getppid);
        return error;
    }
#endif
    default:
        return ENOTSUP;
    }
}

/* --- ptrace ----------------------------------------------------------------------------------------------------------- */

static const char *const TRACE_WORDS[] = {
    "attach", "seize", "cont", "syscall", "listen", "interrupt", "set-options", "detach", "event-message",
};
/* The requests of Linux, in the order of their words. */
static const int TRACE_REQUESTS[] = { 16, 0x4206, 7, 24, 0x4208, 0x4207, 0x4200, 17, 0x4201 };

static int trace_word(const char *word)
{
    size_t i;
    for (i = 0; i < COUNT_OF(TRACE_WORDS); i++)
        if (same(word, TRACE_WORDS[i]))
            return (int)i;
    return -1;
}

static int trace_options(char *const *names, long *bits)
{
    static const struct name known[] = {
        { "sysgood", 1 }, { "fork", 2 }, { "vfork", 4 }, { "clone", 8 }, { "exec", 16 }, { "exit", 64 },
    };
    for (*bits = 0; *names != NULL; names++) {
        int bit;
        if (!number_of(known, COUNT_OF(known), *names, &bit))
            return EINVAL;
        *bits |= bit;
    }
    return 0;
}

static int trace(int word, int pid, long data, long *value)
{
    *value = 0;
#if defined(HAVE_PTRACE) && defined(__linux__)
    {
        unsigned long message = 0;
        void *last = same(TRACE_WORDS[word], "event-message") ? (void *)&message : (void *)data;
#ifdef LINUX_CALLS
        if (syscall(SYS_ptrace, (long)TRACE_REQUESTS[word], (long)pid, (void *)0, last) < 0)
            return errno;
#else
        if (ptrace(TRACE_REQUESTS[word], pid, NULL, last) < 0)
            return errno;
#endif
        *value = (long)message;
        return 0;
    }
#else
    (void)word;
    (void)pid;
    (void)data;
    (void)TRACE_REQUESTS;
    return ENOTSUP;
#endif
}

static int trace_me(void)
{
#if defined(HAVE_PTRACE) && defined(__linux__)
#ifdef LINUX_CALLS
    return syscall(SYS_ptrace, 0L, 0L, (void *)0, (void *)0) < 0 ? errno : 0;
#else
    return ptrace(0, 0, NULL, NULL) < 0 ? errno : 0;
#endif
#else
    return ENOTSUP;
#endif
}

/* --- Terminals -------------------------------------------------------------------------------------------------------- */

static int controlling_terminal(void)
{
    return open("/dev/tty", O_RDWR | O_CLOEXEC);
}

#if defined(HAVE_TERMINALS) && defined(TIOCSCTTY)
/* Creates a session with a new pseudo-terminal as its controlling terminal; returns the master side, or -1 with errno. */
static int new_session(void)
{
    struct termios modes;
    const char *name;
    int ours, theirs;
    if (setsid() == (pid_t)-1)
        return -1;
    ours = posix_openpt(O_RDWR | O_NOCTTY);
    if (ours < 0)
        return -1;
    close_on_exec(ours);
    if (grantpt(ours) != 0 || unlockpt(ours) != 0 || (name = ptsname(ours)) == NULL)
        return -1;
    theirs = open(name, O_RDWR | O_NOCTTY);
    if (theirs < 0 || tcgetattr(theirs, &modes) != 0)
        return -1;
    modes.c_lflag |= TOSTOP;
    /* The last step that may fail: once the terminal controls the session, its hangup would kill the caller. */
    if (tcsetattr(theirs, TCSANOW, &modes) != 0 || ioctl(theirs, TIOCSCTTY, 0) != 0)
        return -1;
    /* NetBSD detaches the terminal from a session whose leader closes it. */
    close_on_exec(theirs);
    return ours;
}
#else
static int new_session(void)
{
    errno = ENOTSUP;
    return -1;
}
#endif

static int set_foreground(int terminal, int group)
{
#ifdef HAVE_TERMINALS
    return tcsetpgrp(terminal, group) == 0 ? 0 : errno;
#else
    (void)terminal;
    (void)group;
    return ENOTSUP;
#endif
}

/* --- clone ------------------------------------------------------------------------------------------------------------ */

struct cloning {
    int exit_signal, sibling, pidfd, new_pids, new_users, by_clone3;
};

/* Like fork: 0 in the child, the pid, or -1 with errno; *fd is the pidfd if one was requested, else -1. */
static int clone_process(const struct cloning *how, int *fd)
{
    *fd = -1;
#if defined(LINUX_CALLS) && defined(SYS_clone)
    {
        unsigned long flags = (how->sibling ? 0x8000UL : 0) | (how->pidfd ? 0x1000UL : 0) |
                              (how->new_pids ? 0x20000000UL : 0) | (how->new_users ? 0x10000000UL : 0);
        if (how->by_clone3) {
            uint64_t arguments[8];
            memset(arguments, 0, sizeof arguments);
            arguments[0] = flags;
            arguments[1] = (uint64_t)(uintptr_t)fd;
            arguments[4] = (uint64_t)(int64_t)how->exit_signal;
            return (int)syscall(NEWER(SYS_clone3), arguments, sizeof arguments);
        }
        flags |= (unsigned long)(long)how->exit_signal;
#ifdef __s390x__
        return (int)syscall(SYS_clone, 0L, flags, fd, 0L, 0L);
#else
        return (int)syscall(SYS_clone, flags, 0L, fd, 0L, 0L);
#endif
    }
#else
    (void)how;
    errno = ENOTSUP;
    return -1;
#endif
}
