// Adds an access token from `maskinporten serve` to every request: paste this as the collection's pre-request script.
// Optional Postman variables: maskinporten_profile, maskinporten_scope, and maskinporten_secret if the server was
// started with a secret.
const server = "SERVER";

const fail = (why) => {
    console.error("no access token: " + why);
    pm.test("access token from maskinporten serve", () => { throw new Error(why); });
    pm.execution.skipRequest();
};

const query = ["cache=true"];
for (const name of ["profile", "scope"]) {
    const value = pm.variables.get("maskinporten_" + name);
    if (value) query.push(name + "=" + encodeURIComponent(value));
}
const secret = pm.variables.get("maskinporten_secret");

pm.sendRequest({
    url: server + "?" + query.join("&"),
    header: secret ? { Authorization: "Bearer " + secret } : {},
}, (error, response) => {
    if (error) return fail(server + " does not respond; start it with: maskinporten serve");
    let body = {};
    try { body = response.json() ?? {}; } catch { /* reported below */ }
    if (response.code !== 200 || !body.access_token) {
        const parts = [body.error, body.mp_code, body.error_description, body.meaning, body.remedy];
        return fail(parts.filter(Boolean).join("; ") || server + " responded with HTTP " + response.code);
    }
    // For this request only: as its header, and as {{BearerToken}} for the Authorization tab.
    pm.variables.set("BearerToken", body.access_token);
    pm.request.headers.upsert({ key: "Authorization", value: "Bearer " + body.access_token });
});
