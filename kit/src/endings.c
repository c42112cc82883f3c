/* Steps that terminate a process, or may. */

static int exit_in(const struct line *l, int *code, int *report)
{
    return code_in(l, code) == DONE && flag_in(l, "report", 0, report) == DONE ? DONE : MALFORMED;
}

static int act_exit(const struct line *l, int check)
{
    int code, report;
    if (exit_in(l, &code, &report) != DONE)
        return MALFORMED;
    if (check)
        return DONE;
    write_last(report);
    _exit(code);
    return ENDED;
}

static int act_thread_exit(const struct line *l, int check)
{
    int code, report;
    if (exit_in(l, &code, &report) != DONE)
        return MALFORMED;
    if (check)
        return DONE;
    write_last(report);
#if defined(LINUX_CALLS) && defined(SYS_exit)
    syscall(SYS_exit, code);
#endif
    return ENOSYS;
}

#ifdef HAVE_PTHREAD
static void *exit_all(void *code)
{
    _exit(*(int *)code);
    return NULL;
}
#endif

static int act_group_exit(const struct line *l, int check)
{
    int code, report;
    if (exit_in(l, &code, &report) != DONE)
        return MALFORMED;
    if (check)
        return DONE;
#ifdef HAVE_PTHREAD
    {
        pthread_t thread;
        int error;
        write_last(report);
        error = start_thread(&thread, exit_all, &code);
        if (error != 0)
            return error;
        pthread_join(thread, NULL);
        return EIO;
    }
#else
    return ENOTSUP;
#endif
}

struct death {
    int signal, core, report;
};

static int death_in(const struct line *l, struct death *d)
{
    if (signal_in(l, "sig", &d->signal) != DONE || flag_in(l, "report", 0, &d->report) != DONE)
        return MALFORMED;
    d->core = -5;
    return get(l, "core") == NULL ? DONE : flag_in(l, "core", 0, &d->core);
}

/* Everything that precedes a fatal signal. */
static int prepare(const struct death *d)
{
    if (d->core >= 0) {
#ifdef HAVE_RLIMIT
        struct rlimit limit;
        if (getrlimit(RLIMIT_CORE, &limit) != 0)
            return errno;
        limit.rlim_cur = d->core ? limit.rlim_max : 0;
        if (setrlimit(RLIMIT_CORE, &limit) != 0)
            return errno;
#elif defined(HAVE_PRCTL) && defined(__linux__)
        /* A process that is not dumpable leaves no core, whatever the limit. */
        if (prctl(PR_SET_DUMPABLE, (unsigned long)d->core, 0UL, 0UL, 0UL) != 0)
            return errno;
#else
        return ENOTSUP;
#endif
    }
    write_last(d->report);
    return DONE;
}

static int die_by(const struct line *l, int check, int (*how)(int))
{
    struct death d;
    int error;
    if (death_in(l, &d) != DONE)
        return MALFORMED;
    if (check)
        return DONE;
    error = prepare(&d);
    return error != DONE ? error : how(d.signal);
}

static int kill_self(int signal)
{
    return kill(getpid(), signal) == 0 ? 0 : errno;
}

static int act_raise(const struct line *l, int check) { return die_by(l, check, raise_here); }
static int act_kill_self(const struct line *l, int check) { return die_by(l, check, kill_self); }
static int act_incur(const struct line *l, int check) { return die_by(l, check, incur); }
