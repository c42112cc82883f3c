/* The agent: hosts the calls of the C library, or the raw system calls, and is the parent of the children. */

enum { OK = 0, REFUSED = -1, UNSUPPORTED = -3, WRONG = -4, TOLD = -5 };

static struct {
    int raw, threaded;
    /* The shared object whose functions are called, if there is one. */
    const char *library;
    /* Why a request does not get an `ok`: the errno, or text. */
    int error;
    /* The descriptors that the agent opened for requests. */
    unsigned char mine[2048];
    int out;
} agent;

#ifdef HAVE_PTHREAD
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;
#endif

/* A request, as its thread serves it. */
struct task {
    struct line line;
    long long id;
    /* What follows `ok id=N`, or the whole reply to a call. */
    struct text reply;
    const char *why;
    /* Why the request is malformed; empty if it is not. */
    char malformed[WHY_SIZE];
    int error;
};

/* Writes one line in a single write; exits if no one is reading. */
static void agent_writes(struct text *t)
{
    int failed;
    add(t, "\n");
#ifdef HAVE_PTHREAD
    pthread_mutex_lock(&writing);
#endif
    failed = write_all(agent.out, t->at, t->len);
#ifdef HAVE_PTHREAD
    pthread_mutex_unlock(&writing);
#endif
    if (failed)
        _exit(1);
    t->len = 0;
}

static int unsupported(struct task *q, const char *why)
{
    q->why = why;
    return UNSUPPORTED;
}

static int wrong(struct task *q, const char *why)
{
    q->why = why;
    return WRONG;
}

/* A system call failed. */
static int refused(struct task *q, int error)
{
    q->error = error;
    return error == 0 ? OK : REFUSED;
}

static int int_in(struct task *q, const char *key, int *number)
{
    const char *value = get(&q->line, key);
    long long n;
    if (value == NULL)
        return wrong(q, "a key is missing");
    if (!parse_number(value, &n) || n < INT_MIN || n > INT_MAX)
        return wrong(q, "a number is malformed or out of range");
    *number = (int)n;
    return OK;
}

static int signal_key(struct task *q, int *signal)
{
    const char *name = get(&q->line, "sig");
    if (name == NULL)
        return wrong(q, "'sig=' is missing");
    if (signal_of(name, signal))
        return OK;
    return is_signal_elsewhere(name) ? unsupported(q, "the signal does not exist here") : wrong(q, "'sig=' has a bad value");
}

/* --- Calls -------------------------------------------------------------------------------------------------------------------- */

static enum call call_of(const char *word)
{
    size_t i;
    for (i = 1; i < COUNT_OF(CALL_NAMES); i++)
        if (same(word, CALL_NAMES[i]))
            return (enum call)i;
    return NO_CALL;
}

static int pointer_in(struct task *q, const char *key, enum pointer missing, enum pointer *pointer)
{
    const char *value = get(&q->line, key);
    *pointer = missing;
    if (value == NULL)
        return OK;
    if (same(value, "buffer"))
        *pointer = BUFFER;
    else if (same(value, "null"))
        *pointer = NULL_POINTER;
    else if (same(value, "bad"))
        *pointer = BAD_POINTER;
    else if (same(value, "kernel"))
        *pointer = KERNEL_POINTER;
    else if (agent.raw && same(value, "read-only"))
        *pointer = READ_ONLY;
    else if (agent.raw && same(value, "misaligned"))
        *pointer = MISALIGNED;
    else if (agent.raw && same(value, "page-end"))
        *pointer = PAGE_END;
    else if (agent.raw && same(value, "across"))
        *pointer = ACROSS;
    else
        return wrong(q, "no such pointer");
    return OK;
}

static int options_in(struct task *q, int *options)
{
    size_t count, i;
    int bad, result = OK;
    unsigned bits = 0;
    char **items = list_of(&q->line, "options", &count, &bad);
    if (bad)
        result = wrong(q, "an option contains a null byte");
    for (i = 0; i < count && result == OK; i++) {
        long long raw;
        int bit;
        if (parse_number(items[i], &raw)) {
            if (raw < 0 || raw > UINT_MAX)
                result = wrong(q, "option bits must be one unsigned 32-bit number");
            bits |= (unsigned)raw;
        } else if (number_of(OPTIONS, COUNT_OF(OPTIONS), items[i], &bit)) {
            bits |= (unsigned)bit;
        } else if (starts(items[i], "W") || starts(items[i], "__W")) {
            result = unsupported(q, "an option is unknown here");
        } else {
            result = wrong(q, "an option has a bad value");
        }
    }
    free_list(items);
    *options = (int)bits;
    return result;
}

/* The call in a request. */
static int call_in(struct task *q, enum call call, struct request *r)
{
    int result;
    memset(r, 0, sizeof *r);
    r->call = call;
    r->pid = -1;
    r->status = call == WAITID ? NULL_POINTER : BUFFER;
    r->rusage = call == WAIT3 || call == WAIT4 ? BUFFER : NULL_POINTER;
    r->info = call == WAITID ? BUFFER : NULL_POINTER;
    if (call == WAITID) {
        const char *type = get(&q->line, "idtype"), *who = get(&q->line, "who");
        int number;
        if (type == NULL || who == NULL || !parse_number(who, &r->id))
            return wrong(q, "'idtype=' or 'who=' is missing, or 'who=' is not a number");
        if (number_of(ID_TYPES, COUNT_OF(ID_TYPES), type, &number))
            r->idtype = number;
        else if (!parse_number(type, &r->idtype))
            return starts(type, "P_") ? unsupported(q, "the idtype is unknown here") : wrong(q, "'idtype=' has a bad value");
    } else if (call == WAITPID || call == WAIT4) {
        const char *pid = get(&q->line, "pid");
        long long n;
        if (pid == NULL || !parse_number(pid, &n))
            return wrong(q, "'pid=' is missing or not a number");
        if (n < INT_MIN || n > INT_MAX)
            return unsupported(q, "the number is not a pid_t");
        r->pid = (int)n;
    }
    result = options_in(q, &r->options);
    if (result == OK && call != WAITID)
        result = pointer_in(q, "status", r->status, &r->status);
    if (result == OK && call != WAIT && call != WAITPID)
        result = pointer_in(q, "rusage", r->rusage, &r->rusage);
    if (result == OK && call == WAITID)
        result = pointer_in(q, "info", r->info, &r->info);
    return result;
}

/* --- Children ------------------------------------------------------------------------------------------------------------------- */

/* Keeps children away from the agent's standard input and output. */
static void null_streams(void)
{
    int fd = open("/dev/null", O_RDWR);
    if (fd < 0)
        return;
    dup2(fd, 0);
    dup2(fd, 1);
    if (fd > 1)
        close(fd);
}

static void exec_or_tell(char *const *argv) NORETURN;
static void exec_or_tell(char *const *argv)
{
    run_program(argv);
    complain("cannot run ", argv[0], errno);
    _exit(127);
}

/* The words of a command. */
static int command_in(struct task *q, char ***argv, size_t *count)
{
    int bad;
    *argv = list_of(&q->line, "argv", count, &bad);
    if (!bad && *count > 0)
        return OK;
    free_list(*argv);
    *argv = NULL;
    return wrong(q, bad ? "a word contains a null byte" : "'argv=' is missing");
}

/* Separates the words of the child program from its arguments, and parses the latter. */
static int image_in(struct task *q, char **argv, size_t count, struct options *o)
{
    int words = 0;
    const char *bad;
    memset(o, 0, sizeof *o);
    if (get(&q->line, "words") != NULL) {
        if (int_in(q, "words", &words) != OK)
            return WRONG;
    } else {
        /* If the user chose the child program, it is not known where its words end. A copy of this process can only be our own. */
        size_t i;
        for (i = 1; i < count && words == 0; i++)
            if (same(argv[i], "child") && same(base_name(argv[i - 1]), base_name(own_path)))
                words = (int)i + 1;
        if (words == 0)
            return unsupported(q, "a copy of this agent cannot be that program");
    }
    if (words < 0 || (size_t)words > count)
        words = (int)count;
    bad = read_options(o, argv + words);
    if (bad != NULL)
        return wrong(q, bad);
    if (o->program_words == 0) {
        o->program = more(o->program, ((size_t)words + 1) * sizeof *o->program);
        for (o->program_words = 0; o->program_words < (size_t)words; o->program_words++)
            o->program[o->program_words] = argv[o->program_words];
    }
    return OK;
}

/* Becomes a child in a copy of this process: no descriptor of the agent stays open, as after an exec. */
static void be_image(struct options *o) NORETURN;
static void be_image(struct options *o)
{
    struct pipes p;
    null_streams();
    if (o->place != NULL && parse_pipes(o->place, &p))
        close_others(3, p.first, 2 * p.count);
    else
        close_others(3, 0, 0);
    exit(become_child(o));
}

/* Whether a fork of this process would be the named child program: this very program. */
static int is_own_child_program(struct task *q, char **argv, size_t count)
{
    const char *image = get(&q->line, "image"), *words = get(&q->line, "words");
    return image != NULL && same(image, "any") && words != NULL && same(words, "2") && count >= 2 && !agent.threaded &&
           same(argv[0], own_path) && same(argv[1], "child");
}

static int serve_spawn(struct task *q)
{
    struct options o;
    char **argv;
    size_t count;
    int result = command_in(q, &argv, &count), forks;
    pid_t pid;
    if (result != OK)
        return result;
    if (get(&q->line, "image") != NULL && get(&q->line, "words") == NULL) {
        free_list(argv);
        return wrong(q, "'words=' is missing");
    }
    memset(&o, 0, sizeof o);
    forks = is_own_child_program(q, argv, count);
    if (forks)
        result = image_in(q, argv, count, &o);
    if (result == OK) {
        pid = fork();
        if (pid == 0) {
            if (forks)
                be_image(&o);
            null_streams();
            exec_or_tell(argv);
        }
        if (pid < 0)
            result = refused(q, errno);
        else
            put_number(&q->reply, "pid", pid);
        leave_to_child(argv);
    }
    free(o.program);
    free(o.steps);
    free_list(argv);
    return result;
}

/* --- Signals -------------------------------------------------------------------------------------------------------------------- */

#define KEPT_CALLS 1024

static struct {
    volatile int ready;
    int error, shown, status;
    long long returned;
} waited[KEPT_CALLS];
static volatile int waits_made;
static int waits_told;

/* The `do=wait` handler: the subject makes one waitpid(-1, &status, WNOHANG). */
static void wait_in_handler(int signal)
{
    struct request r;
    struct seen s;
    int at;
    (void)signal;
    memset(&r, 0, sizeof r);
    r.call = agent.raw ? WAIT4 : WAITPID;
    r.pid = -1;
    r.options = WNOHANG;
    r.rusage = r.info = NULL_POINTER;
    if (perform(agent.raw, &r, &s) != NULL) {
        s.returned = -1;
        s.error = ENOSYS;
    }
    at = next_of(waits_made);
    if (at >= KEPT_CALLS)
        return;
    waited[at].returned = s.returned;
    waited[at].error = s.error;
    waited[at].shown = (int)s.status;
    waited[at].status = s.word;
    barrier();
    waited[at].ready = 1;
}

static void put_waited(struct text *t)
{
    put_key(t, "waited");
    for (; waits_told < KEPT_CALLS && waits_told < waits_made && waited[waits_told].ready; waits_told++) {
        struct text item = { NULL, 0, 0 };
        if (waited[waits_told].returned == -1)
            add_errno(&item, waited[waits_told].error);
        else
            add_number(&item, waited[waits_told].returned);
        add(&item, ":");
        if (waited[waits_told].shown == WROTE)
            add_word(&item, (unsigned)waited[waits_told].status);
        else if (waited[waits_told].shown == UNTOUCHED)
            add(&item, "untouched");
        put_item(t, item.at);
        free(item.at);
    }
}

static int serve_sigaction(struct task *q)
{
    const char *what = get(&q->line, "do");
    int signal, flags = 0, result = signal_key(q, &signal);
    if (result != OK)
        return result;
    if (what == NULL)
        return wrong(q, "'do=' is missing");
    if (is_yes(&q->line, "restart"))
        flags |= SA_RESTART;
    if (is_yes(&q->line, "nocldstop"))
        flags |= SA_NOCLDSTOP;
#ifdef SA_NOCLDWAIT
    if (is_yes(&q->line, "nocldwait"))
        flags |= SA_NOCLDWAIT;
#endif
#ifndef HAVE_SIGINFO
    if (same(what, "record"))
        return unsupported(q, "there is no siginfo here");
#endif
    if (same(what, "default"))
        return refused(q, set_action(signal, SIG_DFL, 0, COUNT_ONLY, NULL, flags));
    if (same(what, "ignore"))
        return refused(q, set_action(signal, SIG_IGN, 0, COUNT_ONLY, NULL, flags));
    if (same(what, "count"))
        return refused(q, set_action(signal, NULL, 1, COUNT_ONLY, NULL, flags));
    if (same(what, "record"))
        return refused(q, set_action(signal, NULL, 1, RECORD, NULL, flags));
    if (same(what, "wait"))
        return refused(q, set_action(signal, NULL, 1, CALL, wait_in_handler, flags));
    return wrong(q, "'do=' must be default, ignore, count, record or wait");
}

static int serve_sigprocmask(struct task *q)
{
    const char *how = get(&q->line, "how");
    int signal, result = signal_key(q, &signal);
    if (result != OK)
        return result;
    if (how == NULL || !(same(how, "block") || same(how, "unblock")))
        return wrong(q, "'how=' must be block or unblock");
    return refused(q, mask_signal(same(how, "block") ? SIG_BLOCK : SIG_UNBLOCK, signal));
}

static int serve_sigpending(struct task *q)
{
    int error = put_pending(&q->reply, "sigs");
    return error == 0 ? OK : refused(q, error);
}
