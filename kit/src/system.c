/* What warden, agent and child ask of the system. Nothing here waits for a process, and nothing is ordered by sleeping. */

/* What `--without` removed, on top of what the build lacks: for trying this on a system that has it. */
static struct {
    int sockets, table, pidfd, poll, subreaper;
} without;

#if defined(HAVE_SYSCALL) && defined(__linux__)
#define LINUX_CALLS 1
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifdef __mips__
/* MIPS numbers its system calls from 5000 (64-bit) or 4000 (32-bit). */
#define NEWER(n) ((n) < 1000 ? (n) + (sizeof(long) == 8 ? 5000 : 4000) : (n))
#else
#define NEWER(n) (n)
#endif
#endif

/* Microseconds, on a clock that does not jump if there is one. */
static long long now_us(void)
{
#ifdef HAVE_CLOCK_GETTIME
    struct timespec t;
    if (clock_gettime(CLOCK_MONOTONIC, &t) == 0)
        return (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
#endif
    {
        struct timeval now;
        gettimeofday(&now, NULL);
        return (long long)now.tv_sec * 1000000 + now.tv_usec;
    }
}

static long long now_ns(void)
{
#ifdef HAVE_CLOCK_GETTIME
    struct timespec t;
    if (clock_gettime(CLOCK_MONOTONIC, &t) == 0)
        return (long long)t.tv_sec * 1000000000 + t.tv_nsec;
#endif
    return now_us() * 1000;
}

/* Yields the processor for about that many microseconds between two polls; never used to order anything. */
static void rest_us(long us)
{
#ifdef HAVE_NANOSLEEP
    struct timespec t;
    t.tv_sec = us / 1000000;
    t.tv_nsec = us % 1000000 * 1000;
    if (nanosleep(&t, NULL) == 0 || errno == EINTR)
        return;
#endif
#ifdef HAVE_POLL
    if (poll(NULL, 0, (int)((us + 999) / 1000)) == 0)
        return;
#endif
    (void)us;
    (void)getppid();
}

static int write_all(int fd, const char *bytes, size_t n)
{
    while (n != 0) {
        ssize_t wrote = write(fd, bytes, n);
        if (wrote > 0) {
            bytes += wrote;
            n -= (size_t)wrote;
        } else if (wrote == 0 || (errno != EINTR)) {
            return -1;
        }
    }
    return 0;
}

static void complain(const char *what, const char *of, int error)
{
    struct text t = { NULL, 0, 0 };
    add(&t, what);
    add(&t, of);
    if (error != 0) {
        add(&t, ": ");
        add_errno(&t, error);
    }
    add(&t, "\n");
    (void)!write_all(2, t.at, t.len);
    free(t.at);
}

static void close_on_exec(int fd)
{
    fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void not_blocking(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static int pipe_for_us(int ends[2])
{
    if (pipe(ends) != 0)
        return -1;
    close_on_exec(ends[0]);
    close_on_exec(ends[1]);
    return 0;
}

/* Closes every open descriptor from `first` up, except `keep` descriptors from `from` up. */
static void close_others(int first, int from, int keep)
{
    int fd, last = 1024;
    if (keep > 0 && from > first) {
        /* Few, and low: those that were open before the pipes. */
        for (fd = first; fd < from; fd++)
            close(fd);
    }
    if (keep > 0 && from + keep > first)
        first = from + keep;
#ifdef LINUX_CALLS
    /* Older releases of gVisor reject a last descriptor that is not an int. */
    if (syscall(NEWER(SYS_close_range), (unsigned)first, (unsigned)INT_MAX, 0) == 0)
        return;
#endif
#ifdef HAVE_DIRENT
    {
        DIR *open_files = opendir("/proc/self/fd");
        if (open_files != NULL) {
            struct dirent *entry;
            int many[1024];
            size_t n = 0, i;
            long long number;
            while ((entry = readdir(open_files)) != NULL)
                if (parse_number(entry->d_name, &number) && number >= first && n < COUNT_OF(many))
                    many[n++] = (int)number;
            closedir(open_files);
            for (i = 0; i < n; i++)
                close(many[i]);
            if (n < COUNT_OF(many))
                return;
        }
    }
#endif
#ifdef HAVE_RLIMIT
    {
        struct rlimit limit;
        if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 4096)
            last = (int)limit.rlim_cur;
    }
#endif
    for (fd = first; fd < last; fd++)
        close(fd);
}

/* Requests SIGKILL for when the parent thread exits, if the system supports it. */
static void die_with_parent(void)
{
#if defined(HAVE_PRCTL) && defined(__linux__)
    prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0UL, 0UL, 0UL);
#endif
}

/* 0, or the errno. */
static int set_subreaper(int on)
{
#if defined(HAVE_PRCTL) && defined(__linux__)
    if (without.subreaper)
        return ENOSYS;
    return prctl(PR_SET_CHILD_SUBREAPER, (unsigned long)on, 0UL, 0UL, 0UL) == 0 ? 0 : errno;
#else
    (void)on;
    return ENOSYS;
#endif
}

static int thread_id(void)
{
#if defined(LINUX_CALLS) && defined(SYS_gettid)
    long tid = syscall(SYS_gettid);
    if (tid > 0)
        return (int)tid;
#endif
    return (int)getpid();
}

static int session_of(int pid)
{
#ifdef HAVE_SESSIONS
    int sid = (int)getsid(pid);
    return sid < 0 ? 0 : sid;
#else
    (void)pid;
    return 0;
#endif
}

static int own_group(void)
{
    /* getpgrp takes a pid on some old systems. */
    return (int)getpgid(0);
}

/* A pidfd of a process, close-on-exec; -1 with errno if there are none. */
static int pidfd_open_of(int pid, unsigned flags)
{
#ifdef LINUX_CALLS
    return (int)syscall(NEWER(SYS_pidfd_open), pid, flags);
#else
    (void)pid;
    (void)flags;
    errno = ENOSYS;
    return -1;
#endif
}

static int pidfd_signal(int fd, int signal)
{
#ifdef LINUX_CALLS
    return (int)syscall(NEWER(SYS_pidfd_send_signal), fd, signal, (void *)0, 0);
#else
    (void)fd;
    (void)signal;
    errno = ENOSYS;
    return -1;
#endif
}

/* Whether a descriptor is readable or at end of file, within that time; -1 if the system cannot tell. */
static int is_ready(int fd, long us)
{
#ifdef HAVE_POLL
    struct pollfd one;
    one.fd = fd;
    one.events = POLLIN;
    one.revents = 0;
    return poll(&one, 1, (int)((us + 999) / 1000));
#elif defined(HAVE_SELECT)
    fd_set set;
    struct timeval t;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    t.tv_sec = us / 1000000;
    t.tv_usec = us % 1000000;
    return select(fd + 1, &set, NULL, NULL, &t);
#else
    (void)fd;
    (void)us;
    return -1;
#endif
}

/* Best effort, to keep the table clean: checks once, never waits, and no verdict may depend on it. Whether the child is gone. */
static int reap(int pid, int *status)
{
    /* With room after it, for a wait that writes too much. */
    int roomy[8] = { 0 }, reaped = -1;
#ifdef __linux__
    const int any_kind = __WALL;
#else
    const int any_kind = 0;
#endif
    if (pid > 1)
        reaped = (int)waitpid(pid, roomy, WNOHANG | any_kind);
    /* An emulator may not know that option. */
    if (pid > 1 && reaped < 0 && errno == EINVAL)
        reaped = (int)waitpid(pid, roomy, WNOHANG);
    *status = roomy[0];
    return pid > 1 && reaped == pid;
}

/* Kills a child of ours and reaps it, trying for at most ten seconds. */
static void kill_and_reap(int pid)
{
    long long until = now_us() + 10000000;
    int status;
    if (pid < 2)
        return;
    kill(pid, SIGKILL);
    while (!reap(pid, &status) && now_us() < until)
        rest_us(50);
}

/* Like execvp, but a file that the system cannot execute is an error, and not passed to the shell. */
static void run_program(char *const *argv)
{
    if (strchr(argv[0], '/') != NULL)
        execv(argv[0], argv);
    else
        execvp(argv[0], argv);
}

/*
 * Creates something under the first name that is free: the path with this pid, and then with a number, too. A process of this pid in
 * another pid namespace, or an earlier one that was killed, may have left some. Returns what `create` does: -1 for an error.
 */
static int create_free(struct text *path, int (*create)(const char *path))
{
    size_t stem;
    int made = -1, i;
    add_number(path, getpid());
    stem = path->len;
    for (i = 1; i <= 1000 && (made = create(path->at)) < 0 && errno == EEXIST; i++) {
        path->len = stem;
        add(path, "-");
        add_number(path, i);
    }
    return made;
}

/* The path of this program, valid from any folder. */
static char own_path[4096];

static void find_own_path(const char *name)
{
    ssize_t n = -1;
#ifdef __linux__
    n = readlink("/proc/self/exe", own_path, sizeof own_path - 1);
#endif
    if (n > 0 && own_path[0] == '/') {
        own_path[n] = 0;
        return;
    }
    if (name[0] != '/' && strchr(name, '/') != NULL && getcwd(own_path, sizeof own_path) != NULL &&
        strlen(own_path) + strlen(name) + 2 < sizeof own_path) {
        strcat(own_path, "/");
        strcat(own_path, name);
    } else {
        strncpy(own_path, name, sizeof own_path - 1);
    }
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}
