/*
 * What the system under the kit has.
 *
 * kit/configure determines this by compiling and linking a few lines for each feature, and passes the result on the compiler's
 * command line (-DWAITSPEC_CONFIGURED -DHAVE_...). Without it, the preprocessor guesses. A missing feature is left out and
 * reported: it means a skipped case, never another way to the same verdict.
 */
#ifndef WAITSPEC_CONFIG_H
#define WAITSPEC_CONFIG_H

#define _GNU_SOURCE 1
#define _BSD_SOURCE 1
#define _DEFAULT_SOURCE 1
#define _NETBSD_SOURCE 1
#define _DARWIN_C_SOURCE 1
#define __BSD_VISIBLE 1
/* A 32-bit system cannot list a folder of a larger one without it; dietlibc's readdir64 loses the first byte of names. */
#if !defined(_FILE_OFFSET_BITS) && !defined(__dietlibc__)
#define _FILE_OFFSET_BITS 64
#endif

#ifndef WAITSPEC_CONFIGURED
#define HAVE_POLL 1
#define HAVE_SOCKETS 1
#define HAVE_RLIMIT 1
#define HAVE_CLOCK_GETTIME 1
#define HAVE_WAITID 1
#define HAVE_MMAP 1
#define HAVE_SESSIONS 1
#define HAVE_SETEUID 1
#define HAVE_ITIMER 1
#define HAVE_SIGALTSTACK 1
#define HAVE_TERMINALS 1
#define HAVE_TIMES 1
#define HAVE_UNAME 1
#define HAVE_SIGINFO 1
#define HAVE_NANOSLEEP 1
#define HAVE_DIRENT 1
#define HAVE_VFORK 1
#define HAVE_POSIX_SPAWN 1
#define HAVE_PRIORITY 1
#ifdef __linux__
#define HAVE_SYSCALL 1
#define HAVE_PRCTL 1
#define HAVE_PTRACE 1
#endif
#if defined(__GNUC__) && !defined(__TINYC__)
#define HAVE_ATOMICS 1
#endif
#ifdef __GLIBC__
#define HAVE_SIGTIMEDWAIT 1
#endif
#ifdef WAITSPEC_THREADS
#define HAVE_PTHREAD 1
#define HAVE_PTHREAD_CANCEL 1
#endif
#endif

#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef HAVE_POLL
#include <poll.h>
#elif defined(HAVE_SELECT)
#include <sys/select.h>
#endif
#ifdef HAVE_SOCKETS
#include <sys/socket.h>
#include <sys/un.h>
#endif
#ifdef HAVE_MMAP
#include <sys/mman.h>
#endif
#ifdef HAVE_DLOPEN
#include <dlfcn.h>
#include <setjmp.h>
#endif
#ifdef HAVE_TIMES
#include <sys/times.h>
#endif
#ifdef HAVE_UNAME
#include <sys/utsname.h>
#endif
#ifdef HAVE_DIRENT
#include <dirent.h>
#endif
#ifdef HAVE_PTHREAD
#include <pthread.h>
#endif
#ifdef HAVE_POSIX_SPAWN
#include <spawn.h>
#endif
#ifdef HAVE_TERMINALS
#include <sys/ioctl.h>
#include <termios.h>
#endif
#ifdef HAVE_SYSCALL
#include <sys/syscall.h>
#endif
#ifdef HAVE_PRCTL
#include <sys/prctl.h>
#endif
#ifdef HAVE_PTRACE
#include <sys/ptrace.h>
#endif
#ifdef HAVE_SECCOMP
#include <linux/filter.h>
#include <linux/seccomp.h>
#endif

/* The system whose clauses apply, in the protocol's terms. */
#ifndef WAITSPEC_OS
#if defined(__linux__)
#define WAITSPEC_OS "linux"
#elif defined(__FreeBSD__)
#define WAITSPEC_OS "freebsd"
#elif defined(__NetBSD__)
#define WAITSPEC_OS "netbsd"
#elif defined(__OpenBSD__)
#define WAITSPEC_OS "openbsd"
#elif defined(__DragonFly__)
#define WAITSPEC_OS "dragonfly"
#elif defined(__APPLE__)
#define WAITSPEC_OS "macos"
#elif defined(__sun)
#define WAITSPEC_OS "illumos"
#else
#define WAITSPEC_OS "posix"
#endif
#endif

#ifndef WAITSPEC_ARCH
#if defined(__x86_64__)
#define WAITSPEC_ARCH "x86_64"
#elif defined(__i386__)
#define WAITSPEC_ARCH "x86"
#elif defined(__aarch64__)
#define WAITSPEC_ARCH "aarch64"
#elif defined(__arm__)
#define WAITSPEC_ARCH "arm"
#elif defined(__riscv)
#define WAITSPEC_ARCH "riscv64"
#elif defined(__s390x__)
#define WAITSPEC_ARCH "s390x"
#elif defined(__powerpc64__)
#define WAITSPEC_ARCH "powerpc64"
#elif defined(__mips__)
#define WAITSPEC_ARCH "mips64"
#else
#define WAITSPEC_ARCH "unknown"
#endif
#endif

/* Numbers that some headers for the same kernel lack. Each is part of the kernel's interface. */
#ifdef __linux__
#ifndef WCONTINUED
#define WCONTINUED 8
#endif
#ifndef WEXITED
#define WEXITED 4
#endif
#ifndef WSTOPPED
#define WSTOPPED 2
#endif
#ifndef WNOWAIT
#define WNOWAIT 0x01000000
#endif
#ifndef __WNOTHREAD
#define __WNOTHREAD 0x20000000
#endif
#ifndef __WALL
#define __WALL 0x40000000
#endif
#ifndef __WCLONE
#define __WCLONE 0x80000000
#endif
#ifndef SA_NOCLDWAIT
#define SA_NOCLDWAIT 2
#endif
#ifndef RUSAGE_THREAD
#define RUSAGE_THREAD 1
#endif
#ifndef PR_SET_PDEATHSIG
#define PR_SET_PDEATHSIG 1
#endif
#ifndef PR_SET_DUMPABLE
#define PR_SET_DUMPABLE 4
#endif
#ifndef PR_SET_CHILD_SUBREAPER
#define PR_SET_CHILD_SUBREAPER 36
#endif
#endif
#ifndef MAP_ANONYMOUS
#ifdef MAP_ANON
#define MAP_ANONYMOUS MAP_ANON
#endif
#endif
#ifndef CLD_EXITED
#define CLD_EXITED 1
#define CLD_KILLED 2
#define CLD_DUMPED 3
#define CLD_TRAPPED 4
#define CLD_STOPPED 5
#define CLD_CONTINUED 6
#endif
#ifndef O_CLOEXEC
#define O_CLOEXEC 0
#endif
#ifndef ENOTSUP
#define ENOTSUP EOPNOTSUPP
#endif

#if defined(__GNUC__) || defined(__TINYC__)
#define NORETURN __attribute__((noreturn))
#else
#define NORETURN
#endif

#define WAITSPEC_VERSION "0.1.0"
#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

#endif
