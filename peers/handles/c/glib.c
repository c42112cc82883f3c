/* A handle agent for GLib's GSubprocess: the main loop serves everything, and a wait is g_subprocess_wait_async.
 * cc -o glib-agent glib.c $(pkg-config --cflags --libs gio-2.0) */
#define _GNU_SOURCE
#include "agent.h"
#include <gio/gio.h>

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#define VERSION TEXT(GLIB_MAJOR_VERSION) "." TEXT(GLIB_MINOR_VERSION) "." TEXT(GLIB_MICRO_VERSION)
#define SOURCE(promise, page) promise ":docs.gtk.org/gio/" page "%20GLib%20" VERSION

static GHashTable *handles;

static void result(long id, GSubprocess *child)
{
    if (g_subprocess_get_if_exited(child) || g_subprocess_get_if_signaled(child))
        reply("ok", id, "word=%#06x", (unsigned)g_subprocess_get_status(child));
    else
        reply("ok", id, "unknown=yes");
}

static void on_end(GObject *child, GAsyncResult *waited, gpointer id)
{
    if (g_subprocess_wait_finish(G_SUBPROCESS(child), waited, NULL))
        result(GPOINTER_TO_INT(id), G_SUBPROCESS(child));
    else
        reply("err", GPOINTER_TO_INT(id), "errno=EIO");
}

/* In the child, before the exec: GSubprocess forgets the pid of a child that has terminated. */
static void write_pid(gpointer pipe)
{
    pid_t pid = getpid();
    if (write(GPOINTER_TO_INT(pipe), &pid, sizeof pid) != sizeof pid)
        _exit(1);
}

static void spawn(struct request *r)
{
    static int pids[2] = {-1, -1};
    GError *error = NULL;
    pid_t pid;
    long id = number(r, "id");
    if (pids[0] < 0 && pipe2(pids, O_CLOEXEC) != 0)
        exit(1);
    GSubprocessFlags output = field(r, "pipes") ? G_SUBPROCESS_FLAGS_STDOUT_PIPE : G_SUBPROCESS_FLAGS_STDOUT_SILENCE;
    GSubprocessLauncher *launcher = g_subprocess_launcher_new(output);
    g_subprocess_launcher_set_child_setup(launcher, write_pid, GINT_TO_POINTER(pids[1]), NULL);
    GSubprocess *child = g_subprocess_launcher_spawnv(launcher, (const gchar *const *)words(r, "argv"), &error);
    g_object_unref(launcher);
    if (!child) {
        gboolean missing = g_error_matches(error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
        reply("err", id, "errno=%s", missing ? "ENOENT" : "EIO");
        g_clear_error(&error);
        /* The child that could not exec has written its pid all the same. */
        if (read(pids[0], &pid, sizeof pid) != sizeof pid)
            exit(1);
        return;
    }
    if (read(pids[0], &pid, sizeof pid) != sizeof pid)
        exit(1);
    g_hash_table_insert(handles, GINT_TO_POINTER(id), child);
    reply("ok", id, "pid=%d", (int)pid);
}

static gboolean on_input(GIOChannel *channel, GIOCondition condition, gpointer data)
{
    (void)condition, (void)data;
    gchar *line = NULL;
    struct request r;
    do {
        if (g_io_channel_read_line(channel, &line, NULL, NULL, NULL) != G_IO_STATUS_NORMAL)
            exit(0);
        parse(line, &r);
        long id = number(&r, "id");
        GSubprocess *child = field(&r, "handle") ? g_hash_table_lookup(handles, GINT_TO_POINTER(number(&r, "handle"))) : NULL;
        if (field(&r, "handle") && !child)
            reply("malformed", id, "why=no%%20such%%20handle");
        else if (strcmp(r.word, "spawn") == 0)
            spawn(&r);
        else if (strcmp(r.word, "wait") == 0 && !field(&r, "timeout")) {
            g_subprocess_wait_async(child, NULL, on_end, GINT_TO_POINTER(id));
        } else if (strcmp(r.word, "kill") == 0) {
            /* It says nothing of what came of it. */
            g_subprocess_send_signal(child, signal_number(field(&r, "sig")));
            reply("ok", id, "");
        } else if (strcmp(r.word, "drop") == 0) {
            g_hash_table_remove(handles, GINT_TO_POINTER(number(&r, "handle")));
            reply("ok", id, "");
        } else if (strcmp(r.word, "bye") == 0) {
            reply("ok", id, "");
            exit(0);
        } else
            reply("unsupported", id, "why=no%%20such%%20request");
        g_free(line);
    } while (g_io_channel_get_buffer_condition(channel) & G_IO_IN);
    return G_SOURCE_CONTINUE;
}

int main(void)
{
    hello("glib-gsubprocess", VERSION, "https://gitlab.gnome.org/GNOME/glib/issues",
          "form=word can=threads,kill,drop,pipes,core reaps=eager poll=loop",
          SOURCE("exit-code", "method.Subprocess.get_status.html") "," SOURCE("signal", "method.Subprocess.get_status.html") ","
          SOURCE("core", "method.Subprocess.get_status.html") "," SOURCE("never-invented", "method.Subprocess.get_status.html") ","
          SOURCE("wait-blocks", "method.Subprocess.wait.html") "," SOURCE("wait-returns", "method.Subprocess.wait.html") ","
          SOURCE("two-waiters", "method.Subprocess.wait.html") ","
          SOURCE("kill-delivers", "method.Subprocess.send_signal.html") "," SOURCE("kill-after-exit", "method.Subprocess.send_signal.html") ","
          SOURCE("drop-reaps", "class.Subprocess.html") "," SOURCE("no-zombie", "class.Subprocess.html") ","
          SOURCE("exec-fails", "ctor.Subprocess.newv.html"));
    handles = g_hash_table_new_full(NULL, NULL, NULL, g_object_unref);
    GIOChannel *channel = g_io_channel_unix_new(0);
    g_io_channel_set_encoding(channel, NULL, NULL);
    g_io_add_watch(channel, G_IO_IN | G_IO_HUP, on_input, NULL);
    g_main_loop_run(g_main_loop_new(NULL, FALSE));
}
