/*
 * How NetBSD 10.99.12 differs from POSIX or its own manual, one numbered check each:
 *
 *   cc -o netbsd-wait netbsd-wait.c && ./netbsd-wait
 *
 * It also builds on other systems; 4 and 5 need wait6(2).
 */
#ifdef __linux__
#define _GNU_SOURCE
#endif
#include <sys/types.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t alarms, children;

static void on_alarm(int sig) { (void)sig; alarms++; }
static void on_child(int sig) { (void)sig; children++; }

static void catch(int sig, void (*handler)(int), int flags)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof sa);
	sa.sa_handler = handler;
	sa.sa_flags = flags;
	sigaction(sig, &sa, NULL);
}

static void say(int number, int deviates, const char *what)
{
	printf("%d %s: %s\n", number, deviates ? "deviates" : "conforms", what);
}

static pid_t idle(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

/* Sends a signal to a process after a second: from a grandchild, since the exit of a child would wake the caller. */
static void later(pid_t whom, int sig)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (fork() == 0) {
			sleep(1);
			kill(whom, sig);
		}
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		;
}

/* A call that may sleep forever is interrupted after three seconds. */
static pid_t bounded(pid_t pid, int *status, int options)
{
	pid_t got;

	catch(SIGALRM, on_alarm, 0);
	alarm(3);
	got = waitpid(pid, status, options);
	alarm(0);
	return got;
}

static void continue_wakes(void)
{
	pid_t child = idle();
	int status;

	kill(child, SIGSTOP);
	waitpid(child, &status, WUNTRACED);
	later(child, SIGCONT);
	say(1, bounded(child, &status, WCONTINUED) == -1, "a continue wakes a wait with WCONTINUED");
	end(child);
}

static void nocldstop(void)
{
	pid_t child = idle();
	int status;

	children = 0;
	catch(SIGCHLD, on_child, SA_NOCLDSTOP | SA_RESTART);
	kill(child, SIGSTOP);
	waitpid(child, &status, WUNTRACED);
	kill(child, SIGCONT);
	waitpid(child, &status, WCONTINUED);
	say(2, children != 0, "SA_NOCLDSTOP silences the SIGCHLD of a continue");
	catch(SIGCHLD, SIG_DFL, 0);
	end(child);
}

static void ignored(void)
{
	pid_t child, other;
	int status;

	child = idle();
	other = idle();
	later(child, SIGKILL);
	catch(SIGCHLD, SIG_IGN, 0);
	say(3, bounded(child, &status, 0) == -1 && errno == EINTR,
	    "with SIGCHLD ignored, a wait for one child returns when that child is gone");
	kill(child, SIGKILL);
	kill(other, SIGKILL);
	while (wait(NULL) != -1 || errno == EINTR)
		;
	catch(SIGCHLD, SIG_DFL, 0);
}

#if defined(__NetBSD__) || defined(__FreeBSD__) || defined(__DragonFly__)
#ifdef __NetBSD__
#define wrusage_t struct wrusage
#else
#define wrusage_t struct __wrusage
#endif
static void usage_split(void)
{
	wrusage_t usage;
	pid_t child = fork();
	int status;
	long own, below;

	if (child == 0) {
		pid_t burner = fork();

		if (burner == 0) {
			clock_t until = clock() + CLOCKS_PER_SEC / 2;

			while (clock() < until)
				;
			_exit(0);
		}
		waitpid(burner, &status, 0);
		_exit(0);
	}
	wait6(P_PID, child, &status, WEXITED, &usage, NULL);
	own = usage.wru_self.ru_utime.tv_sec * 1000000L + usage.wru_self.ru_utime.tv_usec;
	below = usage.wru_children.ru_utime.tv_sec * 1000000L + usage.wru_children.ru_utime.tv_usec;
	say(4, own >= below, "wru_self excludes the child's own children");
}

static void siginfo_of_nothing(void)
{
	pid_t child = idle();
	siginfo_t info;
	int status;

	memset(&info, 0, sizeof info);
	wait6(P_PID, child, &status, WEXITED | WNOHANG, NULL, &info);
	say(5, info.si_signo != 0 || info.si_pid != 0, "wait6 with WNOHANG and nothing to report zeroes the siginfo");
	end(child);
}
#else
static void usage_split(void) { puts("4 not tried: no wait6"); }
static void siginfo_of_nothing(void) { puts("5 not tried: no wait6"); }
#endif

static void bad_idtype(void)
{
	pid_t child = idle();
	siginfo_t info;
	int result = waitid((idtype_t)1000, (id_t)child, &info, WEXITED | WNOHANG);

	say(6, result != -1 || errno != EINVAL, "waitid with an undefined idtype fails with EINVAL");
	end(child);
}

static void pending(void)
{
	sigset_t set, now;
	pid_t child;
	int status;

	catch(SIGCHLD, on_child, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	child = fork();
	if (child == 0)
		_exit(7);
	waitpid(child, &status, 0);
	sigpending(&now);
	say(7, sigismember(&now, SIGCHLD), "a blocked SIGCHLD is no longer pending after the only child was reaped");
	catch(SIGCHLD, SIG_IGN, 0);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	catch(SIGCHLD, SIG_DFL, 0);
}

static void tcsetpgrp_from_background(void)
{
	pid_t leader = fork();
	int status;

	if (leader == 0) {
		int master, terminal;
		pid_t job;

		setsid();
		master = posix_openpt(O_RDWR | O_NOCTTY);
		grantpt(master);
		unlockpt(master);
		terminal = open(ptsname(master), O_RDWR);
		ioctl(terminal, TIOCSCTTY, 0);
		job = fork();
		if (job == 0) {
			setpgid(0, 0);
			tcsetpgrp(terminal, getpgrp());
			_exit(0);
		}
		waitpid(job, &status, WUNTRACED);
		say(8, !WIFSTOPPED(status), "tcsetpgrp from a background group stops the caller with SIGTTOU");
		fflush(stdout);
		kill(job, SIGKILL);
		signal(SIGHUP, SIG_IGN);
		_exit(0);
	}
	waitpid(leader, &status, 0);
}

int main(void)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	continue_wakes();
	nocldstop();
	ignored();
	usage_split();
	siginfo_of_nothing();
	bad_idtype();
	pending();
	tcsetpgrp_from_background();
	return 0;
}
