#!/usr/bin/env tclsh
# A handle agent for Tcl's pipelines: `open |...`, and `close`, whose errorCode has the result. A wait holds everything else up.

set version [info patchlevel]
set docs "www.tcl-lang.org/man/tcl[info tclversion]/TclCmd"
set promises [list \
    exit-code $docs/tclvars.htm signal $docs/tclvars.htm never-invented $docs/tclvars.htm \
    wait-blocks $docs/close.htm wait-returns $docs/close.htm exec-fails $docs/open.htm]

proc encode {text} { string map {% %25 " " %20 , %2C = %3D} $text }
proc decode {text} { encoding convertfrom utf-8 [subst -nocommands -novariables [regsub -all {%([0-9A-Fa-f]{2})} [string map {\\ \\\\} $text] {\\x\1}]] }
proc send {word args} {
    foreach {key value} $args { append word " $key=$value" }
    puts $word
    flush stdout
}

proc spawn {id request} {
    set command {}
    foreach word [split [dict get $request argv] ,] { lappend command [decode $word] }
    # A pipe on one side is needed: of its output, or else of its input.
    set pipes [dict exists $request pipes]
    set redirected [expr {$pipes ? {< /dev/null 2>@stderr} : {> /dev/null 2>@stderr}}]
    if {[catch {open "|[concat $command $redirected]" [expr {$pipes ? "r" : "w"}]} channel options]} {
        set code [dict get $options -errorcode]
        return [send err id $id errno [expr {[lindex $code 0] eq "POSIX" ? [lindex $code 1] : "EIO"}]]
    }
    set ::handles($id) $channel
    send ok id $id pid [pid $channel]
}

# `close` waits, and fails with what became of the child; it can be called once.
proc wait {id request} {
    set handle [dict get $request handle]
    if {![info exists ::results($handle)]} {
        catch { read $::handles($handle) }
        set ::results($handle) {code 0}
        if {[catch {close $::handles($handle)} text options]} {
            set code [dict get $options -errorcode]
            switch [lindex $code 0] {
                CHILDSTATUS { set ::results($handle) [list code [lindex $code 2]] }
                CHILDKILLED {
                    set name [lindex $code 2]
                    set ::results($handle) [expr {[string match SIG* $name] ? [list signal $name] : {unknown yes}}]
                }
                POSIX { set ::results($handle) [list errno [lindex $code 1]] }
                default { set ::results($handle) {unknown yes} }
            }
        }
    }
    set result $::results($handle)
    send [expr {[lindex $result 0] eq "errno" ? "err" : "ok"}] id $id {*}$result
}

set sources {}
foreach {promise address} $promises { lappend sources [encode "$promise:$address Tcl $version"] }
send hello protocol 1 interface handle name tcl-open version $version issues https://core.tcl-lang.org/tcl/reportlist os [string tolower $tcl_platform(os)] \
    libc system arch $tcl_platform(machine) pid [pid] form code-or-signal can pipes promises [join $sources ,]
while {[gets stdin line] >= 0} {
    set word [lindex [split $line] 0]
    set request [dict create]
    foreach pair [lrange [split $line] 1 end] {
        set equals [string first = $pair]
        dict set request [string range $pair 0 $equals-1] [string range $pair $equals+1 end]
    }
    set id [dict get $request id]
    if {[dict exists $request handle] && ![info exists handles([dict get $request handle])]} {
        send malformed id $id why no%20such%20handle
        continue
    }
    switch $word {
        spawn { spawn $id $request }
        wait { wait $id $request }
        bye { send ok id $id; exit 0 }
        default { send unsupported id $id why no%20such%20request }
    }
}
