//! Refresh tokens, sessions, introspection, revocation and logout.

use super::*;
use crate::simulator::tests::running::Running;

#[test]
fn a_refresh_token_works_once_and_its_reuse_revokes_the_session() {
    let running = Running::start(|_| ());
    let tokens = running.tokens();
    let first = text(&tokens, "refresh_token");
    let second = running.refresh(first).body;
    assert_ne!(text(&second, "refresh_token"), first);
    assert_eq!(second["refresh_token_expires_in"], 600);

    let reused = running.refresh(first);

    assert_eq!((reused.status, reused.error()), (400, "invalid_grant"));
    assert!(reused.text.contains("session is revoked"), "{}", reused.text);
    assert_eq!(running.refresh(text(&second, "refresh_token")).error(), "invalid_grant");
    assert_eq!(running.userinfo(text(&second, "access_token")).status, 401);
}

#[test]
fn refreshing_ends_with_the_refresh_token_or_with_the_authorization() {
    let (running, clock) = with_clock();
    let mut token = text(&running.tokens(), "refresh_token").to_owned();
    // 7200 seconds are 12 times 600, of which the last is cut short.
    for round in 1..13 {
        clock.advance(599);
        let answer = running.refresh(&token);
        assert_eq!(answer.status, 200, "{round}: {}", answer.text);
        token = text(&answer.body, "refresh_token").to_owned();
        let left = 7200 - 599 * round;
        assert_eq!(answer.body["refresh_token_expires_in"], left.min(600), "{round}");
    }
    clock.advance(12);
    assert_eq!(running.refresh(&token).error(), "invalid_grant");

    let token = text(&running.tokens(), "refresh_token").to_owned();
    clock.advance(600);
    assert_eq!(running.refresh(&token).error(), "invalid_grant");
}

#[test]
fn a_refresh_token_of_a_client_with_reuse_stays_the_same_and_is_no_one_elses() {
    let running = Running::start(|_| ());
    let basic = running.basic();
    let code = running.code(&request(SECRET_CLIENT));
    let tokens = running.post("/idporten/token", &basic, &redemption(SECRET_CLIENT, &code)).body;
    let token = text(&tokens, "refresh_token");
    let form = Form::new([("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", SECRET_CLIENT)]);

    for _ in 0..2 {
        let answer = running.post("/idporten/token", &basic, &form.clone().with("scope", "openid"));
        assert_eq!((answer.status, text(&answer.body, "refresh_token")), (200, token), "{}", answer.text);
        assert_eq!(text(&answer.body, "scope"), "openid");
    }
    assert_eq!(running.refresh(token).error(), "invalid_grant");
    let more = running.post("/idporten/token", &basic, &form.with("scope", "openid simulator:login"));
    assert_eq!(more.error(), "invalid_scope");
}

#[test]
fn a_public_client_cannot_refresh() {
    let running = Running::start(|_| ());
    let form = Form::new([("grant_type", "refresh_token"), ("refresh_token", "x"), ("client_id", PUBLIC_CLIENT)]);

    assert_eq!(running.post("/idporten/token", "", &form).error(), "unauthorized_client");
}

#[test]
fn a_revoked_token_is_not_active_and_a_revoked_refresh_token_ends_the_login() {
    let running = Running::start(|_| ());
    let tokens = running.tokens();
    let [access, refresh] = ["access_token", "refresh_token"].map(|name| text(&tokens, name));
    let about = |token: &str| Form::new([("client_id", CERTIFICATE_CLIENT), ("token", token)]);
    let introspect = |token: &str| running.signed_post("/idporten/token/introspect", "", about(token)).body;
    let revoke = |token: &str| running.signed_post("/idporten/token/revoke", "", about(token)).status;
    assert_eq!((&introspect(access)["active"], text(&introspect(access), "pid")), (&json!(true), PID));

    assert_eq!(revoke(access), 200);
    assert_eq!(introspect(access), json!({ "active": false }));
    let renewed = running.refresh(refresh).body;
    assert_eq!(introspect(text(&renewed, "access_token"))["active"], true);
    assert_eq!(revoke(text(&renewed, "refresh_token")), 200);

    assert_eq!(introspect(text(&renewed, "access_token")), json!({ "active": false }));
    assert_eq!(running.refresh(text(&renewed, "refresh_token")).error(), "invalid_grant");
    assert_eq!(revoke("unknown"), 200);
    // Another client can neither introspect without the scope nor revoke.
    let other = |path: &str, token: &str| {
        let form = Form::new([("client_id", KEY_CLIENT), ("token", token)]);
        running.post(path, "", &running.authenticated("idporten", KEY_CLIENT, form))
    };
    let tokens = running.tokens();
    assert_eq!(other("/idporten/token/introspect", text(&tokens, "access_token")).error(), "unauthorized_client");
    assert_eq!(other("/idporten/token/revoke", text(&tokens, "refresh_token")).status, 200);
    assert_eq!(running.refresh(text(&tokens, "refresh_token")).status, 200);
}

#[test]
fn a_session_is_used_again_until_it_is_too_old_too_weak_or_ended() {
    let (running, clock) = with_clock();
    let form = request(CERTIFICATE_CLIENT);
    let low = form.clone().with("login_hint", &format!("testid:{PID}_idporten-loa-substantial"));
    let cookie = |answer: &Answer| {
        let cookie = answer.header("set-cookie").unwrap();
        assert!(cookie.ends_with("; Path=/idporten; HttpOnly; SameSite=Lax"), "{cookie}");
        format!("Cookie: {}\r\n", cookie.split_once(';').unwrap().0)
    };
    let session = cookie(&running.authorize(&low));
    let silent = form.clone().without("login_hint").with("prompt", "none");
    let ask = |form: &Form, session: &str| {
        let answer = running.get(&format!("/idporten/authorize?{}", form.encode()), session);
        let parameters = redirect(&answer);
        parameters.into_iter().find(|(name, _)| ["code", "error"].contains(&name.as_str())).unwrap()
    };
    let error = |name: &str| ("error".to_owned(), name.to_owned());

    assert_eq!(ask(&silent, &session).0, "code");
    assert_eq!(ask(&silent, ""), error("login_required"));
    assert_eq!(ask(&silent.clone().with("acr_values", "idporten-loa-high"), &session), error("login_required"));
    clock.advance(100);
    assert_eq!(ask(&silent.clone().with("max_age", "100"), &session).0, "code");
    assert_eq!(ask(&silent.clone().with("max_age", "99"), &session), error("login_required"));
    clock.advance(29 * 60);
    assert_eq!(ask(&silent, &session).0, "code");
    clock.advance(30 * 60);
    assert_eq!(ask(&silent, &session), error("login_required"));

    let session = cookie(&running.authorize(&low));
    assert_eq!(running.get("/idporten/logout", &session).status, 200);
    assert_eq!(ask(&silent, &session), error("login_required"));
}

#[test]
fn after_the_logout_the_browser_goes_to_a_registered_address_only() {
    let running = Running::start(|_| ());
    let tokens = running.tokens();
    let hint = text(&tokens, "id_token");
    let form = Form::new([("id_token_hint", hint), ("post_logout_redirect_uri", REDIRECT_URI), ("state", "bye")]);
    let logout = |form: &Form| running.get(&format!("/idporten/logout?{}", form.encode()), "");

    let answer = logout(&form);
    assert_eq!((answer.status, answer.header("location")), (303, Some(&*format!("{REDIRECT_URI}?state=bye"))));
    assert_eq!(running.post("/idporten/logout", "", &form).status, 303);
    for wrong in [
        form.clone().with("post_logout_redirect_uri", "https://evil.example/"),
        form.clone().with("id_token_hint", "a.b.c"),
        form.clone().with("client_id", KEY_CLIENT),
        form.clone().with("state", "å"),
        form.clone().without("id_token_hint"),
    ] {
        let answer = logout(&wrong);
        assert_eq!((answer.status, answer.header("location")), (400, None));
    }
}
