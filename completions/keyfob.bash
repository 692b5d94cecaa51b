# Completes keyfob's command line in bash. Printed by `keyfob completions bash`; bash-completion finds it as
# ~/.local/share/bash-completion/completions/keyfob, and ~/.bashrc may load it with
#   source <(keyfob completions bash)

_keyfob() {
    # The cursor is counted in bytes.
    local LC_ALL=C answer kind line
    COMPREPLY=()
    answer=$(command keyfob complete-words bash "${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null) || return 0
    {
        read -r kind
        while IFS= read -r line; do
            COMPREPLY+=("${line%%$'\t'*}")
        done
    } <<<"$answer"
    case $kind in
        values)
            # A value that goes on is not to be ended by a blank.
            if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
                compopt -o nospace 2>/dev/null
            fi
            ;;
        files) _keyfob_paths -f "$2" ;;
        folders) _keyfob_paths -d "$2" ;;
        command*) _keyfob_command "$2" ;;
    esac
    return 0
}

_keyfob_paths() {
    local line
    compopt -o filenames 2>/dev/null
    while IFS= read -r line; do
        COMPREPLY+=("$line")
    done < <(compgen "$1" -- "$2")
}

# What comes after `exec … --` is another program's command line.
_keyfob_command() {
    local at=1
    while ((at < COMP_CWORD)) && [[ ${COMP_WORDS[at]} != -- ]]; do ((at += 1)); done
    ((at += 1))
    if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "$at"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$at"
    elif ((at == COMP_CWORD)); then
        _keyfob_paths -c "$1"
    else
        _keyfob_paths -f "$1"
    fi
}

complete -F _keyfob keyfob
