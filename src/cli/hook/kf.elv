# Defines `kf` in elvish: it switches the AWS credentials of this shell. Printed by `keyfob hook elvish`;
# ~/.config/elvish/rc.elv loads it with
#   eval (keyfob hook elvish | slurp)

use path
use str

# The profile and what was typed; an empty profile is what was there before.
var keyfob-current = ['']
var keyfob-previous = []
var keyfob-restore = [&]
var keyfob-kept = ''
var keyfob-due = $nil

fn keyfob-apply {|changes|
  for name [(keys $changes)] {
    if (eq $changes[$name] $nil) { unset-env $name } else { set-env $name $changes[$name] }
  }
}

fn keyfob-take {|answer|
  keyfob-apply $answer[change]
  for name [(keys $answer[restore])] { set keyfob-restore[$name] = $answer[restore][$name] }
  set keyfob-kept = $answer[kept]
  set keyfob-due = $answer[due]
}

fn keyfob-switch {|profile @words|
  var answer = (e:keyfob hook elvish --step switch --kept $keyfob-kept --profile $profile -- $@words | from-json)
  keyfob-take $answer
  if (not-eq $keyfob-current[0] $answer[profile]) { set keyfob-previous = $keyfob-current }
  set keyfob-current = [$answer[profile] $@words]
}

fn keyfob-off {
  if (eq $keyfob-current[0] '') {
    keyfob-apply (e:keyfob env --unset --shell json | from-json)
  } else {
    keyfob-apply $keyfob-restore
    set keyfob-previous = $keyfob-current
  }
  set keyfob-current = ['']
  set keyfob-restore = [&]
  set keyfob-kept = ''
  set keyfob-due = $nil
}

fn kf {|@words|
  if (eq $words [off]) {
    keyfob-off
  } elif (eq $words [-]) {
    if (eq $keyfob-previous []) {
      fail 'kf: there is no previous profile'
    } elif (eq $keyfob-previous[0] '') {
      keyfob-off
      echo 'kf: no profile was in use before; restored what was there' >&2
    } else {
      keyfob-switch $@keyfob-previous
    }
  } elif (or (eq $words [-h]) (eq $words [--help])) {
    e:keyfob help hook
  } else {
    keyfob-switch '' $@words
  }
}

# elvish has no clock. On Linux the kernel says in a file how long it has been running; elsewhere `date` is run.
var keyfob-started = $nil
if (path:is-regular /proc/uptime) {
  for line [(from-lines < /proc/stat)] {
    if (str:has-prefix $line 'btime ') { set keyfob-started = (num (str:trim-prefix $line 'btime ')) }
  }
}

fn keyfob-now {
  if (eq $keyfob-started $nil) {
    num (e:date +%s)
  } else {
    + $keyfob-started (num [(str:split ' ' (slurp < /proc/uptime))][0])
  }
}

# Compares one time; a program is started only when the credentials are due.
fn keyfob-prompt {
  if (eq $keyfob-due $nil) { return }
  var now = (keyfob-now)
  if (< $now $keyfob-due) { return }
  set keyfob-due = (+ $now 60)
  try {
    var profile @words = $@keyfob-current
    keyfob-take (e:keyfob hook elvish --step renew --kept $keyfob-kept --profile $profile -- $@words | from-json)
  } catch { }
}

set edit:before-readline = [$@edit:before-readline $keyfob-prompt~]
edit:add-var kf~ $kf~
