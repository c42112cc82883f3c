/* Which requests are well-formed: the keys of each, and the types of their values. Any other is malformed, whoever receives it. */

#define WHY_SIZE 64

struct shape {
    const char *word;
    /* key:type, in the order in which they are checked; a key whose type is a capital letter is optional. */
    const char *keys;
};

static const struct shape AGENT_SHAPES[] = {
    { "spawn", "argv:w image:A words:N thread:T" },
    { "exit-thread", "thread:t" },
    { "sigaction", "sig:s do:d restart:F nocldstop:F nocldwait:F" },
    { "sigprocmask", "how:m sig:s" },
    { "getrusage", "who:g" },
    { "setpgid", "pid:i pgid:i" },
    { "pidfd_open", "pid:i nonblock:F" },
    { "open", "path:x" },
    { "poll", "fd:i" },
    { "close", "fd:i" },
    { "subreaper", "on:f" },
    { "decode", "status:l" },
    { "clone", "argv:w image:A words:N exit-signal:x clone3:F pidfd:F newpid:F newuser:F thread:T" },
    { "posix_spawn", "argv:w thread:T" },
    { "in-fork", "call:x" },
    { "exec", "argv:w" },
    { "getids", "thread:T" },
    { "ptrace", "do:x pid:i sig:S" },
    { "type", "fd:i bytes:x" },
    { "foreground", "pgid:i" },
    { "epoll", "fd:i" },
    { "pidfd_thread", "tid:i" },
    { "pidfd_getfd", "pid:i fd:i" },
    { "pidfd_signal", "fd:i sig:x" },
    { "pidfd_info", "fd:i" },
    { "blocking", "fd:i on:f" },
    { "duplicate", "fd:i from:i" },
    { "sigwait", "sig:s" },
    { "signalfd", "sig:s" },
    { "limit", "resource:r soft:n" },
    { "deny", "call:x errno:x" },
    { "exists", "pid:i by:x" },
    { "gated", "code:i" },
    { "through-gate", "ns:n" },
    { "await-readable", "fd:i" },
    { "switches", "tid:i" },
    { "caller-state", "arm:F thread:T" },
    { "handler", "sig:s restart:F flag:h" },
};

static const struct shape WARDEN_SHAPES[] = {
    { "open", "nonce:x argv:W" },
    { "adopt", "name:x pid:l" },
    { "signal", "to:x sig:s" },
    { "await", "of:x for:p within:n" },
    { "blocked", "call:n within:n" },
    { "answer", "call:n grace:n spin:n within:n settled:F" },
    { "state", "of:x" },
};

/* Whether a value is one of the words in a list. */
static int among(const char *value, const char *const *words)
{
    for (; *words != NULL; words++)
        if (same(value, *words))
            return 1;
    return 0;
}

static int number_between(const char *value, long long least, long long most)
{
    long long n;
    return parse_number(value, &n) && n >= least && n <= most;
}

/* Whether the value of a key has that type. */
static int is_of_kind(const struct line *l, const char *key, char kind)
{
    static const char *const actions[] = { "default", "ignore", "count", "record", "wait", NULL };
    static const char *const flags[] = { "once", "nodefer", "onstack", NULL };
    static const char *const changes[] = { "block", "unblock", NULL };
    static const char *const users[] = { "self", "children", NULL };
    static const char *const limits[] = { "nofile", "core", NULL };
    static const char *const states[] = {
        "running", "asleep", "stopped", "tracing-stop", "zombie", "gone", "other", "unknown", NULL,
    };
    const char *value = get(l, key);
    int number, bad;
    size_t count;
    switch (kind) {
    case 'i':
        return number_between(value, INT_MIN, INT_MAX);
    case 'l':
        return number_between(value, LLONG_MIN, LLONG_MAX);
    case 'n':
        return number_between(value, 0, LLONG_MAX);
    case 't':
        return number_between(value, 0, UINT_MAX);
    case 'f':
        return same(value, "yes") || same(value, "no");
    case 'a':
        return same(value, "any");
    case 's':
        return signal_of(value, &number) || is_signal_elsewhere(value);
    case 'd':
        return among(value, actions);
    case 'h':
        return among(value, flags);
    case 'm':
        return among(value, changes);
    case 'g':
        return among(value, users);
    case 'r':
        return among(value, limits);
    case 'p':
        return among(value, states);
    case 'w':
        free_list(list_of(l, key, &count, &bad));
        return count != 0 && !bad;
    default:
        return 1;
    }
}

/* Whether a request is malformed, and why. A request with an unknown word is not. */
static int is_malformed(const struct line *l, const struct shape *shapes, size_t count, char why[WHY_SIZE])
{
    const char *keys;
    size_t i;
    for (i = 0; i < count && !same(shapes[i].word, l->word); i++)
        ;
    if (i == count)
        return 0;
    for (keys = shapes[i].keys; *keys != 0; keys += *keys == ' ') {
        size_t len = strcspn(keys, ":");
        int optional = keys[len + 1] >= 'A' && keys[len + 1] <= 'Z', there;
        char kind = (char)(optional ? keys[len + 1] - 'A' + 'a' : keys[len + 1]);
        why[0] = '\'';
        memcpy(why + 1, keys, len);
        why[len + 1] = 0;
        there = get(l, why + 1) != NULL;
        if (there ? !is_of_kind(l, why + 1, kind) : !optional) {
            strcpy(why + len + 1, there ? "=' has a bad value" : "=' is missing");
            return 1;
        }
        keys += len + 2;
    }
    why[0] = 0;
    return 0;
}
