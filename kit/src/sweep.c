/* The end of a trial: everything below the warden is killed and reaped. */

struct ours {
    int pid, ppid;
    char state;
    unsigned long long start;
};

static struct ours *ours;
static size_t ours_count;

#ifdef HAVE_DIRENT
static int was_ours(int pid, unsigned long long start)
{
    size_t i;
    for (i = 0; i < ours_count; i++)
        if (ours[i].pid == pid && ours[i].start == start)
            return 1;
    return 0;
}

/* Adds the children of a process from the kernel's own lists; 0 if it has none. */
static int add_children(int pid, struct pids *found)
{
    struct pids tasks;
    size_t i;
    int listed = 1;
    tasks_of(pid, &tasks);
    for (i = 0; i < tasks.count; i++) {
        struct text text = { NULL, 0, 0 };
        struct process p;
        char path[80], buffer[1024], *at, *end;
        int fd = open(proc_path(path, pid, tasks.at[i], "children"), O_RDONLY | O_CLOEXEC);
        if (fd < 0) {
            /* The thread is gone, or there are no such lists. */
            listed &= look_at(pid, tasks.at[i], &p) != SHOWN;
            continue;
        }
        for (;;) {
            ssize_t n = read(fd, buffer, sizeof buffer);
            if (n > 0)
                add_bytes(&text, buffer, (size_t)n);
            else if (n == 0 || errno != EINTR)
                break;
        }
        close(fd);
        for (at = text.len != 0 ? text.at : NULL; at != NULL; at = end) {
            long child = strtol(at, &end, 10);
            if (end == at)
                break;
            if (child > 1 && !has_pid(found, (int)child))
                add_pid((int)child, found);
        }
        free(text.at);
    }
    free_pids(&tasks);
    return listed;
}

struct kin {
    int pid, ppid, is_ours;
    unsigned long long start;
};

struct table {
    struct kin *at;
    size_t count, room;
};

static void add_kin(int pid, void *with)
{
    struct table *t = with;
    struct process p;
    char path[80], text[1024];
    if (slurp(proc_path(path, pid, 0, "stat"), text, sizeof text) <= 0 || !parse_stat(text, &p))
        return;
    if (t->count == t->room) {
        t->room = t->room * 2 + 64;
        t->at = more(t->at, t->room * sizeof *t->at);
    }
    t->at[t->count].pid = pid;
    t->at[t->count].ppid = p.ppid;
    t->at[t->count].start = p.start;
    t->at[t->count++].is_ours = 0;
}
#endif

/*
 * The current descendants of the warden, zombies included: from the kernel's lists of children if these were proved reliable, else
 * from the parent of every process. Once found, a process is remembered, whoever adopts it.
 */
static void below_us(struct pids *found)
{
    size_t i;
    memset(found, 0, sizeof *found);
#ifdef HAVE_DIRENT
    if (!has_table())
        return;
    if (warden.lists) {
        size_t before;
        for (i = 0; i < ours_count; i++) {
            struct process p;
            if (look_at(ours[i].pid, 0, &p) == SHOWN && p.start == ours[i].start && !has_pid(found, p.pid))
                add_pid(p.pid, found);
        }
        /* A list may skip a child while another one is being reaped: read until it stays the same. */
        do {
            before = found->count;
            add_children((int)getpid(), found);
            for (i = 0; i < found->count; i++)
                add_children(found->at[i], found);
        } while (found->count != before);
    } else {
        struct table t = { NULL, 0, 0 };
        int us = (int)getpid(), changed;
        size_t k;
        each_number("/proc", add_kin, &t);
        for (i = 0; i < t.count; i++)
            t.at[i].is_ours = t.at[i].pid != us && (t.at[i].ppid == us || was_ours(t.at[i].pid, t.at[i].start));
        do {
            changed = 0;
            for (i = 0; i < t.count; i++)
                for (k = 0; !t.at[i].is_ours && t.at[i].pid != us && k < t.count; k++)
                    if (t.at[k].is_ours && t.at[k].pid == t.at[i].ppid)
                        changed = t.at[i].is_ours = 1;
        } while (changed);
        for (i = 0; i < t.count; i++)
            if (t.at[i].is_ours)
                add_pid(t.at[i].pid, found);
        free(t.at);
    }
#endif
    ours = more(ours, (found->count + 1) * sizeof *ours);
    ours_count = 0;
    for (i = 0; i < found->count; i++) {
        struct process p;
        if (look_at(found->at[i], 0, &p) == SHOWN) {
            ours[ours_count].pid = p.pid;
            ours[ours_count].ppid = p.ppid;
            ours[ours_count].state = p.state;
            ours[ours_count++].start = p.start;
        }
    }
}

/* Determines, with a child created for this, which parts of the table and of pidfds are reliable. Then kills the child. */
static void prove_table(void)
{
    long long until = now_us() + DYING_US;
    struct pids found = { NULL, 0 };
    struct process p;
    struct handle h;
    enum looked looked;
    pid_t child = fork();
    if (child == 0) {
        die_with_parent();
        for (;;)
            pause();
    }
    if (child < 0)
        return;
#ifdef HAVE_DIRENT
    /* A table that shows only its reader is useless. */
    if (has_table() && look_at((int)child, 0, &p) != SHOWN)
        table_is = 2;
    if (has_table()) {
        warden.lists = add_children((int)getpid(), &found) && has_pid(&found, (int)child);
        free_pids(&found);
    }
#endif
    if (open_handle((int)child, &h) == 0) {
        int alive = has_ended(&h, 0);
        kill(child, SIGKILL);
        do
            looked = look_at((int)child, 0, &p);
        while (looked == SHOWN && !is_waitable_zombie(&p) && now_us() < until);
        /* A pidfd that does not distinguish a live process from a zombie is not used again. */
        if (alive == 1 || (looked == SHOWN && has_ended(&h, 0) == 0))
            without.pidfd = 1;
        close_handle(&h);
    }
    kill_and_reap((int)child);
    free_pids(&found);
}

static void reap_ours(int pid)
{
    struct process p;
    int status = 0;
    if ((reap(pid, &status) || reap(pid, &status)) && warden.agent.open && warden.agent.handle.pid == pid) {
        warden.agent.has_status = 1;
        warden.agent.status = status;
    }
    /* The result of a wait cannot be trusted either way. */
    if (look_at(pid, 0, &p) == SHOWN && p.state == 'Z' && p.ppid == (int)getpid()) {
        if (!has_pid(&warden.stuck, pid))
            add_pid(pid, &warden.stuck);
        set_action(SIGCHLD, SIG_IGN, 0, COUNT_ONLY, NULL, 0);
    }
}

static void rest(int *turns)
{
    long us = pause_us((*turns)++);
    if (us != 0)
        rest_us(us);
}

/* Waits until a killed process is a zombie, and reaps it if it is ours. */
static void await_end(int pid, long long began)
{
    int turns = 0;
    while (now_us() - began < DYING_US) {
        struct process p;
        switch (look_at(pid, 0, &p)) {
        case GONE:
            return;
        case UNKNOWN:
            reap_ours(pid);
            return;
        default:
            break;
        }
        if (is_dead(p.state)) {
            if (p.ppid != (int)getpid()) {
                if (!warden.adopts && !has_pid(&warden.elsewhere, pid))
                    add_pid(pid, &warden.elsewhere);
                return;
            }
            if (is_waitable_zombie(&p)) {
                reap_ours(pid);
                return;
            }
        }
        rest(&turns);
    }
}

#ifdef HAVE_DIRENT
static void kill_in_session(int pid, void *found)
{
    struct process p;
    if (look_at(pid, 0, &p) == SHOWN && p.sid == (int)getpid() && pid != p.sid && !is_dead(p.state)) {
        kill(pid, SIGKILL);
        *(int *)found = 1;
    }
}
#endif

/* Kills everything else in the warden's own session, if orphans are not reparented to us. */
static void end_session(long long began)
{
#ifdef HAVE_DIRENT
    int turns = 0, found = 1;
    if (!has_table() || session_of(0) != (int)getpid())
        return;
    while (found && now_us() - began < DYING_US) {
        found = 0;
        each_number("/proc", kill_in_session, &found);
        rest(&turns);
    }
#else
    (void)began;
#endif
}

static void retain_present(struct pids *kept, const struct pids *present)
{
    size_t i, left = 0;
    for (i = 0; i < kept->count; i++)
        if (has_pid(present, kept->at[i]))
            kept->at[left++] = kept->at[i];
    kept->count = left;
}

/*
 * Without a table, only known processes can be killed: the agent's group, and those that are still connected, so that their pids
 * cannot have been reused. The others see their connections close. Returns how many would not die.
 */
static int end_known(long long began)
{
    struct pids left = { NULL, 0 };
    size_t i;
    int turns = 0;
    for (i = 0; i < warden.known_count; i++) {
        const struct known *c = &warden.known[i];
        if (c->in >= 0 || c->handle.fd >= 0)
            signal_handle(&c->handle, SIGKILL);
        if (!has_pid(&left, c->handle.pid))
            add_pid(c->handle.pid, &left);
    }
    if (warden.agent.open) {
        kill(-warden.agent.handle.pid, SIGKILL);
        signal_handle(&warden.agent.handle, SIGKILL);
        add_pid(warden.agent.handle.pid, &left);
    }
    while (left.count > 0 && now_us() - began < DYING_US / 10) {
        size_t kept = 0;
        for (i = 0; i < left.count; i++) {
            int status = 0, pid = left.at[i], gone = reap(pid, &status);
            if (gone && warden.agent.open && pid == warden.agent.handle.pid) {
                warden.agent.has_status = 1;
                warden.agent.status = status;
            }
            /* Not ours: its parent has died, and someone else reaps it. */
            if (!gone && !(errno == ECHILD && pid != warden.agent.handle.pid))
                left.at[kept++] = pid;
            errno = 0;
        }
        left.count = kept;
        if (kept > 0)
            rest(&turns);
    }
    turns = (int)left.count;
    free_pids(&left);
    return turns;
}

/* Kills and reaps everything below the warden; *found is what existed once the agent had died. Returns how many would not die. */
static int end_everything(struct ours **found, size_t *found_count)
{
    long long began = now_us();
    struct hosting *a = &warden.agent;
    size_t i;
    *found = NULL;
    *found_count = 0;
    if (!has_table()) {
        int stuck = end_known(began);
        forget_children();
        return stuck;
    }
    if (!warden.adopts) {
        struct pids below;
        below_us(&below);
        free_pids(&below);
        *found = more(NULL, (ours_count + 1) * sizeof **found);
        memcpy(*found, ours, ours_count * sizeof *ours);
        *found_count = ours_count;
    }
    /* The agent first: its children become ours, if we adopt orphans, and then no one else can reap them. */
    if (a->open) {
        signal_handle(&a->handle, SIGKILL);
        has_ended(&a->handle, DYING_US);
        if (!warden.adopts)
            end_session(began);
        await_end(a->handle.pid, began);
    }
    /* A process that has left the session as well is known only by its connection. */
    for (i = 0; !warden.adopts && i < warden.known_count; i++)
        signal_handle(&warden.known[i].handle, SIGKILL);
    for (;;) {
        struct pids below;
        size_t living = 0;
        below_us(&below);
        retain_present(&warden.stuck, &below);
        retain_present(&warden.elsewhere, &below);
        if (*found_count == 0) {
            *found = more(*found, (ours_count + 1) * sizeof **found);
            memcpy(*found, ours, ours_count * sizeof *ours);
            *found_count = ours_count;
        }
        for (i = 0; i < below.count; i++) {
            struct process p;
            if (has_pid(&warden.stuck, below.at[i]))
                continue;
            if (look_at(below.at[i], 0, &p) == SHOWN && !is_dead(p.state)) {
                living++;
                kill(below.at[i], SIGKILL);
            }
        }
        for (i = 0; i < below.count; i++)
            if (!has_pid(&warden.stuck, below.at[i]))
                await_end(below.at[i], began);
        free_pids(&below);
        /* Processes that were alive may have forked before they died. */
        if (living == 0 || now_us() - began > DYING_US) {
            forget_children();
            return (int)(warden.stuck.count + living);
        }
    }
}

static void add_all(struct pids *to, const struct pids *from)
{
    size_t i;
    for (i = 0; i < from->count; i++)
        add_pid(from->at[i], to);
}

/* Closes the trial and reports what was found. */
static void close_trial(long long id)
{
    struct hosting *a = &warden.agent;
    struct pids expected = { NULL, 0 };
    struct ours *found;
    struct text t;
    size_t i, count;
    int stuck;
    answer_with(&t, "ok", id);
    if (!a->open) {
        tell(&t);
        return;
    }
    watch_count = 0;
    read_agent();
    read_stderr();
    /* The processes of the trial; their descendants were created by a scenario, anything else has leaked. */
    for (i = 0; i < warden.known_count; i++)
        add_pid(warden.known[i].handle.pid, &expected);
    add_all(&expected, &warden.made);
    add_all(&expected, &warden.stuck);
    add_all(&expected, &warden.elsewhere);
    add_all(&expected, &a->family);
    add_all(&expected, &a->spawned);
    add_pid(a->pid, &expected);
    add_pid(a->handle.pid, &expected);
    stuck = end_everything(&found, &count);
    read_stderr();
    if (a->err_text.len != 0) {
        struct text said = { NULL, 0, 0 };
        add(&said, "stderr");
        put_key(&said, "text");
        add_encoded(&said, a->err_text.at, a->err_text.len);
        tell(&said);
    }
    put_key(&t, "leaked");
    for (i = 0; i < count; i++)
        if (!has_pid(&expected, found[i].pid) && !has_pid(&expected, found[i].ppid)) {
            struct text item = { NULL, 0, 0 };
            add_number(&item, found[i].pid);
            add(&item, ":");
            add(&item, state_word(found[i].state));
            put_item(&t, item.at);
            free(item.at);
        }
    put_number(&t, "stuck", stuck);
    if (a->has_status) {
        put_number(&t, "agent", a->status);
        if (WIFSIGNALED(a->status)) {
            put_key(&t, "killed");
            add_signal(&t, WTERMSIG(a->status));
        }
    }
    free_pids(&expected);
    free(found);
    end_agent_streams();
    close_handle(&a->handle);
    free(a->calls);
    free_pids(&a->family);
    free_pids(&a->spawned);
    free_lines(&a->lines);
    free(a->requests.at);
    free(a->err_text.at);
    memset(a, 0, sizeof *a);
    tell(&t);
}
