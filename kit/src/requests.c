/* The agent's requests other than calls, children and signals. */

/* Keeps a descriptor open until `close`, and returns its number. */
static int keep(struct task *q, int fd)
{
    if (fd < 0)
        return refused(q, errno);
    if ((size_t)fd >= sizeof agent.mine) {
        close(fd);
        return refused(q, EMFILE);
    }
    agent.mine[fd] = 1;
    put_number(&q->reply, "fd", fd);
    return OK;
}

/* One of the agent's own descriptors. */
static int fd_in(struct task *q, const char *key, int *fd)
{
    int result = int_in(q, key, fd);
    if (result != OK)
        return result;
    return *fd >= 0 && (size_t)*fd < sizeof agent.mine && agent.mine[*fd] ? OK : refused(q, EBADF);
}

static int serve_getrusage(struct task *q)
{
    const char *who = get(&q->line, "who");
    struct usage u;
    if (who == NULL || !(same(who, "self") || same(who, "children")))
        return wrong(q, "'who=' must be self or children");
    own_usage(&u, same(who, "self") ? RUSAGE_SELF : RUSAGE_CHILDREN);
    put_usage(&q->reply, "ru_", &u);
    return OK;
}

static int serve_setpgid(struct task *q)
{
    int pid, pgid;
    if (int_in(q, "pid", &pid) != OK || int_in(q, "pgid", &pgid) != OK)
        return WRONG;
    return refused(q, setpgid(pid, pgid) == 0 ? 0 : errno);
}

static int serve_pidfd_open(struct task *q)
{
    int pid;
    if (int_in(q, "pid", &pid) != OK)
        return WRONG;
    return keep(q, pidfd_open_of(pid, is_yes(&q->line, "nonblock") ? O_NONBLOCK : 0));
}

static int serve_open(struct task *q)
{
    const char *path = get(&q->line, "path");
    if (path == NULL)
        return wrong(q, "'path=' is missing");
    return keep(q, open(path, O_RDONLY | O_CLOEXEC));
}

static int serve_poll(struct task *q)
{
#ifdef HAVE_POLL
    static const struct name bits[] = {
        { "POLLIN", POLLIN }, { "POLLHUP", POLLHUP }, { "POLLERR", POLLERR }, { "POLLNVAL", POLLNVAL },
    };
    struct pollfd one;
    size_t i;
    int fd, result = fd_in(q, "fd", &fd);
    if (result != OK)
        return result;
    one.fd = fd;
    one.events = POLLIN;
    one.revents = 0;
    while (poll(&one, 1, 0) < 0)
        if (errno != EINTR)
            return refused(q, errno);
    put_key(&q->reply, "revents");
    for (i = 0; i < COUNT_OF(bits); i++)
        if (one.revents & bits[i].number)
            put_item(&q->reply, bits[i].name);
    return OK;
#else
    return unsupported(q, "there is no poll here");
#endif
}

static int serve_close(struct task *q)
{
    int fd, result = fd_in(q, "fd", &fd);
    if (result != OK)
        return result;
    agent.mine[fd] = 0;
    close(fd);
    return OK;
}

static int serve_subreaper(struct task *q)
{
    const char *on = get(&q->line, "on");
    if (on == NULL || !(same(on, "yes") || same(on, "no")))
        return wrong(q, "'on=' must be yes or no");
    return refused(q, set_subreaper(same(on, "yes")));
}

static void put_flag(struct text *t, const char *key, int flag)
{
    put(t, key, flag ? "yes" : "no");
}

/* The C library's own macros. */
static int serve_decode(struct task *q)
{
    const char *text = get(&q->line, "status");
    long long n;
    int status;
    if (text == NULL || !parse_number(text, &n) || n < INT_MIN || n > UINT_MAX)
        return wrong(q, "'status=' is missing or not a 32-bit word");
    if (agent.raw)
        return unsupported(q, "the kernel does not decode status words");
    status = (int)(unsigned)(n & 0xffffffff);
    put_flag(&q->reply, "exited", WIFEXITED(status));
    put_flag(&q->reply, "signaled", WIFSIGNALED(status));
    put_flag(&q->reply, "stopped", WIFSTOPPED(status));
#ifdef WIFCONTINUED
    put_flag(&q->reply, "continued", WIFCONTINUED(status));
#endif
#ifdef WCOREDUMP
    if (WIFSIGNALED(status))
        put_flag(&q->reply, "coredump", WCOREDUMP(status));
#endif
    if (WIFEXITED(status))
        put_number(&q->reply, "wexitstatus", WEXITSTATUS(status));
    if (WIFSIGNALED(status))
        put_number(&q->reply, "wtermsig", WTERMSIG(status));
    if (WIFSTOPPED(status))
        put_number(&q->reply, "wstopsig", WSTOPSIG(status));
    return OK;
}

static int serve_signals(struct task *q)
{
    put_signals(&q->reply);
    put_waited(&q->reply);
    return OK;
}

static int serve_getids(struct task *q)
{
    put_number(&q->reply, "pid", getpid());
    put_number(&q->reply, "tid", thread_id());
    return OK;
}

/* --- Requests that only some cases need --------------------------------------------------------------------------------------------- */

static int serve_clone(struct task *q)
{
    const char *exit_signal = get(&q->line, "exit-signal");
    struct cloning how;
    struct options o;
    long long raw;
    char **argv;
    size_t count;
    int result, pid, fd;
    if (agent.threaded)
        return unsupported(q, "a copy of a process with several threads");
#if !(defined(LINUX_CALLS) && defined(SYS_clone))
    return unsupported(q, "there is no clone here");
#endif
    if (exit_signal == NULL)
        return wrong(q, "'exit-signal=' is missing");
    memset(&how, 0, sizeof how);
    if (!same(exit_signal, "0") && !signal_of(exit_signal, &how.exit_signal)) {
        if (!parse_number(exit_signal, &raw))
            return wrong(q, "'exit-signal=' is neither a signal nor a number");
        how.exit_signal = (int)raw;
    }
    how.pidfd = is_yes(&q->line, "pidfd");
    how.new_pids = is_yes(&q->line, "newpid");
    how.new_users = is_yes(&q->line, "newuser");
    how.by_clone3 = is_yes(&q->line, "clone3");
    result = command_in(q, &argv, &count);
    if (result != OK)
        return result;
    result = image_in(q, argv, count, &o);
    if (result == OK && how.new_pids && o.place != NULL && starts(o.place, "pipes:"))
        result = unsupported(q, "without local sockets, the pid of a child in another namespace is unknown");
    if (result == OK) {
        pid = clone_process(&how, &fd);
        if (pid == 0)
            be_image(&o);
        if (pid < 0) {
            result = refused(q, errno);
        } else {
            put_number(&q->reply, "pid", pid);
            if (fd >= 0)
                result = keep(q, fd);
        }
        leave_to_child(argv);
    }
    free(o.program);
    free(o.steps);
    free_list(argv);
    return result;
}

static int serve_posix_spawn(struct task *q)
{
#ifdef HAVE_POSIX_SPAWN
    extern char **environ;
    char **argv;
    size_t count;
    pid_t pid;
    int result = command_in(q, &argv, &count), error;
    if (result != OK)
        return result;
    error = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
    if (error == 0)
        put_number(&q->reply, "pid", pid);
    leave_to_child(argv);
    free_list(argv);
    return refused(q, error);
#else
    return unsupported(q, "there is no posix_spawn here");
#endif
}

/* A call in a fork of the agent, which has no children of its own; and its result there. */
static int serve_in_fork(struct task *q)
{
    const char *name = get(&q->line, "call");
    enum call call = name != NULL ? call_of(name) : NO_CALL;
    struct request r;
    struct seen s;
    char buffer[4096];
    ssize_t n;
    int result, ends[2];
    pid_t pid;
    if (agent.threaded)
        return unsupported(q, "a copy of a process with several threads");
    if (call == NO_CALL)
        return wrong(q, "'call=' is missing or not a call of the family");
    result = call_in(q, call, &r);
    if (result != OK)
        return result;
    if (pipe_for_us(ends) != 0)
        return refused(q, errno);
    pid = fork();
    if (pid == 0) {
        const char *why = perform(agent.raw, &r, &s);
        close(ends[0]);
        clear(&q->reply);
        if (why == NULL)
            put_seen(&q->reply, q->id, &s);
        write_all(ends[1], q->reply.at, q->reply.len);
        _exit(0);
    }
    result = errno;
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return refused(q, result);
    }
    do
        n = read(ends[0], buffer, sizeof buffer);
    while (n < 0 && errno == EINTR);
    close(ends[0]);
    kill_and_reap((int)pid);
    if (n <= 0)
        return unsupported(q, "there is no such call here");
    add_bytes(&q->reply, buffer, (size_t)n);
    return TOLD;
}

/* Execs another image of this agent, with the same streams. It says hello again. */
static int serve_exec(struct task *q)
{
    char **argv, **words;
    struct text name = { NULL, 0, 0 };
    size_t count, i, n = 0;
    int result = command_in(q, &argv, &count), ours = 0;
    if (result != OK)
        return result;
    words = more(NULL, (count + 6) * sizeof *words);
    for (i = 0; i < count; i++)
        ours |= same(base_name(argv[i]), base_name(own_path));
    if (ours) {
        /* Possibly under an emulator. */
        for (i = 0; i < count; i++)
            words[n++] = argv[i];
    } else {
        words[n++] = own_path;
        words[n++] = (char *)"child";
    }
    words[n++] = (char *)"--agent";
    add(&name, agent.raw ? "syscall" : agent.library != NULL ? "so:" : "libc");
    if (agent.library != NULL)
        add(&name, agent.library);
    words[n++] = name.at;
    words[n] = NULL;
    /* A library's output was diverted: restore the stream on which the next image replies. */
    if (agent.library != NULL)
        dup2(agent.out, 1);
    run_program(words);
    result = refused(q, errno);
    if (agent.library != NULL)
        dup2(2, 1);
    free(name.at);
    free(words);
    free_list(argv);
    return result;
}

static int serve_ptrace(struct task *q)
{
    const char *what = get(&q->line, "do");
    int word = what != NULL ? trace_word(what) : -1, pid, signal = 0, bad, error, result;
    size_t count;
    char **options;
    long data = 0, value;
    if (word < 0)
        return wrong(q, "'do=' is missing or not a ptrace request");
    if (int_in(q, "pid", &pid) != OK)
        return WRONG;
    if (get(&q->line, "sig") != NULL) {
        result = signal_key(q, &signal);
        if (result != OK)
            return result;
        data = signal;
    } else {
        options = list_of(&q->line, "options", &count, &bad);
        error = trace_options(options, &data);
        free_list(options);
        if (error != 0)
            return refused(q, error);
    }
    error = trace(word, pid, data, &value);
    if (error == 0)
        put_number(&q->reply, "value", value);
    return refused(q, error);
}

/* Creates a session with a terminal. A group leader cannot create a session, so it first joins another group. */
static int serve_terminal(struct task *q)
{
    pid_t other = fork();
    int fd = -1, error;
    if (other == 0)
        for (;;)
            pause();
    if (other < 0)
        return refused(q, errno);
    if (setpgid(other, other) == 0 && setpgid(0, other) == 0)
        fd = new_session();
    error = errno;
    kill_and_reap((int)other);
    /* Later it puts other groups in the foreground, and is then itself in the background. */
    mask_signal(SIG_BLOCK, SIGTTOU);
    errno = error;
    return keep(q, fd);
}

static int serve_type(struct task *q)
{
    const struct pair *bytes = pair_of(&q->line, "bytes");
    int fd, result = fd_in(q, "fd", &fd);
    if (result != OK)
        return result;
    if (bytes == NULL)
        return wrong(q, "'bytes=' is missing");
    return refused(q, write(fd, bytes->value, bytes->len) < 0 ? errno : 0);
}

static int serve_foreground(struct task *q)
{
    int pgid, fd, error;
    if (int_in(q, "pgid", &pgid) != OK)
        return WRONG;
    fd = controlling_terminal();
    if (fd < 0)
        return refused(q, errno);
    error = set_foreground(fd, pgid);
    close(fd);
    return refused(q, error);
}

static int serve_blocking(struct task *q)
{
    int flags, fd, result = fd_in(q, "fd", &fd);
    if (result != OK)
        return result;
    flags = fcntl(fd, F_GETFL);
    if (flags < 0)
        return refused(q, errno);
    flags = is_yes(&q->line, "on") ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;
    return refused(q, fcntl(fd, F_SETFL, flags) < 0 ? errno : 0);
}

/* Standard input is where requests come from: nothing else can have its number. */
static int serve_duplicate(struct task *q)
{
    const char *value = get(&q->line, "from");
    long long from;
    int fd, result = fd_in(q, "fd", &fd);
    if (result != OK)
        return result;
    if (value == NULL || !parse_number(value, &from) || from < 0 || from > INT_MAX)
        return wrong(q, "'from=' must be a descriptor's number");
    if (from < 3)
        return unsupported(q, "the numbers of the standard streams are in use");
    fd = fcntl(fd, F_DUPFD, (int)from);
    if (fd >= 0)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    return keep(q, fd);
}

static int serve_limit(struct task *q)
{
#ifdef HAVE_RLIMIT
    const char *what = get(&q->line, "resource"), *soft = get(&q->line, "soft");
    long long n;
    if (what == NULL || !(same(what, "nofile") || same(what, "core")) || soft == NULL || !parse_number(soft, &n))
        return wrong(q, "'resource=' must be nofile or core, and 'soft=' a number");
    return refused(q, limit_soft(same(what, "core") ? RLIMIT_CORE : RLIMIT_NOFILE, n));
#else
    return unsupported(q, "there are no limits here");
#endif
}

static int serve_deny(struct task *q)
{
    const char *call = get(&q->line, "call"), *name = get(&q->line, "errno");
    int error;
    if (call == NULL || name == NULL || !number_of(ERRNOS, COUNT_OF(ERRNOS), name, &error))
        return wrong(q, "'call=' or 'errno=' is missing, or no error has that name");
    return refused(q, deny(call, error));
}

static int serve_times(struct task *q)
{
#if defined(HAVE_TIMES) && defined(_SC_CLK_TCK)
    struct tms t;
    long hertz = sysconf(_SC_CLK_TCK), tick = hertz > 0 ? 1000000 / hertz : 10000;
    memset(&t, 0, sizeof t);
    times(&t);
    put_number(&q->reply, "tick_us", tick);
    put_number(&q->reply, "utime_us", (long long)t.tms_utime * tick);
    put_number(&q->reply, "stime_us", (long long)t.tms_stime * tick);
    put_number(&q->reply, "cutime_us", (long long)t.tms_cutime * tick);
    put_number(&q->reply, "cstime_us", (long long)t.tms_cstime * tick);
    return OK;
#else
    return unsupported(q, "there is no times here");
#endif
}

static int serve_unshare_users(struct task *q)
{
#if defined(LINUX_CALLS) && defined(SYS_unshare)
    return refused(q, syscall(SYS_unshare, 0x10000000L) == 0 ? 0 : errno);
#else
    return refused(q, ENOTSUP);
#endif
}
