/* The agent of the trial: startup, lines, exit. */

/* Whether it is below us in the process table. */
static int is_below_us(int pid)
{
    int us = (int)getpid(), depth;
    for (depth = 0; depth < 64; depth++) {
        struct process p;
        if (look_at(pid, 0, &p) != SHOWN)
            return 0;
        if (p.ppid == us)
            return 1;
        if (p.ppid <= 1)
            return 0;
        pid = p.ppid;
    }
    return 0;
}

static struct call_state *call_state_of(long long id)
{
    size_t i = warden.agent.call_count;
    while (i-- != 0)
        if (warden.agent.calls[i].id == id)
            return &warden.agent.calls[i];
    return NULL;
}

/* Tracks calls from the agent's lines. */
static void note_agent(const struct line *l)
{
    long long id = id_of(l), n;
    struct call_state *c;
    const char *value;
    if (id < 0)
        return;
    c = call_state_of(id);
    if (c == NULL) {
        if (warden.agent.call_count % 64 == 0)
            warden.agent.calls = more(warden.agent.calls, (warden.agent.call_count + 64) * sizeof *c);
        c = &warden.agent.calls[warden.agent.call_count++];
        c->id = id;
    }
    if (same(l->word, "entering")) {
        value = get(l, "tid");
        c->answered = 0;
        c->tid = value != NULL && parse_number(value, &n) && n > 0 && n <= INT_MAX ? (int)n : warden.agent.pid;
        return;
    }
    c->answered = 1;
    value = get(l, "pid");
    if (value != NULL && parse_number(value, &n) && n > 1 && n <= INT_MAX)
        add_pid((int)n, &warden.agent.spawned);
}

/*
 * The initial state of every agent: default dispositions, an empty mask, a process group that is not orphaned, its three streams,
 * the pipes of its children and no other descriptor, and a parent-death signal. `ends` are the children's.
 */
static void become_agent(const int theirs[3], int *ends, int count)
{
    int high[3], i, above = 3 + count;
    die_with_parent();
    setpgid(0, 0);
    /* The ends may themselves have the numbers they are to get: move them out of the way first. */
    for (i = 0; i < 3; i++)
        high[i] = fcntl(theirs[i], F_DUPFD, above);
    for (i = 0; i < count; i++) {
        int moved = fcntl(ends[i], F_DUPFD, above);
        close(ends[i]);
        ends[i] = moved;
    }
    for (i = 0; i < 3; i++)
        if (high[i] < 0 || dup2(high[i], i) < 0)
            _exit(125);
    for (i = 0; i < count; i++)
        if (ends[i] < 0 || dup2(ends[i], 3 + i) < 0)
            _exit(125);
    close_others(3, 3, count);
}

static void end_agent_streams(void)
{
    int *const fds[3] = { &warden.agent.in, &warden.agent.out, &warden.agent.err };
    int i;
    for (i = 0; i < 3; i++) {
        if (*fds[i] >= 0)
            close(*fds[i]);
        *fds[i] = -1;
    }
}

/* Starts the agent of a trial; NULL, or why not. */
static const char *open_agent(const struct line *l)
{
    const char *subject = get(l, "subject"), *nonce = get(l, "nonce");
    int pipes[3][2], *ends, count = 0, bad, i, error;
    struct hosting *a = &warden.agent;
    char **argv;
    size_t words;
    pid_t pid;
    if (a->open)
        return "a trial is already open";
    if (nonce == NULL || strlen(nonce) >= sizeof warden.nonce)
        return "'nonce=' is missing or too long";
    argv = list_of(l, "argv", &words, &bad);
    if (bad || (subject == NULL && words == 0)) {
        free_list(argv);
        return "'subject=' or 'argv=' is missing";
    }
    if (subject != NULL && !(same(subject, "libc") || (same(subject, "syscall") && has_call(WAITID, 1)))) {
        free_list(argv);
        return has_call(WAITID, 1) ? "there is no such subject here; the kit hosts libc and syscall"
                                   : "there is no such subject here; this build of the kit hosts only libc";
    }
    forget_children();
    ends = more(NULL, sizeof *ends * (size_t)(2 * warden.pipe_count + 1));
    if (warden.by_pipes) {
        for (i = 0; i < warden.pipe_count; i++) {
            int down[2], up[2];
            if (pipe_for_us(down) != 0)
                break;
            if (pipe_for_us(up) != 0) {
                close(down[0]);
                close(down[1]);
                break;
            }
            not_blocking(down[1]);
            not_blocking(up[0]);
            ends[count++] = down[0];
            ends[count++] = up[1];
            add_stranger(up[0], down[1]);
        }
    }
    for (i = 0; i < 3; i++)
        if (pipe_for_us(pipes[i]) != 0) {
            while (i-- > 0) {
                close(pipes[i][0]);
                close(pipes[i][1]);
            }
            for (i = 0; i < count; i++)
                close(ends[i]);
            free(ends);
            free_list(argv);
            forget_children();
            return "cannot create pipes for the agent";
        }
    flush_lines();
    pid = fork();
    if (pid == 0) {
        int theirs[3];
        theirs[0] = pipes[0][0];
        theirs[1] = pipes[1][1];
        theirs[2] = pipes[2][1];
        /* The warden's ends: some of them to make room, all of them in the end. */
        close(pipes[0][1]);
        close(pipes[1][0]);
        close(pipes[2][0]);
        forget_children();
        become_agent(theirs, ends, count);
        if (subject != NULL)
            _exit(serve_agent(same(subject, "syscall")));
        reset_signals();
        (void)!chdir(warden.start_folder);
        run_program(argv);
        complain("cannot execute ", argv[0], errno);
        _exit(127);
    }
    error = errno;
    close(pipes[0][0]);
    close(pipes[1][1]);
    close(pipes[2][1]);
    for (i = 0; i < count; i++)
        close(ends[i]);
    free(ends);
    free_list(argv);
    memset(a, 0, sizeof *a);
    a->in = pipes[0][1];
    a->out = pipes[1][0];
    a->err = pipes[2][0];
    a->handle.fd = -1;
    if (pid < 0 || open_handle((int)pid, &a->handle) != 0) {
        end_agent_streams();
        forget_children();
        errno = error;
        return pid < 0 ? "cannot fork the agent" : "cannot watch the agent";
    }
    for (i = 0; i < 3; i++)
        not_blocking(i == 0 ? a->in : i == 1 ? a->out : a->err);
    a->open = 1;
    a->pid = (int)pid;
    strcpy(warden.nonce, nonce);
    return NULL;
}

/* Sends as much of what waits for the agent as its pipe has room for: it may hold less than a trial sends at once. */
static void send_requests(void)
{
    struct hosting *a = &warden.agent;
    size_t sent = 0;
    while (a->in >= 0 && sent < a->requests.len) {
        ssize_t n = write(a->in, a->requests.at + sent, a->requests.len - sent);
        if (n > 0) {
            sent += (size_t)n;
        } else if (n == 0 || errno == EAGAIN || errno == EWOULDBLOCK) {
            break;
        } else if (errno != EINTR) {
            close(a->in);
            a->in = -1;
        }
    }
    drop_first(&a->requests, sent);
}

/* Sends one line, after what is waiting; it is lost if the agent has closed its input. */
static void send_agent(const char *line, size_t n)
{
    if (!warden.agent.open || warden.agent.in < 0)
        return;
    add_bytes(&warden.agent.requests, line, n);
    add(&warden.agent.requests, "\n");
    send_requests();
}

static void below_us(struct pids *found);

/* Reads the agent's output and relays it; 0 if there was none. */
static int read_agent(void)
{
    struct hosting *a = &warden.agent;
    char *line;
    size_t len;
    int got, ended;
    if (!a->open || a->out < 0)
        return 0;
    got = read_some(a->out, &a->lines);
    if (got == 0)
        return 0;
    ended = got < 0;
    while ((got = next_line(&a->lines, &line, &len)) != 0) {
        struct line l;
        const char *why = got < 0 ? "a line of more than 65536 bytes" : parse_line(&l, line, len);
        if (why != NULL) {
            tell_garbage("agent", why, got < 0 ? "" : line, got < 0 ? 0 : len);
            if (got > 0)
                free_line(&l);
            continue;
        }
        if (same(l.word, "hello") && !a->greeted) {
            const char *said = get(&l, "pid");
            long long pid;
            a->greeted = 1;
            if (said != NULL && parse_number(said, &pid) && pid > 1 && pid <= INT_MAX && pid != a->pid &&
                is_below_us((int)pid)) {
                a->pid = (int)pid;
                below_us(&a->family);
            }
        }
        note_agent(&l);
        note_line("agent", NULL, line, len);
        /* The driver need not know at once that a call was entered: it will ask whether the call blocks. */
        warden.urgent |= !same(l.word, "entering");
        free_line(&l);
    }
    if (ended) {
        size_t left = a->lines.text.len - a->lines.start;
        if (left != 0)
            tell_garbage("agent", "the stream ended in the middle of a line", a->lines.text.at + a->lines.start, left);
        close(a->out);
        a->out = -1;
        a->speechless = now_us();
        warden.urgent = 1;
    }
    return 1;
}

static void read_stderr(void)
{
    struct hosting *a = &warden.agent;
    char buffer[4096];
    ssize_t n;
    if (!a->open || a->err < 0)
        return;
    n = read(a->err, buffer, sizeof buffer);
    if (n > 0) {
        size_t room = STDERR_KEPT > a->err_text.len ? STDERR_KEPT - a->err_text.len : 0;
        add_bytes(&a->err_text, buffer, (size_t)n < room ? (size_t)n : room);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        close(a->err);
        a->err = -1;
    }
}

/* The agent has died: drains its output first. */
static void agent_ended(void)
{
    struct hosting *a = &warden.agent;
    struct text t = { NULL, 0, 0 };
    int times;
    for (times = 0; times < 64 && read_agent(); times++)
        ;
    read_stderr();
    if (!a->open || a->ended)
        return;
    a->ended = 1;
    a->speechless = 0;
    add(&t, "gone of=agent");
    tell(&t);
}

/* Determines whether an agent whose standard output closed has died, or is still running. */
static void look_at_speechless(void)
{
    struct hosting *a = &warden.agent;
    struct process p;
    int ended;
    enum looked looked;
    if (!a->open || a->speechless == 0)
        return;
    ended = has_ended(&a->handle, 0);
    looked = look_at(a->pid, 0, &p);
    if (ended == 1 || looked == GONE || (looked == SHOWN && is_waitable_zombie(&p))) {
        agent_ended();
    /* It may be exiting, and waiting for a CPU. */
    } else if (now_us() - a->speechless >= (looked == SHOWN && runs(p.state) ? 10 : 1) * SPEECHLESS_US) {
        a->speechless = 0;
        /* Without any way to look, its silence is all there is to go by. */
        if (looked == UNKNOWN && ended < 0) {
            agent_ended();
        } else {
            struct text t = { NULL, 0, 0 };
            add(&t, "eof of=agent");
            tell(&t);
        }
    }
}

/* --- What its children may do without being told --------------------------------------------------------------------------- */

enum prospect { QUIET, MOVING, BUSY, TRACED_ONES };

static int threads_run(int pid)
{
    struct pids tasks;
    size_t i;
    int run = 0;
    tasks_of(pid, &tasks);
    for (i = 0; i < tasks.count && !run; i++) {
        struct process p;
        run = look_at(pid, tasks.at[i], &p) == SHOWN && runs(p.state);
    }
    free_pids(&tasks);
    return run;
}

/* Its own children, and those that it has adopted. A child is held if it waits for commands. */
static enum prospect prospect_of_children(long long *switches)
{
    struct pids all = { NULL, 0 };
    size_t i;
    int busy = 0, traced = 0;
    enum prospect prospect = QUIET;
    *switches = 0;
    for (i = 0; i < warden.agent.spawned.count; i++)
        if (!has_pid(&all, warden.agent.spawned.at[i]))
            add_pid(warden.agent.spawned.at[i], &all);
    for (i = 0; i < warden.made.count; i++)
        if (!has_pid(&all, warden.made.at[i]))
            add_pid(warden.made.at[i], &all);
    for (i = 0; i < all.count && prospect != MOVING; i++) {
        struct process p;
        long long moves;
        int own;
        if (look_at(all.at[i], 0, &p) != SHOWN || p.state == 'T')
            continue;
        /* The agent's waits report a stranger that it traces like a child. */
        own = p.ppid == warden.agent.pid;
        if (!own && !is_traced_by(&p, warden.agent.pid))
            continue;
        if (p.state == 't') {
            if (stop_of(p.pid, &moves) == TRACED) {
                traced = 1;
                *switches += moves;
            } else {
                prospect = MOVING;
            }
        } else if (is_dead(p.state)) {
            if (own && has_another_tracer(&p))
                prospect = MOVING;
            /* A leader that exited before the other threads. */
            else if (p.threads > 1)
                busy |= !is_held(p.pid) || threads_run(p.pid);
        } else {
            /* One that sleeps in a wait call waits for its own child rather than for commands. */
            busy |= runs(p.state) || !is_held(p.pid) || threads_run(p.pid) ||
                    is_asleep(p.pid, p.pid) == IN_WAIT;
        }
    }
    free_pids(&all);
    if (prospect == MOVING)
        return MOVING;
    return busy ? BUSY : traced ? TRACED_ONES : QUIET;
}
