/*
 * The warden: supervises the processes of one trial at a time. It starts the agent, relays lines, sends signals and watches the
 * process table, and never relies on a wait call: those are under test.
 */

/* The time limit for a killed process to die. */
#define DYING_US 10000000LL
/* How long an agent may run without its standard output. */
#define SPEECHLESS_US 2000000LL
/* How much of an agent's standard error is kept. */
#define STDERR_KEPT (16 * 1024)
#define MAX_NAME 16

/* A process, pinned by a descriptor or by its start time, so that a signal meant for it cannot hit a later one. */
struct handle {
    int pid, fd;
    unsigned long long start;
};

struct known {
    char name[MAX_NAME + 1];
    struct handle handle;
    int in, out;
    struct lines lines;
};

/* A connection that has not identified itself; with pipes, one whose child may never come. */
struct stranger {
    int in, out;
    struct lines lines;
};

struct call_state {
    long long id;
    int tid, answered;
};

struct hosting {
    struct handle handle;
    /* The process that speaks the protocol: the forked one, or a descendant if the command is a wrapper. */
    int pid;
    struct call_state *calls;
    size_t call_count;
    struct pids family, spawned;
    int open, greeted, ended, in, out, err;
    long long speechless;
    int has_status, status;
    struct lines lines;
    /* What did not fit into its pipe. */
    struct text requests;
    struct text err_text;
};

static struct {
    int in, out, listener, ending, adopts, lists;
    /* Also set by a handler. */
    volatile int driver_gone, told_to_end;
    int folder_of;
    struct lines lines;
    char folder[200], start_folder[4096], nonce[64];
    struct hosting agent;
    struct known *known;
    size_t known_count, stranger_count;
    struct stranger *strangers;
    struct pids made, stuck, elsewhere;
    int idle_turns;
    long look_us;
    struct text unsent;
    int urgent;
    /* Transport by pipes: the number of pairs for each trial. */
    int pipe_count, by_pipes;
} warden;

static void flush_lines(void);

/* --- Output to the driver ------------------------------------------------------------------------------------------------- */

/* Queues a line that is not urgent: it is sent along with the next one. */
static void note_line(const char *address, const char *name, const char *line, size_t n)
{
    add(&warden.unsent, address);
    if (name != NULL) {
        add(&warden.unsent, " ");
        add(&warden.unsent, name);
    }
    add(&warden.unsent, " ");
    add_bytes(&warden.unsent, line, n);
    add(&warden.unsent, "\n");
    warden.urgent |= warden.unsent.len > 4096;
}

static void tell(struct text *t)
{
    note_line("warden", NULL, t->at, t->len);
    warden.urgent = 1;
    free(t->at);
    memset(t, 0, sizeof *t);
}

static void answer_with(struct text *t, const char *word, long long id)
{
    memset(t, 0, sizeof *t);
    add(t, word);
    put_number(t, "id", id);
}

/* A line that cannot be relayed, shortened for the reader. */
static void tell_garbage(const char *from, const char *why, const char *what, size_t n)
{
    struct text t = { NULL, 0, 0 };
    add(&t, "garbage");
    put(&t, "from", from);
    put(&t, "why", why);
    put_key(&t, "what");
    add_encoded(&t, what, n < 200 ? n : 200);
    tell(&t);
}

/* Reads what is available: 1, 0 for nothing yet, -1 at the end of the stream. */
static int read_some(int fd, struct lines *into)
{
    char buffer[4096];
    ssize_t n = read(fd, buffer, sizeof buffer);
    if (n > 0) {
        push(into, buffer, (size_t)n);
        return 1;
    }
    return n < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : -1;
}

/* --- Handles ---------------------------------------------------------------------------------------------------------------- */

static int open_handle(int pid, struct handle *h)
{
    struct process p;
    memset(h, 0, sizeof *h);
    h->pid = pid;
    h->fd = -1;
    if (pid < 2)
        return EINVAL;
    if (!without.pidfd) {
        h->fd = pidfd_open_of(pid, 0);
        if (h->fd >= 0) {
            close_on_exec(h->fd);
            return 0;
        }
        if (errno == ESRCH)
            return ESRCH;
    }
    switch (look_at(pid, 0, &p)) {
    case SHOWN:
        h->start = p.start;
        return 0;
    case GONE:
        return ESRCH;
    default:
        return kill(pid, 0) == 0 || errno == EPERM ? 0 : errno;
    }
}

static void close_handle(struct handle *h)
{
    if (h->fd >= 0)
        close(h->fd);
    h->fd = -1;
}

static int signal_handle(const struct handle *h, int signal)
{
    struct process p;
    if (h->fd >= 0)
        return pidfd_signal(h->fd, signal) == 0 ? 0 : errno;
    if (h->start != 0 && (look_at(h->pid, 0, &p) != SHOWN || p.start != h->start))
        return ESRCH;
    return kill(h->pid, signal) == 0 ? 0 : errno;
}

/* Whether the process has exited, according to a descriptor, within that time: 1, 0 or -1 (unknown). */
static int has_ended(const struct handle *h, long us)
{
    long long until = now_us() + us;
    if (h->fd < 0)
        return -1;
    for (;;) {
        int ready = is_ready(h->fd, us < 20000 ? us : 20000);
        if (ready != 0 && !(ready < 0 && errno == EINTR))
            return ready;
        if (now_us() >= until)
            return 0;
    }
}

/* --- Children ----------------------------------------------------------------------------------------------------------------- */

static struct known *child_of(const char *name)
{
    size_t i = warden.known_count;
    while (i-- != 0)
        if (same(warden.known[i].name, name))
            return &warden.known[i];
    return NULL;
}

/* Whether that process is connected, and therefore waiting for commands. */
static int is_held(int pid)
{
    size_t i;
    for (i = 0; i < warden.known_count; i++)
        if (warden.known[i].handle.pid == pid && warden.known[i].in >= 0)
            return 1;
    return 0;
}

static void hang_up(int *in, int *out)
{
    if (*in >= 0)
        close(*in);
    if (*out >= 0 && *out != *in)
        close(*out);
    *in = *out = -1;
}

static struct known *add_known(const char *name)
{
    struct known *c;
    warden.known = more(warden.known, (warden.known_count + 1) * sizeof *warden.known);
    c = &warden.known[warden.known_count++];
    memset(c, 0, sizeof *c);
    strcpy(c->name, name);
    c->in = c->out = -1;
    c->handle.fd = -1;
    return c;
}

static void forget_stranger(size_t at)
{
    free_lines(&warden.strangers[at].lines);
    memmove(&warden.strangers[at], &warden.strangers[at + 1], (warden.stranger_count - at - 1) * sizeof *warden.strangers);
    warden.stranger_count--;
}

static void add_stranger(int in, int out)
{
    struct stranger *s;
    warden.strangers = more(warden.strangers, (warden.stranger_count + 1) * sizeof *warden.strangers);
    s = &warden.strangers[warden.stranger_count++];
    memset(s, 0, sizeof *s);
    s->in = in;
    s->out = out;
}

/* Forgets every child of a trial, and its token: one that connects only now must not be taken for one of the next trial. */
static void forget_children(void)
{
    size_t i;
    warden.nonce[0] = 0;
    for (i = 0; i < warden.known_count; i++) {
        struct known *c = &warden.known[i];
        hang_up(&c->in, &c->out);
        close_handle(&c->handle);
        free_lines(&c->lines);
    }
    warden.known_count = 0;
    while (warden.stranger_count > 0) {
        struct stranger *s = &warden.strangers[warden.stranger_count - 1];
        hang_up(&s->in, &s->out);
        forget_stranger(warden.stranger_count - 1);
    }
    free_pids(&warden.made);
}

/* The process at the other end, as the system reports it, or as it claims itself. */
static int peer_of(int socket, int said)
{
#if defined(HAVE_SOCKETS) && defined(__linux__) && defined(SO_PEERCRED)
    struct { int pid, uid, gid; } peer = { 0, 0, 0 };
    socklen_t size = sizeof peer;
    if (!warden.by_pipes && getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid > 0 &&
        peer.pid != (int)getpid())
        return peer.pid;
#else
    (void)socket;
#endif
    return said;
}

static void note_made(const struct line *l)
{
    const char *pid = get(l, "pid");
    long long n;
    if (pid != NULL && parse_number(pid, &n) && n > 1 && n <= INT_MAX)
        add_pid((int)n, &warden.made);
}

static void relay_child(struct known *c)
{
    char *line;
    size_t len;
    int got;
    while ((got = next_line(&c->lines, &line, &len)) != 0) {
        struct line l;
        const char *why = got < 0 ? "a line of more than 65536 bytes" : parse_line(&l, line, len);
        if (why == NULL) {
            note_made(&l);
            note_line("child", c->name, line, len);
            warden.urgent = 1;
        } else {
            tell_garbage(c->name, why, got < 0 ? "" : line, got < 0 ? 0 : len);
        }
        if (got > 0)
            free_line(&l);
    }
}

/* A new connection must present a token of this trial; any other is dropped. */
static void read_stranger(size_t at)
{
    struct stranger *s = &warden.strangers[at];
    const char *token, *said, *name = NULL;
    char *line;
    size_t len, n;
    struct line l;
    long long pid = 0;
    int got = read_some(s->in, &s->lines), error;
    if (got == 0)
        return;
    if (got < 0) {
        hang_up(&s->in, &s->out);
        forget_stranger(at);
        return;
    }
    got = next_line(&s->lines, &line, &len);
    if (got == 0)
        return;
    memset(&l, 0, sizeof l);
    if (got > 0 && parse_line(&l, line, len) == NULL && same(l.word, "hello")) {
        token = get(&l, "token");
        said = get(&l, "pid");
        n = strlen(warden.nonce);
        if (token != NULL && starts(token, warden.nonce) && token[n] == '-' && said != NULL && parse_number(said, &pid))
            name = token + n + 1;
    }
    if (name != NULL && (*name == 0 || strlen(name) > MAX_NAME ||
                         strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") != strlen(name)))
        name = NULL;
    pid = pid > 0 && pid <= INT_MAX ? peer_of(s->in, (int)pid) : 0;
    if (name != NULL && pid == 1) {
        /* It knows its pid only in its own namespace, and here it is unknown. */
        static const char end[] = "exit id=0 code=71\n";
        struct text t = { NULL, 0, 0 };
        (void)!write_all(s->out, end, sizeof end - 1);
        add(&t, "elsewhere");
        put(&t, "of", name);
        put_number(&t, "pid", pid);
        tell(&t);
        hang_up(&s->in, &s->out);
    } else if (name == NULL || pid <= 0) {
        hang_up(&s->in, &s->out);
    } else {
        struct handle handle;
        error = open_handle((int)pid, &handle);
        if (error != 0) {
            struct text t = { NULL, 0, 0 };
            /* It has already been reaped. Everything it had to say is there. */
            struct known gone;
            memset(&gone, 0, sizeof gone);
            strcpy(gone.name, name);
            note_line("child", name, line, len);
            gone.lines = s->lines;
            memset(&s->lines, 0, sizeof s->lines);
            relay_child(&gone);
            while (read_some(s->in, &gone.lines) > 0)
                relay_child(&gone);
            free_lines(&gone.lines);
            add(&t, "lost");
            put(&t, "of", name);
            put(&t, "why", "cannot watch the process");
            tell(&t);
            hang_up(&s->in, &s->out);
        } else {
            struct known *c = add_known(name);
            c->handle = handle;
            c->in = s->in;
            c->out = s->out;
            note_line("child", name, line, len);
            warden.urgent = 1;
            c->lines = s->lines;
            memset(&s->lines, 0, sizeof s->lines);
            relay_child(c);
        }
    }
    free_line(&l);
    forget_stranger(at);
}

static void read_child(size_t at)
{
    struct known *c = &warden.known[at];
    int got = c->in >= 0 ? read_some(c->in, &c->lines) : 0;
    if (got > 0) {
        relay_child(c);
    } else if (got < 0) {
        struct text t = { NULL, 0, 0 };
        hang_up(&c->in, &c->out);
        add(&t, "warden eof");
        put(&t, "of", c->name);
        add(&t, "\n");
        add_bytes(&warden.unsent, t.at, t.len);
        free(t.at);
    }
}

static void send_child(const char *name, const char *line, size_t n)
{
    struct known *c = child_of(name);
    struct text t = { NULL, 0, 0 };
    if (c == NULL || c->out < 0) {
        add(&t, "eof");
        put(&t, "of", name);
        tell(&t);
        return;
    }
    add_bytes(&t, line, n);
    add(&t, "\n");
    /* A child that has died in the meantime is noticed by its exit, not here. */
    (void)!write_all(c->out, t.at, t.len);
    free(t.at);
}

static void accept_one(void)
{
#ifdef HAVE_SOCKETS
    int socket = accept(warden.listener, NULL, NULL);
    if (socket < 0)
        return;
    close_on_exec(socket);
    not_blocking(socket);
    if (warden.stranger_count >= 256) {
        hang_up(&warden.strangers[0].in, &warden.strangers[0].out);
        forget_stranger(0);
    }
    add_stranger(socket, socket);
#endif
}
