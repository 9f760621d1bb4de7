@echo off
:: Defaults. Copy to config.local.cmd.
set production_certificate_thumbprint=
::set production_keystore_path=
set production_audience=https://maskinporten.no/
set production_token_endpoint=https://maskinporten.no/token

set certs=%USERPROFILE%\certs
set test_keystore_path=%certs%\test.p12
set test_keystore_password=%KEYSTORE_PASSWORD%
set "test_client_id=client with blanks"
set test_scopes="altinn:serviceowner"
rem set test_kid=abc
set test_audience=https://ver2.maskinporten.no/
set test_token_endpoint=https://ver2.maskinporten.no/token
set test_authorize_endpoint=https://oidc-ver2.difi.no/idporten-oidc-provider/authorize
set test_person_mode=false
set dev_client_id = blank
set dev_scopes=a & echo hunter2
call other.cmd
