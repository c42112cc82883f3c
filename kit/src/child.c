/* The child program: connects, performs steps, answers. */

/* Exit codes: an initial step failed; the connection could not be made, or closed; the arguments are invalid. */
#define STEP_FAILED 70
#define CONNECTION_LOST 71
#define USAGE 64
/* The exit code of its signal handler. */
#define CAUGHT 42

/* How a child is started. */
struct options {
    const char *place, *token, *agent;
    /* It connects only to report that a step failed. */
    int if_failed;
    int orphan;
    char **program;
    size_t program_words;
    /* Step lines. */
    char **steps;
    size_t step_count;
};

struct mapping {
    void *start;
    size_t bytes;
};

static struct {
    struct options options;
    int connected, in, out;
    struct lines lines;
    size_t next_step;
    struct mapping *kept;
    size_t kept_count;
    int youngest;
    /* The additional pairs of the answer, and why a step is malformed. */
    struct text answer;
    const char *why;
    /* One of several steps is unknown. */
    int unknown;
    /* Set by `return`: the value for main to return. */
    int returns, return_code;
} me;

/* What an act returns instead of an errno. */
enum { DONE = 0, MALFORMED = -1, ENDED = -2 };

static int become_child(struct options *options);
static int agent_of(const char *name);

static void put_ids(struct text *t)
{
    put_number(t, "pid", getpid());
    put_number(t, "ppid", getppid());
    put_number(t, "pgid", own_group());
    put_number(t, "sid", session_of(0));
}

static void put_report(struct text *t)
{
    struct usage u;
    own_usage(&u, RUSAGE_SELF);
    put_usage(t, "ru_", &u);
    own_usage(&u, RUSAGE_CHILDREN);
    put_usage(t, "rc_", &u);
}

/* Writes a line to the connection, or to standard output, where it need not be read. */
static void child_writes(struct text *t)
{
    add(t, "\n");
    if (write_all(me.connected ? me.out : 1, t->at, t->len) != 0 && me.connected)
        _exit(CONNECTION_LOST);
    free(t->at);
}

static void write_last(int wanted)
{
    struct text t = { NULL, 0, 0 };
    if (!wanted)
        return;
    add(&t, "last");
    put_report(&t);
    child_writes(&t);
}

/* --- The keys of a step ---------------------------------------------------------------------------------------------------- */

static int malformed(const char *why)
{
    me.why = why;
    return MALFORMED;
}

static int number_in(const struct line *l, const char *key, long long least, long long most, long long *number)
{
    const char *value = get(l, key);
    if (value == NULL)
        return malformed("a key is missing");
    if (!parse_number(value, number) || *number < least || *number > most)
        return malformed("a number is malformed or out of range");
    return DONE;
}

static int number_or(const struct line *l, const char *key, long long least, long long most, long long *number)
{
    return get(l, key) == NULL ? DONE : number_in(l, key, least, most, number);
}

static int code_in(const struct line *l, int *code)
{
    long long number;
    if (number_in(l, "code", INT_MIN, UINT_MAX, &number) != DONE)
        return MALFORMED;
    *code = (int)(unsigned)(number & 0xffffffff);
    return DONE;
}

static int flag_in(const struct line *l, const char *key, int missing, int *flag)
{
    const char *value = get(l, key);
    if (value == NULL) {
        *flag = missing;
        return missing == MALFORMED ? malformed("a key is missing") : DONE;
    }
    *flag = same(value, "yes");
    return *flag || same(value, "no") ? DONE : malformed("a value is neither yes nor no");
}

static int signal_in(const struct line *l, const char *key, int *signal)
{
    const char *value = get(l, key);
    if (value == NULL)
        return malformed("a signal name is missing");
    return signal_of(value, signal) ? DONE : malformed("there is no such signal");
}

/* --- Its own children --------------------------------------------------------------------------------------------------------- */

struct offspring {
    struct options options;
    char **steps;
};

static int check_steps(char **steps, size_t count);

/* The options of its own child; the errno, or MALFORMED. */
static int offspring_in(const struct line *l, struct offspring *o)
{
    int bad;
    memset(o, 0, sizeof *o);
    o->options = me.options;
    o->options.agent = NULL;
    o->options.if_failed = 0;
    if (flag_in(l, "orphan", 0, &o->options.orphan) != DONE)
        return MALFORMED;
    o->options.steps = o->steps = list_of(l, "steps", &o->options.step_count, &bad);
    if (bad || check_steps(o->steps, o->options.step_count) != DONE) {
        free_list(o->steps);
        o->steps = NULL;
        return MALFORMED;
    }
    o->options.token = get(l, "token");
    if (o->options.token == NULL)
        o->options.place = NULL;
    else if (o->options.place == NULL)
        return ENOTCONN;
    return DONE;
}

/* The command of a child with these options; the array must be freed, its words must not. */
static char **argv_of(const struct options *o)
{
    char **argv = more(NULL, (o->program_words * 3 + o->step_count + 13) * sizeof *argv);
    size_t n = 0, i;
    if (o->program_words == 0) {
        argv[n++] = own_path;
        argv[n++] = (char *)"child";
    }
    for (i = 0; i < o->program_words; i++)
        argv[n++] = o->program[i];
    if (o->place != NULL) {
        argv[n++] = (char *)"--connect";
        argv[n++] = (char *)o->place;
        argv[n++] = (char *)"--token";
        argv[n++] = (char *)o->token;
    }
    if (o->if_failed)
        argv[n++] = (char *)"--if-failed";
    if (o->orphan)
        argv[n++] = (char *)"--orphan";
    for (i = 0; i < o->program_words; i++) {
        argv[n++] = (char *)"--program";
        argv[n++] = o->program[i];
    }
    for (i = 0; i < o->step_count; i++)
        argv[n++] = o->steps[i];
    argv[n] = NULL;
    return argv;
}

static int bore(int pid)
{
    me.youngest = pid;
    put_number(&me.answer, "pid", pid);
    return DONE;
}

/* Continues as another child, in a copy of this process: what the parent kept does not belong to it. */
static void be(struct options *options) NORETURN;
static void be(struct options *options)
{
    size_t i;
    if (me.connected) {
        close(me.in);
        if (me.out != me.in)
            close(me.out);
    }
    for (i = 0; i < me.kept_count; i++)
        unmap(me.kept[i].start, me.kept[i].bytes);
    me.kept_count = 0;
    me.lines.start = me.lines.text.len;
    exit(become_child(options));
}

static void leave_offspring(const struct options *o)
{
    char **argv = argv_of(o);
    leave_to_child(argv);
    free(argv);
}

/* --- The loop ------------------------------------------------------------------------------------------------------------------- */

struct form {
    const char *word, *keys;
    /* DONE, MALFORMED, ENDED or an errno; with `check`, only checks the keys. */
    int (*act)(const struct line *l, int check);
};

static const struct form *form_of(const char *word);

/* Whether these are steps, strictly, since a person typed them: a key that the step does not have is an error. */
static int check_steps(char **steps, size_t count)
{
    size_t i, k;
    for (i = 0; i < count; i++) {
        struct line l;
        const struct form *form;
        int result = DONE;
        me.why = parse_line(&l, steps[i], strlen(steps[i]));
        form = me.why == NULL ? form_of(l.word) : NULL;
        if (form == NULL) {
            me.unknown = me.why == NULL;
            if (me.unknown)
                me.why = "there is no such step or scenario";
            result = MALFORMED;
        }
        for (k = 0; result == DONE && k < l.count; k++) {
            const char *at = form->keys;
            size_t len = strlen(l.pairs[k].key);
            while (*at != 0 && !(starts(at, l.pairs[k].key) && (at[len] == ' ' || at[len] == 0))) {
                while (*at != ' ' && *at != 0)
                    at++;
                while (*at == ' ')
                    at++;
            }
            if (*at == 0)
                result = malformed("a step does not have that key");
        }
        if (result == DONE)
            result = form->act(&l, 1);
        free_line(&l);
        if (result != DONE)
            return MALFORMED;
    }
    return DONE;
}

/* Connects and says hello; works in the folder of the connection unless it `stays`. */
static void meet_warden(int stays)
{
    struct text t = { NULL, 0, 0 };
    if (meet(me.options.place, me.options.token, stays, &me.in, &me.out) != 0)
        _exit(CONNECTION_LOST);
    me.connected = 1;
    add(&t, "hello");
    put(&t, "token", me.options.token);
    put_ids(&t);
    child_writes(&t);
}

/* Answers a step: a requested one, or (id -1) an initial one. */
static void answer_step(const char *word, long long id, int result)
{
    struct text t = { NULL, 0, 0 };
    if (result == DONE && id < 0 && me.answer.len == 0)
        return;
    add(&t, result == DONE ? "ok" : me.unknown && result == MALFORMED ? "unsupported" : "err");
    if (me.unknown && result == MALFORMED) {
        put(&t, "why", me.why);
    } else if (result != DONE) {
        put_key(&t, "errno");
        add_errno(&t, result == MALFORMED ? EINVAL : result);
        if (result == MALFORMED)
            put(&t, "why", me.why);
    }
    if (id >= 0)
        put_number(&t, "id", id);
    else
        put(&t, "step", word);
    if (result == DONE)
        add_bytes(&t, me.answer.at, me.answer.len);
    if (result != DONE && id < 0 && me.options.if_failed && !me.connected)
        meet_warden(1);
    child_writes(&t);
    if (result != DONE && id < 0)
        _exit(STEP_FAILED);
}

/* Reads the next line; the child exits when its connection closes. */
static const char *read_step(struct line *l)
{
    char buffer[1024], *line;
    size_t len;
    for (;;) {
        ssize_t n;
        int got = next_line(&me.lines, &line, &len);
        if (got < 0)
            return "a line of more than 65536 bytes";
        if (got > 0)
            return parse_line(l, line, len);
        n = read(me.in, buffer, sizeof buffer);
        if (n > 0)
            push(&me.lines, buffer, (size_t)n);
        else if (n == 0 || errno != EINTR)
            _exit(CONNECTION_LOST);
    }
}

/* Performs step after step, until one must return from main: returns its value. */
static int go_on(void)
{
    for (;;) {
        struct line l;
        const struct form *form;
        long long id = -1;
        int result;
        memset(&l, 0, sizeof l);
        clear(&me.answer);
        me.why = NULL;
        me.unknown = 0;
        if (me.next_step < me.options.step_count) {
            const char *step = me.options.steps[me.next_step++];
            parse_line(&l, step, strlen(step));
        } else if (!me.connected) {
            exit(0);
        } else {
            me.why = read_step(&l);
            id = me.why == NULL ? id_of(&l) : -1;
            if (me.why == NULL && id < 0)
                me.why = "'id=' is missing";
        }
        form = me.why == NULL ? form_of(l.word) : NULL;
        if (form == NULL) {
            struct text t = { NULL, 0, 0 };
            if (me.why != NULL) {
                add(&t, "err errno=EINVAL");
                put(&t, "why", me.why);
            } else {
                add(&t, "unsupported");
                put_number(&t, "id", id);
                put(&t, "why", "there is no such step");
            }
            child_writes(&t);
            free_line(&l);
            continue;
        }
        result = form->act(&l, 0);
        if (me.returns)
            return me.return_code;
        if (result != ENDED)
            answer_step(form->word, id, result);
        free_line(&l);
    }
}

/* Becomes a child: from here on, the process does what the steps say. Returns the value for main to return. */
static int become_child(struct options *options)
{
    static char *pause_step[] = { (char *)"pause", NULL };
    /* These belong to the process that this is a copy of. */
    me.options = *options;
    me.connected = 0;
    me.next_step = 0;
    me.youngest = 0;
    reset_signals();
    if (!me.options.orphan)
        die_with_parent();
    if (me.options.place != NULL && !me.options.if_failed) {
        size_t i;
        /* A program with a relative path must still be found. */
        int stays = 0;
        for (i = 0; i < me.options.program_words; i++)
            stays |= me.options.program[i][0] != '/' && strchr(me.options.program[i], '/') != NULL;
        meet_warden(stays);
    } else if (me.options.step_count == 0) {
        me.options.steps = pause_step;
        me.options.step_count = 1;
    }
    return go_on();
}

/* Reads `[--connect PLACE --token T [--if-failed]] [--orphan] [--program WORD]... [--agent NAME] [STEP|SCENARIO]...`; NULL, or what is wrong. */
static const char *read_options(struct options *o, char **args)
{
    size_t n = 0, i, k;
    memset(o, 0, sizeof *o);
    while (args[n] != NULL)
        n++;
    o->program = more(NULL, (n + 1) * sizeof *o->program);
    o->steps = more(NULL, (4 * n + 1) * sizeof *o->steps);
    for (i = 0; i < n; i++) {
        const char *arg = args[i];
        if (same(arg, "--orphan")) {
            o->orphan = 1;
        } else if (same(arg, "--if-failed")) {
            o->if_failed = 1;
        } else if (arg[0] == '-') {
            if (args[i + 1] == NULL)
                return "an option needs a value, or there is no such option";
            i++;
            if (same(arg, "--connect"))
                o->place = args[i];
            else if (same(arg, "--token"))
                o->token = args[i];
            else if (same(arg, "--program"))
                o->program[o->program_words++] = args[i];
            else if (same(arg, "--agent"))
                o->agent = args[i];
            else
                return "there is no such option (--connect PATH, --token T, --if-failed, --orphan, --program WORD, --agent NAME)";
        } else {
            for (k = 0; k < COUNT_OF(LIBRARY) && !same(LIBRARY[k].name, arg); k++)
                ;
            if (k == COUNT_OF(LIBRARY)) {
                o->steps[o->step_count++] = args[i];
            } else {
                size_t s;
                for (s = 0; s < COUNT_OF(LIBRARY[k].steps) && LIBRARY[k].steps[s] != NULL; s++)
                    o->steps[o->step_count++] = (char *)LIBRARY[k].steps[s];
            }
        }
    }
    if ((o->place == NULL) != (o->token == NULL))
        return "'--connect PATH' and '--token T' require each other";
    me.why = NULL;
    return check_steps(o->steps, o->step_count) == DONE ? NULL : me.why;
}

static int child_main(char **args)
{
    struct options options;
    const char *wrong = read_options(&options, args);
    if (wrong != NULL) {
        complain("waitspec-c child: ", wrong, 0);
        /* The exit code alone would not show whose failure it is. */
        if (options.place != NULL && options.token != NULL) {
            struct text t = { NULL, 0, 0 };
            me.options = options;
            meet_warden(1);
            add(&t, "unsupported");
            put(&t, "why", wrong);
            child_writes(&t);
        }
        return USAGE;
    }
    if (options.agent != NULL)
        return agent_of(options.agent);
    return become_child(&options);
}
