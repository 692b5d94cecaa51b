# Completes keyfob's command line in PowerShell. Printed by `keyfob completions powershell`; add it to the file that
# $PROFILE names, or load it there with
#   keyfob completions powershell | Out-String | Invoke-Expression

Register-ArgumentCompleter -Native -CommandName keyfob -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $words = @(
        foreach ($element in $commandAst.CommandElements) {
            if ($element.Extent.StartOffset -ge $cursorPosition) { continue }
            if ($element -is [System.Management.Automation.Language.StringConstantExpressionAst]) {
                $element.Value
            } else {
                $element.Extent.Text
            }
        }
    )
    # Windows PowerShell drops an empty argument, so keyfob is told how many there are.
    $count = $words.Count
    if ($wordToComplete -eq '') { $count += 1 }

    $answer = @(& keyfob complete-words powershell $count @words 2>$null)
    if ($answer.Count -lt 2 -or $answer[0] -ne 'values') { return }
    foreach ($line in $answer[1..($answer.Count - 1)]) {
        $word, $about = $line -split "`t", 2
        if (-not $about) { $about = $word }
        [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $about)
    }
}
