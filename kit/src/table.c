/*
 * The state of processes, observed without any wait call: what is under test cannot be the witness.
 *
 * Linux's /proc is used if it is mounted, numbers processes as we do, and shows a child that was created to test it. Otherwise
 * there is no table, and this is reported.
 */

enum looked { GONE, SHOWN, UNKNOWN };

struct process {
    int pid, ppid, pgid, sid, threads, tracer;
    char state;
    long long cpu_us;
    unsigned long long start;
};

#ifdef HAVE_DIRENT
/* 0: not determined yet, 1: there is one, 2: there is none. */
static int table_is;

/* Reads a file up to the size of the buffer: its length, 0 if it is gone, -1 if it cannot be read. */
static int slurp(const char *path, char *buffer, size_t room)
{
    ssize_t n;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ESRCH || errno == ENOTDIR ? 0 : -1;
    do
        n = read(fd, buffer, room - 1);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        n = errno == ESRCH ? 0 : -1;
    close(fd);
    buffer[n > 0 ? n : 0] = 0;
    return (int)n;
}

/* `/proc/PID/...` or `/proc/PID/task/TID/...`, in place. */
static const char *proc_path(char *path, int pid, int tid, const char *file)
{
    struct text t = { NULL, 0, 0 };
    add(&t, "/proc/");
    add_number(&t, pid);
    if (tid != 0) {
        add(&t, "/task/");
        add_number(&t, tid);
    }
    add(&t, "/");
    add(&t, file);
    strncpy(path, t.at, 79);
    path[79] = 0;
    free(t.at);
    return path;
}

static int has_table(void)
{
    if (table_is == 0) {
        char link[32];
        ssize_t n = readlink("/proc/self", link, sizeof link - 1);
        long long pid = 0;
        link[n > 0 ? n : 0] = 0;
        table_is = !without.table && n > 0 && parse_number(link, &pid) && pid == (long long)getpid() ? 1 : 2;
    }
    return table_is == 1;
}

static int parse_stat(const char *text, struct process *p)
{
    /* A name may contain spaces and parentheses; no later field does. */
    const char *at = strrchr(text, ')');
    long long fields[23];
    int i;
    if (at == NULL || at[1] != ' ' || at[2] == 0)
        return 0;
    p->state = at[2];
    at += 3;
    for (i = 4; i <= 22; i++) {
        char *end;
        fields[i] = (long long)strtoull(at, &end, 10);
        if (end == at)
            return 0;
        at = end;
    }
    p->ppid = (int)fields[4];
    p->pgid = (int)fields[5];
    p->sid = (int)fields[6];
    p->threads = (int)fields[20];
    p->start = (unsigned long long)fields[22];
    {
        long hertz = 100;
#ifdef _SC_CLK_TCK
        hertz = sysconf(_SC_CLK_TCK);
#endif
        p->cpu_us = (fields[14] + fields[15]) * (1000000 / (hertz > 0 ? hertz : 100));
    }
    return 1;
}

/* The first number after a name in a status file, or -1. */
static long long status_field(const char *text, const char *name)
{
    size_t n = strlen(name);
    for (; text != NULL; text = strchr(text, '\n')) {
        if (*text == '\n')
            text++;
        if (strncmp(text, name, n) == 0 && text[n] == ':')
            return strtoll(text + n + 1, NULL, 10);
    }
    return -1;
}

/* One process, or one of its threads. */
static enum looked look_at(int pid, int tid, struct process *p)
{
    char path[80], text[4096];
    int n;
    memset(p, 0, sizeof *p);
    if (!has_table())
        return UNKNOWN;
    if (pid < 1)
        return GONE;
    n = slurp(proc_path(path, pid, tid, "stat"), text, sizeof text);
    if (n <= 0 || !parse_stat(text, p))
        return n < 0 ? UNKNOWN : GONE;
    p->pid = pid;
    if (tid == 0) {
        n = slurp(proc_path(path, pid, 0, "status"), text, sizeof text);
        if (n <= 0)
            return n < 0 ? UNKNOWN : GONE;
        p->tracer = (int)status_field(text, "TracerPid");
        if (p->tracer < 0)
            p->tracer = 0;
    }
    return SHOWN;
}

/* Calls `found` with each number in a folder of /proc. Returns 0 if it cannot be read. */
static int each_number(const char *path, void (*found)(int, void *), void *with)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    if (folder == NULL)
        return 0;
    while ((entry = readdir(folder)) != NULL) {
        long long number;
        if (parse_number(entry->d_name, &number) && number > 0 && number <= INT_MAX)
            found((int)number, with);
    }
    closedir(folder);
    return 1;
}

struct pids {
    int *at;
    size_t count;
};

static void add_pid(int pid, void *with)
{
    struct pids *p = with;
    if (p->count % 16 == 0)
        p->at = more(p->at, (p->count + 16) * sizeof *p->at);
    p->at[p->count++] = pid;
}

static void tasks_of(int pid, struct pids *tasks)
{
    char path[80];
    memset(tasks, 0, sizeof *tasks);
    if (has_table())
        each_number(proc_path(path, pid, 0, "task"), add_pid, tasks);
}

/* The number of the system call that a thread sleeps in: -1 for none, -2 if it is running, -3 if that cannot be read. */
static long call_of_thread(int pid, int tid)
{
    char path[80], text[256], *end;
    long number;
    if (!has_table() || slurp(proc_path(path, pid, tid, "syscall"), text, sizeof text) <= 0)
        return -3;
    if (starts(text, "running"))
        return -2;
    number = strtol(text, &end, 10);
    return end == text ? -3 : number;
}
#else
static int has_table(void) { return 0; }
static enum looked look_at(int pid, int tid, struct process *p)
{
    (void)pid;
    (void)tid;
    memset(p, 0, sizeof *p);
    return UNKNOWN;
}
struct pids {
    int *at;
    size_t count;
};
static void add_pid(int pid, void *with)
{
    struct pids *p = with;
    p->at = more(p->at, (p->count + 1) * sizeof *p->at);
    p->at[p->count++] = pid;
}
static void tasks_of(int pid, struct pids *tasks)
{
    (void)pid;
    memset(tasks, 0, sizeof *tasks);
}
static long call_of_thread(int pid, int tid)
{
    (void)pid;
    (void)tid;
    return -3;
}
#endif

#if defined(HAVE_PTHREAD) && defined(LINUX_CALLS)
/* Whether the table shows that thread as terminated, or shows no threads at all. */
static int thread_is_gone(int pid, int tid)
{
    struct process p;
    return look_at(pid, tid, &p) != SHOWN || p.state == 'Z' || p.state == 'X';
}
#endif

static int has_pid(const struct pids *p, int pid)
{
    size_t i;
    for (i = 0; i < p->count; i++)
        if (p->at[i] == pid)
            return 1;
    return 0;
}

static void free_pids(struct pids *p)
{
    free(p->at);
    memset(p, 0, sizeof *p);
}

static int is_dead(char state)
{
    return state == 'Z' || state == 'X' || state == 'x';
}

static int sleeps(char state)
{
    return state == 'S' || state == 'D';
}

/* Whether it is ready to run, or waits for a disk: a page of the program, perhaps. */
static int runs(char state)
{
    return state == 'R' || state == 'D';
}

/* Whether a thread of that process traces it. */
static int is_traced_by(const struct process *p, int pid)
{
    struct process thread;
    return p->tracer != 0 && look_at(pid, p->tracer, &thread) == SHOWN;
}

/* Whether it has a tracer other than its parent: its exit is reported to the tracer first, then to the parent. */
static int has_another_tracer(const struct process *p)
{
    return p->tracer != 0 && p->tracer != p->ppid;
}

/* A leader that exited before the other threads appears as a zombie too, but is not waitable. */
static int is_waitable_zombie(const struct process *p)
{
    return p->state == 'Z' && p->threads <= 1 && !has_another_tracer(p);
}

/* The word for a state in answers. */
static const char *state_word(char state)
{
    switch (state) {
    case 'R':
        return "running";
    case 'S':
    case 'D':
        return "asleep";
    case 'T':
        return "stopped";
    case 't':
        return "tracing-stop";
    case 'Z':
    case 'X':
    case 'x':
        return "zombie";
    default:
        return "other";
    }
}

enum stop { NOT_STOPPED, STOPPED, TRACED };

/* Whether every thread of a process is stopped, whether a tracer has stopped some, and the number of its context switches. */
static enum stop stop_of(int pid, long long *switches)
{
    struct pids tasks;
    size_t i, seen = 0;
    enum stop stop = STOPPED;
    *switches = 0;
    tasks_of(pid, &tasks);
    for (i = 0; i < tasks.count && stop != NOT_STOPPED; i++) {
        struct process p;
        enum looked looked = look_at(pid, tasks.at[i], &p);
        if (looked == GONE)
            continue;
        /* If it cannot be read, it is not known to be stopped. */
        if (looked == UNKNOWN)
            stop = NOT_STOPPED;
        else
            seen++;
        if (looked == UNKNOWN || p.state == 'T')
            continue;
        if (p.state == 't') {
#ifdef HAVE_DIRENT
            char path[80], text[4096];
            /* Without a tracer, it is leaving a stop that a tracer left behind. */
            if (slurp(proc_path(path, pid, tasks.at[i], "status"), text, sizeof text) <= 0 ||
                status_field(text, "TracerPid") <= 0) {
                stop = NOT_STOPPED;
            } else {
                stop = TRACED;
                *switches += status_field(text, "voluntary_ctxt_switches") + status_field(text, "nonvoluntary_ctxt_switches");
            }
#endif
        } else if (!is_dead(p.state) || tasks.count == 1) {
            stop = NOT_STOPPED;
        }
    }
    free_pids(&tasks);
    return seen == 0 ? NOT_STOPPED : stop;
}

enum asleep { AWAKE, ASLEEP, IN_WAIT, UNSEEN };

/* Whether a thread sleeps in a wait call. */
static enum asleep is_asleep(int pid, int tid)
{
    struct process p;
    long call = call_of_thread(pid, tid);
    if (call == -2)
        return AWAKE;
    if (look_at(pid, tid, &p) != SHOWN)
        return UNSEEN;
#if defined(LINUX_CALLS) && defined(SYS_waitid)
    if (p.state == 'S' && (call == SYS_waitid
#ifdef SYS_wait4
                           || call == SYS_wait4
#endif
#ifdef SYS_waitpid
                           || call == SYS_waitpid
#endif
                           ))
        return IN_WAIT;
#endif
    /* An uninterruptible sleep is waiting for a disk: a page of the program, perhaps. */
    return p.state == 'S' ? ASLEEP : AWAKE;
}
