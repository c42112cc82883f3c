// A handle agent for Java's ProcessBuilder and Process. Each wait has a thread of its own.

import java.io.*;
import java.net.*;
import java.nio.charset.StandardCharsets;
import java.util.*;
import java.util.concurrent.*;

public class Agent {
    static final String DOCS = "docs.oracle.com/en/java/javase/" + Runtime.version().feature() + "/docs/api/java.base/java/lang/";
    static final Map<String, String> PROMISES = new TreeMap<>(Map.ofEntries(
        Map.entry("exit-code", DOCS + "Process.html#exitValue()"),
        Map.entry("never-invented", DOCS + "Process.html#exitValue()"),
        Map.entry("stable", DOCS + "Process.html#exitValue()"),
        Map.entry("poll-running", DOCS + "Process.html#isAlive()"),
        Map.entry("wait-blocks", DOCS + "Process.html#waitFor()"),
        Map.entry("wait-returns", DOCS + "Process.html#waitFor()"),
        Map.entry("two-waiters", DOCS + "Process.html#waitFor()"),
        Map.entry("timeout-passes", DOCS + "Process.html#waitFor(long,java.util.concurrent.TimeUnit)"),
        Map.entry("timeout-keeps", DOCS + "Process.html#waitFor(long,java.util.concurrent.TimeUnit)"),
        Map.entry("drop-keeps", DOCS + "Process.html"),
        Map.entry("kill-delivers", DOCS + "Process.html#destroy()"),
        Map.entry("kill-after-exit", DOCS + "Process.html#destroy()"),
        Map.entry("exec-fails", DOCS + "ProcessBuilder.html#start()")));

    static final Map<String, Process> handles = new ConcurrentHashMap<>();
    static final PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);

    static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    static synchronized void send(String... words) {
        out.println(String.join(" ", words));
    }

    static void result(String id, Process child) {
        send("ok", id, child.isAlive() ? "running=yes" : "code=" + child.exitValue());
    }

    static void spawn(String id, Map<String, String> request) throws IOException {
        List<String> argv = new ArrayList<>();
        for (String word : request.get("argv").split(",")) argv.add(URLDecoder.decode(word.replace("+", "%2B"), StandardCharsets.UTF_8));
        ProcessBuilder builder = new ProcessBuilder(argv).redirectInput(new File("/dev/null")).redirectError(ProcessBuilder.Redirect.INHERIT);
        if (!request.containsKey("pipes")) builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
        Process child = builder.start();
        handles.put(request.get("id"), child);
        send("ok", id, "pid=" + child.pid());
    }

    static void serve(String word, Map<String, String> request) {
        String id = "id=" + request.get("id");
        Process child = request.containsKey("handle") ? handles.get(request.get("handle")) : null;
        if (request.containsKey("handle") && child == null) {
            send("malformed", id, "why=no%20such%20handle");
            return;
        }
        try {
            switch (word) {
                case "spawn" -> spawn(id, request);
                case "poll" -> result(id, child);
                case "wait" -> {
                    if (request.containsKey("timeout")) child.waitFor(Long.parseLong(request.get("timeout")), TimeUnit.MILLISECONDS);
                    else child.waitFor();
                    result(id, child);
                }
                case "kill" -> {
                    switch (request.get("sig")) {
                        case "SIGTERM" -> child.destroy();
                        case "SIGKILL" -> child.destroyForcibly();
                        default -> {
                            send("unsupported", id, "why=Java%20sends%20SIGTERM%20and%20SIGKILL%20only");
                            return;
                        }
                    }
                    send("ok", id);
                }
                case "drop" -> {
                    handles.remove(request.get("handle"));
                    send("ok", id);
                }
                default -> send("unsupported", id, "why=no%20such%20request");
            }
        } catch (IOException | InterruptedException error) {
            // `Cannot run program ...: error=2, No such file or directory`
            String text = String.valueOf(error.getMessage());
            send("err", id, "errno=" + (text.matches("(?s).*error=\\d+.*") ? text.replaceAll("(?s).*error=(\\d+).*", "$1") : "EIO"));
        }
    }

    public static void main(String[] args) throws IOException {
        String version = Runtime.version().toString();
        List<String> promises = new ArrayList<>();
        for (Map.Entry<String, String> promise : PROMISES.entrySet())
            promises.add(encode(promise.getKey() + ":" + promise.getValue() + " Java " + version));
        send("hello protocol=1 interface=handle name=java-process", "version=" + encode(version), "issues=https://bugs.openjdk.org",
            "os=" + System.getProperty("os.name").toLowerCase(), "libc=system", "arch=" + System.getProperty("os.arch"),
            "pid=" + ProcessHandle.current().pid(), "form=shell can=poll,timeout,threads,kill,drop,pipes reaps=eager poll=loop",
            "promises=" + String.join(",", promises));
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = in.readLine()) != null; ) {
            String[] words = line.split(" ");
            Map<String, String> request = new HashMap<>();
            for (String pair : Arrays.asList(words).subList(1, words.length)) {
                String[] both = pair.split("=", 2);
                request.put(both[0], both[1]);
            }
            if (words[0].equals("bye")) {
                send("ok", "id=" + request.get("id"));
                break;
            }
            // No lambda: the first one of a JVM takes longer than all the rest of the agent.
            if (words[0].equals("wait")) new Thread() {
                @Override
                public void run() {
                    serve("wait", request);
                }
            }.start();
            else serve(words[0], request);
        }
        Runtime.getRuntime().halt(0);
    }
}
