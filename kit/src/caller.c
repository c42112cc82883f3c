/* State of the calling process and thread that a wait has no business with, and handlers with flags that no call depends on. */

#ifdef HAVE_ITIMER
static const struct {
    const char *name;
    int which;
} TIMERS[] = {
    { "real", ITIMER_REAL },
    { "virtual", ITIMER_VIRTUAL },
    { "prof", ITIMER_PROF },
};
#endif

/* Starts the interval timers, for longer than a trial takes; 0, or the errno. */
static int arm_timers(void)
{
#ifdef HAVE_ITIMER
    size_t i;
    for (i = 0; i < COUNT_OF(TIMERS); i++) {
        struct itimerval once;
        memset(&once, 0, sizeof once);
        once.it_value.tv_sec = 1000;
        if (setitimer(TIMERS[i].which, &once, NULL) != 0)
            return errno;
    }
#endif
    return 0;
}

static void put_timers(struct text *t)
{
    put_key(t, "timers");
#ifdef HAVE_ITIMER
    {
        size_t i;
        for (i = 0; i < COUNT_OF(TIMERS); i++) {
            struct itimerval now;
            memset(&now, 0, sizeof now);
            if (getitimer(TIMERS[i].which, &now) == 0 && (now.it_value.tv_sec != 0 || now.it_value.tv_usec != 0))
                put_item(t, TIMERS[i].name);
        }
    }
#endif
}

/* The calling thread's rounding mode, as seen in the results of inexact sums. */
static const char *rounding(void)
{
    volatile double one = 1.0, little = 1e-30, above = one + little, below = one - little, negative = -one - little;
    if (above > one)
        return "up";
    if (!(below < one))
        return "nearest";
    return negative < -one ? "down" : "zero";
}

/* Whether the calling thread's subnormal numbers are kept or flushed to zero. */
static const char *subnormals(void)
{
    volatile double least = DBL_MIN, two = 2.0, half = least / two;
    return half > 0.0 ? "kept" : "flushed";
}

#if defined(__GNUC__) && !defined(__TINYC__) && (defined(__x86_64__) || defined(__i386__))
#define HAVE_X87
/* The calling thread's x87 control word: precision, rounding and exceptions of long double. */
static int x87_control(void)
{
    unsigned short word = 0;
    __asm__ volatile("fnstcw %0" : "=m"(word));
    return word;
}
#endif

/* Whether the calling thread has an alternate signal stack; gives it one first if asked to. */
static int has_alternate_stack(int give)
{
#ifdef HAVE_SIGALTSTACK
    stack_t stack;
    memset(&stack, 0, sizeof stack);
    if (sigaltstack(NULL, &stack) != 0)
        return 0;
    if (!(stack.ss_flags & SS_DISABLE) || !give)
        return !(stack.ss_flags & SS_DISABLE);
    /* For the life of the thread. */
    memset(&stack, 0, sizeof stack);
    stack.ss_size = 65536;
    stack.ss_sp = more(NULL, stack.ss_size);
    return sigaltstack(&stack, NULL) == 0;
#else
    (void)give;
    return 0;
#endif
}

/* What else must not change, to compare with another time. */
static void put_attributes(struct text *t)
{
    char directory[1024];
    mode_t mask = umask(0);
    umask(mask);
    put_number(t, "umask", (long long)mask);
    put_number(t, "pgid", (long long)getpgrp());
    put_number(t, "uid", (long long)getuid());
    put_number(t, "euid", (long long)geteuid());
    if (getcwd(directory, sizeof directory) != NULL)
        put(t, "directory", directory);
#ifdef HAVE_PTHREAD_CANCEL
    {
        /* There is no other way to read them. */
        int state = 0, kind = 0;
        pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
        pthread_setcancelstate(state, NULL);
        pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &kind);
        pthread_setcanceltype(kind, NULL);
        put_number(t, "cancelstate", state);
        put_number(t, "canceltype", kind);
    }
#endif
}

static int serve_caller_state(struct task *q)
{
    int arm = is_yes(&q->line, "arm"), error = arm ? arm_timers() : 0;
    if (error == 0) {
        put_timers(&q->reply);
        error = put_blocked(&q->reply, "blocked");
    }
    if (error != 0)
        return refused(q, error);
#ifdef HAVE_X87
    put_number(&q->reply, "x87", x87_control());
#endif
    put(&q->reply, "rounding", rounding());
    put(&q->reply, "subnormals", subnormals());
    put_flag(&q->reply, "stack", has_alternate_stack(arm));
    put_attributes(&q->reply);
    if (has_succeeded)
        put_flag(&q->reply, "zeroed_errno", has_zeroed_errno);
    return OK;
}

/* A handler that counts. */
static int serve_handler(struct task *q)
{
    const char *flag = get(&q->line, "flag");
    int signal, flags = is_yes(&q->line, "restart") ? SA_RESTART : 0, result = signal_key(q, &signal);
    if (result != OK)
        return result;
    if (same(flag, "once")) {
        flags |= (int)SA_RESETHAND;
    } else if (same(flag, "nodefer")) {
        flags |= SA_NODEFER;
    } else {
#ifdef SA_ONSTACK
        flags |= SA_ONSTACK;
        has_alternate_stack(1);
#else
        return unsupported(q, "there are no alternate signal stacks here");
#endif
    }
    return refused(q, set_action(signal, NULL, 1, COUNT_ONLY, NULL, flags));
}
