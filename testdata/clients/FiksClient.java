import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jwt.SignedJWT;
import java.io.FileInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import no.ks.fiks.maskinporten.AccessTokenRequest;
import no.ks.fiks.maskinporten.Maskinportenklient;
import no.ks.fiks.maskinporten.MaskinportenklientProperties;

/** Gets tokens with no.ks.fiks:maskinporten-client, by a certificate and by a registered key, and prints their claims. */
class FiksClient {
    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[1]);
        char[] password = Files.readString(folder.resolve("modern.password")).strip().toCharArray();
        KeyStore keystore = KeyStore.getInstance("PKCS12");
        try (var file = new FileInputStream(folder.resolve("modern.p12").toFile())) {
            keystore.load(file, password);
        }
        String alias = keystore.aliases().nextElement();
        var certified = new Maskinportenklient(keystore, alias, password, properties(args[0], args[2]));
        print(certified.getAccessToken("difitest:test1", "difitest:test2"));
        print(certified.getAccessTokenWithAudience("https://api.example/", "difitest:test1"));

        RSAKey key = RSAKey.parse(Files.readString(folder.resolve("registered-key.jwk.json")));
        var registered = Maskinportenklient.builder()
            .withPrivateKey(key.toPrivateKey())
            .usingAsymmetricKey(key.getKeyID())
            .withProperties(properties(args[0], args[3]))
            .build();
        print(registered.getDelegatedAccessToken(args[4], "simulator:delegated"));
        print(registered.getAccessToken(
            AccessTokenRequest.builder().scope("difitest:test1").pid("01017012345").build()));
    }

    static MaskinportenklientProperties properties(String issuer, String client) {
        return MaskinportenklientProperties.builder()
            .audience(issuer)
            .tokenEndpoint(issuer + "token")
            .issuer(client)
            .numberOfSecondsLeftBeforeExpire(10)
            .build();
    }

    static void print(String token) throws Exception {
        var claims = SignedJWT.parse(token).getJWTClaimsSet();
        System.out.printf("token: %s %s %s %s%n", claims.getStringClaim("scope"), claims.getAudience(),
            claims.getJSONObjectClaim("consumer").get("ID"), claims.getStringClaim("pid"));
    }
}
