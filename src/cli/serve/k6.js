// Access tokens from `maskinporten serve` for k6: save this as maskinporten.js beside your script, and write there
//     import { headers } from "./maskinporten.js";
//     export default () => { http.get("https://api.example.no/", { headers: headers() }); };
// Optional variables (k6 run -e NAME=VALUE): maskinporten_profile, maskinporten_scope, and maskinporten_secret if the
// server was started with a secret.
import exec from "k6/execution";
import http from "k6/http";

const server = "SERVER";

// Every virtual user has these to itself.
let token = "";
let renewAt = 0;

/** Returns the headers of a request with an access token; ends the test if there is none. */
export function headers() {
    if (Date.now() >= renewAt) renew();
    return { Authorization: "Bearer " + token };
}

function renew() {
    const query = ["cache=true"];
    for (const name of ["profile", "scope"]) {
        const value = __ENV["maskinporten_" + name];
        if (value) query.push(name + "=" + encodeURIComponent(value));
    }
    const secret = __ENV.maskinporten_secret;
    const response = http.get(server + "?" + query.join("&"), {
        headers: secret ? { Authorization: "Bearer " + secret } : {},
        tags: { name: "maskinporten serve" }, // so that the results of your own requests can be told from these
    });
    if (response.status === 0) fail(server + " does not respond; start it with: maskinporten serve");
    /** @type {any} */
    let body = {};
    try { body = response.json() ?? {}; } catch { /* reported below */ }
    if (response.status !== 200 || !body.access_token) {
        const parts = [body.error, body.mp_code, body.error_description, body.meaning, body.remedy];
        fail(parts.filter(Boolean).join("; ") || server + " responded with HTTP " + response.status);
    }
    token = body.access_token;
    // The server, too, renews a token half a minute before it expires.
    renewAt = Date.now() + (body.expires_in - Number(response.headers.Age || 0) - 30) * 1000;
}

function fail(why) {
    exec.test.abort("no access token: " + why);
}
