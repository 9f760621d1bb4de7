
    $before = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition })
    $values = switch ("$($before | Select-Object -Last 1)") {
        '--profile' { maskinporten __profiles 2>$null }
        '--env' { ENVIRONMENTS }
    }
    if ($values) {
        return $values | Where-Object { $_ -like "$wordToComplete*" } |
            ForEach-Object { [CompletionResult]::new($_, $_, [CompletionResultType]::ParameterValue, $_) }
    }
