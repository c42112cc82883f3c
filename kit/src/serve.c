/* The warden's loop and its requests. */

/* --- What the environment provides ----------------------------------------------------------------------------------------- */

static void put_features(struct text *t)
{
    put_key(t, "has");
#ifdef HAVE_POLL
    put_item(t, "poll");
#elif defined(HAVE_SELECT)
    put_item(t, "select");
#endif
    if (!warden.by_pipes)
        put_item(t, "sockets");
    if (has_table())
        put_item(t, "table");
    if (warden.adopts)
        put_item(t, "subreaper");
#if defined(HAVE_PTHREAD) && defined(HAVE_ATOMICS)
    put_item(t, "threads");
#endif
#ifdef HAVE_SESSIONS
    put_item(t, "sessions");
#endif
#ifdef HAVE_TERMINALS
    put_item(t, "terminals");
#endif
#ifdef HAVE_PTRACE
    put_item(t, "ptrace");
#endif
}

/*
 * Whether a core dump leaves a file in the working folder, as far as this can be predicted. Without a folder of their own, children
 * of several wardens would dump into one file, and Linux leaves no core if another process has just created it.
 */
static int writes_cores(void)
{
#ifdef HAVE_RLIMIT
    struct rlimit limit;
    char first = 0;
    int fd;
    if (warden.folder[0] == 0 || getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_max == 0)
        return 0;
    fd = open("/proc/sys/kernel/core_pattern", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)!read(fd, &first, 1);
        close(fd);
    }
    return first != '|';
#else
    return 0;
#endif
}

#ifdef HAVE_WAITID
/* The errno with which every wait on a pidfd fails, or 0: an open descriptor that is not a pidfd gives EBADF, and reaps nothing. */
static int pidfd_waits_refused(void)
{
    int ends[2], error;
    if (pipe_for_us(ends) != 0)
        return 0;
    error = waitid((idtype_t)3, (id_t)ends[0], NULL, WEXITED | WNOHANG) == -1 ? errno : 0;
    close(ends[0]);
    close(ends[1]);
    if (error == EINVAL) {
        int fd = pidfd_open_of((int)getpid(), 0);
        if (fd >= 0)
            close(fd);
        else if (errno == ENOSYS)
            return EINVAL;
        return 0;
    }
    return error == EPERM || error == ENOSYS ? error : 0;
}
#endif

static void probe(long long id)
{
    struct text t, item = { NULL, 0, 0 };
    sigset_t mask;
    struct process p;
    struct handle h;
    int has_pidfd = 0, sees_calls = 0;
    answer_with(&t, "ok", id);
#ifdef HAVE_UNAME
    {
        struct utsname names;
        if (uname(&names) >= 0) {
            add(&item, names.sysname);
            add(&item, " ");
            add(&item, names.release);
            put(&t, "kernel", item.at);
            put(&t, "machine", names.machine);
        }
    }
#endif
    if (open_handle((int)getpid(), &h) == 0) {
        has_pidfd = h.fd >= 0;
        close_handle(&h);
    }
    if (has_table()) {
        /* A child that sleeps shows whether system calls can be read. */
        pid_t child = fork();
        long long until = now_us() + 2000000;
        if (child == 0) {
            die_with_parent();
            for (;;)
                pause();
        }
        while (child > 0 && now_us() < until && !(look_at((int)child, 0, &p) == SHOWN && sleeps(p.state)))
            ;
        sees_calls = child > 0 && call_of_thread((int)child, (int)child) >= 0;
        kill_and_reap((int)child);
    }
    put_key(&t, "methods");
    put_item(&t, has_table() ? "processes by proc" : "processes by none");
    put_item(&t, has_pidfd ? "deaths by pidfd" : has_table() ? "deaths by proc" : "deaths by none");
    put_item(&t, sees_calls ? "blocked calls by syscall" : has_table() ? "blocked calls by state" : "blocked calls by none");
    put(&t, "observation", has_table() ? "table" : has_pidfd ? "deaths" : "none");
    put_features(&t);
    put_key(&t, "notes");
    if (is_ignored(SIGCHLD))
        put_item(&t, "SIGCHLD was ignored on entry; agents start with the default action");
    sigemptyset(&mask);
    sigprocmask(SIG_BLOCK, NULL, &mask);
    if (sigismember(&mask, SIGCHLD) == 1)
        put_item(&t, "SIGCHLD was blocked on entry; agents start with no signal blocked");
    if (geteuid() != 0)
        put_item(&t, "not the superuser");
    if (!has_table())
        put_item(&t, "the process table cannot be read");
    if (warden.by_pipes) {
        clear(&item);
        add(&item, "no local sockets: ");
        add_number(&item, warden.pipe_count);
        add(&item, " children a trial, by pipes");
        put_item(&t, item.at);
        put_number(&t, "pipes", warden.pipe_count);
    }
    put_flag(&t, "root", geteuid() == 0);
    put_flag(&t, "core", writes_cores());
#ifdef HAVE_WAITID
    {
        int refused_by = pidfd_waits_refused();
        if (refused_by != 0) {
            put_key(&t, "pidfd-waits");
            add_errno(&t, refused_by);
        }
    }
#else
    put(&t, "pidfd-waits", "ENOSYS");
#endif
    free(item.at);
    tell(&t);
}

/* --- Requests -------------------------------------------------------------------------------------------------------------------- */

static const char *adopt(const struct line *l)
{
    const char *name = get(l, "name"), *pid = get(l, "pid");
    struct known *c;
    struct handle h;
    long long n;
    if (name == NULL || *name == 0 || strlen(name) > MAX_NAME)
        return "'name=' is missing or too long";
    if (pid == NULL || !parse_number(pid, &n) || n < 2 || n > INT_MAX)
        return "'pid=' is missing or cannot be that of a child";
    /* Without a process table, trust the agent: fork gave it that pid. */
    if (!is_below_us((int)n) && (has_table() || !has_pid(&warden.agent.spawned, (int)n)))
        return "the process is not below the warden";
    /* A child that has connected in the meantime keeps its connection. */
    if (child_of(name) != NULL)
        return NULL;
    if (open_handle((int)n, &h) != 0)
        return "cannot watch the process";
    c = add_known(name);
    c->handle = h;
    return NULL;
}

static void tell_state(long long id, const char *of)
{
    const struct handle *h = of != NULL ? handle_of(of) : NULL;
    struct process p;
    struct text t;
    answer_with(&t, "ok", id);
    switch (h != NULL ? look_at(h->pid, 0, &p) : UNKNOWN) {
    case SHOWN:
        put(&t, "state", state_word(p.state));
        put_number(&t, "ppid", p.ppid);
        put_number(&t, "pgid", p.pgid);
        put_number(&t, "sid", p.sid);
        put_flag(&t, "below", is_below_us(h->pid));
        break;
    case GONE:
        put(&t, "state", "gone");
        break;
    default:
        put(&t, "state", "unknown");
        break;
    }
    tell(&t);
}

static void tell_error(long long id, const char *why)
{
    struct text t;
    answer_with(&t, "err", id);
    put(&t, "why", why);
    tell(&t);
}

/* Where children connect and which program this is; with the agent's pid if there is an agent. */
static void tell_place(long long id, int pid)
{
    struct text t, place = { NULL, 0, 0 };
    answer_with(&t, "ok", id);
    if (pid > 0)
        put_number(&t, "pid", pid);
    if (warden.by_pipes) {
        add(&place, "pipes:3:");
        add_number(&place, (long long)warden.stranger_count);
        add(&place, ":");
        add(&place, warden.folder);
    } else {
        add(&place, warden.folder);
        add(&place, "/s");
    }
    put(&t, "socket", place.at);
    put(&t, "exe", own_path);
    free(place.at);
    tell(&t);
}

static void serve_request(const struct line *l)
{
    long long id = id_of(l);
    const char *why = NULL;
    char wrong[WHY_SIZE];
    struct text t;
    if (same(l->word, "bye")) {
        /* For a driver whose stream has no end to close. */
        warden.driver_gone = 1;
        return;
    }
    if (id < 0) {
        tell_garbage("driver", "a request without an id", "", 0);
        return;
    }
    if (is_malformed(l, WARDEN_SHAPES, COUNT_OF(WARDEN_SHAPES), wrong)) {
        answer_with(&t, "malformed", id);
        put(&t, "why", wrong);
        tell(&t);
        return;
    }
    if (same(l->word, "probe")) {
        probe(id);
        return;
    }
    if (same(l->word, "open")) {
        why = open_agent(l);
        if (why == NULL) {
            tell_place(id, warden.agent.handle.pid);
            return;
        }
    } else if (same(l->word, "place")) {
        tell_place(id, 0);
        return;
    } else if (same(l->word, "adopt")) {
        why = adopt(l);
    } else if (same(l->word, "signal")) {
        const char *name = get(l, "sig");
        const struct handle *h = handle_of(get(l, "to"));
        int signal, error;
        error = h == NULL ? ESRCH : !signal_of(name, &signal) ? EINVAL : signal_handle(h, signal);
        answer_with(&t, error == 0 ? "ok" : "err", id);
        if (error != 0) {
            put_key(&t, "errno");
            add_errno(&t, error);
        }
        tell(&t);
        return;
    } else if (same(l->word, "state")) {
        tell_state(id, get(l, "of"));
        return;
    } else if (same(l->word, "await") || same(l->word, "blocked") || same(l->word, "answer")) {
        why = begin_watch(l);
        if (why == NULL)
            return;
    } else if (same(l->word, "close")) {
        close_trial(id);
        return;
    } else if (same(l->word, "run") || same(l->word, "contain")) {
        why = "the kit does not run programs: judge them with the warden of waitspec";
    } else if (!same(l->word, "ping")) {
        why = "there is no such request";
    }
    if (why != NULL) {
        tell_error(id, why);
        return;
    }
    answer_with(&t, "ok", id);
    tell(&t);
}

/* Handles one line from the driver, by its address. */
static void take(char *bytes, size_t n)
{
    char *space = memchr(bytes, ' ', n), *rest = space != NULL ? space + 1 : bytes + n;
    size_t left = n - (size_t)(rest - bytes), address = space != NULL ? (size_t)(space - bytes) : n;
    if (address == 5 && memcmp(bytes, "agent", 5) == 0) {
        send_agent(rest, left);
    } else if (address == 5 && memcmp(bytes, "child", 5) == 0) {
        char name[MAX_NAME + 1];
        size_t len;
        space = memchr(rest, ' ', left);
        len = space != NULL ? (size_t)(space - rest) : left;
        if (len > MAX_NAME)
            len = MAX_NAME;
        memcpy(name, rest, len);
        name[len] = 0;
        if (space != NULL)
            send_child(name, space + 1, left - (size_t)(space + 1 - rest));
        else
            send_child(name, "", 0);
    } else if (address == 6 && memcmp(bytes, "warden", 6) == 0) {
        struct line l;
        const char *why = parse_line(&l, rest, left);
        if (why == NULL)
            serve_request(&l);
        else
            tell_garbage("driver", why, rest, left);
        free_line(&l);
    } else {
        tell_garbage("driver", "unknown address", bytes, n);
    }
}

/* --- The loop -------------------------------------------------------------------------------------------------------------------- */

enum source { DRIVER, ENDING, LISTENER, AGENT_IN, AGENT_OUT, AGENT_ERR, AGENT_END, STRANGER, CHILD, WATCHED };

struct polled {
    enum source source;
    size_t at;
    int fd, ready;
};

/* Determines which sources are ready (to be read, or AGENT_IN to be written), sleeping as long as there is nothing to watch; returns whether one is known to be. */
static int look_for_input(struct polled *polled, size_t count, long patience)
{
    size_t i;
#ifdef HAVE_POLL
    struct pollfd *fds = more(NULL, count * sizeof *fds);
    int found;
    for (i = 0; i < count; i++) {
        fds[i].fd = polled[i].fd;
        fds[i].events = polled[i].source == AGENT_IN ? POLLOUT : POLLIN;
        fds[i].revents = 0;
    }
#if defined(HAVE_PPOLL)
    {
        struct timespec t;
        t.tv_sec = patience / 1000000;
        t.tv_nsec = patience % 1000000 * 1000;
        found = ppoll(fds, (nfds_t)count, patience < 0 ? NULL : &t, NULL);
    }
#else
    found = poll(fds, (nfds_t)count, patience < 0 ? -1 : (int)((patience + 999) / 1000));
#endif
    for (i = 0; i < count; i++)
        polled[i].ready = found > 0 && fds[i].revents != 0;
    free(fds);
    return found > 0;
#elif defined(HAVE_SELECT)
    fd_set sets[2];
    struct timeval t;
    int most = 0, found;
    FD_ZERO(&sets[0]);
    FD_ZERO(&sets[1]);
    for (i = 0; i < count; i++)
        if (polled[i].fd < FD_SETSIZE) {
            FD_SET(polled[i].fd, &sets[polled[i].source == AGENT_IN]);
            most = polled[i].fd > most ? polled[i].fd : most;
        }
    t.tv_sec = patience / 1000000;
    t.tv_usec = patience % 1000000;
    found = select(most + 1, &sets[0], &sets[1], NULL, patience < 0 ? NULL : &t);
    for (i = 0; i < count; i++)
        polled[i].ready =
            found > 0 && polled[i].fd < FD_SETSIZE && FD_ISSET(polled[i].fd, &sets[polled[i].source == AGENT_IN]);
    return found > 0;
#else
    /* Each descriptor itself reports that it has nothing: none of them blocks, except the driver's between two trials. */
    static int blocks;
    long us = pause_us(warden.idle_turns);
    int idle = patience < 0 && !warden.agent.open;
    if (idle != blocks) {
        int flags = fcntl(warden.in, F_GETFL);
        fcntl(warden.in, F_SETFL, idle ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
        blocks = idle;
    }
    if (us != 0 && !idle)
        rest_us(patience >= 0 && patience < us ? patience : us);
    for (i = 0; i < count; i++)
        polled[i].ready = 1;
    return 0;
#endif
}

static void read_driver(void);

static void turn(void)
{
    size_t count = 0, i, room = 7 + warden.stranger_count + warden.known_count + watch_count;
    struct polled *polled = more(NULL, room * sizeof *polled);
    size_t before = warden.unsent.len;
    long long began;
    long patience;
    int found, busy = 0;
#define ADD(what, number, descriptor) \
    (polled[count].source = (what), polled[count].at = (number), polled[count].fd = (descriptor), polled[count++].ready = 0)
    ADD(DRIVER, 0, warden.in);
    if (warden.ending >= 0)
        ADD(ENDING, 0, warden.ending);
    if (warden.listener >= 0)
        ADD(LISTENER, 0, warden.listener);
    if (warden.agent.open && warden.agent.in >= 0 && warden.agent.requests.len != 0)
        ADD(AGENT_IN, 0, warden.agent.in);
    if (warden.agent.open && warden.agent.out >= 0)
        ADD(AGENT_OUT, 0, warden.agent.out);
    if (warden.agent.open && warden.agent.err >= 0)
        ADD(AGENT_ERR, 0, warden.agent.err);
    if (warden.agent.open && !warden.agent.ended && warden.agent.handle.fd >= 0)
        ADD(AGENT_END, 0, warden.agent.handle.fd);
    for (i = 0; i < warden.stranger_count; i++)
        ADD(STRANGER, i, warden.strangers[i].in);
    for (i = 0; i < warden.known_count; i++)
        if (warden.known[i].in >= 0)
            ADD(CHILD, i, warden.known[i].in);
    for (i = 0; i < watch_count; i++)
        if (ending_of(&watches[i]) >= 0)
            ADD(WATCHED, i, ending_of(&watches[i]));
#undef ADD
    patience = patience_us();
    began = now_us();
    found = look_for_input(polled, count, patience);
    note_late(began, patience);
    /* Backwards, so that forgetting one leaves the earlier positions valid. */
    for (i = count; i-- > 0;) {
        if (!polled[i].ready)
            continue;
        busy |= polled[i].source != WATCHED;
        switch (polled[i].source) {
        case DRIVER:
            read_driver();
            break;
        case LISTENER:
            accept_one();
            break;
        case AGENT_IN:
            send_requests();
            break;
        case AGENT_OUT:
            read_agent();
            break;
        case AGENT_ERR:
            read_stderr();
            break;
        case AGENT_END:
            if (has_ended(&warden.agent.handle, 0) == 1)
                agent_ended();
            break;
        case STRANGER:
            read_stranger(polled[i].at);
            break;
        case CHILD:
            read_child(polled[i].at);
            break;
        default:
            break;
        }
    }
    free(polled);
    if (!found)
        busy = warden.unsent.len != before;
    warden.idle_turns = busy ? 0 : warden.idle_turns < 100000 ? warden.idle_turns + 1 : warden.idle_turns;
    began = now_us();
    look_at_speechless();
    look_at_watches();
    warden.look_us = (long)(now_us() - began);
    if (warden.urgent)
        flush_lines();
}
