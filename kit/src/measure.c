/*
 * The loops of `waitspec bench`: no line of the protocol comes between two calls. The children are forks of the agent that exit by
 * themselves. With `bare`, the functions of the C library are called, whatever the subject is.
 */

/* How long children may take to die, in microseconds. */
#define DEATHS_US 20000000LL
/* How long a child checks whether its parent sleeps, and how long it waits where that cannot be seen. */
#define CHECK_US 50000LL
#define BLIND_US 2000LL
/* A child dies at a random moment within this time after its parent goes to sleep, so that a call that polls shows as such. */
#define PHASE_US 1000
/* The number of pidfds that are open at a time. */
#define OPEN_PIDFDS 128
/* How many times the median a call may count: what it took beyond that was another process's time slice. */
#define INTERRUPTED 10

/* How many of a crowd are dead first, at each end of it. */
#define ENDS 3

enum way { ANY_CHILD, OWN_GROUP, BY_PID, BY_PIDFD };

struct loop {
    enum call call;
    int raw, bare;
    /* How often it is to be done, and how often it was. */
    long long n, done;
    /* What a call wrongly returned; empty if none did. */
    struct text got, ns;
};

static unsigned long long step(unsigned long long random)
{
    return random * 6364136223846793005ULL + 1442695040888963407ULL;
}

static void add_time(struct loop *l, long long ns)
{
    if (l->ns.len != 0)
        add(&l->ns, ",");
    add_number(&l->ns, ns);
}

static long long call_waitid(const struct loop *l, enum way way, int who, int options)
{
#if defined(HAVE_WAITID) || defined(LINUX_CALLS)
    siginfo_t info;
#ifdef LINUX_CALLS
    if (l->raw && !l->bare)
        return syscall(SYS_waitid, way == ANY_CHILD ? 0L : way == BY_PID ? 1L : way == OWN_GROUP ? 2L : 3L, (long)who, &info,
                       (long)(options | WEXITED), (void *)0);
#endif
#ifdef HAVE_WAITID
    return (l->bare ? waitid : family.waitid)(way == ANY_CHILD ? P_ALL : way == BY_PID ? P_PID : way == OWN_GROUP ? P_PGID : (idtype_t)3,
                                              (id_t)who, &info, options | WEXITED);
#endif
#endif
    (void)l, (void)way, (void)who, (void)options;
    errno = ENOSYS;
    return -1;
}

static long long call_once(const struct loop *l, enum way way, int who, int options)
{
    int status, pid = way == ANY_CHILD ? -1 : way == OWN_GROUP ? 0 : who;
    struct rusage usage;
    if (l->call == WAITID)
        return call_waitid(l, way, way == ANY_CHILD ? 0 : way == OWN_GROUP ? (int)getpgrp() : who, options);
#if defined(LINUX_CALLS) && defined(SYS_wait4)
    if (l->raw && !l->bare) {
        struct kernel_rusage own;
        return syscall(SYS_wait4, (long)pid, &status, (long)options, &own);
    }
#endif
    if (l->call == WAIT4)
        return (l->bare ? wait4 : family.wait4)(pid, &status, options, &usage);
    if (l->call == WAITPID)
        return (l->bare ? waitpid : family.waitpid)(pid, &status, options);
#ifndef WAITSPEC_NO_WAIT3
    if (l->call == WAIT3)
        return (l->bare ? wait3 : family.wait3)(&status, options, &usage);
#endif
    return (l->bare ? wait : family.wait)(&status);
}

/* Makes a call, and counts it if it returned what it should. */
static int goes_well_if(struct loop *l, enum way way, int who, int options, int nothing)
{
    long long returned = call_once(l, way, who, options);
    int error = errno;
    if (nothing || l->call == WAITID ? returned == 0 : returned > 0) {
        l->done++;
        return 1;
    }
    add_number(&l->got, returned);
    if (returned == -1) {
        add(&l->got, " ");
        add_errno(&l->got, error);
    }
    return 0;
}

/* The same for a call that has to report a child, or with WNOHANG nothing. */
static int goes_well(struct loop *l, enum way way, int who, int options)
{
    return goes_well_if(l, way, who, options, options == WNOHANG);
}

/* Reaps what calls have left. None is killed: its pid may have been reused. */
static void settle(const int *pids, long long n)
{
    long long until = now_us() + DEATHS_US, i;
    int status;
    for (i = 0; i < n; i++)
        while (!reap(pids[i], &status) && kill(pids[i], 0) == 0 && now_us() < until)
            rest_us(50);
}

/* Starts a child that exits at once. */
static int brief_child(void)
{
    int pid = (int)fork();
    if (pid == 0)
        _exit(0);
    return pid;
}

static int spawn_and_reap(struct task *q, struct loop *l)
{
    long long began = now_ns();
    while (l->done < l->n) {
        int pid = brief_child();
        if (pid < 0)
            return refused(q, errno);
        if (!goes_well(l, BY_PID, pid, 0)) {
            settle(&pid, 1);
            break;
        }
    }
    add_time(l, now_ns() - began);
    return OK;
}

static int poll_running(struct task *q, struct loop *l)
{
    long long began;
    int pid = (int)fork();
    if (pid == 0) {
        die_with_parent();
        for (;;)
            pause();
    }
    if (pid < 0)
        return refused(q, errno);
    began = now_ns();
    while (l->done < l->n && goes_well(l, BY_PID, pid, WNOHANG))
        ;
    add_time(l, now_ns() - began);
    kill_and_reap(pid);
    return OK;
}

#ifdef HAVE_MMAP
static void spin(long long us)
{
    long long until = now_us() + us;
    while (now_us() < until)
        ;
}

/* In a child: returns once that process sleeps. */
static void await_sleeper(int pid)
{
    long long until = now_us() + CHECK_US;
    while (now_us() < until) {
        struct process p;
        if (look_at(pid, 0, &p) != SHOWN) {
            spin(BLIND_US);
            return;
        }
        if (sleeps(p.state))
            return;
        rest_us(1);
    }
}
#endif

/* The time from a death to the return of a call that sleeps. */
static int latency(struct task *q, struct loop *l)
{
#ifdef HAVE_MMAP
    volatile long long *died = mmap(NULL, sizeof *died, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned long long random = (unsigned long long)now_ns();
    int parent = (int)getpid(), error = 0;
    if (died == MAP_FAILED)
        return refused(q, errno);
    while (l->done < l->n) {
        int pid, is_right;
        long long returned;
        random = step(random);
        *died = 0;
        pid = (int)fork();
        if (pid == 0) {
            await_sleeper(parent);
            spin((long long)((random >> 33) % PHASE_US));
            *died = now_ns();
            _exit(0);
        }
        if (pid < 0) {
            error = errno;
            break;
        }
        is_right = goes_well(l, BY_PID, pid, 0);
        returned = now_ns();
        /* A child that is still alive was reported: its pid was not reaped. */
        if (is_right && *died == 0)
            add(&l->got, "a report before the child died");
        if (l->got.len != 0) {
            settle(&pid, 1);
            break;
        }
        add_time(l, returned - *died);
    }
    munmap((void *)(uintptr_t)died, sizeof *died);
    return refused(q, error);
#else
    (void)l;
    return unsupported(q, "there is no memory here that processes can share");
#endif
}

static int compare_times(const void *a, const void *b)
{
    long long x = *(const long long *)a, y = *(const long long *)b;
    return x < y ? -1 : x > y;
}

static int is_zombie(int pid)
{
    struct process p;
    return look_at(pid, 0, &p) == SHOWN && is_dead(p.state);
}

/* Returns once the process table shows these children dead. */
static int await_zombies(struct task *q, const int *pids, long long n)
{
    long long until = now_us() + DEATHS_US, i;
    struct process p;
    if (!has_table())
        return unsupported(q, "there is no process table to show when children are dead");
    /* The last ones die last. */
    for (i = n; i-- > 0;)
        while (look_at(pids[i], 0, &p) == SHOWN && !is_dead(p.state)) {
            if (now_us() > until)
                return refused(q, ETIMEDOUT);
            rest_us(50);
        }
    return OK;
}

/* Creates zombies, or as many as possible. */
static int make_zombies(struct task *q, int *pids, long long n, long long *made)
{
    for (*made = 0; *made < n; ++*made) {
        pids[*made] = brief_child();
        if (pids[*made] < 0 && errno != EAGAIN && errno != ENOMEM)
            return refused(q, errno);
        if (pids[*made] < 0)
            break;
    }
    return await_zombies(q, pids, *made);
}

/* A child of a crowd: if not at an end of it, it lives until the parent closes the pipe. */
static int child_of_crowd(const int gate[2], int is_end)
{
    char byte;
    int pid = (int)fork();
    if (pid == 0) {
        if (!is_end) {
            close(gate[1]);
            while (read(gate[0], &byte, 1) < 0 && errno == EINTR)
                ;
        }
        _exit(0);
    }
    return pid;
}

/* Finds the dead at both ends of a crowd: as any child, the last but one by group, the last by pid. */
static void find_ends(struct loop *l, const int *ends, int n, long long made)
{
    int takes_target = l->call != WAIT && l->call != WAIT3, turn, i;
    for (turn = 0; turn < n; turn++) {
        int left[2 * ENDS], count = 0, after = 0;
        enum way way;
        for (i = 0; i < n; i++)
            if (is_zombie(ends[i]))
                left[count++] = ends[i];
        way = !takes_target || count == 0 || n - turn > 2 ? ANY_CHILD : n - turn == 2 ? OWN_GROUP : BY_PID;
        if (!goes_well_if(l, way, count != 0 ? left[0] : 0, WNOHANG, 0))
            return;
        for (i = 0; i < count; i++)
            after += is_zombie(left[i]);
        /* waitid returns 0 for nothing, too. */
        if (after == count) {
            add(&l->got, "nothing for ");
            add_number(&l->got, count);
            add(&l->got, " zombies among ");
            add_number(&l->got, made);
            add(&l->got, " children");
            return;
        }
    }
}

/* Of N children only the oldest and the youngest are dead, and are looked for; then the others exit, and are reaped. */
static int crowd(struct task *q, struct loop *l)
{
    int *pids = more(NULL, (size_t)l->n * sizeof *pids), gate[2], ends[2 * ENDS], n = 0, result;
    long long made = 0, i, first, last;
    if (pipe(gate) != 0) {
        free(pids);
        return refused(q, errno);
    }
    for (result = OK; result == OK && made < l->n; made += result == OK) {
        pids[made] = child_of_crowd(gate, made < ENDS || made >= l->n - ENDS);
        if (pids[made] < 0 && (errno == EAGAIN || errno == ENOMEM))
            break;
        if (pids[made] < 0)
            result = refused(q, errno);
    }
    /* If the limit was reached before the last ones, only the oldest are dead. */
    first = made < ENDS ? made : ENDS;
    last = made < l->n || made - ENDS < first ? made : made - ENDS;
    for (i = 0; i < made; i++)
        if (i < first || i >= last)
            ends[n++] = pids[i];
    if (result == OK)
        result = await_zombies(q, ends, n);
    if (result == OK)
        find_ends(l, ends, n, made);
    close(gate[1]);
    close(gate[0]);
    if (result == OK)
        result = await_zombies(q, pids + first, last - first);
    for (i = first; result == OK && l->got.len == 0 && i < last; i++)
        goes_well(l, ANY_CHILD, 0, 0);
    if (l->done < made)
        settle(pids, made);
    add_time(l, 0);
    free(pids);
    return result;
}

static int reap_many(struct task *q, struct loop *l, enum way way)
{
    int *pids = more(NULL, (size_t)l->n * sizeof *pids), fds[OPEN_PIDFDS] = { 0 };
    long long *times = more(NULL, (size_t)l->n * sizeof *times), made, i, total = 0, most;
    unsigned long long random = 1;
    int result = make_zombies(q, pids, l->n, &made), *order = more(NULL, (size_t)l->n * sizeof *order);
    memcpy(order, pids, (size_t)made * sizeof *order);
    for (i = made - 1; way == BY_PID && i > 0; i--) {
        long long other;
        int kept = order[i];
        random = step(random);
        other = (long long)((random >> 33) % (unsigned long long)(i + 1));
        order[i] = order[other];
        order[other] = kept;
    }
    for (i = 0; result == OK && i < made; i++) {
        int who = order[i], is_right, k;
        long long began;
        if (way == BY_PIDFD && i % OPEN_PIDFDS == 0)
            for (k = 0; result == OK && k < OPEN_PIDFDS && i + k < made; k++) {
                fds[k] = pidfd_open_of(order[i + k], 0);
                if (fds[k] < 0)
                    result = refused(q, errno);
            }
        if (result != OK)
            break;
        if (way == BY_PIDFD)
            who = fds[i % OPEN_PIDFDS];
        began = now_ns();
        is_right = goes_well(l, way, who, 0);
        times[i] = now_ns() - began;
        if (!is_right)
            break;
        if (way == BY_PIDFD)
            close(who);
    }
    if (l->done < made)
        settle(pids, made);
    qsort(times, (size_t)l->done, sizeof *times, compare_times);
    /* A clock may be too coarse for one call. */
    most = l->done == 0 || times[l->done / 2] == 0 ? LLONG_MAX : times[l->done / 2] * INTERRUPTED;
    for (i = 0; i < l->done; i++)
        total += times[i] < most ? times[i] : most;
    add_time(l, total);
    free(order);
    free(times);
    free(pids);
    return result;
}

static int serve_measure(struct task *q)
{
    const char *what = get(&q->line, "what"), *call = get(&q->line, "call"), *n = get(&q->line, "n");
    struct loop l;
    int result;
    memset(&l, 0, sizeof l);
    if (what == NULL || n == NULL || !parse_number(n, &l.n) || l.n < 1 || l.n > 1000000000)
        return wrong(q, "'what=' or 'n=' is missing, or 'n=' is not a number in range");
    l.call = call == NULL ? WAITPID : call_of(call);
    if (l.call == NO_CALL)
        return wrong(q, "'call=' has a bad value");
    l.raw = agent.raw;
    l.bare = is_yes(&q->line, "bare");
    if (agent.threaded)
        return unsupported(q, "a copy of a process with several threads");
    if (!has_call(l.call, l.raw && !l.bare))
        return unsupported(q, "the subject has no such call");
    if (same(what, "spawn-reap"))
        result = spawn_and_reap(q, &l);
    else if (same(what, "poll"))
        result = poll_running(q, &l);
    else if (same(what, "bounded") && !l.bare)
        result = unsupported(q, "it has no bounded wait");
    else if (same(what, "blocked") || same(what, "bounded"))
        result = latency(q, &l);
    else if (same(what, "reap-any"))
        result = reap_many(q, &l, ANY_CHILD);
    else if (same(what, "reap-pid"))
        result = reap_many(q, &l, BY_PID);
    else if (same(what, "reap-pidfd"))
        result = reap_many(q, &l, BY_PIDFD);
    else if (same(what, "crowd"))
        result = crowd(q, &l);
    else
        result = wrong(q, "'what=' has a bad value");
    if (result == OK) {
        put_number(&q->reply, "n", l.done);
        put_key(&q->reply, "ns");
        add(&q->reply, l.ns.at != NULL ? l.ns.at : "");
        if (l.got.len != 0)
            put(&q->reply, "got", l.got.at);
    }
    free(l.ns.at);
    free(l.got.at);
    return result;
}
