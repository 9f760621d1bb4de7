# Blåbær's own: production and test
$production_client_id = "11111111-2222-3333-4444-555555555555"
$production_certificate_thumbprint = 'AB CD EF 01 23 45 67 89 AB CD EF 01 23 45 67 89 AB CD EF 01'
$production_scopes = "altinn:serviceowner,altinn:events.publish"
$prod_consumer_org = "991825827"

$test_client_id = "blåbær"
$test_keystore_path = "$PSScriptRoot\certs\test.p12"
$test_keystore_password = "pa`$$word#hunter2" # worthless
$test_kid = 'it''s mine'
$test_scopes = "digdir:a, digdir:b"
$test_resource = "https://api.example.no/"
$test_audience = "https://ver2.maskinporten.no/"
$test_token_endpoint = "https://ver2.maskinporten.no/token"
