// Gives every request an access token from `maskinporten serve`: paste this as the collection's pre-request script.
// Variables of Postman's, each optional: maskinporten_profile, maskinporten_scope, and maskinporten_secret when the
// server was started with a secret.
const server = "SERVER";

const failed = (why) => {
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
    if (error) return failed(server + " does not answer; start it with: maskinporten serve");
    let answer = {};
    try { answer = response.json(); } catch { /* told below */ }
    if (response.code !== 200 || !answer.access_token) {
        const told = [answer.error, answer.mp_code, answer.error_description, answer.meaning, answer.remedy];
        return failed(told.filter(Boolean).join("; ") || server + " answered with HTTP " + response.code);
    }
    // For this request alone, and kept nowhere: as its header, and as {{BearerToken}} for the Authorization tab.
    pm.variables.set("BearerToken", answer.access_token);
    pm.request.headers.upsert({ key: "Authorization", value: "Bearer " + answer.access_token });
});
