/* A handle agent for libuv's uv_spawn: the loop serves everything, and the exit callback has the result.
 * cc -o libuv-agent libuv.c -luv */
#include "agent.h"
#include <uv.h>

#define MOST 1024
#define SOURCE(promise, place) promise ":docs.libuv.org/en/v1.x/process.html" place "%20libuv%20" UV_VERSION_TEXT
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#define UV_VERSION_TEXT TEXT(UV_VERSION_MAJOR) "." TEXT(UV_VERSION_MINOR) "." TEXT(UV_VERSION_PATCH)

struct handle {
    uv_process_t process;
    long id;
    int open, exited, signal;
    int64_t status;
};

/* A wait that is under way. */
struct waiter {
    uv_timer_t timer;
    long id, handle;
    int active;
};

static struct handle *handles[MOST];
static struct waiter *waiters[MOST];
static char input[1 << 17];
static size_t filled;

static struct handle *find(long id)
{
    for (int i = 0; i < MOST && handles[i]; i++)
        if (handles[i]->id == id && handles[i]->open)
            return handles[i];
    return NULL;
}

static void result(long id, struct handle *h)
{
    if (!h->exited)
        reply("ok", id, "running=yes");
    else if (h->signal)
        reply("ok", id, "signal=%s", signal_name(h->signal));
    else
        reply("ok", id, "code=%ld", (long)h->status);
}

static void on_exit_of(uv_process_t *process, int64_t status, int signal)
{
    struct handle *h = process->data;
    h->exited = 1;
    h->status = status;
    h->signal = signal;
    for (int i = 0; i < MOST && waiters[i]; i++)
        if (waiters[i]->active && waiters[i]->handle == h->id) {
            waiters[i]->active = 0;
            uv_timer_stop(&waiters[i]->timer);
            result(waiters[i]->id, h);
        }
    uv_close((uv_handle_t *)process, NULL);
}

static void on_timeout(uv_timer_t *timer)
{
    struct waiter *w = timer->data;
    w->active = 0;
    reply("ok", w->id, "running=yes");
}

static void spawn(struct request *r)
{
    struct handle *h = calloc(1, sizeof *h);
    uv_stdio_container_t stdio[3] = {{.flags = UV_IGNORE}, {.flags = UV_IGNORE}, {.flags = UV_INHERIT_FD, .data.fd = 2}};
    uv_process_options_t options = {.exit_cb = on_exit_of, .args = words(r, "argv"), .stdio = stdio, .stdio_count = 3};
    options.file = options.args[0];
    h->process.data = h;
    h->id = number(r, "id");
    int error = uv_spawn(uv_default_loop(), &h->process, &options);
    if (error) {
        reply("err", h->id, "errno=%s", uv_err_name(error));
        return;
    }
    h->open = 1;
    for (int i = 0; i < MOST; i++)
        if (!handles[i]) {
            handles[i] = h;
            break;
        }
    reply("ok", h->id, "pid=%d", uv_process_get_pid(&h->process));
}

static void await(struct request *r, struct handle *h)
{
    struct waiter *w = calloc(1, sizeof *w);
    *w = (struct waiter){.id = number(r, "id"), .handle = h->id, .active = 1};
    for (int i = 0; i < MOST; i++)
        if (!waiters[i]) {
            waiters[i] = w;
            break;
        }
    uv_timer_init(uv_default_loop(), &w->timer);
    w->timer.data = w;
    if (h->exited) {
        w->active = 0;
        result(w->id, h);
    } else if (field(r, "timeout"))
        uv_timer_start(&w->timer, on_timeout, (uint64_t)number(r, "timeout"), 0);
}

static void serve(struct request *r)
{
    long id = number(r, "id");
    struct handle *h = field(r, "handle") ? find(number(r, "handle")) : NULL;
    if (field(r, "handle") && !h)
        reply("malformed", id, "why=no%%20such%%20handle");
    else if (strcmp(r->word, "spawn") == 0)
        spawn(r);
    else if (strcmp(r->word, "poll") == 0)
        result(id, h);
    else if (strcmp(r->word, "wait") == 0)
        await(r, h);
    else if (strcmp(r->word, "drop") == 0) {
        h->open = 0;
        reply("ok", id, "");
    } else if (strcmp(r->word, "kill") == 0) {
        int error = uv_process_kill(&h->process, signal_number(field(r, "sig")));
        if (error)
            reply("err", id, "errno=%s", uv_err_name(error));
        else
            reply("ok", id, "");
    } else if (strcmp(r->word, "bye") == 0) {
        reply("ok", id, "");
        exit(0);
    } else
        reply("unsupported", id, "why=no%%20such%%20request");
}

static void on_input(uv_poll_t *poll, int status, int events)
{
    (void)poll, (void)status, (void)events;
    ssize_t n = read(0, input + filled, sizeof input - filled);
    if (n <= 0)
        exit(0);
    filled += (size_t)n;
    for (char *end; (end = memchr(input, '\n', filled));) {
        struct request r;
        size_t length = (size_t)(end - input) + 1;
        char *line = calloc(1, length + 1);
        memcpy(line, input, length);
        memmove(input, input + length, filled -= length);
        parse(line, &r);
        serve(&r);
        free(line);
    }
}

int main(void)
{
    uv_poll_t requests;
    hello("libuv", UV_VERSION_TEXT, "https://github.com/libuv/libuv/issues",
          "form=code-or-signal can=poll,timeout,threads,kill,drop reaps=eager poll=loop",
          SOURCE("exit-code", "%23c.uv_exit_cb") "," SOURCE("signal", "%23c.uv_exit_cb") "," SOURCE("never-invented", "%23c.uv_exit_cb") ","
          SOURCE("wait-blocks", "%23c.uv_exit_cb") "," SOURCE("wait-returns", "%23c.uv_exit_cb") ","
          SOURCE("kill-delivers", "%23c.uv_process_kill") "," SOURCE("exec-fails", "%23c.uv_spawn"));
    uv_poll_init(uv_default_loop(), &requests, 0);
    uv_poll_start(&requests, UV_READABLE, on_input);
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
