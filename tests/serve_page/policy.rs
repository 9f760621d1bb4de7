//! The page's policy (Content Security Policy Level 3): the browser stops anything that is injected.

use serde_json::json;

use super::showing;
use crate::{browser::Setup, local::Local, serve::Serve};

#[test]
fn injected_content_runs_nothing_loads_nothing_and_sends_nothing() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    let browser = showing(&served, &Setup::default());
    assert_eq!(browser.console(), Vec::<String>::new());

    let came_through = browser.run(&format!(
        "const elsewhere = {};
         const result = [];
         document.addEventListener('securitypolicyviolation', (violation) => result.push(violation.effectiveDirective));
         const added = (name, members) => document.body.appendChild(Object.assign(document.createElement(name), members));
         added('script', {{ textContent: 'window.taken = true' }});
         added('script', {{ src: `${{elsewhere}}a.js` }});
         added('style', {{ textContent: 'h1 {{ color: rgb(1, 2, 3) }}' }});
         added('img', {{ src: `${{elsewhere}}a.png` }});
         added('iframe', {{ src: '/' }});
         added('base', {{ href: elsewhere }});
         added('form', {{ action: elsewhere, method: 'post' }}).submit();
         const sent = await fetch(elsewhere, {{ mode: 'no-cors' }}).then(() => true, () => false);
         // Violations are reported later; seven kinds are expected.
         for (let tries = 0; new Set(result).size < 7 && tries < 200; tries++)
             await new Promise((done) => setTimeout(done, 50));
         const colour = getComputedStyle(document.querySelector('h1')).color;
         return [sent, window.taken ?? null, colour === 'rgb(1, 2, 3)', [...new Set(result)].sort()];",
        json!(local.issuer())
    ));

    let stopped =
        ["base-uri", "connect-src", "form-action", "frame-src", "img-src", "script-src-elem", "style-src-elem"];
    assert_eq!(came_through, json!([false, null, false, stopped]));
    assert!(!local.log().contains("a.png") && !local.log().contains("a.js"), "{}", local.log());
}
