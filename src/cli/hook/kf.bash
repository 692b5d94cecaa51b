# Defines `kf` in bash: it switches the AWS credentials of this shell. Printed by `keyfob hook bash`; ~/.bashrc loads it with
#   eval "$(keyfob hook bash)"

kf() {
    case ${1-} in
        off) __keyfob_off ;;
        -)
            if [[ -z ${__keyfob_previous+set} ]]; then
                echo 'kf: there is no previous profile' >&2
                return 1
            elif [[ -z ${__keyfob_previous[0]} ]]; then
                __keyfob_off && echo 'kf: no profile was in use before; restored what was there' >&2
            else
                __keyfob_switch "${__keyfob_previous[@]}"
            fi
            ;;
        -h | --help) command keyfob help hook ;;
        *) __keyfob_switch '' "$@" ;;
    esac
}

# A profile, which may be empty, and what was typed.
__keyfob_switch() {
    local lines before=("${__keyfob_current[@]-}")
    lines=$(command keyfob hook bash --step switch --kept "${__keyfob_kept-}" --profile "$1" -- "${@:2}") || return
    eval "$lines"
    __keyfob_current=("$__keyfob_profile" "${@:2}")
    [[ ${before[0]} == "$__keyfob_profile" ]] || __keyfob_previous=("${before[@]}")
}

__keyfob_off() {
    local lines=${__keyfob_restore-}
    if [[ -z $lines ]]; then
        lines=$(command keyfob env --unset --shell bash) || return
    fi
    eval "$lines"
    [[ -z ${__keyfob_current[0]-} ]] || __keyfob_previous=("${__keyfob_current[@]}")
    unset __keyfob_current __keyfob_profile __keyfob_restore __keyfob_kept __keyfob_due
}

# Compares one time; a program is started only when the credentials are due.
__keyfob_prompt() {
    local ended=$? now lines
    if [[ -n ${__keyfob_due-} ]]; then
        now=${EPOCHSECONDS:-$((SECONDS + ${__keyfob_started:-0}))}
        if ((now >= __keyfob_due)); then
            __keyfob_due=$((now + 60))
            lines=$(command keyfob hook bash --step renew --kept "${__keyfob_kept-}" --profile "${__keyfob_current[0]}" -- \
                "${__keyfob_current[@]:1}") && eval "$lines"
        fi
    fi
    # What is prompted for next may look at the last command's end, but in a shell that ends with the first failure.
    [[ $- == *e* ]] || return "$ended"
}

# bash before 5 has no clock, but counts seconds.
[[ -n ${EPOCHSECONDS-} ]] || __keyfob_started=$(($(date +%s) - SECONDS))

if [[ ${PROMPT_COMMAND[*]-} != *__keyfob_prompt* ]]; then
    if [[ $(declare -p PROMPT_COMMAND 2>/dev/null) == 'declare -a'* ]]; then
        PROMPT_COMMAND=(__keyfob_prompt "${PROMPT_COMMAND[@]}")
    else
        PROMPT_COMMAND=__keyfob_prompt${PROMPT_COMMAND:+$'\n'$PROMPT_COMMAND}
    fi
fi
