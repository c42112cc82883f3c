#!/usr/bin/env php
<?php
// A handle agent for PHP's proc_open, proc_get_status, proc_terminate and proc_close. PHP has one thread: a wait is proc_close,
// and holds everything else up.

const DOCS = 'https://www.php.net/manual/en/function.';
const PROMISES = [
    'exit-code' => DOCS . 'proc-close.php',
    'never-invented' => DOCS . 'proc-close.php',
    'poll-running' => DOCS . 'proc-get-status.php',
    'wait-returns' => DOCS . 'proc-close.php',
    'kill-delivers' => DOCS . 'proc-terminate.php',
];

$handles = $results = $pipes = [];

function send(string $word, array $fields): void
{
    $text = fn($value) => implode(',', array_map(fn($v) => rawurlencode((string) $v), (array) $value));
    $pairs = array_map(fn($key, $value) => " $key=" . $text($value), array_keys($fields), $fields);
    fwrite(STDOUT, $word . implode('', $pairs) . "\n");
}

function spawn(array $request): void
{
    global $handles, $pipes;
    $argv = array_map('rawurldecode', explode(',', $request['argv']));
    $null = ['file', '/dev/null', 'r+'];
    $output = isset($request['pipes']) ? ['pipe', 'w'] : $null;
    $child = @proc_open($argv, [$null, $output, STDERR], $pipes[$request['id']]);
    if ($child === false) {
        send('err', ['id' => $request['id'], 'errno' => 'ENOENT']);
        return;
    }
    $handles[$request['id']] = $child;
    // It is asked for the pid, and has the exit code once only if the child has exited already.
    send('ok', ['id' => $request['id'], 'pid' => status($request['id'])['pid']]);
}

function status(string $handle): array
{
    global $handles, $results;
    $status = proc_get_status($handles[$handle]);
    if (!$status['running'] && !isset($results[$handle])) {
        $results[$handle] = $status['signaled'] ? $status['termsig'] : $status['exitcode'];
    }
    return $status;
}

/** What proc_get_status says, or what it or proc_close has said before. -1 is an error. */
function poll(array $request): void
{
    global $results;
    $handle = $request['handle'];
    if (!isset($results[$handle]) && status($handle)['running']) {
        send('ok', ['id' => $request['id'], 'running' => 'yes']);
    } elseif ($results[$handle] === -1) {
        send('err', ['id' => $request['id'], 'errno' => 'EIO']);
    } else {
        send('ok', ['id' => $request['id'], 'code' => $results[$handle]]);
    }
}

function wait(array $request): void
{
    global $handles, $results, $pipes;
    $handle = $request['handle'];
    if (!isset($results[$handle])) {
        array_map('fclose', $pipes[$handle]);
        $results[$handle] = proc_close($handles[$handle]);
    }
    poll($request);
}

send('hello', [
    'protocol' => 1, 'interface' => 'handle', 'name' => 'php-proc-open', 'version' => PHP_VERSION, 'issues' => 'https://github.com/php/php-src/issues',
    'os' => strtolower(PHP_OS_FAMILY), 'libc' => 'system', 'arch' => php_uname('m'), 'pid' => getmypid(), 'form' => 'code', 'can' => ['poll', 'kill', 'pipes'],
    'promises' => array_map(fn($name, $address) => "$name:$address PHP " . PHP_VERSION, array_keys(PROMISES), PROMISES),
]);
while (($line = fgets(STDIN)) !== false) {
    $words = explode(' ', trim($line));
    $request = [];
    foreach (array_slice($words, 1) as $pair) {
        [$key, $value] = explode('=', $pair, 2);
        $request[$key] = $value;
    }
    if (isset($request['handle']) && !isset($handles[$request['handle']])) {
        send('malformed', ['id' => $request['id'], 'why' => 'no such handle']);
        continue;
    }
    switch ($words[0]) {
        case 'spawn': spawn($request); break;
        case 'poll': poll($request); break;
        case 'wait': wait($request); break;
        case 'kill':
            $numbers = ['SIGHUP' => 1, 'SIGINT' => 2, 'SIGKILL' => 9, 'SIGUSR1' => 10, 'SIGTERM' => 15, 'SIGCONT' => 18, 'SIGSTOP' => 19];
            // A closed handle is no resource any more, and is not signalled.
            $open = is_resource($handles[$request['handle']]);
            $sent = $open && proc_terminate($handles[$request['handle']], $numbers[$request['sig']]);
            send($sent ? 'ok' : 'err', ['id' => $request['id']] + ($sent ? [] : ['errno' => 'ESRCH']));
            break;
        case 'bye': send('ok', ['id' => $request['id']]); exit(0);
        default: send('unsupported', ['id' => $request['id'], 'why' => 'no such request']);
    }
}
