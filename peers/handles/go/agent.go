// A handle agent for Go's os/exec: Cmd.Start, Cmd.Wait and Process.Signal.
//
// Wait may be called once: a goroutine calls it for each child, and whoever waits here waits for that goroutine.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

var version = strings.TrimPrefix(runtime.Version(), "go")

var promises = map[string]string{
	"exit-code":          "pkg.go.dev/os#ProcessState.ExitCode",
	"signal":             "pkg.go.dev/syscall#WaitStatus.Signal",
	"core":               "pkg.go.dev/syscall#WaitStatus.CoreDump",
	"usage":              "pkg.go.dev/os#ProcessState.SysUsage",
	"never-invented":     "pkg.go.dev/os#Process.Wait",
	"wait-blocks":        "pkg.go.dev/os/exec#Cmd.Wait",
	"wait-returns":       "pkg.go.dev/os/exec#Cmd.Wait",
	"stop-is-no-exit":    "pkg.go.dev/os#Process.Wait",
	"releases":           "pkg.go.dev/os/exec#Cmd.Wait",
	"no-zombie":          "pkg.go.dev/os#Process.Wait",
	"signal-during-wait": "pkg.go.dev/os/signal#Notify",
	"kill-spares":        "pkg.go.dev/os#Process.Kill",
	"kill-delivers":      "pkg.go.dev/os#Process.Signal",
	"kill-after-exit":    "pkg.go.dev/os#ErrProcessDone",
	"exec-fails":         "pkg.go.dev/os/exec#Cmd.Start",
}

type handle struct {
	command *exec.Cmd
	done    chan struct{}
	err     error
}

var (
	output  sync.Mutex
	handles = map[string]*handle{}
	pids    = map[string]int{}
)

func send(word string, fields ...string) {
	output.Lock()
	defer output.Unlock()
	fmt.Println(strings.Join(append([]string{word}, fields...), " "))
}

func encode(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

func name(err error) string {
	var number syscall.Errno
	switch {
	case errors.Is(err, os.ErrProcessDone):
		return "ESRCH"
	case errors.Is(err, exec.ErrNotFound):
		return "ENOENT"
	case errors.As(err, &number):
		return strconv.Itoa(int(number))
	}
	return "EIO"
}

func number(name string) syscall.Signal {
	for n, known := range signals {
		if known == name {
			return n
		}
	}
	return 0
}

// A real-time signal has no name.
func signalName(number syscall.Signal) string {
	if name, known := signals[number]; known {
		return name
	}
	return "SIG" + strconv.Itoa(int(number))
}

var signals = map[syscall.Signal]string{
	syscall.SIGHUP: "SIGHUP", syscall.SIGINT: "SIGINT", syscall.SIGQUIT: "SIGQUIT", syscall.SIGILL: "SIGILL", syscall.SIGTRAP: "SIGTRAP",
	syscall.SIGSTOP: "SIGSTOP", syscall.SIGCONT: "SIGCONT",
	syscall.SIGABRT: "SIGABRT", syscall.SIGBUS: "SIGBUS", syscall.SIGFPE: "SIGFPE", syscall.SIGKILL: "SIGKILL", syscall.SIGUSR1: "SIGUSR1",
	syscall.SIGSEGV: "SIGSEGV", syscall.SIGUSR2: "SIGUSR2", syscall.SIGPIPE: "SIGPIPE", syscall.SIGALRM: "SIGALRM", syscall.SIGTERM: "SIGTERM",
	syscall.SIGXCPU: "SIGXCPU", syscall.SIGXFSZ: "SIGXFSZ", syscall.SIGVTALRM: "SIGVTALRM", syscall.SIGPROF: "SIGPROF", syscall.SIGSYS: "SIGSYS",
	syscall.SIGCHLD: "SIGCHLD",
}

// What Cmd.Wait left in ProcessState, or its error.
func result(id string, h *handle) {
	state := h.command.ProcessState
	if state == nil {
		send("err", id, "errno="+name(h.err))
		return
	}
	status := state.Sys().(syscall.WaitStatus)
	usage := state.SysUsage().(*syscall.Rusage)
	shown := []string{id, "code=" + strconv.Itoa(state.ExitCode())}
	if status.Signaled() {
		shown[1] = "signal=" + signalName(status.Signal())
		if status.CoreDump() {
			shown = append(shown, "core=yes")
		}
	}
	send("ok", append(shown, fmt.Sprintf("ru_utime_us=%d ru_stime_us=%d ru_maxrss=%d",
		state.UserTime().Microseconds(), state.SystemTime().Microseconds(), usage.Maxrss))...)
}

func spawn(id string, request map[string]string) {
	var argv []string
	for _, word := range strings.Split(request["argv"], ",") {
		word, _ = url.PathUnescape(word)
		argv = append(argv, word)
	}
	command := exec.Command(argv[0], argv[1:]...)
	command.Stderr = os.Stderr
	if request["pipes"] != "" {
		command.Stdout = &bytes.Buffer{}
	}
	if err := command.Start(); err != nil {
		send("err", id, "errno="+name(err))
		return
	}
	h := &handle{command: command, done: make(chan struct{})}
	handles[request["id"]], pids[request["id"]] = h, command.Process.Pid
	go func() {
		h.err = command.Wait()
		close(h.done)
	}()
	send("ok", id, "pid="+strconv.Itoa(command.Process.Pid))
}

func wait(id string, h *handle, timeout string) {
	var over <-chan time.Time
	if timeout != "" {
		ms, _ := strconv.Atoi(timeout)
		over = time.After(time.Duration(ms) * time.Millisecond)
	}
	select {
	case <-h.done:
		result(id, h)
	case <-over:
		send("ok", id, "running=yes")
	}
}

func main() {
	sources := []string{}
	for promise, address := range promises {
		sources = append(sources, encode(promise+":"+address+" go "+version))
	}
	sort.Strings(sources)
	send("hello", "protocol=1 interface=handle name=go-os-exec", "version="+encode(version),
		"issues=https://github.com/golang/go/issues", "os="+runtime.GOOS, "libc=none", "arch="+runtime.GOARCH,
		"pid="+strconv.Itoa(os.Getpid()), "form=code-or-signal",
		"can=timeout,threads,kill,steal,pipes,sigaction,usage,core reaps=eager poll=loop", "promises="+strings.Join(sources, ","))
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		request := map[string]string{}
		for _, pair := range words[1:] {
			key, value, _ := strings.Cut(pair, "=")
			request[key] = value
		}
		id := "id=" + request["id"]
		h := handles[request["handle"]]
		if request["handle"] != "" && h == nil {
			send("malformed", id, "why=no%20such%20handle")
			continue
		}
		switch words[0] {
		case "spawn":
			spawn(id, request)
		case "wait":
			go wait(id, h, request["timeout"])
		case "kill":
			if err := h.command.Process.Signal(number(request["sig"])); err != nil {
				send("err", id, "errno="+name(err))
				continue
			}
			send("ok", id)
		case "steal":
			var status syscall.WaitStatus
			if _, err := syscall.Wait4(pids[request["handle"]], &status, 0, nil); err != nil {
				send("err", id, "errno="+name(err))
				continue
			}
			send("ok", id, fmt.Sprintf("word=%#04x", uint32(status)))
		case "sigaction":
			sig := number(request["sig"])
			switch {
			case request["nocldwait"] != "":
				send("unsupported", id, "why=Go%20has%20no%20SA_NOCLDWAIT")
				continue
			case request["do"] == "ignore":
				signal.Ignore(sig)
			case request["do"] == "count":
				signal.Notify(make(chan os.Signal, 100), sig)
			default:
				signal.Reset(sig)
			}
			send("ok", id)
		case "bye":
			send("ok", id)
			return
		default:
			send("unsupported", id, "why=no%20such%20request")
		}
	}
}
