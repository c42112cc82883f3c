/* Names of this system's numbers, as the protocol writes them: the numbers differ between systems. */

struct name {
    const char *name;
    int number;
};

#define N(constant) { #constant, (int)constant }

static const struct name SIGNALS[] = {
    N(SIGHUP), N(SIGINT), N(SIGQUIT), N(SIGILL), N(SIGTRAP), N(SIGABRT), N(SIGBUS), N(SIGFPE), N(SIGKILL), N(SIGUSR1),
    N(SIGSEGV), N(SIGUSR2), N(SIGPIPE), N(SIGALRM), N(SIGTERM), N(SIGCHLD), N(SIGCONT), N(SIGSTOP), N(SIGTSTP), N(SIGTTIN),
    N(SIGTTOU), N(SIGURG), N(SIGXCPU), N(SIGXFSZ), N(SIGVTALRM), N(SIGPROF), N(SIGWINCH), N(SIGSYS),
#ifdef SIGIO
    N(SIGIO),
#endif
#if defined(SIGPWR) && (defined(__linux__) || defined(__sun))
    N(SIGPWR),
#endif
#ifdef SIGSTKFLT
    N(SIGSTKFLT),
#endif
#if defined(SIGEMT) && !defined(__linux__)
    N(SIGEMT),
#endif
#if defined(SIGINFO) && !defined(__linux__)
    N(SIGINFO),
#endif
#ifdef SIGTHR
    N(SIGTHR),
#endif
#ifdef SIGLIBRT
    N(SIGLIBRT),
#endif
};

/* Numbers of some systems: on a system without one, a request that names it is unsupported rather than malformed. */
static const char *const SOME_HAVE[] = {
    "IO", "POLL", "PWR", "STKFLT", "EMT", "INFO", "THR", "LIBRT", "CKPT", "CKPTEXIT", "WAITING", "LWP", "FREEZE", "THAW",
    "CANCEL", "LOST", "XRES", "JVM1", "JVM2",
};

/* Alternative names, accepted but never printed. */
static const struct name ALIASES[] = {
    { "SIGIOT", SIGABRT }, { "SIGCLD", SIGCHLD }, { "SIGUNUSED", SIGSYS },
#ifdef SIGIO
    { "SIGPOLL", SIGIO },
#endif
};

static const struct name OPTIONS[] = {
    N(WNOHANG), N(WUNTRACED),
#ifdef WCONTINUED
    N(WCONTINUED),
#endif
#ifdef WEXITED
    N(WEXITED),
#endif
#ifdef WSTOPPED
    N(WSTOPPED),
#endif
#ifdef WNOWAIT
    N(WNOWAIT),
#endif
#ifdef WTRAPPED
    N(WTRAPPED),
#endif
#ifdef __WNOTHREAD
    N(__WNOTHREAD),
#endif
#ifdef __WALL
    N(__WALL),
#endif
#ifdef __WCLONE
    N(__WCLONE),
#endif
#ifdef WALTSIG
    N(WALTSIG),
#endif
#ifdef WALLSIG
    N(WALLSIG),
#endif
#ifdef WNOZOMBIE
    N(WNOZOMBIE),
#endif
};

#ifdef HAVE_WAITID
static const struct name ID_TYPES[] = {
    N(P_ALL), N(P_PID), N(P_PGID),
#ifdef __linux__
    /* An enumerator in some headers, and missing from others. */
    { "P_PIDFD", 3 },
#endif
};
#else
static const struct name ID_TYPES[] = {
    { "P_ALL", 0 }, { "P_PID", 1 }, { "P_PGID", 2 }, { "P_PIDFD", 3 },
};
#endif

static const struct name CODES[] = {
    N(CLD_EXITED), N(CLD_KILLED), N(CLD_DUMPED), N(CLD_TRAPPED), N(CLD_STOPPED), N(CLD_CONTINUED),
};

/* Where two names share a number, the first one is printed. */
static const struct name ERRNOS[] = {
    N(EPERM), N(ENOENT), N(ESRCH), N(EINTR), N(EIO), N(ENXIO), N(E2BIG), N(ENOEXEC), N(EBADF), N(ECHILD), N(EAGAIN),
    N(ENOMEM), N(EACCES), N(EFAULT), N(EBUSY), N(EEXIST), N(EXDEV), N(ENODEV), N(ENOTDIR), N(EISDIR), N(EINVAL), N(ENFILE),
    N(EMFILE), N(ENOTTY), N(ETXTBSY), N(EFBIG), N(ENOSPC), N(ESPIPE), N(EROFS), N(EMLINK), N(EPIPE), N(EDOM), N(ERANGE),
    N(EDEADLK), N(ENAMETOOLONG), N(ENOLCK), N(ENOSYS), N(ENOTEMPTY), N(ELOOP), N(EOVERFLOW), N(ENOTSUP), N(EOPNOTSUPP),
    N(EPROTO), N(ENOTSOCK), N(EADDRINUSE), N(EAFNOSUPPORT), N(ECONNABORTED), N(ECONNREFUSED), N(ECONNRESET), N(EISCONN),
    N(ENOTCONN), N(EMSGSIZE), N(ENOBUFS), N(ETIMEDOUT), N(EALREADY), N(EINPROGRESS), N(ESTALE), N(EDQUOT),
#ifdef ECANCELED
    N(ECANCELED),
#endif
    { "EWOULDBLOCK", EAGAIN },
};

#undef N

static int number_of(const struct name *table, size_t count, const char *name, int *number)
{
    size_t i;
    for (i = 0; i < count; i++)
        if (same(table[i].name, name)) {
            *number = table[i].number;
            return 1;
        }
    return 0;
}

static const char *name_of(const struct name *table, size_t count, long long number)
{
    size_t i;
    for (i = 0; i < count; i++)
        if (table[i].number == number)
            return table[i].name;
    return NULL;
}

/* Whether some other system has a signal with that name. */
static int is_signal_elsewhere(const char *name)
{
    size_t i;
    if (starts(name, "SIG"))
        name += 3;
    for (i = 0; i < COUNT_OF(SOME_HAVE); i++)
        if (same(SOME_HAVE[i], name))
            return 1;
    return 0;
}

/* SIGTERM, TERM, or SIG37 for a kernel number; returns whether this system has it. */
static int signal_of(const char *name, int *number)
{
    char full[32];
    long long n;
    int negative = *name == '-';
    if (starts(name, "SIG"))
        name += 3;
    if (negative || (*name >= '0' && *name <= '9')) {
        if (!parse_number(name, &n) || n > INT_MAX || n < INT_MIN)
            return 0;
        *number = (int)n;
        return 1;
    }
    if (strlen(name) > 20)
        return 0;
    memcpy(full, "SIG", 3);
    strcpy(full + 3, name);
    return number_of(SIGNALS, COUNT_OF(SIGNALS), full, number) || number_of(ALIASES, COUNT_OF(ALIASES), full, number);
}

static void add_name_or_number(struct text *t, const char *name, const char *before, long long number)
{
    if (name != NULL) {
        add(t, name);
    } else {
        add(t, before);
        add_number(t, number);
    }
}

static void add_signal(struct text *t, long long number)
{
    add_name_or_number(t, name_of(SIGNALS, COUNT_OF(SIGNALS), number), number > 0 ? "SIG" : "", number);
}

static void add_code(struct text *t, long long number)
{
    add_name_or_number(t, name_of(CODES, COUNT_OF(CODES), number), "", number);
}

static void add_errno(struct text *t, int number)
{
    add_name_or_number(t, name_of(ERRNOS, COUNT_OF(ERRNOS), number), "", number);
}
