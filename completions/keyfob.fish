# Completes keyfob's command line in fish. Printed by `keyfob completions fish`; save it as
# ~/.config/fish/completions/keyfob.fish

function __keyfob_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    # fish compares values itself; what is typed decides only whether options are meant.
    set -l typed $current
    string match -q -- '-*' "$current"; or set typed ''
    set -l answer (command keyfob complete-words fish $words "$typed" 2>/dev/null)
    switch "$answer[1]"
        case values
            test (count $answer) -gt 1; and string trim --right --chars \t -- $answer[2..-1]
        case files
            set -l option (string match -r -- '^--[a-z-]+=' $current)
            for path in (__fish_complete_path (string replace -- "$option" '' $current))
                echo -- $option$path
            end
        case folders
            __fish_complete_directories $current ''
        case 'command *'
            # The number counts from 0, fish from 1.
            set -l at (math (string replace 'command ' '' $answer[1]) + 1)
            complete -C (string join ' ' -- (string escape -- $words[$at..-1]) "$current")
    end
end

complete -c keyfob -e
complete -c keyfob -f -k -a '(__keyfob_complete)'
