/* What each step does. */

static int act_pause(const struct line *l, int check)
{
    (void)l;
    if (check)
        return DONE;
    for (;;) {
        if (me.connected) {
#ifdef HAVE_POLL
            /* Since no events are requested, only the end of the connection ends the poll. */
            struct pollfd one;
            one.fd = me.in;
            one.events = 0;
            one.revents = 0;
            if (poll(&one, 1, -1) >= 0)
                _exit(CONNECTION_LOST);
            if (errno == EINTR)
                continue;
#endif
            {
                char byte;
                ssize_t n = read(me.in, &byte, 1);
                if (n == 0 || (n < 0 && errno != EINTR))
                    _exit(CONNECTION_LOST);
            }
        } else {
            pause();
        }
    }
}

static int act_stop(const struct line *l, int check)
{
    int signal = SIGSTOP;
    if (get(l, "sig") != NULL && signal_in(l, "sig", &signal) != DONE)
        return MALFORMED;
    return check ? DONE : kill_self(signal);
}

static int with_signal(const struct line *l, int check, int what)
{
    int signal;
    if (signal_in(l, "sig", &signal) != DONE)
        return MALFORMED;
    if (check)
        return DONE;
    switch (what) {
    case 0:
        return set_action(signal, SIG_IGN, 0, COUNT_ONLY, NULL, 0);
    case 1:
        return set_default(signal);
    case 2:
        return mask_signal(SIG_BLOCK, signal);
    default:
        return mask_signal(SIG_UNBLOCK, signal);
    }
}

static int act_ignore(const struct line *l, int check) { return with_signal(l, check, 0); }
static int act_default(const struct line *l, int check) { return with_signal(l, check, 1); }
static int act_block(const struct line *l, int check) { return with_signal(l, check, 2); }
static int act_unblock(const struct line *l, int check) { return with_signal(l, check, 3); }

static int with_number(const struct line *l, int check, const char *key, int (*act)(long long))
{
    long long number;
    if (number_in(l, key, 0, LLONG_MAX / 64, &number) != DONE)
        return MALFORMED;
    return check ? DONE : act(number);
}

static int minor_faults(long long count)
{
    /* In a sandbox that does not count them, each takes milliseconds: does the first of many turns cause any? */
    int first = until_grown(MINFLT, 1, 32, minor_fault_turn, NULL);
    if (first != 0)
        return first;
    return until_grown(MINFLT, count, count + 1000, minor_fault_turn, NULL);
}

static int voluntary_switches(long long count)
{
    return until_grown(NVCSW, count, count * 4 + 100, voluntary_turn, NULL);
}

static int allocate(long long bytes)
{
    void *start;
    if ((unsigned long long)bytes > SIZE_MAX / 2)
        return ENOMEM;
    if (bytes == 0)
        return EINVAL;
    start = map_touched((size_t)bytes);
    if (start == NULL)
        return errno;
    me.kept = more(me.kept, (me.kept_count + 1) * sizeof *me.kept);
    me.kept[me.kept_count].start = start;
    me.kept[me.kept_count++].bytes = (size_t)bytes;
    return DONE;
}

static int sleep_ms(long long ms)
{
#ifdef HAVE_NANOSLEEP
    struct timespec left;
    left.tv_sec = (time_t)(ms / 1000);
    left.tv_nsec = (long)(ms % 1000) * 1000000;
    while (nanosleep(&left, &left) != 0)
        if (errno != EINTR)
            return errno;
    return DONE;
#else
    long long until = now_us() + ms * 1000;
    while (now_us() < until)
        rest_us(500);
    return DONE;
#endif
}

static int act_burn_user(const struct line *l, int check) { return with_number(l, check, "us", burn_user); }
static int act_burn_system(const struct line *l, int check) { return with_number(l, check, "us", burn_system); }
static int act_allocate(const struct line *l, int check) { return with_number(l, check, "bytes", allocate); }
static int act_minor_faults(const struct line *l, int check) { return with_number(l, check, "count", minor_faults); }
static int act_major_faults(const struct line *l, int check) { return with_number(l, check, "count", major_faults); }
static int act_block_output(const struct line *l, int check) { return with_number(l, check, "count", block_output); }
static int act_voluntary(const struct line *l, int check) { return with_number(l, check, "count", voluntary_switches); }
static int act_involuntary(const struct line *l, int check) { return with_number(l, check, "count", involuntary_switches); }
static int act_sleep(const struct line *l, int check) { return with_number(l, check, "ms", sleep_ms); }

static int act_release(const struct line *l, int check)
{
    (void)l;
    if (check)
        return DONE;
    while (me.kept_count > 0) {
        me.kept_count--;
        unmap(me.kept[me.kept_count].start, me.kept[me.kept_count].bytes);
    }
    return DONE;
}

static int act_setpgid(const struct line *l, int check)
{
    long long pgid = 0;
    if (number_or(l, "pgid", INT_MIN, INT_MAX, &pgid) != DONE)
        return MALFORMED;
    if (check)
        return DONE;
    return setpgid(0, (pid_t)pgid) == 0 ? DONE : errno;
}

static int act_setsid(const struct line *l, int check)
{
    (void)l;
    if (check)
        return DONE;
#ifdef HAVE_SESSIONS
    return setsid() == (pid_t)-1 ? errno : DONE;
#else
    return ENOTSUP;
#endif
}

static int become_user(const struct line *l, int check, int (*change)(uid_t))
{
    long long uid;
    if (number_in(l, "uid", 0, UINT_MAX, &uid) != DONE)
        return MALFORMED;
    if (check)
        return DONE;
    if (change((uid_t)uid) != 0)
        return errno;
    /* A change of user clears the parent-death signal. */
    if (!me.options.orphan)
        die_with_parent();
    return DONE;
}

static int act_setuid(const struct line *l, int check)
{
    return become_user(l, check, setuid);
}

#ifdef HAVE_SETEUID
/* A macro in some libraries. */
static int set_effective(uid_t uid)
{
    return seteuid(uid);
}
#endif

static int act_seteuid(const struct line *l, int check)
{
#ifdef HAVE_SETEUID
    return become_user(l, check, set_effective);
#else
    (void)l;
    return check ? DONE : ENOTSUP;
#endif
}

static int act_setegid(const struct line *l, int check)
{
    long long gid;
    if (number_in(l, "gid", 0, UINT_MAX, &gid) != DONE)
        return MALFORMED;
    if (check)
        return DONE;
#ifdef HAVE_SETEUID
    if (setegid((gid_t)gid) != 0)
        return errno;
    if (!me.options.orphan)
        die_with_parent();
    return DONE;
#else
    return ENOTSUP;
#endif
}

static int act_traceme(const struct line *l, int check)
{
    (void)l;
    return check ? DONE : trace_me();
}

static int act_trace(const struct line *l, int check)
{
    const char *what = get(l, "do");
    int word = what != NULL ? trace_word(what) : -1, signal = 0, error, bad;
    long long pid;
    long data = 0, value;
    size_t count;
    char **options;
    if (word < 0)
        return malformed("there is no such ptrace request");
    if (number_in(l, "pid", INT_MIN, INT_MAX, &pid) != DONE ||
        (get(l, "sig") != NULL && signal_in(l, "sig", &signal) != DONE))
        return MALFORMED;
    if (check)
        return DONE;
    options = list_of(l, "options", &count, &bad);
    error = trace_options(options, &data);
    free_list(options);
    if (error == 0)
        error = trace(word, (int)pid, signal != 0 ? signal : data, &value);
    if (error == 0)
        put_number(&me.answer, "value", value);
    return error;
}

static void exit_in_handler(int signal)
{
    (void)signal;
    _exit(CAUGHT);
}

/* The signal is blocked while its handler runs: it takes its default action once the handler returns. */
static void reraise_in_handler(int signal)
{
    set_default(signal);
    raise_here(signal);
}

static int act_catch(const struct line *l, int check)
{
    const char *what = get(l, "do");
    int signal;
    if (signal_in(l, "sig", &signal) != DONE)
        return MALFORMED;
    if (what == NULL || same(what, "return"))
        return check ? DONE : set_action(signal, NULL, 1, COUNT_ONLY, NULL, 0);
    if (same(what, "exit"))
        return check ? DONE : set_action(signal, NULL, 1, CALL, exit_in_handler, 0);
    if (same(what, "reraise"))
        return check ? DONE : set_action(signal, NULL, 1, CALL, reraise_in_handler, 0);
    return malformed("'do=' must be return, exit or reraise");
}

static int act_return(const struct line *l, int check)
{
    if (code_in(l, &me.return_code) != DONE)
        return MALFORMED;
    me.returns = !check;
    return check ? DONE : ENDED;
}

static int act_dumpable(const struct line *l, int check)
{
    int on;
    if (flag_in(l, "on", MALFORMED, &on) != DONE)
        return MALFORMED;
    if (check)
        return DONE;
#if defined(HAVE_PRCTL) && defined(__linux__)
    return prctl(PR_SET_DUMPABLE, (unsigned long)on, 0UL, 0UL, 0UL) == 0 ? DONE : errno;
#else
    return ENOTSUP;
#endif
}

static int act_terminal(const struct line *l, int check)
{
    const char *how = get(l, "do");
    int fd, error = DONE;
    if (how == NULL || !(same(how, "read") || same(how, "write") || same(how, "foreground")))
        return malformed("'do=' must be read, write or foreground");
    if (check)
        return DONE;
    fd = controlling_terminal();
    if (fd < 0)
        return errno;
    if (same(how, "read")) {
        /* A job continued in the foreground restarts the read by itself; one that caught the signal gets EINTR. */
        char line[64];
        ssize_t n = read(fd, line, sizeof line);
        if (n < 0)
            error = errno;
        else
            put_number(&me.answer, "bytes", n);
    } else if (same(how, "write")) {
        error = write(fd, "x", 1) < 0 ? errno : DONE;
    } else {
        error = set_foreground(fd, own_group());
    }
    close(fd);
    return error;
}

static int act_pidfd_open(const struct line *l, int check)
{
    long long pid;
    int fd;
    if (number_in(l, "pid", INT_MIN, INT_MAX, &pid) != DONE)
        return MALFORMED;
    if (check)
        return DONE;
    fd = pidfd_open_of((int)pid, 0);
    if (fd < 0)
        return errno;
    put_number(&me.answer, "fd", fd);
    return DONE;
}

static int act_last_pid(const struct line *l, int check)
{
    struct text t = { NULL, 0, 0 };
    long long pid;
    int fd, error = DONE;
    if (number_in(l, "pid", INT_MIN, INT_MAX, &pid) != DONE)
        return MALFORMED;
    if (check)
        return DONE;
    fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY);
    if (fd < 0)
        return errno;
    add_number(&t, pid);
    if (write(fd, t.at, t.len) < 0)
        error = errno;
    close(fd);
    free(t.at);
    return error;
}

static int act_subreaper(const struct line *l, int check)
{
    int on;
    if (flag_in(l, "on", MALFORMED, &on) != DONE)
        return MALFORMED;
    return check ? DONE : set_subreaper(on);
}

static int act_report(const struct line *l, int check)
{
    (void)l;
    if (!check)
        put_report(&me.answer);
    return DONE;
}

static int act_getids(const struct line *l, int check)
{
    (void)l;
    if (!check) {
        put_ids(&me.answer);
        put_number(&me.answer, "uid", (long long)getuid());
        put_number(&me.answer, "euid", (long long)geteuid());
        put_pending(&me.answer, "pending");
        put_caught(&me.answer);
    }
    return DONE;
}

static const struct form FORMS[] = {
    { "exit", "code report", act_exit },
    { "raise", "sig core report", act_raise },
    { "kill-self", "sig core report", act_kill_self },
    { "pause", "", act_pause },
    { "stop", "sig", act_stop },
    { "ignore", "sig", act_ignore },
    { "default", "sig", act_default },
    { "block", "sig", act_block },
    { "unblock", "sig", act_unblock },
    { "burn-user", "us", act_burn_user },
    { "burn-system", "us", act_burn_system },
    { "allocate", "bytes", act_allocate },
    { "release", "", act_release },
    { "minor-faults", "count", act_minor_faults },
    { "major-faults", "count", act_major_faults },
    { "block-output", "count", act_block_output },
    { "voluntary-switches", "count", act_voluntary },
    { "involuntary-switches", "count", act_involuntary },
    { "sleep", "ms", act_sleep },
    { "setpgid", "pgid", act_setpgid },
    { "setsid", "", act_setsid },
    { "setuid", "uid", act_setuid },
    { "seteuid", "uid", act_seteuid },
    { "setegid", "gid", act_setegid },
    { "fork", "token orphan steps", act_fork },
    { "vfork-exec", "token orphan steps", act_vfork_exec },
    { "vfork", "code", act_vfork },
    { "wait", "pid", act_wait },
    { "leader-exit", "code", act_leader_exit },
    { "thread-exit", "code report", act_thread_exit },
    { "group-exit", "code report", act_group_exit },
    { "exec", "steps", act_exec },
    { "exec-from-thread", "steps", act_exec_from_thread },
    { "traceme", "", act_traceme },
    { "trace", "do pid sig options", act_trace },
    { "incur", "sig core report", act_incur },
    { "catch", "sig do", act_catch },
    { "return", "code", act_return },
    { "dumpable", "on", act_dumpable },
    { "clone", "sibling exit-signal token orphan steps", act_clone },
    { "terminal", "do", act_terminal },
    { "pidfd-open", "pid", act_pidfd_open },
    { "last-pid", "pid", act_last_pid },
    { "subreaper", "on", act_subreaper },
    { "threads", "count", act_threads },
    { "start-thread", "", act_start_thread },
    { "end-threads", "", act_end_threads },
    { "report", "", act_report },
    { "getids", "", act_getids },
};

static const struct form *form_of(const char *word)
{
    size_t i;
    for (i = 0; i < COUNT_OF(FORMS); i++)
        if (same(FORMS[i].word, word))
            return &FORMS[i];
    return NULL;
}
