# Defines `kf` in nushell (0.108 or newer): it switches the AWS credentials of this shell. Printed by `keyfob hook nu`; save it with
#   keyfob hook nu | save -f ($nu.user-autoload-dirs.0 | path join kf.nu)

# The profile and what was typed; an empty profile is what was there before. No program gets this: it is not text.
$env.__keyfob = {current: [""], previous: null, restore: {}, kept: "", due: null}

def --env __keyfob_apply [changes: record] {
    let changes = $changes | transpose name value
    hide-env --ignore-errors ...($changes | where value == null | get name)
    load-env ($changes | where value != null | reduce --fold {} {|it, all| $all | insert $it.name $it.value })
}

def --env __keyfob_take [answer: record] {
    __keyfob_apply $answer.change
    $env.__keyfob = ($env.__keyfob
        | update restore ($env.__keyfob.restore | merge $answer.restore)
        | update kept $answer.kept
        | update due $answer.due)
}

def --env __keyfob_switch [profile: string, words: list<string>] {
    let before = $env.__keyfob.current
    let answer = (^keyfob hook nu --step switch --kept $env.__keyfob.kept --profile $profile -- ...$words | from json)
    __keyfob_take $answer
    $env.__keyfob = ($env.__keyfob | update current ([$answer.profile] ++ $words))
    if $before.0 != $answer.profile {
        $env.__keyfob = ($env.__keyfob | update previous $before)
    }
}

def --env __keyfob_off [] {
    let before = $env.__keyfob
    if $before.current.0 == "" {
        __keyfob_apply (^keyfob env --unset --shell json | from json)
    } else {
        __keyfob_apply $before.restore
    }
    let previous = if $before.current.0 == "" { $before.previous } else { $before.current }
    $env.__keyfob = {current: [""], previous: $previous, restore: {}, kept: "", due: null}
}

def "nu-complete kf" [spans: list<string>] {
    let answer = try { ^keyfob complete-words nu ...$spans err> /dev/null | lines } catch { [] }
    if ($answer | get -o 0) != "values" { return [] }
    $answer | skip 1 | split column -n 2 "\t" value description | each {|line|
        if ($line.description | is-empty) { {value: $line.value} } else { $line }
    }
}

# Switch the AWS credentials of this shell.
@complete "nu-complete kf"
def --env --wrapped kf [...words: string] {
    let first = $words | get -o 0 | default ""
    if $first == "off" {
        __keyfob_off
    } else if $first == "-" {
        let previous = $env.__keyfob.previous
        if $previous == null {
            error make {msg: "kf: there is no previous profile"}
        } else if $previous.0 == "" {
            __keyfob_off
            print --stderr "kf: no profile was in use before; restored what was there"
        } else {
            __keyfob_switch $previous.0 ($previous | skip 1)
        }
    } else if $first in ["-h" "--help"] {
        ^keyfob help hook
    } else {
        __keyfob_switch "" $words
    }
}

# Compares one time; a program is started only when the credentials are due.
def --env __keyfob_prompt [] {
    let due = $env.__keyfob.due
    if $due == null { return }
    let now = (date now | into int) // 1_000_000_000
    if $now < $due { return }
    $env.__keyfob = ($env.__keyfob | update due ($now + 60))
    let current = $env.__keyfob.current
    let answer = try {
        ^keyfob hook nu --step renew --kept $env.__keyfob.kept --profile $current.0 -- ...($current | skip 1) | from json
    } catch { null }
    if $answer != null { __keyfob_take $answer }
}

$env.config.hooks.pre_prompt = ($env.config.hooks.pre_prompt? | default [] | append {|| __keyfob_prompt })
