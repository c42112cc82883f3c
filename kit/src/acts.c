/*
 * Steps that consume resources. Each continues until the process's own getrusage field has grown as requested, since that is
 * what a parent will read; and each is bounded by the work that it does.
 */

enum { UTIME, STIME, MAXRSS, MINFLT, MAJFLT, INBLOCK, OUBLOCK, NVCSW, NIVCSW };

/* The duration of one turn of a burn, between two checks. */
#define TURN_US 50

/* The stack of a thread: small, since the part that is used counts towards the resident set. */
#define THREAD_STACK (256 * 1024)

static long long field_now(int field)
{
    struct usage u;
    own_usage(&u, RUSAGE_SELF);
    return u.known[field] ? u.value[field] : -1;
}

static long long cpu_now(void)
{
    struct usage u;
    own_usage(&u, RUSAGE_SELF);
    return u.known[UTIME] && u.known[STIME] ? u.value[UTIME] + u.value[STIME] : -1;
}

static void compute(void)
{
    long long start = now_us();
    static volatile unsigned long sink;
    while (now_us() - start < TURN_US) {
        unsigned long x = sink + 1;
        int i;
        for (i = 0; i < 1000; i++)
            x = (x * 69069UL + 1) ^ (x >> 7);
        sink = x;
    }
}

/* Repeats `act` until the field has grown: ETIMEDOUT after `most` turns, ENOTSUP if there is no such field. */
static int until_grown(int field, long long by, long long most, int (*act)(void *), void *with)
{
    long long now = field_now(field), target = now + by;
    if (now < 0)
        return ENOTSUP;
    for (; most > 0 && field_now(field) < target; most--) {
        int error = act(with);
        if (error != 0)
            return error;
    }
    return field_now(field) >= target ? 0 : ETIMEDOUT;
}

/*
 * Burns until the field has grown by that much. If the system accounts for the work elsewhere, or nowhere, it was done all the
 * same: judging the outcome is up to the case.
 */
static int burn(int field, long long us, void (*act)(void *), void *with)
{
    long long turns = 20000 + us * 20 / TURN_US, now = field_now(field), cpu = cpu_now();
    long long target = now + us, enough = cpu + us * 10 + 50000;
    if (now < 0 || cpu < 0)
        return ENOTSUP;
    for (; turns > 0 && field_now(field) < target && cpu_now() < enough; turns--)
        act(with);
    return 0;
}

static void burn_user_turn(void *with)
{
    (void)with;
    compute();
}

static void burn_system_turn(void *with)
{
    static char zeros[64 * 1024];
    long long start = now_us();
    int fd = *(int *)with, i;
    while (now_us() - start < TURN_US)
        for (i = 0; i < 8; i++)
            if (fd < 0 || read(fd, zeros, sizeof zeros) < 0)
                (void)getppid();
}

static int burn_user(long long us)
{
    return burn(UTIME, us, burn_user_turn, NULL);
}

static int burn_system(long long us)
{
    int fd = open("/dev/zero", O_RDONLY), error = burn(STIME, us, burn_system_turn, &fd);
    if (fd >= 0)
        close(fd);
    return error;
}

static size_t page_size(void)
{
#ifdef _SC_PAGESIZE
    long size = sysconf(_SC_PAGESIZE);
    if (size > 0)
        return (size_t)size;
#endif
    return 4096;
}

/* Memory, every page of which has been written; NULL with errno. */
static void *map_touched(size_t bytes)
{
    size_t page = page_size(), at;
    char *start;
    bytes = (bytes + page - 1) / page * page;
#ifdef HAVE_MMAP
    start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED)
        return NULL;
#else
    start = malloc(bytes);
    if (start == NULL)
        return NULL;
#endif
    for (at = 0; at < bytes; at += page)
        *(volatile char *)(start + at) = 1;
    return start;
}

static void unmap(void *start, size_t bytes)
{
#ifdef HAVE_MMAP
    size_t page = page_size();
    munmap(start, (bytes + page - 1) / page * page);
#else
    (void)bytes;
    free(start);
#endif
}

static int minor_fault_turn(void *with)
{
    size_t bytes = 8 * page_size();
    void *pages = map_touched(bytes);
    (void)with;
    if (pages == NULL)
        return errno;
    unmap(pages, bytes);
    return 0;
}

/* Whether RLIMIT_FSIZE allows a file of that size: a write beyond the limit raises SIGXFSZ. */
static int may_write(long long bytes)
{
#ifdef HAVE_RLIMIT
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && (long long)limit.rlim_cur < bytes)
        return 0;
#endif
    (void)bytes;
    return 1;
}

static int new_file(const char *path)
{
    return open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

/* A new unlinked file in a folder, or -1. */
static int new_file_in(const char *folder)
{
    struct text path = { NULL, 0, 0 };
    int fd;
    add(&path, folder);
    add(&path, "/.waitspec-c-");
    fd = create_free(&path, new_file);
    if (fd >= 0)
        unlink(path.at);
    free(path.at);
    return fd;
}

/* Tries something with a new unlinked file, in one folder after another. */
static int with_a_file(int (*act)(int fd, void *with), void *with)
{
    const char *folders[3];
    size_t i;
    folders[0] = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
    folders[1] = "/var/tmp";
    folders[2] = ".";
    for (i = 0; i < COUNT_OF(folders); i++) {
        int fd = new_file_in(folders[i]), error;
        if (fd < 0)
            continue;
        error = act(fd, with);
        close(fd);
        if (error == 0)
            return 0;
    }
    return ENOTSUP;
}

struct filed {
    int fd;
    size_t bytes;
    char *block;
    long long count;
};

#if defined(HAVE_FADVISE) && defined(HAVE_MMAP)
static int major_fault_turn(void *with)
{
    const struct filed *f = with;
    size_t page = page_size(), at;
    volatile char sum = 0;
    char *start;
    /* Dirty pages cannot be dropped. */
    if (fsync(f->fd) != 0)
        return errno;
    if (posix_fadvise(f->fd, 0, 0, POSIX_FADV_DONTNEED) != 0)
        return ENOTSUP;
    start = mmap(NULL, f->bytes, PROT_READ, MAP_SHARED, f->fd, 0);
    if (start == MAP_FAILED)
        return errno;
#ifdef MADV_RANDOM
    madvise(start, f->bytes, MADV_RANDOM);
#endif
    for (at = 0; at < f->bytes; at += page)
        sum = (char)(sum + start[at]);
    munmap(start, f->bytes);
    return 0;
}

static int major_faults_in(int fd, void *with)
{
    struct filed *f = with;
    long long pages = (long long)(f->bytes / page_size());
    char *block = more(NULL, f->bytes);
    int wrote;
    f->fd = fd;
    memset(block, 1, f->bytes);
    wrote = write_all(fd, block, f->bytes);
    free(block);
    return wrote != 0 ? errno : until_grown(MAJFLT, f->count, f->count / pages + 4, major_fault_turn, f);
}

static int major_faults(long long count)
{
    struct filed f;
    long long pages = count < 1 ? 1 : count > 256 ? 256 : count;
    memset(&f, 0, sizeof f);
    f.bytes = (size_t)pages * page_size();
    f.count = count;
    return may_write((long long)f.bytes) ? with_a_file(major_faults_in, &f) : ENOTSUP;
}
#else
static int major_faults(long long count)
{
    (void)count;
    return ENOTSUP;
}
#endif

static int block_output_turn(void *with)
{
    const struct filed *f = with;
    return write_all(f->fd, f->block, f->bytes) != 0 || fsync(f->fd) != 0 ? errno : 0;
}

static int block_output_in(int fd, void *with)
{
    struct filed *f = with;
    f->fd = fd;
    return until_grown(OUBLOCK, f->count, f->count + 16, block_output_turn, f);
}

static int block_output(long long count)
{
    struct filed f;
    int error;
    memset(&f, 0, sizeof f);
    f.bytes = page_size();
    f.count = count;
    if (count > (1LL << 40) || !may_write((count + 16) * (long long)f.bytes))
        return ENOTSUP;
    f.block = more(NULL, f.bytes);
    memset(f.block, 1, f.bytes);
    error = with_a_file(block_output_in, &f);
    free(f.block);
    return error;
}

static int voluntary_turn(void *with)
{
    (void)with;
#ifdef HAVE_NANOSLEEP
    {
        struct timespec least = { 0, 1 };
        nanosleep(&least, NULL);
    }
    return 0;
#else
    return ENOTSUP;
#endif
}

#if defined(HAVE_PTHREAD) && defined(LINUX_CALLS) && defined(SYS_sched_setaffinity)
static volatile int neighbour_may_stop;

static int lose_turn(void *with)
{
    (void)with;
    compute();
    /* The caller stays runnable: the kernel counts that as involuntary. */
    syscall(SYS_sched_yield);
    return 0;
}

static void *neighbour(void *with)
{
    while (!neighbour_may_stop)
        lose_turn(with);
    return NULL;
}

static int start_thread(pthread_t *thread, void *(*body)(void *), void *with)
{
    pthread_attr_t small;
    int error;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, THREAD_STACK);
    error = pthread_create(thread, &small, body, with);
    pthread_attr_destroy(&small);
    return error;
}

/* Competes with a busy thread on one processor. */
static int involuntary_switches(long long count)
{
    unsigned long before[16], one[16];
    unsigned processor = 0;
    pthread_t thread;
    long kept = syscall(SYS_sched_getaffinity, 0, sizeof before, before);
    int error;
    memset(one, 0, sizeof one);
    if (kept > 0 && syscall(SYS_getcpu, &processor, (void *)0, (void *)0) == 0 && processor < sizeof one * 8) {
        one[processor / (sizeof *one * 8)] = 1UL << processor % (sizeof *one * 8);
        syscall(SYS_sched_setaffinity, 0, (size_t)kept, one);
    }
    neighbour_may_stop = 0;
    error = start_thread(&thread, neighbour, NULL);
    if (error == 0) {
        error = until_grown(NIVCSW, count, count * 200 + 1000, lose_turn, NULL);
        neighbour_may_stop = 1;
        pthread_join(thread, NULL);
    }
    if (kept > 0)
        syscall(SYS_sched_setaffinity, 0, (size_t)kept, before);
    return error;
}
#define HAVE_START_THREAD 1
#else
static int involuntary_switches(long long count)
{
    (void)count;
    return ENOTSUP;
}
#endif

#if defined(HAVE_PTHREAD) && !defined(HAVE_START_THREAD)
static int start_thread(pthread_t *thread, void *(*body)(void *), void *with)
{
    return pthread_create(thread, NULL, body, with);
}
#endif
