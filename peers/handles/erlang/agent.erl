%% A handle agent for Erlang's ports: open_port({spawn_executable, ...}) with exit_status. Each port has a process that owns it.
%% erlc agent.erl; erl -noinput -pa . -s agent main
-module(agent).
-export([main/0]).

promises() ->
    Docs = "www.erlang.org/doc/apps/erts/erlang.html#open_port/2",
    [{Name, Docs} || Name <- ["exit-code", "signal", "never-invented", "wait-blocks", "wait-returns", "exec-fails"]].

encode(Text) -> uri_string:quote(Text).
decode(Text) -> uri_string:unquote(Text).

send(Format, Args) -> port_command(whereis(streams), [io_lib:format(Format, Args), "\n"]).

main() ->
    register(streams, open_port({fd, 0, 1}, [{line, 65536}, binary, eof])),
    Release = erlang:system_info(otp_release),
    Sources = lists:join(",", [encode(Name ++ ":" ++ Address ++ " OTP " ++ Release) || {Name, Address} <- promises()]),
    send("hello protocol=1 interface=handle name=erlang-port version=~s issues=https://github.com/erlang/otp/issues os=linux libc=system "
         "arch=unknown pid=~s form=shell can=poll,timeout,threads,drop,pipes reaps=eager poll=loop promises=~s", [Release, os:getpid(), Sources]),
    loop(whereis(streams), #{}).

loop(Streams, Handles) ->
    receive
        {Streams, {data, {eol, Line}}} ->
            [Word | Pairs] = string:lexemes(binary_to_list(Line), " "),
            Request = maps:from_list([list_to_tuple(string:split(Pair, "=")) || Pair <- Pairs]),
            Owner = maps:get(maps:get("handle", Request, none), Handles, none),
            loop(Streams, serve(Word, maps:get("id", Request), Request, Owner, Handles));
        {Streams, eof} -> halt(0)
    end.

serve(_, Id, #{"handle" := _}, none, Handles) ->
    send("malformed id=~s why=no%20such%20handle", [Id]),
    Handles;
serve("spawn", Id, Request, _, Handles) ->
    Self = self(),
    Argv = [decode(Word) || Word <- string:split(maps:get("argv", Request), ",", all)],
    spawn(fun() -> own(Self, Argv) end),
    receive
        {made, Owner, Pid} -> send("ok id=~s pid=~b", [Id, Pid]), Handles#{Id => Owner};
        {failed, enoent} -> send("err id=~s errno=ENOENT", [Id]), Handles;
        {failed, _} -> send("err id=~s errno=EIO", [Id]), Handles
    end;
serve("poll", Id, _, Owner, Handles) -> Owner ! {poll, Id}, Handles;
serve("wait", Id, Request, Owner, Handles) ->
    Owner ! {wait, Id},
    case Request of
        #{"timeout" := Ms} -> erlang:send_after(list_to_integer(Ms), Owner, {over, Id});
        _ -> none
    end,
    Handles;
serve("drop", Id, #{"handle" := Handle}, Owner, Handles) ->
    Owner ! {drop, Id},
    maps:remove(Handle, Handles);
serve("bye", Id, _, _, _) ->
    send("ok id=~s", [Id]),
    %% What was sent is written before the port is closed.
    halt(0);
serve(_, Id, _, _, Handles) -> send("unsupported id=~s why=no%20such%20request", [Id]), Handles.

%% A port's standard input and output are pipes of the port; what comes there is passed over.
own(Parent, [Program | Args]) ->
    File = case os:find_executable(Program) of false -> Program; Found -> Found end,
    try open_port({spawn_executable, File}, [{args, Args}, exit_status, binary]) of
        Port ->
            {os_pid, Pid} = erlang:port_info(Port, os_pid),
            Parent ! {made, self(), Pid},
            watch(Port, running, [])
    catch
        error:Why -> Parent ! {failed, Why}
    end.

watch(Port, Result, Waiting) ->
    receive
        {Port, {data, _}} -> watch(Port, Result, Waiting);
        {Port, {exit_status, Code}} ->
            Exited = io_lib:format("code=~b", [Code]),
            [send("ok id=~s ~s", [Id, Exited]) || Id <- Waiting],
            watch(Port, Exited, []);
        {poll, Id} when Result =:= running -> send("ok id=~s running=yes", [Id]), watch(Port, Result, Waiting);
        {poll, Id} -> send("ok id=~s ~s", [Id, Result]), watch(Port, Result, Waiting);
        {wait, Id} when Result =:= running -> watch(Port, Result, [Id | Waiting]);
        {wait, Id} -> send("ok id=~s ~s", [Id, Result]), watch(Port, Result, Waiting);
        {over, Id} ->
            [send("ok id=~s running=yes", [Id]) || lists:member(Id, Waiting)],
            watch(Port, Result, lists:delete(Id, Waiting));
        {drop, Id} -> catch port_close(Port), send("ok id=~s", [Id])
    end.
