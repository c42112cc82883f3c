#!/usr/bin/env ruby
# A handle agent for Ruby's Process.spawn and Process.detach, whose thread reaps the child and has its Process::Status.

DOCS = "https://docs.ruby-lang.org/en/#{RUBY_VERSION[/\d+\.\d+/]}"
STATUS = "#{DOCS}/Process/Status.html"
PROMISES = {
  "exit-code" => "#{STATUS}#method-i-exitstatus",
  "signal" => "#{STATUS}#method-i-termsig",
  "core" => "#{STATUS}#method-i-coredump-3F",
  "never-invented" => "#{STATUS}#class-Process::Status-label-Description",
  "no-zombie" => "#{DOCS}/Process.html#method-c-detach",
  "drop-reaps" => "#{DOCS}/Process.html#method-c-detach",
  "wait-blocks" => "#{DOCS}/Thread.html#method-i-join",
  "timeout-keeps" => "#{DOCS}/Thread.html#method-i-join",
  "kill-delivers" => "#{DOCS}/Process.html#method-c-kill",
  "child-starts" => "#{DOCS}/Process.html#method-c-spawn",
  "exec-fails" => "#{DOCS}/Process.html#method-c-spawn",
}.freeze
CAN = %w[poll timeout threads kill drop steal fork pipes sigaction core].freeze

$handles, $pids, $output = {}, {}, Mutex.new

def encode(value) = value.to_s.b.gsub(/[^!-~]|[%,=]/n) { format("%%%02X", $&.ord) }
def decode(text) = text.gsub(/%\h\h/) { $&[1..].hex.chr }

def send_line(word, fields)
  pairs = fields.map { |key, value| " #{key}=" + [*value].map { |v| encode(v) }.join(",") }
  $output.synchronize { $stdout.syswrite(word + pairs.join + "\n") }
end

def reply(request, fields = {}) = send_line("ok", { id: request["id"], **fields })

def signal_of(name) = Signal.list.fetch(name.delete_prefix("SIG"))

def result(request, thread)
  return reply(request, running: "yes") if thread.alive?
  status = thread.value
  return reply(request, unknown: "yes") if status.nil?
  return reply(request, code: status.exitstatus) if status.exited?
  # A real-time signal has no name.
  name = "SIG#{Signal.signame(status.termsig) || status.termsig}"
  reply(request, status.coredump? ? { signal: name, core: "yes" } : { signal: name })
end

def handle_of(request) = $handles.fetch(request["handle"])

def serve(request)
  argv = request["argv"].to_s.split(",").map { |word| decode(word) }
  case request["word"]
  when "spawn", "fork"
    read, write = IO.pipe if request["pipes"]
    pid = Process.spawn([argv[0], argv[0]], *argv[1..], in: "/dev/null", out: write || "/dev/null")
    write&.close
    $pids[request["id"]] = pid
    $handles[request["id"]] = Process.detach(pid) if request["word"] == "spawn"
    Thread.new { read.read } if read
    reply(request, pid: pid)
  when "poll" then result(request, handle_of(request))
  when "wait"
    thread = handle_of(request)
    ms = request["timeout"]
    ms ? thread.join(ms.to_i / 1000.0) : thread.join
    result(request, thread)
  when "kill"
    Process.kill(signal_of(request["sig"]), handle_of(request).pid)
    reply(request)
  when "drop"
    $handles.delete(request["handle"])
    reply(request)
  when "steal"
    _, status = Process.wait2($pids.fetch(request["handle"]))
    reply(request, word: status.to_i)
  when "sigaction"
    return send_line("unsupported", id: request["id"], why: "Ruby has no SA_NOCLDWAIT") if request["nocldwait"]
    action = { "default" => "SYSTEM_DEFAULT", "ignore" => "IGNORE", "count" => proc {} }.fetch(request["do"])
    trap(request["sig"].delete_prefix("SIG"), action)
    reply(request)
  else send_line("unsupported", id: request["id"], why: "no such request")
  end
rescue SystemCallError => e
  send_line("err", id: request["id"], errno: e.class.name.delete_prefix("Errno::"))
rescue KeyError, ArgumentError => e
  send_line("malformed", id: request["id"], why: e.message)
end

send_line("hello", protocol: 1, interface: "handle", name: "ruby-process", version: RUBY_VERSION, issues: "https://bugs.ruby-lang.org",
  os: RUBY_PLATFORM[/linux|darwin|freebsd|openbsd|netbsd/], libc: "system", arch: RUBY_PLATFORM[/^[^-]+/], pid: Process.pid,
  form: "code-or-signal", can: CAN, reaps: "eager", poll: "loop", promises: PROMISES.map { |name, address| "#{name}:#{address} #{RUBY_VERSION}" })
while (line = $stdin.gets)
  word, *pairs = line.split
  request = pairs.to_h { |pair| pair.split("=", 2) }.merge("word" => word)
  if word == "bye"
    reply(request)
    exit!(0)
  end
  word == "wait" ? Thread.new(request) { |wait| serve(wait) } : serve(request)
end
exit!(0)
