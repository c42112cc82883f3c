(* A handle agent for OCaml's Unix.create_process and Unix.waitpid of one child. A wait holds everything else up.
   ocamlopt -I +unix unix.cmxa agent.ml -o ocaml-agent *)

let docs = "ocaml.org/manual/latest/api/Unix.html"
let promises =
  [ "exit-code", "#TYPEprocess_status"; "signal", "#TYPEprocess_status"; "never-invented", "#TYPEprocess_status";
    "poll-running", "#TYPEwait_flag"; "poll-at-once", "#TYPEwait_flag"; "wait-blocks", "#VALwaitpid"; "wait-returns", "#VALwaitpid";
    "no-zombie", "#VALwaitpid"; "others-kept", "#VALwaitpid"; "strangers-kept", "#VALwaitpid" ]

let signals =
  [ "SIGHUP", Sys.sighup; "SIGINT", Sys.sigint; "SIGQUIT", Sys.sigquit; "SIGILL", Sys.sigill; "SIGTRAP", Sys.sigtrap; "SIGABRT", Sys.sigabrt;
    "SIGBUS", Sys.sigbus; "SIGFPE", Sys.sigfpe; "SIGKILL", Sys.sigkill; "SIGUSR1", Sys.sigusr1; "SIGSEGV", Sys.sigsegv; "SIGUSR2", Sys.sigusr2;
    "SIGPIPE", Sys.sigpipe; "SIGALRM", Sys.sigalrm; "SIGTERM", Sys.sigterm; "SIGXCPU", Sys.sigxcpu; "SIGXFSZ", Sys.sigxfsz;
    "SIGVTALRM", Sys.sigvtalrm; "SIGPROF", Sys.sigprof; "SIGSYS", Sys.sigsys; "SIGCHLD", Sys.sigchld;
    "SIGPOLL", Sys.sigpoll; "SIGSTOP", Sys.sigstop; "SIGCONT", Sys.sigcont ]

(* OCaml has numbers of its own for the signals that it knows. *)
let name_of number =
  match List.find_opt (fun (_, n) -> n = number) signals with Some (name, _) -> name | None -> Printf.sprintf "SIG%d" number

let encode text =
  let plain c = match c with 'a' .. 'z' | 'A' .. 'Z' | '0' .. '9' | '/' | '.' | ':' | '-' | '_' -> true | _ -> false in
  String.concat "" (List.map (fun c -> if plain c then String.make 1 c else Printf.sprintf "%%%02X" (Char.code c)) (List.of_seq (String.to_seq text)))

let decode text =
  let out = Buffer.create 64 in
  let rec go i =
    if i < String.length text then
      if text.[i] = '%' then (Buffer.add_char out (Char.chr (int_of_string ("0x" ^ String.sub text (i + 1) 2))); go (i + 3))
      else (Buffer.add_char out text.[i]; go (i + 1))
  in
  go 0; Buffer.contents out

(* The child, and its result once there is one: whoever has reaped it keeps that. *)
let handles : (string, int * Unix.process_status option ref) Hashtbl.t = Hashtbl.create 16
let send format = Printf.ksprintf print_endline format

let errno = function
  | Unix.ECHILD -> "ECHILD" | Unix.ENOENT -> "ENOENT" | Unix.EACCES -> "EACCES" | Unix.ESRCH -> "ESRCH" | Unix.EINTR -> "EINTR"
  | Unix.EAGAIN -> "EAGAIN" | Unix.EUNKNOWNERR n -> string_of_int n | _ -> "EIO"

let result id = function
  | None -> send "ok id=%s running=yes" id
  | Some (Unix.WEXITED code) -> send "ok id=%s code=%d" id code
  | Some (Unix.WSIGNALED number) -> send "ok id=%s signal=%s" id (name_of number)
  | Some (Unix.WSTOPPED _) -> send "ok id=%s unknown=yes" id

let ask id flags (pid, known) =
  if !known = None then begin
    let reaped, status = Unix.waitpid flags pid in
    if reaped = pid then known := Some status
  end;
  result id !known

let rec serve () =
  match String.split_on_char ' ' (input_line stdin) with
  | [] -> serve ()
  | word :: pairs ->
    let field key =
      List.find_map (fun pair -> let n = String.length key in
        if String.length pair > n && String.sub pair 0 (n + 1) = key ^ "=" then Some (String.sub pair (n + 1) (String.length pair - n - 1)) else None) pairs in
    let id = Option.value (field "id") ~default:"0" in
    (try
       match word, Option.map (Hashtbl.find_opt handles) (field "handle") with
       | _, Some None -> send "malformed id=%s why=no%%20such%%20handle" id
       | "spawn", _ ->
         let argv = Array.of_list (List.map decode (String.split_on_char ',' (Option.get (field "argv")))) in
         let null = Unix.openfile "/dev/null" [ Unix.O_RDWR; Unix.O_CLOEXEC ] 0 in
         let pid = Fun.protect ~finally:(fun () -> Unix.close null) (fun () -> Unix.create_process argv.(0) argv null null Unix.stderr) in
         Hashtbl.replace handles id (pid, ref None);
         send "ok id=%s pid=%d" id pid
       | "fork", _ ->
         let argv = Array.of_list (List.map decode (String.split_on_char ',' (Option.get (field "argv")))) in
         let null = Unix.openfile "/dev/null" [ Unix.O_RDWR; Unix.O_CLOEXEC ] 0 in
         let pid = Unix.create_process argv.(0) argv null null Unix.stderr in
         Unix.close null;
         Hashtbl.replace handles id (pid, ref None);
         send "ok id=%s pid=%d" id pid
       | "poll", Some (Some handle) -> ask id [ Unix.WNOHANG ] handle
       | "wait", Some (Some handle) -> ask id [] handle
       | "steal", Some (Some (pid, _)) ->
         (match Unix.waitpid [] pid with
          | _, Unix.WEXITED code -> send "ok id=%s word=0x%04x" id (code lsl 8)
          | _ -> send "ok id=%s word=0x0009" id)
       | "kill", Some (Some (pid, _)) ->
         Unix.kill pid (List.assoc (Option.get (field "sig")) signals);
         send "ok id=%s" id
       | "bye", _ -> send "ok id=%s" id; exit 0
       | _ -> send "unsupported id=%s why=no%%20such%%20request" id
     with Unix.Unix_error (error, _, _) -> send "err id=%s errno=%s" id (errno error));
    serve ()

let () =
  let source (name, place) = encode (Printf.sprintf "%s:%s%s OCaml %s" name docs place Sys.ocaml_version) in
  send "hello protocol=1 interface=handle name=ocaml-unix version=%s issues=https://github.com/ocaml/ocaml/issues os=linux libc=system arch=unknown pid=%d form=code-or-signal can=poll,kill,steal,fork promises=%s"
    (encode Sys.ocaml_version) (Unix.getpid ()) (String.concat "," (List.map source promises));
  try serve () with End_of_file -> ()
