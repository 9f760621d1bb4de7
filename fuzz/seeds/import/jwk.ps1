$env:MASKINPORTEN_JWK = '{"kty":"RSA","n":"A1bA1bA1bA1bA1bA1bA1bA1bA1bA1bA1bA1bA1bA1bA1bA1bA1bA1bA1bA1b","d":"hemmelig0001hemmelig0001hemmelig0001hemmelig0001hemmelig0001hemmelig0001hemmelig0001hemmelig0001"}'
$client_id = "a"
$Env = "test"
