/* The floor of scripts/bench-peers: posix_spawn and wait4. `peer reap|poll N PROGRAM` prints nanoseconds. */
#define _GNU_SOURCE
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static long long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static pid_t start(char **command)
{
    pid_t pid;
    if (posix_spawnp(&pid, command[0], NULL, NULL, command, environ) != 0) {
        perror(command[0]);
        exit(2);
    }
    return pid;
}

int main(int argc, char **argv)
{
    char *program[] = { argc == 4 ? argv[3] : NULL, NULL }, *sleeper[] = { "sleep", "1000", NULL };
    if (argc != 4)
        return 2;
    int status, reap = strcmp(argv[1], "reap") == 0;
    struct rusage usage;
    pid_t child = reap ? 0 : start(sleeper);
    long long began = now();
    for (long n = atol(argv[2]); n > 0; n--) {
        if (reap ? wait4(start(program), &status, 0, &usage) < 0 || status != 0 : wait4(child, &status, WNOHANG, &usage) != 0)
            return 1;
    }
    printf("%lld\n", now() - began);
    if (!reap) {
        kill(child, SIGKILL);
        wait4(child, &status, 0, &usage);
    }
    return 0;
}
