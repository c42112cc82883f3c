/* Watching processes: each watch is answered once, by the process table or at its deadline. */

enum goal { AWAIT, BLOCKED, ANSWER };

struct watch {
    long long id, call, began, deadline, grace, spin, since, still_since, switches, before_switches, burnt_before, burnt_call;
    enum goal goal;
    char of[MAX_NAME + 1], awaited[16];
    int late, ended, seen_asleep, settled, has_since, has_still, has_burnt;
    enum asleep there;
    enum prospect before;
};

static struct watch *watches;
static size_t watch_count;

/* The minimum interval between hang checks of an unanswered call. */
#define HANG_LOOK_US 5000
/* The time after which a caller that cannot be observed counts as asleep. */
#define UNSEEN_US 60000
/* The factor by which more time is given to a caller whose child is traced. */
#define TRACED_PATIENCE 30
/* How long a traced process must stay still to count as stopped by job control. */
#define STILL_US 100000
/* A delay that a busy machine has all the time. */
#define USUAL_US 50000
/* The CPU time below which a caller has not run. */
#define HARDLY_ANY_US 50000

static const struct handle *handle_of(const char *of)
{
    struct known *c;
    if (same(of, "agent"))
        return warden.agent.open ? &warden.agent.handle : NULL;
    c = child_of(of);
    return c != NULL ? &c->handle : NULL;
}

static const char *number_key(const struct line *l, const char *key, long long *number)
{
    const char *value = get(l, key);
    return value != NULL && parse_number(value, number) ? NULL : "a number is missing or malformed";
}

/* Begins a watch; NULL, or what is wrong with the request. */
static const char *begin_watch(const struct line *l)
{
    struct watch w;
    long long within;
    const char *bad = number_key(l, "within", &within), *of = get(l, "of"), *awaited = get(l, "for");
    memset(&w, 0, sizeof w);
    w.id = id_of(l);
    if (same(l->word, "await")) {
        w.goal = AWAIT;
        if (of == NULL || strlen(of) > MAX_NAME)
            return "'of=' is missing";
        if (awaited == NULL || strlen(awaited) >= sizeof w.awaited)
            return "'for=' is missing or not a state";
        strcpy(w.of, of);
        strcpy(w.awaited, awaited);
    } else {
        w.goal = same(l->word, "blocked") ? BLOCKED : ANSWER;
        if (bad == NULL)
            bad = number_key(l, "call", &w.call);
        if (w.goal == ANSWER) {
            if (bad == NULL)
                bad = number_key(l, "grace", &w.grace);
            if (bad == NULL)
                bad = number_key(l, "spin", &w.spin);
            w.settled = is_yes(l, "settled");
        }
    }
    if (bad != NULL)
        return bad;
    if (within < 0 || within > 86400000)
        within = within < 0 ? 0 : 86400000;
    w.grace *= 1000;
    w.spin *= 1000;
    w.began = now_us();
    w.deadline = w.began + within * 1000;
    watches = more(watches, (watch_count + 1) * sizeof *watches);
    watches[watch_count++] = w;
    warden.idle_turns = 0;
    return NULL;
}

/* The descriptor that becomes readable when a watched process exits, or -1. */
static int ending_of(const struct watch *w)
{
    const struct handle *h;
    if (w->goal != AWAIT || !same(w->awaited, "zombie") || w->ended)
        return -1;
    h = handle_of(w->of);
    return h != NULL ? h->fd : -1;
}

/* The pause between two checks while nothing happens. */
static long pause_us(int idle_turns)
{
    return idle_turns < 3 ? 0 : idle_turns < 100 ? 50 : idle_turns < 400 ? 250 : 2000;
}

/* How long the loop may sleep: -1 means forever. */
static long patience_us(void)
{
    long least = warden.agent.open && warden.agent.speechless != 0 ? HANG_LOOK_US : -1;
    size_t i;
    if (waits_to_be_heard() && least < 0)
        least = HELLO_US;
    for (i = 0; i < watch_count; i++) {
        const struct watch *w = &watches[i];
        long us = pause_us(warden.idle_turns), rest = warden.look_us > 500 ? warden.look_us : 0;
        if (rest > 10000)
            rest = 10000;
        if (us < rest)
            us = rest;
        if (w->goal == ANSWER || (w->goal == BLOCKED && call_state_of(w->call) == NULL) || ending_of(w) >= 0)
            us = HANG_LOOK_US;
        if (least < 0 || us < least)
            least = us;
    }
    return least;
}

/*
 * After a poll that began then and was to take that long at most: which watches are late. All that had arrived by their deadline
 * has been found by now. If the poll took far longer, perhaps nobody ran (a guest was suspended): deadlines are extended by that.
 */
static void note_late(long long began, long patience)
{
    long long lost = patience < 0 ? 0 : now_us() - began - patience;
    size_t i;
    for (i = 0; i < watch_count; i++) {
        if (lost > USUAL_US)
            watches[i].deadline += lost;
        watches[i].late = began >= watches[i].deadline;
    }
}

/* Whether a stop is a job-control stop, and not a brief stop of a tracer's. */
static int lasting_stop(struct watch *w, int pid)
{
    long long switches;
    switch (stop_of(pid, &switches)) {
    case STOPPED:
        return 1;
    case NOT_STOPPED:
        w->has_still = 0;
        return 0;
    default:
        if (w->has_still && w->switches == switches)
            return now_us() - w->still_since >= STILL_US;
        w->has_still = 1;
        w->switches = switches;
        w->still_since = now_us();
        return 0;
    }
}

static int is_of_the_trial(int pid)
{
    size_t i;
    for (i = 0; i < warden.known_count; i++)
        if (warden.known[i].handle.pid == pid)
            return 1;
    return pid == warden.agent.pid;
}

enum { NOT_YET, REACHED, NEVER };

/* Whether a process has reached a state, or can never reach it; *word is its current state. */
static int reached(struct watch *w, int pid, const char **word)
{
    struct process p;
    long long switches;
    int of_the_dead = same(w->awaited, "gone") || same(w->awaited, "zombie");
    switch (look_at(pid, 0, &p)) {
    case GONE:
        *word = "gone";
        return of_the_dead ? REACHED : NEVER;
    case UNKNOWN:
        /* Only the descriptor shows that it has exited. */
        *word = w->ended ? "zombie" : "unknown";
        return w->ended;
    default:
        break;
    }
    *word = state_word(p.state);
    if (same(w->awaited, "zombie"))
        return is_waitable_zombie(&p);
    if (!of_the_dead && is_waitable_zombie(&p))
        return NEVER;
    if (same(w->awaited, "stopped")) {
        int stopped = p.tracer != 0 && is_of_the_trial(p.tracer) ? stop_of(pid, &switches) != NOT_STOPPED : lasting_stop(w, pid);
        /* The threads' stop was read after the state, which may be from before the stop. */
        if (stopped && p.state != 't')
            *word = "stopped";
        return stopped;
    }
    if (same(w->awaited, "running"))
        return p.state == 'R' || sleeps(p.state);
    return same(w->awaited, "gone") ? 0 : same(w->awaited, "asleep") ? sleeps(p.state) : same(w->awaited, *word);
}

/* The outcome of a call: NULL, answered, or the agent died. */
static const char *settled(long long call)
{
    const struct call_state *c = call_state_of(call);
    if (c != NULL && c->answered)
        return "answered";
    return warden.agent.open && warden.agent.ended ? "died" : NULL;
}

/* The last call up to that id that was entered but not answered. */
static const struct call_state *entered_up_to(long long call)
{
    const struct call_state *best = NULL;
    size_t i;
    for (i = 0; i < warden.agent.call_count; i++) {
        const struct call_state *c = &warden.agent.calls[i];
        if (c->id <= call && !c->answered && (best == NULL || c->id > best->id))
            best = c;
    }
    return best;
}

/* Runs on each processor in turn: what another thread was doing there in the kernel is then over. */
static void visit_processors(void)
{
#if defined(LINUX_CALLS) && defined(SYS_sched_setaffinity)
    unsigned long ours[16], one[16];
    long size = syscall(SYS_sched_getaffinity, 0, sizeof ours, ours);
    size_t i, bits = sizeof *ours * 8;
    if (size <= 0)
        return;
    for (i = 0; i < (size_t)size * 8; i++)
        if (ours[i / bits] >> i % bits & 1) {
            memset(one, 0, sizeof one);
            one[i / bits] = 1UL << i % bits;
            syscall(SYS_sched_setaffinity, 0, (size_t)size, one);
        }
    syscall(SYS_sched_setaffinity, 0, (size_t)size, ours);
#endif
}

/* The CPU time that the agent has used since it was first seen in a call, or -1. */
static long long burnt_since(struct watch *w, long long call)
{
    struct process p;
    if (look_at(warden.agent.pid, 0, &p) != SHOWN)
        return -1;
    if (!w->has_burnt || w->burnt_call != call) {
        w->has_burnt = 1;
        w->burnt_call = call;
        w->burnt_before = p.cpu_us;
    }
    return p.cpu_us - w->burnt_before;
}

/* Checks whether a process has reached a state: 0, or the answer is in *t. */
static int look_at_state(struct watch *w, struct text *t)
{
    const struct handle *h = handle_of(w->of);
    const char *word = "unknown";
    int is, told;
    if (h == NULL) {
        add(t, "err");
        put(t, "why", "there is no such process");
        return 1;
    }
    told = same(w->awaited, "zombie") ? has_ended(h, 0) : -1;
    w->ended = told == 1;
    if (told == 0 && !w->late)
        return 0;
    is = reached(w, h->pid, &word);
    /* If the table does not show it now it never will; only a descriptor can still report an exit. */
    if (is == NOT_YET && !w->late && !(same(word, "unknown") && told < 0 && !has_table()))
        return 0;
    add(t, is == REACHED ? "ok" : "late");
    put(t, "state", word);
    return 1;
}

/* How it is known that the agent sleeps in a call; NULL if it is not. */
static const char *how_it_blocks(struct watch *w, const struct call_state *c)
{
    switch (is_asleep(warden.agent.pid, c->tid)) {
    case IN_WAIT:
        return "syscall";
    case ASLEEP:
        return ++w->seen_asleep >= 2 ? "asleep" : NULL;
    case AWAKE:
        w->seen_asleep = 0;
        return NULL;
    default:
        /* Not observable here: the best evidence is that it has had time to answer. */
        return now_us() - w->began >= UNSEEN_US ? "assumed" : NULL;
    }
}

/* Whether the agent has slept in a call for so long that nothing will wake it any more. */
static int sleeps_on(struct watch *w, const struct call_state *c)
{
    enum asleep there = is_asleep(warden.agent.pid, c->tid);
    /* A sleep outside a wait call may be a pause between two polls. */
    long long patience = there == IN_WAIT ? w->grace : w->grace * 5, switches;
    enum prospect prospect;
    int goes_on;
    if (there == AWAKE)
        w->has_since = 0;
    if (there == AWAKE || there == UNSEEN)
        return 0;
    if (!w->has_since || w->there != there) {
        w->has_since = 1;
        w->there = there;
        w->since = now_us();
    }
    if (now_us() - w->since < patience / 2)
        return 0;
    prospect = prospect_of_children(&switches);
    goes_on = prospect == MOVING || (prospect == BUSY && !w->settled) ||
              ((prospect == TRACED_ONES || prospect == QUIET) &&
               (prospect != w->before || (prospect == TRACED_ONES && switches != w->before_switches)));
    if (prospect == TRACED_ONES)
        patience *= TRACED_PATIENCE;
    w->before = prospect;
    w->before_switches = switches;
    if (goes_on)
        w->has_since = 0;
    if (goes_on || now_us() - w->since < patience)
        return 0;
    /* A child that is dead in the table may be about to wake it. */
    visit_processors();
    return is_asleep(warden.agent.pid, c->tid) == there;
}

enum overdue { ITS_OWN_FAULT, STARVED, HAS_MORE_TIME };

/*
 * At the deadline: a caller that is ready to run or waits for a disk, and has hardly run since it was first seen in the call, has
 * twice the time. If it is still ready to run then, a busy machine is to blame for that, not the caller. No disk takes that long.
 */
static enum overdue overdue(const struct watch *w, int tid, long long burnt)
{
    struct process p;
    int waits = look_at(warden.agent.pid, tid, &p) == SHOWN && runs(p.state);
    if (!waits || burnt < 0 || burnt >= HARDLY_ANY_US)
        return ITS_OWN_FAULT;
    if (now_us() - w->deadline < w->deadline - w->began)
        return HAS_MORE_TIME;
    return p.state == 'R' ? STARVED : ITS_OWN_FAULT;
}

/* Checks whether a call blocks, or is answered: 0, or the answer is in *t. */
static int look_at_call(struct watch *w, struct text *t)
{
    const char *how = settled(w->call);
    /* If calls are pipelined, an earlier one may be the one that hangs. */
    const struct call_state *c = w->goal == BLOCKED ? call_state_of(w->call) : entered_up_to(w->call);
    int starved = 0;
    /* Most calls are answered long before a check; an agent without its output cannot answer, and that is known soon. */
    if (w->goal == ANSWER && (now_us() - w->began < HANG_LOOK_US || warden.agent.speechless != 0))
        c = NULL;
    if (how == NULL && c != NULL) {
        long long burnt = burnt_since(w, c->id);
        if (w->goal == BLOCKED)
            how = how_it_blocks(w, c);
        else if (sleeps_on(w, c))
            how = "asleep";
        else if (burnt >= 0 && burnt >= w->spin)
            how = "spinning";
        if (how == NULL && w->late) {
            enum overdue is = overdue(w, c->tid, burnt);
            if (is == HAS_MORE_TIME)
                return 0;
            starved = is == STARVED;
        }
    }
    if (how == NULL && !w->late)
        return 0;
    add(t, how != NULL ? "ok" : "late");
    if (how != NULL || starved)
        put(t, "how", starved ? "starved" : how);
    return 1;
}

/* Checks one watch: 0, or the answer is in *t. */
static int look_at_watch(struct watch *w, struct text *t)
{
    memset(t, 0, sizeof *t);
    return w->goal == AWAIT ? look_at_state(w, t) : look_at_call(w, t);
}

/* Answers every watch whose goal has been reached or whose deadline has passed. */
static void look_at_watches(void)
{
    size_t i, left = 0;
    for (i = 0; i < watch_count; i++) {
        struct text t;
        if (look_at_watch(&watches[i], &t)) {
            put_number(&t, "id", watches[i].id);
            tell(&t);
        } else {
            watches[left++] = watches[i];
        }
    }
    watch_count = left;
}
