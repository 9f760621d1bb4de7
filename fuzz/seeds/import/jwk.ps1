$env:MASKINPORTEN_JWK = '{"kty":"RSA","n":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","d":"hemmelighemmelighemmelighemmelighemmelighemmelighemmelighemmelighemmelighemmelighemmelighemmelighemmelighemmelighemmelighemmelighemmelighemmelighemmelighemmelig"}'
$client_id = "a"
$Env = "test"
