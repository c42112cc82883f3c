/* `waitspec-c warden|agent|child ...`; and its role as the only program of a machine. */

/* How many pairs of pipes a trial has if there are no local sockets. */
#define PIPES 16

/* --- The streams of a warden --------------------------------------------------------------------------------------------------- */

static void flush_lines(void)
{
    struct text framed = { NULL, 0, 0 };
    const char *at = warden.unsent.at;
    size_t left = warden.unsent.len;
    warden.urgent = 0;
    if (left == 0)
        return;
    if (frames.on) {
        while (left != 0) {
            const char *end = memchr(at, '\n', left);
            size_t n = end != NULL ? (size_t)(end - at) : left;
            add_frames(&framed, at, n);
            at += n + (end != NULL);
            left -= n + (end != NULL);
        }
        at = framed.at;
        left = framed.len;
    }
    while (left != 0) {
        ssize_t n = write(warden.out, at, left);
        if (n > 0) {
            at += n;
            left -= (size_t)n;
        } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
            warden.driver_gone = 1;
            break;
        } else if (errno == EAGAIN) {
            rest_us(100);
        }
    }
    free(framed.at);
    warden.unsent.len = 0;
}

static void read_driver(void)
{
    struct lines *lines = frames.on ? &frames.lines : &warden.lines;
    char *line;
    size_t len;
    int got = read_some(warden.in, lines);
    if (got < 0)
        warden.driver_gone = 1;
    if (got <= 0)
        return;
    while ((got = next_line(lines, &line, &len)) != 0) {
        if (got < 0) {
            if (!frames.on)
                warden.driver_gone = 1;
        } else if (!frames.on) {
            take(line, len);
        } else if (take_frame(line, len)) {
            struct text whole = frames.line;
            memset(&frames.line, 0, sizeof frames.line);
            take(whole.at, whole.len);
            free(whole.at);
        }
    }
}

/* Raw mode without echo, so that bytes arrive as sent. */
static void make_raw(int fd)
{
#ifdef HAVE_TERMINALS
    struct termios modes;
    if (tcgetattr(fd, &modes) != 0)
        return;
    modes.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    modes.c_oflag &= ~(tcflag_t)OPOST;
    modes.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    modes.c_cflag = (modes.c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8;
    tcsetattr(fd, TCSANOW, &modes);
#else
    (void)fd;
#endif
}

/* --- Start and end ---------------------------------------------------------------------------------------------------------------- */

static void remove_folder(void);
static void unfit(const char *why) NORETURN;
static void unfit(const char *why)
{
    struct text t = { NULL, 0, 0 };
    add(&t, "unfit");
    put(&t, "why", why);
    tell(&t);
    flush_lines();
    remove_folder();
    _exit(3);
}

static int new_folder(const char *path)
{
    return mkdir(path, 0700);
}

/* A folder of its own for cores and anything else that a child leaves behind; it is removed at exit. */
static void make_folder(void)
{
    const char *above = getenv("TMPDIR");
    struct text t = { NULL, 0, 0 };
    add(&t, above != NULL && *above == '/' ? above : "/tmp");
    add(&t, "/waitspec-c-");
    if (create_free(&t, new_folder) == 0) {
        if (t.len + 3 < sizeof warden.folder && chdir(t.at) == 0)
            strcpy(warden.folder, t.at), warden.folder_of = (int)getpid();
        else
            rmdir(t.at);
    }
    free(t.at);
}

static int listen_in_folder(void)
{
#ifdef HAVE_SOCKETS
    struct sockaddr_un address;
    int fd;
    if (without.sockets || warden.folder[0] == 0)
        return -1;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    if (strlen(warden.folder) + 3 > sizeof address.sun_path)
        return -1;
    strcpy(address.sun_path, warden.folder);
    strcat(address.sun_path, "/s");
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        return -1;
    close_on_exec(fd);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 256) != 0) {
        close(fd);
        return -1;
    }
    not_blocking(fd);
    return fd;
#else
    return -1;
#endif
}

#ifdef HAVE_DIRENT
/* Empties the working folder, and the folders below it, of what children left there. Symbolic links are not followed. */
static void empty_folder(int depth)
{
    DIR *folder = opendir(".");
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        struct stat is;
        if (same(entry->d_name, ".") || same(entry->d_name, "..") || unlink(entry->d_name) == 0)
            continue;
        if (depth == 0 || lstat(entry->d_name, &is) != 0 || !S_ISDIR(is.st_mode))
            continue;
        if (rmdir(entry->d_name) == 0)
            continue;
        chmod(entry->d_name, 0700);
        if (chdir(entry->d_name) == 0) {
            empty_folder(depth - 1);
            if (chdir("..") != 0)
                break;
            rmdir(entry->d_name);
        }
    }
    if (folder != NULL)
        closedir(folder);
}
#else
/* If folders cannot be listed, `rm` may be there to do it. Its exit shows as the end of a pipe. */
static void remove_by_program(void)
{
    char *argv[5];
    long long until = now_us() + DYING_US;
    int ends[2], status;
    char byte;
    pid_t pid;
    if (pipe_for_us(ends) != 0)
        return;
    pid = fork();
    if (pid == 0) {
        fcntl(ends[1], F_SETFD, 0);
        argv[0] = (char *)"rm";
        argv[1] = (char *)"-rf";
        argv[2] = (char *)"--";
        argv[3] = warden.folder;
        argv[4] = NULL;
        run_program(argv);
        _exit(127);
    }
    close(ends[1]);
    not_blocking(ends[0]);
    while (pid > 0 && now_us() < until && read(ends[0], &byte, 1) < 0 && (errno == EAGAIN || errno == EINTR))
        rest_us(500);
    close(ends[0]);
    reap((int)pid, &status);
}
#endif

/* Only the warden does this: its forks have a copy of the same text. */
static void remove_folder(void)
{
    if (warden.folder[0] == 0 || warden.folder_of != (int)getpid() || chdir(warden.folder) != 0)
        return;
    /* By name, if folders cannot be listed. */
    unlink("s");
    unlink("core");
#ifdef HAVE_DIRENT
    empty_folder(16);
#endif
    if (chdir("/") != 0 || rmdir(warden.folder) != 0) {
#ifndef HAVE_DIRENT
        remove_by_program();
#endif
    }
    warden.folder[0] = 0;
}

/* --- Being told to end ----------------------------------------------------------------------------------------------------------- */

/* SIGTERM writes to this, so that it interrupts any sleep of the loop. */
static int told_to_end = -1;

static void note_end(int signal)
{
    int error = errno;
    (void)signal;
    warden.driver_gone = warden.told_to_end = 1;
    (void)!write(told_to_end, "", 1);
    errno = error;
}

static void end_on_sigterm(void)
{
    int ends[2];
    if (pipe_for_us(ends) != 0)
        return;
    not_blocking(ends[0]);
    not_blocking(ends[1]);
    warden.ending = ends[0];
    told_to_end = ends[1];
    set_action(SIGTERM, NULL, 1, CALL, note_end, 0);
}

/* Serves one driver until its stream ends. */
static int serve_driver(int in, int out)
{
    static const int left_to_the_driver[] = { SIGINT, SIGHUP, SIGPIPE, SIGQUIT, SIGUSR1, SIGUSR2 };
    struct ours *found;
    size_t i, count;
    warden.in = in;
    warden.out = out;
    close_on_exec(in);
    close_on_exec(out);
    for (i = 0; i < COUNT_OF(left_to_the_driver); i++)
        set_action(left_to_the_driver[i], SIG_IGN, 0, COUNT_ONLY, NULL, 0);
#ifdef HAVE_SESSIONS
    setsid();
#endif
    if (getcwd(warden.start_folder, sizeof warden.start_folder) == NULL)
        strcpy(warden.start_folder, "/");
    warden.adopts = set_subreaper(1) == 0;
    warden.ending = -1;
    end_on_sigterm();
    at_the_end = remove_folder;
    make_folder();
    warden.listener = listen_in_folder();
    warden.by_pipes = warden.listener < 0;
#if !defined(HAVE_POLL) && !defined(HAVE_SELECT)
    not_blocking(in);
#endif
    if (warden.by_pipes && warden.pipe_count < 1)
        unfit("there are no local sockets here, and no pipes are allowed");
    prove_table();
    while (!warden.driver_gone) {
        say_hello_again();
        turn();
    }
    end_everything(&found, &count);
    free(found);
    remove_folder();
    if (warden.told_to_end) {
        set_default(SIGTERM);
        kill(getpid(), SIGTERM);
    }
    return 0;
}

/* --- As the only program of a machine ----------------------------------------------------------------------------------------------- */

#if defined(LINUX_CALLS) && defined(SYS_reboot) && defined(SYS_mount) && defined(SYS_syslog)
static void become_job(int fd, char **command) NORETURN;
static void become_job(int fd, char **command)
{
    int standard;
    for (standard = 0; standard < 3; standard++)
        dup2(fd, standard);
    close(fd);
#ifdef HAVE_SESSIONS
    setsid();
#endif
    if (chdir("/tmp") != 0 || setenv("PATH", "/", 1) != 0)
        _exit(126);
    run_program(command);
    complain("init: cannot run ", command[0], errno);
    _exit(127);
}

/*
 * Process 1 of a Linux system with no other program: silences the console, has the warden serve a serial line, and powers the
 * machine off when the warden exits, which a pipe shows. Words after `--` on the kernel's command line name another program and
 * its arguments, which runs instead, as a job of a session, with the line as its streams.
 */
static int be_init(const char *device, char **command)
{
    int ends[2], fd, standard;
    char byte;
    pid_t pid;
    mkdir("/proc", 0755);
    mkdir("/dev", 0755);
    mkdir("/tmp", 01777);
    syscall(SYS_mount, "proc", "/proc", "proc", 0UL, (void *)0);
    syscall(SYS_mount, "dev", "/dev", "devtmpfs", 0UL, (void *)0);
    mkdir("/dev/pts", 0755);
    syscall(SYS_mount, "pts", "/dev/pts", "devpts", 0UL, (void *)0);
    /* SYSLOG_ACTION_CONSOLE_OFF */
    syscall(SYS_syslog, 6, (void *)0, 0);
    /* Other writes to the standard streams must not reach the line. */
    for (standard = 0; standard < 3; standard++) {
        close(standard);
        if (open("/dev/null", O_RDWR) != standard)
            break;
    }
    fd = open(device, O_RDWR | O_NOCTTY);
    if (fd < 0)
        fd = open("/dev/console", O_RDWR | O_NOCTTY);
    if (fd >= 0 && pipe(ends) == 0) {
        if (*command == NULL)
            make_raw(fd);
        /* The write end is held open only by the process whose exit is awaited. */
        close_on_exec(ends[0]);
        pid = fork();
        if (pid == 0) {
            close(ends[0]);
            if (*command != NULL)
                become_job(fd, command);
            close_on_exec(ends[1]);
            frames.on = 1;
            warden.pipe_count = PIPES;
            _exit(serve_driver(fd, fd));
        }
        close(ends[1]);
        close(fd);
        while (pid > 0 && (read(ends[0], &byte, 1) > 0 || errno == EINTR))
            ;
    }
    sync();
    /* LINUX_REBOOT_CMD_POWER_OFF */
    syscall(SYS_reboot, 0xfee1deadUL, 0x28121969UL, 0x4321fedcUL, (void *)0);
    return 1;
}
#define HAVE_INIT 1
#endif

static int warden_main(char **args)
{
    const char *device = NULL;
    int in = 0, out = 1;
    long long number;
    warden.pipe_count = PIPES;
    for (; *args != NULL; args++) {
        if (same(*args, "--framed")) {
            frames.on = 1;
        } else if (same(*args, "--without") && args[1] != NULL) {
            args++;
            without.sockets |= strstr(*args, "sockets") != NULL;
            without.table |= strstr(*args, "table") != NULL;
            without.pidfd |= strstr(*args, "pidfd") != NULL;
            without.subreaper |= strstr(*args, "subreaper") != NULL;
        } else if (same(*args, "--pipes") && args[1] != NULL && parse_number(args[1], &number) && number >= 0 && number < 512) {
            warden.pipe_count = (int)number;
            args++;
        } else if (same(*args, "--device") && args[1] != NULL) {
            device = *++args;
        } else {
            complain("usage: waitspec-c warden [--framed] [--device TTY] [--pipes N] [--without sockets,table,pidfd,subreaper]", "",
                     0);
            return USAGE;
        }
    }
    if (device != NULL) {
        in = out = open(device, O_RDWR | O_NOCTTY);
        if (in < 0) {
            complain("waitspec-c warden: cannot open ", device, errno);
            return 3;
        }
    } else {
        /* Other writes to standard output must not end up in the stream. */
        in = fcntl(0, F_DUPFD, 3);
        out = fcntl(1, F_DUPFD, 3);
        if (in < 0 || out < 0)
            return 3;
        dup2(2, 1);
    }
    if (frames.on)
        make_raw(in);
    return serve_driver(in, out);
}

static int usage_of_it(void)
{
    complain("usage: waitspec-c warden [OPTION]... | agent [libc|syscall|--so PATH] | child [STEP|SCENARIO]...", "", 0);
    return USAGE;
}

int main(int argc, char **argv)
{
    int standard;
    for (standard = 0; standard < 3; standard++)
        if (fcntl(standard, F_GETFD) < 0)
            (void)!open("/dev/null", O_RDWR);
    find_own_path(argc > 0 ? argv[0] : "waitspec-c");
#ifdef HAVE_INIT
    if (getpid() == 1 && same(base_name(argv[0]), "init")) {
        strcpy(own_path, "/init");
        return be_init("/dev/ttyS0", argv + 1);
    }
#endif
    if (argc < 2)
        return usage_of_it();
    if (same(argv[1], "child"))
        return child_main(argv + 2);
    if (same(argv[1], "agent") && argc > 3 && same(argv[2], "--so"))
        return agent_of_library(argv[3], 1, argc > 4 && same(argv[4], "--prove"));
    if (same(argv[1], "agent") && argc > 3 && same(argv[2], "--preload")) {
        complain("waitspec-c agent: the kit cannot preload a library: load it with --so ", argv[3], 0);
        return USAGE;
    }
    if (same(argv[1], "agent"))
        return agent_of(argc > 2 ? argv[2] : "libc");
    if (same(argv[1], "warden"))
        return warden_main(argv + 2);
    return usage_of_it();
}
