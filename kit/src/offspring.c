/* Steps that create processes and images. */

static int act_fork(const struct line *l, int check)
{
    struct offspring o;
    int result = offspring_in(l, &o);
    pid_t pid;
    if (result == DONE && !check) {
        pid = fork();
        if (pid == 0)
            be(&o.options);
        result = pid < 0 ? errno : bore((int)pid);
        leave_offspring(&o.options);
    }
    free_list(o.steps);
    return check && result != MALFORMED ? DONE : result;
}

static int act_clone(const struct line *l, int check)
{
    struct offspring o;
    struct cloning how;
    int result, fd;
    memset(&how, 0, sizeof how);
    if (flag_in(l, "sibling", 0, &how.sibling) != DONE ||
        (get(l, "exit-signal") != NULL && signal_in(l, "exit-signal", &how.exit_signal) != DONE))
        return MALFORMED;
    result = offspring_in(l, &o);
    if (result == DONE && !check) {
        int pid = clone_process(&how, &fd);
        if (pid == 0)
            be(&o.options);
        result = pid < 0 ? errno : bore(pid);
        leave_offspring(&o.options);
    }
    free_list(o.steps);
    return check && result != MALFORMED ? DONE : result;
}

#ifdef HAVE_VFORK
/* In a frame of its own, whose variables the new process does not modify: it only execs or exits. Returns 0, or the errno. */
static int vfork_and(char *const *argv, int code, int *child)
{
    static volatile int error;
    pid_t pid;
    error = 0;
    pid = vfork();
    if (pid == 0) {
        if (argv != NULL) {
            execv(argv[0], argv);
            error = errno;
        }
        _exit(code);
    }
    if (pid < 0)
        return errno;
    *child = (int)pid;
    return error;
}
#endif

static int act_vfork_exec(const struct line *l, int check)
{
    struct offspring o;
    int result = offspring_in(l, &o);
    if (result == DONE && !check) {
#ifdef HAVE_VFORK
        char **argv = argv_of(&o.options);
        int pid;
        result = vfork_and(argv, 127, &pid);
        if (result == DONE)
            bore(pid);
        leave_to_child(argv);
        free(argv);
#else
        result = ENOTSUP;
#endif
    }
    free_list(o.steps);
    return check && result != MALFORMED ? DONE : result;
}

static int act_vfork(const struct line *l, int check)
{
    int code;
    if (code_in(l, &code) != DONE)
        return MALFORMED;
    if (check)
        return DONE;
#ifdef HAVE_VFORK
    {
        int pid, error = vfork_and(NULL, code, &pid);
        return error != 0 ? error : bore(pid);
    }
#else
    return ENOTSUP;
#endif
}

/* Reaps its own child. A child makes no other call of the family. */
static int act_wait(const struct line *l, int check)
{
    long long number = 0;
    /* With room after it, for a wait that writes too much. */
    int status[8] = { 0 };
    pid_t pid, got;
    if (number_or(l, "pid", INT_MIN, INT_MAX, &number) != DONE)
        return MALFORMED;
    if (check)
        return DONE;
    pid = number == 0 ? (pid_t)me.youngest : (pid_t)number;
    if (pid <= 0)
        return ECHILD;
    do
        got = waitpid(pid, status, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return errno;
    if (got == 0)
        return EIO;
    put_number(&me.answer, "pid", got);
    put_status(&me.answer, "status", status[0]);
    return DONE;
}

#ifdef HAVE_PTHREAD
static void *sleep_on(void *with)
{
    for (;;)
        pause();
    return with;
}

static void *exec_here(void *with)
{
    char **argv = with;
    run_program(argv);
    return (void *)(intptr_t)errno;
}
#endif

#if defined(HAVE_PTHREAD) && defined(LINUX_CALLS) && defined(SYS_exit)
static struct {
    int leader;
    long long id;
} successor;

static void *succeed(void *with)
{
    long long until = now_us() + 5000000;
    while (!thread_is_gone((int)getpid(), successor.leader) && now_us() < until)
        syscall(SYS_sched_yield);
    clear(&me.answer);
    answer_step("leader-exit", successor.id, DONE);
    exit(go_on());
    return with;
}
#endif

static int act_leader_exit(const struct line *l, int check)
{
    int code = 0;
    if (get(l, "code") != NULL && code_in(l, &code) != DONE)
        return MALFORMED;
    if (check)
        return DONE;
#if defined(HAVE_PTHREAD) && defined(LINUX_CALLS) && defined(SYS_exit)
    {
        pthread_t thread;
        int error;
        successor.leader = thread_id();
        successor.id = id_of(l);
        error = start_thread(&thread, succeed, NULL);
        if (error != 0)
            return error;
        for (;;) {
            syscall(SYS_exit, code);
            pause();
        }
    }
#else
    return ENOTSUP;
#endif
}

static int act_threads(const struct line *l, int check)
{
    long long count;
    if (number_in(l, "count", 0, INT_MAX, &count) != DONE)
        return MALFORMED;
    if (check)
        return DONE;
#ifdef HAVE_PTHREAD
    for (; count > 0; count--) {
        pthread_t thread;
        int error = start_thread(&thread, sleep_on, NULL);
        if (error != 0)
            return error;
    }
    return DONE;
#else
    return ENOTSUP;
#endif
}

#ifdef HAVE_PTHREAD
/* A thread that sleeps until the write end of its pipe is closed, after reporting its id through another one. */
struct sleeper {
    struct sleeper *next;
    pthread_t thread;
    int tid, down[2], up[2];
};

/* Oldest first. */
static struct sleeper *sleepers;

static void *sleep_until_ended(void *with)
{
    struct sleeper *s = with;
    int tid = thread_id();
    char byte;
    if (write(s->up[1], &tid, sizeof tid) == (ssize_t)sizeof tid)
        while (read(s->down[0], &byte, 1) < 0 && errno == EINTR)
            ;
    return NULL;
}

/* Starts one: returns 0, or an errno. */
static int start_sleeper(struct sleeper *s)
{
    int error;
    ssize_t n;
    if (pipe_for_us(s->down) != 0)
        return errno;
    if (pipe_for_us(s->up) != 0) {
        error = errno;
    } else {
        error = start_thread(&s->thread, sleep_until_ended, s);
        if (error == 0) {
            do
                n = read(s->up[0], &s->tid, sizeof s->tid);
            while (n < 0 && errno == EINTR);
            return n == (ssize_t)sizeof s->tid ? 0 : EIO;
        }
        close(s->up[0]);
        close(s->up[1]);
    }
    close(s->down[0]);
    close(s->down[1]);
    return error;
}

/* Makes one exit; returns once it is gone: a traced one stays until its tracer has released it. */
static void end_sleeper(struct sleeper *s)
{
    close(s->down[1]);
    pthread_join(s->thread, NULL);
#ifdef LINUX_CALLS
    {
        long long until = now_us() + 5000000;
        while (!thread_is_gone((int)getpid(), s->tid) && now_us() < until)
            (void)syscall(SYS_sched_yield);
    }
#endif
    close(s->down[0]);
    close(s->up[0]);
    close(s->up[1]);
}
#endif

static int act_start_thread(const struct line *l, int check)
{
    (void)l;
    if (check)
        return DONE;
#ifdef HAVE_PTHREAD
    {
        struct sleeper **last = &sleepers, *s = more(NULL, sizeof *s);
        int error = start_sleeper(s);
        if (error != 0)
            return error;
        s->next = NULL;
        while (*last != NULL)
            last = &(*last)->next;
        *last = s;
        put_number(&me.answer, "tid", s->tid);
        return DONE;
    }
#else
    return ENOTSUP;
#endif
}

static int act_end_threads(const struct line *l, int check)
{
    (void)l;
    if (check)
        return DONE;
#ifdef HAVE_PTHREAD
    while (sleepers != NULL) {
        struct sleeper *s = sleepers;
        sleepers = s->next;
        end_sleeper(s);
        free(s);
    }
    return DONE;
#else
    return ENOTSUP;
#endif
}

static int exec_by(const struct line *l, int check, int by_thread)
{
    struct options o = me.options;
    char **steps, **argv;
    int bad, error = ENOTSUP;
    o.steps = steps = list_of(l, "steps", &o.step_count, &bad);
    if (bad || check_steps(steps, o.step_count) != DONE) {
        free_list(steps);
        return MALFORMED;
    }
    if (check) {
        free_list(steps);
        return DONE;
    }
    argv = argv_of(&o);
    if (!by_thread) {
        run_program(argv);
        error = errno;
    }
#ifdef HAVE_PTHREAD
    else {
        pthread_t thread;
        void *why;
        error = start_thread(&thread, exec_here, argv);
        if (error == 0 && pthread_join(thread, &why) == 0)
            error = (int)(intptr_t)why;
    }
#endif
    free(argv);
    free_list(steps);
    return error;
}

static int act_exec(const struct line *l, int check) { return exec_by(l, check, 0); }
static int act_exec_from_thread(const struct line *l, int check) { return exec_by(l, check, 1); }

