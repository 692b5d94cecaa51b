# Completes keyfob's command line in elvish. Printed by `keyfob completions elvish`; add it to
# ~/.config/elvish/rc.elv, or load it there with
#   eval (keyfob completions elvish | slurp)

use str

set edit:completion:arg-completer[keyfob] = {|@words|
  var before = $words[..-1]
  # elvish compares values itself; what is typed decides only whether options are meant.
  var typed = ''
  if (str:has-prefix $words[-1] '-') { set typed = $words[-1] }
  var answer = [(try { e:keyfob complete-words elvish $@before $typed 2>/dev/null | from-lines } catch { })]
  if (> (count $answer) 0) {
    var kind = $answer[0]
    if (==s $kind values) {
      for line $answer[1..] {
        var word about = (str:split &max=2 "\t" $line)
        var display = $word
        if (not-eq $about '') { set display = $word' ('$about')' }
        var suffix = ' '
        if (str:has-suffix $word '=') { set suffix = '' }
        edit:complex-candidate $word &display=$display &code-suffix=$suffix
      }
    } elif (or (==s $kind files) (==s $kind folders)) {
      edit:complete-filename $@words
    } elif (str:has-prefix $kind 'command ') {
      var at = (- (num (str:trim-prefix $kind 'command ')) 1)
      edit:complete-sudo $@words[$at..]
    }
  }
}
