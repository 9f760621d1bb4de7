$MASKINPORTEN_CLIENT_JWK = '{"kty":"RSA","d":"hemmelig0001hemmelig0001hemmelig0001hemmelig0001hemmelig0001hemmelig0001hemmelig0001hemmelig0001"}'
$client_id = "a"
$Env = "test"
