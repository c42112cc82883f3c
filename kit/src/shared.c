/*
 * The functions of the family in a shared object, called in place of the C library's: `agent --so PATH`.
 *
 * A lookup also searches the object's dependencies, and so finds the C library's function if the object has none: a function
 * counts only if the loader says that its address is in that file. It is called by that address, so that the call reaches the
 * file.
 */

#ifdef HAVE_DLOPEN

/* The version of a function whose structures have the same width as those of this program. */
#if defined(__USE_TIME64_REDIRECTS) && defined(__GLIBC__)
#define WIDE(name) "__" name "_time64"
#else
#define WIDE(name) name
#endif

static const char *const SYMBOLS[] = { "", "wait", "waitpid", WIDE("wait3"), WIDE("wait4"), "waitid" };

/* Why an object cannot be the subject. */
static struct text library_why;

static int not_loaded(const char *path, const char *what)
{
    clear(&library_why);
    add(&library_why, "cannot load ");
    add(&library_why, path);
    add(&library_why, ": ");
    add(&library_why, what);
    return 0;
}

static int is_same_file(const char *a, const char *b)
{
    struct stat first, second;
    return same(a, b) || (stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
                          first.st_ino == second.st_ino);
}

/* The beginning of an ELF file: address size, byte order, processor. */
static int head_of(const char *path, unsigned char *head)
{
    int fd = open(path, O_RDONLY), whole;
    if (fd < 0)
        return -1;
    whole = read(fd, head, 20) == 20 && memcmp(head, "\177ELF", 4) == 0;
    close(fd);
    return whole;
}

#if defined(HAVE_MMAP) && defined(HAVE_SIGINFO)
static const char *prove_call(enum call call, void *entry);
#endif

/* Loads an object, running its constructors; returns 1, or 0 with the reason. */
static int load_library(const char *path, int prove)
{
    unsigned char own[20], head[20];
    void *object, *symbols[COUNT_OF(SYMBOLS)];
    size_t i, found = 0;
    int elf = head_of(path, head);
    if (elf < 0)
        return not_loaded(path, strerror(errno));
    if (head_of(own_path, own) == 1) {
        if (!elf)
            return not_loaded(path, "it is not a shared object of this system: it is not an ELF file");
        if (memcmp(head + 4, own + 4, 2) != 0 || memcmp(head + 18, own + 18, 2) != 0)
            return not_loaded(path, "it is built for another processor than this program: build the kit with the compiler that "
                                    "built the object");
    }
    object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (object == NULL) {
        const char *why = dlerror();
        return not_loaded(path, why != NULL ? why : "the loader gives no reason");
    }
    for (i = 1; i < COUNT_OF(SYMBOLS); i++) {
        Dl_info where;
        void *at = dlsym(object, SYMBOLS[i]);
        symbols[i] = NULL;
        if (at != NULL && dladdr(at, &where) != 0 && where.dli_fname != NULL && is_same_file(where.dli_fname, path))
            symbols[i] = at, found++;
    }
    memset(&family, 0, sizeof family);
    /* ISO C has no conversion from an object pointer to a function pointer. */
    memcpy(&family.wait, &symbols[WAIT], sizeof family.wait);
    memcpy(&family.waitpid, &symbols[WAITPID], sizeof family.waitpid);
    memcpy(&family.wait3, &symbols[WAIT3], sizeof family.wait3);
    memcpy(&family.wait4, &symbols[WAIT4], sizeof family.wait4);
#ifdef HAVE_WAITID
    memcpy(&family.waitid, &symbols[WAITID], sizeof family.waitid);
#endif
    if (found == 0)
        return not_loaded(path, "it defines none of wait, waitpid, wait3, wait4, waitid: a function counts only if it is in that "
                                "file; export it under its own name");
#if defined(HAVE_MMAP) && defined(HAVE_SIGINFO)
    for (i = 1; prove && i < COUNT_OF(SYMBOLS); i++) {
        const char *why = symbols[i] != NULL ? prove_call((enum call)i, symbols[i]) : NULL;
        if (why != NULL) {
            not_loaded(path, "no proof that ");
            add(&library_why, CALL_NAMES[i]);
            add(&library_why, " reaches it: ");
            add(&library_why, why);
            return 0;
        }
    }
#else
    (void)prove;
#endif
    return 1;
}

/* --- The proof that a call reaches the object ------------------------------------------------------------------------------------ */

#if defined(HAVE_MMAP) && defined(HAVE_SIGINFO)

static struct {
    char *entry, *page;
    size_t size;
    sigjmp_buf back;
    /* Why there is no proof. */
    const char *why;
} proof;

static void note_fault(int signal, siginfo_t *info, void *context)
{
    char *at = info->si_addr;
    (void)context;
    /* Make the page executable first: code that is used here may be on it. */
    if (mprotect(proof.page, proof.size, PROT_READ | PROT_EXEC) != 0)
        _exit(128 + signal);
    if (at >= proof.page && at < proof.page + proof.size && at != proof.entry)
        return;
    proof.why = at == proof.entry ? NULL : "the call crashed elsewhere";
    siglongjmp(proof.back, 1);
}

/*
 * Makes the page with a function's first instruction non-executable, and makes the call as a trial does: if it reaches the
 * function, it faults there, and nothing of the function runs. NULL, or why there is no proof.
 */
static const char *prove_call(enum call call, void *entry)
{
    struct sigaction a, segv, bus;
    int status;
    proof.entry = entry;
#ifdef __arm__
    /* The lowest bit of an address may select an instruction set. */
    proof.entry -= (uintptr_t)proof.entry & 1;
#endif
    proof.size = (size_t)sysconf(_SC_PAGESIZE);
    proof.page = proof.entry - (uintptr_t)proof.entry % proof.size;
    memset(&a, 0, sizeof a);
    a.sa_sigaction = note_fault;
    a.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &a, &segv);
    sigaction(SIGBUS, &a, &bus);
    if (sigsetjmp(proof.back, 1) == 0) {
        proof.why = "the call went elsewhere";
        if (mprotect(proof.page, proof.size, PROT_READ) != 0) {
            proof.why = strerror(errno);
        } else if (call == WAIT) {
            family.wait(&status);
        } else if (call == WAITPID) {
            family.waitpid(-1, &status, WNOHANG);
        } else if (call == WAIT3) {
            struct rusage usage;
            family.wait3(&status, WNOHANG, &usage);
        } else if (call == WAIT4) {
            struct rusage usage;
            family.wait4(-1, &status, WNOHANG, &usage);
        }
#ifdef HAVE_WAITID
        else {
            siginfo_t info;
            family.waitid(P_ALL, 0, &info, WEXITED | WNOHANG);
        }
#endif
        mprotect(proof.page, proof.size, PROT_READ | PROT_EXEC);
    }
    sigaction(SIGSEGV, &segv, NULL);
    sigaction(SIGBUS, &bus, NULL);
    return proof.why;
}

#endif

#endif

/*
 * The agent of a shared object. With `prove`, every call is first shown to reach it; with `loud`, prints a message that is the
 * last one if a constructor ends this process.
 */
static int agent_of_library(const char *path, int prove, int loud)
{
#ifdef HAVE_DLOPEN
    char whole[PATH_MAX];
    if (realpath(path, whole) == NULL) {
        complain("waitspec-c agent: cannot load ", path, errno);
        return USAGE;
    }
    /* The object's output must not end up between the replies. */
    agent.out = fcntl(1, F_DUPFD, 3);
    if (agent.out < 0 || dup2(2, 1) < 0) {
        complain("waitspec-c agent: cannot duplicate ", "standard output", errno);
        return USAGE;
    }
    close_on_exec(agent.out);
    if (loud)
        complain("if nothing follows, a constructor of the library crashed or never returned: loading ", whole, 0);
    if (!load_library(whole, prove)) {
        complain("waitspec-c agent: ", library_why.at, 0);
        return USAGE;
    }
    agent.library = whole;
    return serve_agent(0);
#else
    struct text t = { NULL, 0, 0 };
    (void)prove;
    (void)loud;
    add(&t, "waitspec-c agent: cannot load ");
    add(&t, path);
    complain(t.at, ": it is linked statically, or was not built by kit/build: build it with kit/build and a compiler that links "
                   "dynamically", 0);
    free(t.at);
    return USAGE;
#endif
}
