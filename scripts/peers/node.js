// A token with jose, for scripts/bench: KEY.pem X5C CLIENT_ID SCOPE ISSUER.
const { randomUUID } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { SignJWT, importPKCS8 } = require('jose');

const [keyFile, x5c, clientId, scope, issuer] = process.argv.slice(2);

async function main() {
  const key = await importPKCS8(readFileSync(keyFile, 'utf8'), 'RS256');
  const assertion = await new SignJWT({ scope })
    .setProtectedHeader({ alg: 'RS256', x5c: [x5c] })
    .setAudience(issuer)
    .setIssuer(clientId)
    .setIssuedAt()
    .setExpirationTime('120s')
    .setJti(randomUUID())
    .sign(key);
  const body = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion });
  const answer = await fetch(`${issuer}token`, { method: 'POST', body });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  console.log((await answer.json()).access_token);
}

main();
