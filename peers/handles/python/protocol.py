"""The lines of a handle agent, for agents in Python: what is the same for every library.

`src/protocol/handle.rs` documents the protocol. An agent says what its library promises, and has one function for each request.
Where the library has no event loop, `serve` calls them.
"""

import errno
import os
import platform
import signal
import sys
import threading
import urllib.parse

OUTPUT = threading.Lock()
SAFE = "/:.,-_+()"


class Line:
    """A request: its word, and its fields by name."""

    def __init__(self, text):
        self.word, *pairs = text.split()
        self.fields = dict(pair.split("=", 1) for pair in pairs)
        self.id = self.number("id")

    def text(self, key):
        return urllib.parse.unquote(self.fields[key])

    def number(self, key):
        return int(self.fields[key]) if key in self.fields else None

    def list(self, key):
        return [urllib.parse.unquote(item) for item in self.fields[key].split(",")]

    def signal(self, key="sig"):
        return signal.Signals[self.text(key)]

    def timeout(self):
        ms = self.number("timeout")
        return None if ms is None else ms / 1000


def send(word, /, **fields):
    """Writes a line in one piece. A list is encoded item by item."""

    def encoded(value):
        if isinstance(value, (list, tuple)):
            return ",".join(urllib.parse.quote(str(item), safe=SAFE.replace(",", "")) for item in value)
        return urllib.parse.quote(str(value), safe=SAFE)

    line = " ".join([word, *(f"{key}={encoded(value)}" for key, value in fields.items())])
    with OUTPUT:
        os.write(1, (line + "\n").encode())


def hello(name, version, form, can, promises, **more):
    """The first line. `promises` says where each is promised: an address, to which the version is added."""
    send(
        "hello",
        protocol=1,
        interface="handle",
        name=name,
        version=version,
        issues="https://github.com/python/cpython/issues",
        os=platform.system().lower(),
        libc="-".join(platform.libc_ver()) or "unknown",
        arch=platform.machine(),
        pid=os.getpid(),
        form=form,
        can=can,
        promises=[f"{promise}:{address} {version}" for promise, address in promises.items()],
        **more,
    )


def failed(request, error):
    """An exception as a reply: an error of the system by its name."""
    if isinstance(error, KeyError):
        return send("malformed", id=request.id, why=f"no such handle, field or value: {error}")
    number = getattr(error, "errno", None) or errno.EIO
    send("err", id=request.id, errno=errno.errorcode.get(number, "EIO"))
    if not isinstance(error, OSError):
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)


def result(request, code):
    """A result in the form `negative`; None is that the child has not terminated."""
    send("ok", id=request.id, **({"running": "yes"} if code is None else {"code": code}))


def lines():
    """The requests, as they come; nothing reads ahead."""
    for text in iter(sys.stdin.buffer.readline, b""):
        yield Line(text.decode())


# What any agent in Python can do beside its library.

pids = {}


def steal(request):
    """Reaps a child by the raw call."""
    send("ok", id=request.id, word=os.waitpid(pids[request.number("handle")], 0)[1])


def fork(request):
    """Makes a child by the raw call."""
    null = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1)]
    argv = request.list("argv")
    pid = os.posix_spawnp(argv[0], argv, os.environ, file_actions=null)
    pids[request.id] = pid
    send("ok", id=request.id, pid=pid)


def sigaction(request):
    """Sets what is done on a signal."""
    if "nocldwait" in request.fields:
        return send("unsupported", id=request.id, why="Python has no SA_NOCLDWAIT")
    actions = {"default": signal.SIG_DFL, "ignore": signal.SIG_IGN, "count": lambda *_: None}
    signal.signal(request.signal(), actions[request.text("do")])
    send("ok", id=request.id)


def sigprocmask(request):
    """Changes the mask of the main thread."""
    how = {"block": signal.SIG_BLOCK, "unblock": signal.SIG_UNBLOCK}[request.text("how")]
    signal.pthread_sigmask(how, [request.signal()])
    send("ok", id=request.id)


# What is the same for every library without an event loop.

handles = {}


def spawned(request, handle, pid):
    """A new child, known by the id of the request."""
    handles[request.id] = handle
    pids[request.id] = pid
    send("ok", id=request.id, pid=pid)


def handle(request):
    """The handle that a request is about."""
    return handles[request.number("handle")]


def drop(request):
    del handles[request.number("handle")]
    send("ok", id=request.id)


def answer(function, request, errors):
    try:
        function(request)
    except errors as error:
        failed(request, error)


def serve(requests, errors):
    """Answers requests until `bye`. Each wait has a thread of its own, so that others are answered meanwhile."""
    requests = {"fork": fork, "drop": drop, "steal": steal, "sigaction": sigaction, "sigprocmask": sigprocmask, **requests}
    for request in lines():
        if request.word == "bye":
            send("ok", id=request.id)
            break
        function = requests.get(request.word)
        if function is None:
            send("unsupported", id=request.id, why="no such request")
        elif request.word == "wait":
            try:
                threading.Thread(target=answer, args=[function, request, errors], daemon=True).start()
            except RuntimeError as error:
                # Not the wait's own error.
                send("unsupported", id=request.id, why="the agent cannot start a thread: %s" % error)
        else:
            answer(function, request, errors)
    # What still waits is not waited for.
    os._exit(0)
