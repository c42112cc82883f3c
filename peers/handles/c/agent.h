/* What handle agents in C share: lines in, lines out, signals by name. src/protocol/handle.rs documents the protocol. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/utsname.h>
#include <unistd.h>

#define MOST_WORDS 64

/* A request: its word, and the value of each key, still encoded. */
struct request {
    char *word, *keys[MOST_WORDS], *values[MOST_WORDS];
    int pairs;
};

static void decode(char *text)
{
    char *to = text;
    for (; *text; text++, to++) {
        *to = *text;
        if (*text == '%' && text[1] && text[2]) {
            char hex[3] = {text[1], text[2], 0};
            *to = (char)strtol(hex, NULL, 16);
            text += 2;
        }
    }
    *to = 0;
}

static void parse(char *line, struct request *r)
{
    line[strcspn(line, "\n")] = 0;
    r->word = strtok(line, " ");
    r->pairs = 0;
    for (char *pair; (pair = strtok(NULL, " ")) && r->pairs < MOST_WORDS; r->pairs++) {
        char *equals = strchr(pair, '=');
        *equals = 0;
        r->keys[r->pairs] = pair;
        r->values[r->pairs] = equals + 1;
    }
}

static char *field(struct request *r, const char *key)
{
    for (int i = 0; i < r->pairs; i++)
        if (strcmp(r->keys[i], key) == 0)
            return r->values[i];
    return NULL;
}

static long number(struct request *r, const char *key)
{
    char *text = field(r, key);
    return text ? atol(text) : -1;
}

/* The words of `argv=`, ended by NULL. */
static char **words(struct request *r, const char *key)
{
    static char *argv[MOST_WORDS];
    int n = 0;
    char *rest = field(r, key);
    while (rest && n < MOST_WORDS - 1) {
        argv[n++] = rest;
        rest = strchr(rest, ',');
        if (rest)
            *rest++ = 0;
    }
    argv[n] = NULL;
    for (int i = 0; i < n; i++)
        decode(argv[i]);
    return argv;
}

static void reply(const char *word, long id, const char *format, ...)
{
    char line[512];
    va_list rest;
    int n = snprintf(line, sizeof line, "%s id=%ld ", word, id);
    va_start(rest, format);
    n += vsnprintf(line + n, sizeof line - (size_t)n - 1, format, rest);
    va_end(rest);
    line[n++] = '\n';
    if (write(1, line, (size_t)n) != n)
        exit(1);
}

static const struct {
    const char *name;
    int number;
} SIGNALS[] = {
    {"SIGHUP", SIGHUP}, {"SIGINT", SIGINT}, {"SIGQUIT", SIGQUIT}, {"SIGILL", SIGILL}, {"SIGTRAP", SIGTRAP}, {"SIGABRT", SIGABRT},
    {"SIGBUS", SIGBUS}, {"SIGFPE", SIGFPE}, {"SIGKILL", SIGKILL}, {"SIGUSR1", SIGUSR1}, {"SIGSEGV", SIGSEGV}, {"SIGUSR2", SIGUSR2},
    {"SIGPIPE", SIGPIPE}, {"SIGALRM", SIGALRM}, {"SIGTERM", SIGTERM}, {"SIGCHLD", SIGCHLD}, {"SIGXCPU", SIGXCPU},
    {"SIGXFSZ", SIGXFSZ}, {"SIGVTALRM", SIGVTALRM}, {"SIGPROF", SIGPROF}, {"SIGSYS", SIGSYS}, {"SIGSTOP", SIGSTOP}, {"SIGCONT", SIGCONT},
};

static int signal_number(const char *name)
{
    for (size_t i = 0; i < sizeof SIGNALS / sizeof *SIGNALS; i++)
        if (strcmp(SIGNALS[i].name, name) == 0)
            return SIGNALS[i].number;
    return 0;
}

/* Who has the status word needs no names. */
__attribute__((unused)) static const char *signal_name(int number)
{
    for (size_t i = 0; i < sizeof SIGNALS / sizeof *SIGNALS; i++)
        if (SIGNALS[i].number == number)
            return SIGNALS[i].name;
    /* A real-time signal has no name. */
    static char name[16];
    snprintf(name, sizeof name, "SIG%d", number);
    return name;
}

/* The hello; `promises` is `NAME:ADDRESS%20LIBRARY%20VERSION,...`. */
static void hello(const char *name, const char *version, const char *issues, const char *rest, const char *promises)
{
    struct utsname u;
    uname(&u);
    printf("hello protocol=1 interface=handle name=%s version=%s issues=%s os=linux libc=system arch=%s pid=%d %s promises=%s\n", name,
           version, issues, u.machine, (int)getpid(), rest, promises);
    fflush(stdout);
}
