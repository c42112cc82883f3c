/*
 * Where a child meets the warden.
 *
 * A path is a local socket, to which the child connects. `pipes:FIRST:N:FOLDER` stands for N pairs of pipes that the warden
 * created before the agent started, since an agent asleep in wait cannot relay: child number K (A is 0, Z is 25, A1 is 26) reads
 * its steps from descriptor FIRST + 2 K and answers on the next one.
 */

struct pipes {
    int first, count;
    const char *folder;
};

static int parse_pipes(const char *place, struct pipes *p)
{
    char *end;
    if (!starts(place, "pipes:"))
        return 0;
    p->first = (int)strtol(place + 6, &end, 10);
    if (*end != ':')
        return 0;
    p->count = (int)strtol(end + 1, &end, 10);
    p->folder = *end == ':' ? end + 1 : "";
    return p->first > 2 && p->count > 0 && p->count < 512;
}

/* The number of the child whose name ends a token, or -1. */
static int slot_of(const char *token)
{
    const char *name = strrchr(token, '-');
    long long round = 0;
    if (name == NULL || name[1] < 'A' || name[1] > 'Z')
        return -1;
    if (name[2] != 0 && (!parse_number(name + 2, &round) || round < 0 || round > 1000))
        return -1;
    return (int)round * 26 + (name[1] - 'A');
}

/*
 * Connects, and changes to the folder there unless it `stays`; returns 0, or -1. A child that uses pipes keeps those of later
 * children, which may be its own offspring, and closes the rest.
 */
static int meet(const char *place, const char *token, int stays, int *in, int *out)
{
    struct pipes p;
    if (parse_pipes(place, &p)) {
        int slot = slot_of(token), fd;
        if (slot < 0 || slot >= p.count)
            return -1;
        *in = p.first + 2 * slot;
        *out = *in + 1;
        for (fd = p.first; fd < *in; fd++)
            close(fd);
        if (!stays && *p.folder != 0 && chdir(p.folder) != 0)
            return -1;
        return fcntl(*in, F_GETFD) < 0 ? -1 : 0;
    }
#ifdef HAVE_SOCKETS
    {
        struct sockaddr_un address;
        const char *slash = strrchr(place, '/');
        memset(&address, 0, sizeof address);
        address.sun_family = AF_UNIX;
        if (strlen(place) >= sizeof address.sun_path)
            return -1;
        strcpy(address.sun_path, place);
        *in = *out = socket(AF_UNIX, SOCK_STREAM, 0);
        if (*in < 0 || connect(*in, (struct sockaddr *)&address, sizeof address) != 0)
            return -1;
        close_on_exec(*in);
        /* The socket's folder also takes what a child leaves behind, such as a core, and is removed. */
        if (!stays && slash != NULL && slash != place) {
            char *folder = copy_of(place);
            folder[slash - place] = 0;
            (void)!chdir(folder);
            free(folder);
        }
        return 0;
    }
#else
    return -1;
#endif
}

/* A process that creates children closes the ends of those that it has created: they belong to them. */
static void leave_to_child(char *const *argv)
{
    const char *place = NULL, *token = NULL;
    struct pipes p;
    int slot;
    for (; *argv != NULL; argv++) {
        if (same(*argv, "--connect"))
            place = argv[1];
        else if (same(*argv, "--token"))
            token = argv[1];
    }
    if (place == NULL || token == NULL || !parse_pipes(place, &p))
        return;
    slot = slot_of(token);
    if (slot >= 0 && slot < p.count) {
        close(p.first + 2 * slot);
        close(p.first + 2 * slot + 1);
    }
}
