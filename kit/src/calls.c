/*
 * Calls of the family: each buffer is filled with poison and followed by a canary; the result is reported field by field.
 * No heap, no locks: a call may be made in a signal handler.
 */

enum call { NO_CALL, WAIT, WAITPID, WAIT3, WAIT4, WAITID };
enum pointer { BUFFER, NULL_POINTER, BAD_POINTER, KERNEL_POINTER, READ_ONLY, MISALIGNED, PAGE_END, ACROSS };
enum memory { NOT_OBSERVED, UNTOUCHED, WROTE };

static const char *const CALL_NAMES[] = { "", "wait", "waitpid", "wait3", "wait4", "waitid" };

#define POISON 0xA5
#define CANARY 0x5C
#define GUARD 256

struct request {
    enum call call;
    int pid, options;
    long long idtype, id;
    enum pointer status, rusage, info;
};

#define USAGE_FIELDS 11
static const char *const USAGE_NAMES[USAGE_FIELDS] = {
    "utime_us", "stime_us", "maxrss", "minflt", "majflt", "inblock", "oublock", "nvcsw", "nivcsw", "others", "irregular",
};

struct usage {
    long long value[USAGE_FIELDS];
    char known[USAGE_FIELDS];
};

enum { INFO_SIGNO, INFO_CODE, INFO_PID, INFO_UID, INFO_STATUS, INFO_ERRNO, INFO_OTHER, INFO_FIELDS };
static const char *const INFO_NAMES[INFO_FIELDS] = {
    "si_signo", "si_code", "si_pid", "si_uid", "si_status", "si_errno", "si_other_bytes",
};

struct seen {
    long long returned;
    int error;
    enum memory status, rusage, info;
    int word;
    struct usage usage;
    long long fields[INFO_FIELDS];
    char known[INFO_FIELDS];
    int spilt;
};

/* Linux's own structure, which differs from that of a C library with a wider time_t. */
struct kernel_rusage {
    struct { long tv_sec, tv_usec; } ru_utime, ru_stime;
    long ru_maxrss, ru_ixrss, ru_idrss, ru_isrss, ru_minflt, ru_majflt, ru_nswap, ru_inblock, ru_oublock, ru_msgsnd,
        ru_msgrcv, ru_nsignals, ru_nvcsw, ru_nivcsw;
};

static int all_are(const void *at, size_t n, unsigned char byte)
{
    const unsigned char *bytes = at;
    while (n-- != 0)
        if (*bytes++ != byte)
            return 0;
    return 1;
}

#define WRITTEN(field) (!all_are(&(field), sizeof(field), POISON))

/* The same for two structures whose fields have different widths. */
#define DEFINE_USAGE_OF(name, type) \
    static void name(struct usage *u, const type *r) \
    { \
        memset(u, 0, sizeof *u); \
        if (WRITTEN(r->ru_utime.tv_sec) && WRITTEN(r->ru_utime.tv_usec)) { \
            u->known[0] = 1; \
            u->value[0] = (long long)r->ru_utime.tv_sec * 1000000 + (long long)r->ru_utime.tv_usec; \
        } \
        if (WRITTEN(r->ru_stime.tv_sec) && WRITTEN(r->ru_stime.tv_usec)) { \
            u->known[1] = 1; \
            u->value[1] = (long long)r->ru_stime.tv_sec * 1000000 + (long long)r->ru_stime.tv_usec; \
        } \
        u->known[2] = (char)WRITTEN(r->ru_maxrss), u->value[2] = r->ru_maxrss; \
        u->known[3] = (char)WRITTEN(r->ru_minflt), u->value[3] = r->ru_minflt; \
        u->known[4] = (char)WRITTEN(r->ru_majflt), u->value[4] = r->ru_majflt; \
        u->known[5] = (char)WRITTEN(r->ru_inblock), u->value[5] = r->ru_inblock; \
        u->known[6] = (char)WRITTEN(r->ru_oublock), u->value[6] = r->ru_oublock; \
        u->known[7] = (char)WRITTEN(r->ru_nvcsw), u->value[7] = r->ru_nvcsw; \
        u->known[8] = (char)WRITTEN(r->ru_nivcsw), u->value[8] = r->ru_nivcsw; \
        u->known[9] = WRITTEN(r->ru_ixrss) && WRITTEN(r->ru_idrss) && WRITTEN(r->ru_isrss) && WRITTEN(r->ru_nswap) && \
                      WRITTEN(r->ru_msgsnd) && WRITTEN(r->ru_msgrcv) && WRITTEN(r->ru_nsignals); \
        u->value[9] = magnitude(r->ru_ixrss) + magnitude(r->ru_idrss) + magnitude(r->ru_isrss) + magnitude(r->ru_nswap) + \
                      magnitude(r->ru_msgsnd) + magnitude(r->ru_msgrcv) + magnitude(r->ru_nsignals); \
        u->known[10] = u->known[0] && u->known[1]; \
        u->value[10] = (r->ru_utime.tv_usec < 0 || r->ru_utime.tv_usec > 999999) + \
                       (r->ru_stime.tv_usec < 0 || r->ru_stime.tv_usec > 999999); \
    }

static long long magnitude(long long n)
{
    /* Far from the limits, so that seven of them can be added up. */
    const long long most = 1LL << 56;
    if (n < 0)
        n = n < -most ? most : -n;
    return n > most ? most : n;
}

DEFINE_USAGE_OF(usage_of, struct rusage)
#ifdef LINUX_CALLS
DEFINE_USAGE_OF(kernel_usage_of, struct kernel_rusage)
#endif

static void put_usage(struct text *t, const char *prefix, const struct usage *u)
{
    size_t i;
    for (i = 0; i < USAGE_FIELDS; i++)
        if (u->known[i]) {
            add(t, " ");
            add(t, prefix);
            add(t, USAGE_NAMES[i]);
            add(t, "=");
            add_number(t, u->value[i]);
        }
}

/* getrusage; no field is known if the system does not have it. */
static void own_usage(struct usage *u, int who)
{
    struct rusage raw;
    memset(&raw, 0, sizeof raw);
    if (getrusage(who, &raw) == 0)
        usage_of(u, &raw);
    else
        memset(u, 0, sizeof *u);
}

/*
 * Memory boundaries at which a system call may fault: a writable page, an unmapped one, a read-only one. NULL if they cannot be
 * mapped.
 */
static char *edges(size_t *page)
{
#if defined(HAVE_MMAP) && defined(LINUX_CALLS)
    static char *at;
    *page = (size_t)sysconf(_SC_PAGESIZE);
    if (at == NULL) {
        char *map = mmap(NULL, 3 * *page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (map == MAP_FAILED)
            return NULL;
        if (mprotect(map, *page, PROT_READ | PROT_WRITE) != 0 || mprotect(map + *page, *page, PROT_NONE) != 0)
            return NULL;
        at = map;
    }
    return at;
#else
    *page = 0;
    return NULL;
#endif
}

/* The minimum number of bytes of a siginfo that a system writes: the fields up to `si_status`. */
#define INFO_WRITTEN 28

/* An unwritable address that is aligned and not null; one of the kernel's; one at a memory boundary; or the buffer. */
static void *argument(enum pointer pointer, void *buffer, size_t size)
{
    size_t page, half = (size < INFO_WRITTEN ? size : INFO_WRITTEN) / 2;
    char *at = pointer >= READ_ONLY ? edges(&page) : NULL;
    if (at != NULL)
        return pointer == READ_ONLY ? at + 2 * page : pointer == PAGE_END ? at + page - size : pointer == ACROSS ? at + page - half
                                                                                                               : at + 1;
    switch (pointer) {
    case NULL_POINTER:
        return NULL;
    case BAD_POINTER:
        return (void *)(uintptr_t)64;
    case BUFFER:
        return buffer;
    default:
        return (void *)(UINTPTR_MAX - 0xffff);
    }
}

#define BUFFER_OF(type) struct { type value; unsigned char canary[GUARD]; }

/*
 * The buffers of a call outlive it, which catches a system that writes to one later. A call takes a slot from a static pool,
 * which keeps what it left there until the slot is used again.
 */
struct buffers {
    BUFFER_OF(int) status;
    BUFFER_OF(struct rusage) usage;
#ifdef LINUX_CALLS
    BUFFER_OF(struct kernel_rusage) own;
#endif
#if defined(HAVE_WAITID) || defined(LINUX_CALLS)
    BUFFER_OF(siginfo_t) info;
#endif
};

#define SLOTS 16

enum { FREE_SLOT, BUSY_SLOT, LEFT_SLOT };

/* Calls write to `used`; `left` holds its contents when the last call returned. */
static struct slot {
    volatile int state;
    struct buffers used, left;
} slots[SLOTS];
static volatile int slots_taken;

/* Takes a slot if it is in that state: threads and handlers may compete for it. */
static int take_slot(struct slot *s, int state)
{
#ifdef HAVE_ATOMICS
    return __sync_bool_compare_and_swap(&s->state, state, BUSY_SLOT);
#else
    if (s->state != state)
        return 0;
    s->state = BUSY_SLOT;
    return 1;
#endif
}

static void leave_slot(struct slot *s)
{
    barrier();
    s->state = LEFT_SLOT;
}

/* A slot, or NULL if more calls sleep at once than there are slots. */
static struct slot *next_slot(void)
{
    int i;
    for (i = 0; i < SLOTS; i++) {
        struct slot *s = &slots[(unsigned)next_of(slots_taken) % SLOTS];
        if (take_slot(s, FREE_SLOT) || take_slot(s, LEFT_SLOT))
            return s;
    }
    return NULL;
}

/* Whether a byte in the buffers of an earlier call has changed since it returned, or since the last time this was called. */
static int written_late(void)
{
    int i, late = 0;
    for (i = 0; i < SLOTS; i++) {
        struct slot *s = &slots[i];
        const volatile unsigned char *now = (const volatile unsigned char *)&s->used;
        const unsigned char *then = (const unsigned char *)&s->left;
        size_t k;
        if (s->state != LEFT_SLOT || !take_slot(s, LEFT_SLOT))
            continue;
        for (k = 0; k < sizeof s->used && now[k] == then[k]; k++)
            ;
        if (k < sizeof s->used) {
            late = 1;
            memcpy(&s->left, &s->used, sizeof s->left);
        }
        leave_slot(s);
    }
    return late;
}

#define FILL(buffer) (memset(&(buffer), POISON, sizeof(buffer)), memset((buffer).canary, CANARY, GUARD))

#define LOOK(pointer, buffer) \
    ((pointer) != BUFFER ? NOT_OBSERVED : WRITTEN((buffer).value) ? WROTE : UNTOUCHED)

/* The functions that are called: the C library's, or those of a shared object. */
static struct {
    pid_t (*wait)(int *);
    pid_t (*waitpid)(pid_t, int *, int);
    pid_t (*wait3)(int *, int, struct rusage *);
    pid_t (*wait4)(pid_t, int *, int, struct rusage *);
#ifdef HAVE_WAITID
    int (*waitid)(idtype_t, id_t, siginfo_t *, int);
#endif
} family = {
    wait,
    waitpid,
#ifdef WAITSPEC_NO_WAIT3
    NULL,
#else
    wait3,
#endif
    wait4,
#ifdef HAVE_WAITID
    waitid,
#endif
};

static int has_call(enum call call, int raw)
{
    if (raw) {
#ifdef LINUX_CALLS
        return call == WAITID
#ifdef SYS_wait4
               || call == WAIT4
#endif
            ;
#else
        return 0;
#endif
    }
    switch (call) {
    case WAIT:
        return family.wait != NULL;
    case WAITPID:
        return family.waitpid != NULL;
    case WAIT3:
        return family.wait3 != NULL;
    case WAIT4:
        return family.wait4 != NULL;
    case WAITID:
#ifdef HAVE_WAITID
        return family.waitid != NULL;
#endif
    default:
        return 0;
    }
}

#if defined(HAVE_WAITID) || defined(LINUX_CALLS)
static void info_of(struct seen *s, const siginfo_t *info)
{
    /* Read with the types of the fields, as declared by the headers. */
    int signo = info->si_signo, code = info->si_code, error = info->si_errno, status = info->si_status;
    pid_t pid = info->si_pid;
    uid_t uid = info->si_uid;
    s->known[INFO_SIGNO] = (char)WRITTEN(signo), s->fields[INFO_SIGNO] = signo;
    s->known[INFO_CODE] = (char)WRITTEN(code), s->fields[INFO_CODE] = code;
    s->known[INFO_PID] = (char)WRITTEN(pid), s->fields[INFO_PID] = pid;
    s->known[INFO_UID] = (char)WRITTEN(uid), s->fields[INFO_UID] = (long long)uid;
    s->known[INFO_STATUS] = (char)WRITTEN(status), s->fields[INFO_STATUS] = status;
    s->known[INFO_ERRNO] = (char)WRITTEN(error), s->fields[INFO_ERRNO] = error;
#if defined(__linux__) && !defined(__mips__)
    {
        /* Three numbers at the start, followed by a union of pointers with three more. */
        const size_t head = 3 * sizeof(int), unions = (head + sizeof(void *) - 1) / sizeof(void *) * sizeof(void *);
        const unsigned char *bytes = (const unsigned char *)info;
        size_t i;
        s->known[INFO_OTHER] = 1;
        for (i = head; i < sizeof *info; i++)
            if ((i < unions || i >= unions + head) && bytes[i] != POISON)
                s->fields[INFO_OTHER]++;
    }
#endif
}
#endif

/* What errno is before a call: an error that no call of the family has. */
#define BEFORE EDOM

/* Whether a call has succeeded, and whether one that did has set errno to 0, which no function may. */
static volatile int has_succeeded, has_zeroed_errno;

static void came(struct seen *s, long long returned)
{
    int now = errno;
    s->returned = returned;
    s->error = returned == -1 && now != BEFORE ? now : 0;
    if (returned != -1) {
        has_succeeded = 1;
        if (now == 0)
            has_zeroed_errno = 1;
    }
}

/* The same for `waitid`, which has different buffers. */
static const char *perform_waitid(int raw, const struct request *q, struct seen *s, struct buffers *b)
{
#if defined(HAVE_WAITID) || defined(LINUX_CALLS)
    siginfo_t *at;
    FILL(b->info);
    at = argument(q->info, &b->info, sizeof b->info.value);
    if (raw) {
#ifdef LINUX_CALLS
        FILL(b->own);
        errno = BEFORE;
        came(s, syscall(SYS_waitid, (long)q->idtype, (long)q->id, at, (long)q->options, argument(q->rusage, &b->own, sizeof b->own.value)));
        s->rusage = LOOK(q->rusage, b->own);
        if (s->rusage == WROTE)
            kernel_usage_of(&s->usage, &b->own.value);
        s->spilt = !all_are(b->own.canary, GUARD, CANARY);
#endif
    } else {
#ifdef HAVE_WAITID
        if (q->rusage != NULL_POINTER)
            return "the C function waitid has no rusage argument";
        if (q->idtype < INT_MIN || q->idtype > UINT_MAX || q->id < INT_MIN || q->id > UINT_MAX)
            return "the number does not fit the argument's type";
        errno = BEFORE;
        came(s, family.waitid((idtype_t)q->idtype, (id_t)q->id, at, q->options));
#endif
    }
    s->info = LOOK(q->info, b->info);
    if (s->info == WROTE)
        info_of(s, &b->info.value);
    s->spilt |= !all_are(b->info.canary, GUARD, CANARY);
#else
    (void)raw, (void)q, (void)s, (void)b;
#endif
    return NULL;
}

static void perform_others(int raw, const struct request *q, struct seen *s, struct buffers *b)
{
    int *word = argument(q->status, &b->status, sizeof b->status.value);
    FILL(b->status);
    if (raw) {
#if defined(LINUX_CALLS) && defined(SYS_wait4)
        FILL(b->own);
        errno = BEFORE;
        came(s, syscall(SYS_wait4, (long)q->pid, word, (long)q->options, argument(q->rusage, &b->own, sizeof b->own.value)));
        s->rusage = LOOK(q->rusage, b->own);
        if (s->rusage == WROTE)
            kernel_usage_of(&s->usage, &b->own.value);
        s->spilt = !all_are(b->own.canary, GUARD, CANARY);
#endif
    } else {
        struct rusage *at = argument(q->rusage, &b->usage, sizeof b->usage.value);
        FILL(b->usage);
        errno = BEFORE;
        if (q->call == WAIT)
            came(s, family.wait(word));
        else if (q->call == WAITPID)
            came(s, family.waitpid(q->pid, word, q->options));
        else if (q->call == WAIT3)
            came(s, family.wait3(word, q->options, at));
        else
            came(s, family.wait4(q->pid, word, q->options, at));
        if (q->call == WAIT3 || q->call == WAIT4)
            s->rusage = LOOK(q->rusage, b->usage);
        if (s->rusage == WROTE)
            usage_of(&s->usage, &b->usage.value);
        s->spilt = !all_are(b->usage.canary, GUARD, CANARY);
    }
    s->status = LOOK(q->status, b->status);
    s->word = b->status.value;
    s->spilt |= !all_are(b->status.canary, GUARD, CANARY);
}

/* Makes one call; NULL, or why it is not offered. */
static const char *perform(int raw, const struct request *q, struct seen *s)
{
    struct buffers here, *b = &here;
    struct slot *slot;
    const char *why = NULL;
    memset(s, 0, sizeof *s);
    if (!has_call(q->call, raw))
        return raw ? "there is no such system call" : "the C library has no such function";
    slot = next_slot();
    if (slot != NULL)
        b = &slot->used;
    if (q->call == WAITID)
        why = perform_waitid(raw, q, s, b);
    else
        perform_others(raw, q, s, b);
    if (slot != NULL) {
        memcpy(&slot->left, &slot->used, sizeof slot->left);
        leave_slot(slot);
    }
    return why;
}

static void put_memory(struct text *t, const char *key, enum memory memory)
{
    if (memory != NOT_OBSERVED)
        put(t, key, memory == WROTE ? "written" : "untouched");
}

/* What a call returned and wrote, as the reply to request `id`. */
static void put_seen(struct text *t, long long id, const struct seen *s)
{
    size_t i;
    add(t, s->returned == -1 ? "err" : "ok");
    put_number(t, "id", id);
    if (s->returned == -1) {
        put_key(t, "errno");
        add_errno(t, s->error);
    } else {
        put_number(t, "ret", s->returned);
    }
    if (s->status == WROTE)
        put_status(t, "status", s->word);
    else
        put_memory(t, "status", s->status);
    put_memory(t, "rusage", s->rusage);
    if (s->rusage == WROTE)
        put_usage(t, "ru_", &s->usage);
    put_memory(t, "info", s->info);
    for (i = 0; s->info == WROTE && i < INFO_FIELDS; i++)
        if (s->known[i]) {
            put_key(t, INFO_NAMES[i]);
            if (i == INFO_SIGNO)
                add_signal(t, s->fields[i]);
            else if (i == INFO_CODE)
                add_code(t, s->fields[i]);
            else
                add_number(t, s->fields[i]);
        }
    put(t, "spill", s->spilt ? "yes" : "no");
}
