#!/usr/bin/env node
// A handle agent for Node's child_process.spawn: the event loop serves everything, and `exit` has the result.
"use strict";
const { spawn } = require("node:child_process");
const fs = require("node:fs");
const readline = require("node:readline");

const DOCS = "https://nodejs.org/docs/latest-v" + process.versions.node.split(".")[0] + ".x/api/child_process.html";
const PROMISES = {
  "exit-code": DOCS + "#event-exit",
  signal: DOCS + "#event-exit",
  "never-invented": DOCS + "#event-exit",
  stable: DOCS + "#subprocessexitcode",
  "poll-running": DOCS + "#subprocessexitcode",
  "wait-blocks": DOCS + "#event-exit",
  "wait-returns": DOCS + "#event-exit",
  "kill-spares": DOCS + "#subprocesskillsignal",
  "kill-delivers": DOCS + "#subprocesskillsignal",
  "kill-after-exit": DOCS + "#subprocesskillsignal",
  "exec-fails": DOCS + "#event-error",
};
const CAN = ["poll", "timeout", "threads", "kill", "drop", "pipes", "sigaction"];

const handles = new Map();

const encode = (value) => String(value).replace(/[^!-~]|[%,=]/g, (c) => "%" + c.charCodeAt(0).toString(16).padStart(2, "0"));
const send = (word, fields) => {
  const pairs = Object.entries(fields).map(([key, value]) => ` ${key}=${[value].flat().map(encode).join(",")}`);
  fs.writeSync(1, word + pairs.join("") + "\n");
};

const result = (id, child) => {
  if (child.signalCode !== null) return send("ok", { id, signal: child.signalCode });
  if (child.exitCode !== null) return send("ok", { id, code: child.exitCode });
  send("ok", { id, running: "yes" });
};

const serve = {
  spawn({ id, argv, pipes }) {
    const [program, ...rest] = argv.split(",").map(decodeURIComponent);
    const child = spawn(program, rest, { stdio: ["ignore", pipes ? "pipe" : "ignore", "inherit"] });
    child.once("error", (error) => send("err", { id, errno: error.code }));
    child.once("spawn", () => {
      handles.set(id, child);
      send("ok", { id, pid: child.pid });
    });
  },
  poll: ({ id, child }) => result(id, child),
  wait({ id, child, timeout }) {
    if (child.exitCode !== null || child.signalCode !== null) return result(id, child);
    // A timer of more milliseconds than 31 bits hold would be one of 1.
    const timer = timeout === undefined ? undefined : setTimeout(over, Math.min(Number(timeout), 2 ** 31 - 1));
    function over() {
      clearTimeout(timer);
      child.off("exit", over);
      result(id, child);
    }
    child.on("exit", over);
  },
  kill({ id, child, sig }) {
    // Whether a signal was sent is what it returns.
    send(...(child.kill(sig) ? ["ok", { id }] : ["err", { id, errno: "ESRCH" }]));
  },
  drop({ id, handle }) {
    handles.delete(handle);
    send("ok", { id });
  },
  sigaction({ id, sig, do: action, nocldwait }) {
    if (nocldwait || action === "ignore") return send("unsupported", { id, why: "Node ignores no signal" });
    process.removeAllListeners(sig);
    if (action === "count") process.on(sig, () => {});
    send("ok", { id });
  },
  bye({ id }) {
    send("ok", { id });
    process.exit(0);
  },
};

send("hello", {
  protocol: 1, interface: "handle", name: "node-child-process", version: process.versions.node, issues: "https://github.com/nodejs/node/issues",
  os: process.platform, libc: "system", arch: process.arch, pid: process.pid, form: "code-or-signal", can: CAN, reaps: "eager", poll: "loop",
  promises: Object.entries(PROMISES).map(([name, address]) => `${name}:${address} ${process.versions.node}`),
});
readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const [word, ...pairs] = line.split(" ");
  const request = Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));
  if (!Object.hasOwn(serve, word)) return send("unsupported", { id: request.id, why: "no such request" });
  if (request.handle !== undefined) {
    request.child = handles.get(request.handle);
    if (!request.child) return send("malformed", { id: request.id, why: "no such handle" });
  }
  serve[word](request);
}).on("close", () => process.exit(0));
