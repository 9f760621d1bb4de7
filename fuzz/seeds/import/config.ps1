#
# Defaults. Copy this file to config.local.ps1 and change that one.
#

# --------- PRODUCTION -----------
# Thumbprint of the certificate (Cert:\LocalMachine\My)
$production_certificate_thumbprint = ""

# CurrentUser in place of LocalMachine
$production_use_current_user_store_location = "true"

# Or a keystore
#set production_keystore_path=

#set production_keystore_password=

#set production_jwk_path=

#set production_kid=

$production_client_id = ""

$production_resource = ""

# Comma between scopes, no blanks
$production_scopes = ""

$production_audience = "https://maskinporten.no/"
# For ID-porten: set production_audience=https://oidc.difi.no/idporten-oidc-provider/

$production_token_endpoint = "https://maskinporten.no/token"

$production_authorize_endpoint = "https://login.idporten.no/authorize"

$production_person_mode = "false"

$production_consumer_org = ""

# --------- TEST -----------
$test_certificate_thumbprint = ""
#set test_use_current_user_store_location=true
#set test_keystore_path=
#set test_keystore_password=
#set test_jwk_path=
#set test_kid=
$test_client_id = ""
$test_resource = ""
$test_scopes = ""
$test_audience = "https://test.maskinporten.no/"
$test_token_endpoint = "https://test.maskinporten.no/token"
$test_authorize_endpoint = "https://login.test.idporten.no/authorize"
$test_person_mode = "false"
$test_consumer_org = ""

# The former test environment:
# set test_audience=https://ver2.maskinporten.no/
# set test_token_endpoint=https://ver2.maskinporten.no/token

# --------- DEV -----------
$dev_certificate_thumbprint = ""
#set dev_use_current_user_store_location=true
$dev_client_id = ""
$dev_resource = ""
$dev_scopes = ""
$dev_audience = "https://maskinporten.dev/"
$dev_token_endpoint = "https://maskinporten.dev/token"
$dev_authorize_endpoint = "https://login.idporten.dev/authorize"
$dev_person_mode = "false"
$dev_consumer_org = ""
