# Defines `kf` in fish: it switches the AWS credentials of this shell. Printed by `keyfob hook fish`;
# ~/.config/fish/config.fish loads it with
#   keyfob hook fish | source

function kf --description 'Switch the AWS credentials of this shell'
    switch "$argv[1]"
        case off
            __keyfob_off
        case -
            if not set -q __keyfob_previous[1]
                echo 'kf: there is no previous profile' >&2
                return 1
            else if test -z "$__keyfob_previous[1]"
                __keyfob_off
                and echo 'kf: no profile was in use before; restored what was there' >&2
            else
                __keyfob_switch $__keyfob_previous
            end
        case -h --help
            command keyfob help hook
        case '*'
            __keyfob_switch '' $argv
    end
end

# A profile, which may be empty, and what was typed.
function __keyfob_switch
    set -l before $__keyfob_current
    set -l lines (command keyfob hook fish --step switch --kept "$__keyfob_kept" --profile "$argv[1]" -- $argv[2..-1])
    or return
    string join \n -- $lines | source
    set -g __keyfob_current $__keyfob_profile $argv[2..-1]
    if test "$before[1]" != "$__keyfob_profile"
        set -g __keyfob_previous "$before[1]" $before[2..-1]
    end
    return 0
end

function __keyfob_off
    set -l lines (string split \n -- $__keyfob_restore)
    if test -z "$__keyfob_restore"
        set lines (command keyfob env --unset --shell fish)
        or return
    end
    string join \n -- $lines | source
    if test -n "$__keyfob_current[1]"
        set -g __keyfob_previous $__keyfob_current
    end
    set -e -g __keyfob_current
    set -e -g __keyfob_profile
    set -e -g __keyfob_restore
    set -e -g __keyfob_kept
    set -e -g __keyfob_due
    return 0
end

# fish has no clock, but it knows how old a file is; before 3.5 not even that.
if builtin -n | string match -q path
    function __keyfob_now
        math (path mtime /) + (path mtime --relative /)
    end
else
    function __keyfob_now
        command date +%s
    end
end

# Compares one time; a program is started only when the credentials are due.
function __keyfob_prompt --on-event fish_prompt
    test -n "$__keyfob_due"
    or return 0
    set -l now (__keyfob_now)
    if test $now -ge $__keyfob_due
        set -g __keyfob_due (math $now + 60)
        set -l lines (command keyfob hook fish --step renew --kept "$__keyfob_kept" --profile "$__keyfob_current[1]" -- \
            $__keyfob_current[2..-1])
        and string join \n -- $lines | source
    end
    return 0
end
