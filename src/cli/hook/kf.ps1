# Defines `kf` in PowerShell: it switches the AWS credentials of this shell. Printed by `keyfob hook powershell`; the file that
# $PROFILE names loads it with
#   keyfob hook powershell | Out-String | Invoke-Expression

# The profile and what was typed; an empty profile is what was there before.
if ($null -eq $global:__keyfob) {
    $global:__keyfob = @{ Current = @(''); Previous = $null; Restore = @{}; Kept = ''; Due = $null; Prompt = $null }
}

function global:__keyfob_apply($changes) {
    foreach ($name in $changes.Keys) {
        if ($null -eq $changes[$name]) {
            Remove-Item -ErrorAction SilentlyContinue -LiteralPath "Env:$name"
        } else {
            Set-Item -LiteralPath "Env:$name" -Value $changes[$name]
        }
    }
}

function global:__keyfob_table($json) {
    $table = @{}
    foreach ($property in $json.PSObject.Properties) { $table[$property.Name] = $property.Value }
    $table
}

function global:__keyfob_ask($step, $profileName, $words) {
    $kept = $global:__keyfob.Kept
    # Windows PowerShell drops an empty argument, so each goes behind `=`.
    $text = & (Get-Command -CommandType Application keyfob)[0] hook powershell "--step=$step" "--kept=$kept" "--profile=$profileName" -- @words
    if ($LASTEXITCODE -ne 0 -or -not $text) { return $null }
    $answer = $text | Out-String | ConvertFrom-Json
    __keyfob_apply (__keyfob_table $answer.change)
    $earlier = __keyfob_table $answer.restore
    foreach ($name in $earlier.Keys) { $global:__keyfob.Restore[$name] = $earlier[$name] }
    $global:__keyfob.Kept = $answer.kept
    $global:__keyfob.Due = $answer.due
    $answer.profile
}

function global:__keyfob_switch($profileName, $words) {
    $before = $global:__keyfob.Current
    $switched = __keyfob_ask switch $profileName $words
    if (-not $switched) { return }
    $global:__keyfob.Current = @($switched) + @($words)
    if ($before[0] -ne $switched) { $global:__keyfob.Previous = $before }
}

function global:__keyfob_off {
    $state = $global:__keyfob
    if ($state.Current[0] -eq '') {
        $text = & (Get-Command -CommandType Application keyfob)[0] env --unset --shell json
        if ($LASTEXITCODE -ne 0) { return }
        __keyfob_apply (__keyfob_table ($text | Out-String | ConvertFrom-Json))
    } else {
        __keyfob_apply $state.Restore
        $state.Previous = $state.Current
    }
    $state.Current = @('')
    $state.Restore = @{}
    $state.Kept = ''
    $state.Due = $null
}

function global:kf {
    param($ProfileName)
    $words = @($ProfileName | Where-Object { $null -ne $_ }) + @($args)
    $previous = $global:__keyfob.Previous
    if ($words.Count -ge 1 -and $words[0] -eq 'off') {
        __keyfob_off
    } elseif ($words.Count -ge 1 -and $words[0] -eq '-') {
        if ($null -eq $previous) {
            Write-Error 'kf: there is no previous profile'
        } elseif ($previous[0] -eq '') {
            __keyfob_off
            [Console]::Error.WriteLine('kf: no profile was in use before; restored what was there')
        } else {
            __keyfob_switch $previous[0] @($previous | Select-Object -Skip 1)
        }
    } elseif ($words.Count -ge 1 -and ($words[0] -eq '-h' -or $words[0] -eq '--help')) {
        & (Get-Command -CommandType Application keyfob)[0] help hook
    } else {
        __keyfob_switch '' $words
    }
}

Register-ArgumentCompleter -CommandName kf -ParameterName ProfileName -ScriptBlock {
    param($commandName, $parameterName, $wordToComplete)
    $answer = @(& (Get-Command -CommandType Application keyfob)[0] complete-words powershell 2 kf "$wordToComplete" 2>$null)
    if ($answer.Count -lt 2 -or $answer[0] -ne 'values') { return }
    foreach ($line in $answer[1..($answer.Count - 1)]) {
        $word, $about = $line -split "`t", 2
        if (-not $about) { $about = $word }
        [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $about)
    }
}

# Compares one time; a program is started only when the credentials are due.
if ($null -eq $global:__keyfob.Prompt) {
    $global:__keyfob.Prompt = $function:prompt
    function global:prompt {
        $ended = $global:LASTEXITCODE
        $state = $global:__keyfob
        if ($null -ne $state.Due) {
            $now = [DateTimeOffset]::UtcNow.ToUnixTimeSeconds()
            if ($now -ge $state.Due) {
                $state.Due = $now + 60
                $null = __keyfob_ask renew $state.Current[0] @($state.Current | Select-Object -Skip 1)
            }
        }
        $global:LASTEXITCODE = $ended
        & $global:__keyfob.Prompt
    }
}
