# Completes keyfob's command line in nushell (0.108 or newer). Printed by `keyfob completions nu`; save it with
#   keyfob completions nu | save -f ($nu.user-autoload-dirs.0 | path join keyfob.nu)

def "nu-complete keyfob" [spans: list<string>] {
    let answer = try { ^keyfob complete-words nu ...$spans err> /dev/null | lines } catch { [] }
    match ($answer | get -o 0) {
        "values" => {
            $answer | skip 1 | split column -n 2 "\t" value description | each {|line|
                if ($line.description | is-empty) { {value: $line.value} } else { $line }
            }
        }
        # nushell then offers files; it has no way to complete another command's line that older ones know.
        "files" | "folders" => null
        $kind if ($kind | default "" | str starts-with "command ") => null
        _ => []
    }
}

@complete "nu-complete keyfob"
export extern keyfob [...words: string]
