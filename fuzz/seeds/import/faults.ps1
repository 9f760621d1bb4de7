#$test_kid=
$test_client_id = "client"
$test_scopes = a,b
#set test_jwk_path=key.json
<# $test_resource = "in a comment"
#>
$test_resource = ""https://api.example.no/""
$test_consumer_org = $env:CONSUMER
$test_keystore_path = Join-Path $HOME "a.p12"
$test_keystore_password = "hunter2$nothing"
$test_scope = "one"
$test_audience = @"
https://test.maskinporten.no/
"@
if ($env:CI) {
  $test_token_endpoint = "https://ci.example.no/token"
}
$unused = "x"
Write-Host "hunter2"
$dev_client_id =
$dev_scopes = "unclosed
$dev_kid = hunter2
