# Defines `kf` in zsh: it switches the AWS credentials of this shell. Printed by `keyfob hook zsh`; ~/.zshrc loads it, after
# compinit, with
#   eval "$(keyfob hook zsh)"

kf() {
    emulate -L zsh
    case ${1-} in
        off) __keyfob_off ;;
        -)
            if (( ! ${+__keyfob_previous} )); then
                echo 'kf: there is no previous profile' >&2
                return 1
            elif [[ -z $__keyfob_previous[1] ]]; then
                __keyfob_off && echo 'kf: no profile was in use before; restored what was there' >&2
            else
                __keyfob_switch "${(@)__keyfob_previous}"
            fi
            ;;
        -h | --help) command keyfob help hook ;;
        *) __keyfob_switch '' "$@" ;;
    esac
}

# A profile, which may be empty, and what was typed.
__keyfob_switch() {
    emulate -L zsh
    local lines
    local -a before=("${(@)__keyfob_current}")
    lines=$(command keyfob hook zsh --step switch --kept "$__keyfob_kept" --profile "$1" -- "${(@)argv[2,-1]}") || return
    eval "$lines"
    __keyfob_current=("$__keyfob_profile" "${(@)argv[2,-1]}")
    [[ "$before[1]" == "$__keyfob_profile" ]] || __keyfob_previous=("$before[1]" "${(@)before[2,-1]}")
}

__keyfob_off() {
    emulate -L zsh
    local lines=$__keyfob_restore
    if [[ -z $lines ]]; then
        lines=$(command keyfob env --unset --shell zsh) || return
    fi
    eval "$lines"
    [[ -z "$__keyfob_current[1]" ]] || __keyfob_previous=("${(@)__keyfob_current}")
    unset __keyfob_current __keyfob_profile __keyfob_restore __keyfob_kept __keyfob_due
}

# Compares one time; a program is started only when the credentials are due.
__keyfob_prompt() {
    emulate -L zsh
    local lines
    if [[ -n $__keyfob_due ]] && (( EPOCHSECONDS >= __keyfob_due )); then
        __keyfob_due=$(( EPOCHSECONDS + 60 ))
        lines=$(command keyfob hook zsh --step renew --kept "$__keyfob_kept" --profile "$__keyfob_current[1]" -- \
            "${(@)__keyfob_current[2,-1]}") && eval "$lines"
    fi
    return 0
}

zmodload zsh/datetime
autoload -Uz add-zsh-hook
add-zsh-hook precmd __keyfob_prompt
