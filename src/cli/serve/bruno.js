// Adds an access token from `maskinporten serve` to every request: paste this as the collection's pre-request script.
// Optional Bruno variables: maskinporten_profile, maskinporten_scope, and maskinporten_secret if the server was
// started with a secret.
const server = "SERVER";

const fail = (why) => { throw new Error("no access token: " + why); };

// Bruno leaves the braces of an unknown variable as they are.
const variable = (name) => {
    const braces = "{{maskinporten_" + name + "}}";
    const value = bru.interpolate(braces);
    return value === braces ? "" : value;
};

const query = ["cache=true"];
for (const name of ["profile", "scope"]) {
    const value = variable(name);
    if (value) query.push(name + "=" + encodeURIComponent(value));
}
const secret = variable("secret");

let response;
try {
    response = await bru.sendRequest({
        method: "GET",
        url: server + "?" + query.join("&"),
        headers: secret ? { Authorization: "Bearer " + secret } : {},
        validateStatus: null, // a refusal is a response, too
    });
} catch {
    fail(server + " does not respond; start it with: maskinporten serve");
}
const body = response.data ?? {};
if (response.status !== 200 || !body.access_token) {
    const parts = [body.error, body.mp_code, body.error_description, body.meaning, body.remedy];
    fail(parts.filter(Boolean).join("; ") || server + " responded with HTTP " + response.status);
}
req.setHeader("Authorization", "Bearer " + body.access_token);
// Bruno would send the header to any other host after a redirect.
req.setMaxRedirects(0);
