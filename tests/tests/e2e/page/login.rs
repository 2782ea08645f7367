//! Logging in over the network: by a link that works once, by a token, and out again.

use super::browser;
use ostler_tests::{
    Ask, Daemon,
    browser::{ENTER, Look},
    until,
};

/// The session's cookie of an answer, as a browser sends it back; and what else was said of it.
#[track_caller]
fn cookie(said: &ostler_tests::Answer) -> (String, String) {
    let set = said.header("set-cookie").unwrap_or_else(|| panic!("no cookie: {}", said.text())).to_owned();
    let (pair, attributes) = set.split_once(';').unwrap();
    (pair.to_owned(), attributes.to_owned())
}

fn with(cookie: &str) -> Ask {
    Ask::default().header("cookie", cookie)
}

fn login(daemon: &Daemon, token: &str) -> ostler_tests::Answer {
    let form = Ask::default()
        .header("origin", &format!("http://{}", daemon.address()))
        .body("application/x-www-form-urlencoded", format!("token={token}"));
    daemon.ask("POST", "/login/", form)
}

#[test]
fn a_token_becomes_a_session_that_ends_with_a_logout_or_with_the_token() {
    let daemon = Daemon::builder().network().start();
    let token = daemon.token("anna", "operate", &[]);
    let asked = daemon.ask("GET", "/", Ask::default()).is(303);
    assert_eq!(asked.header("location"), Some("/login/"));
    assert!(daemon.ask("GET", "/login/", Ask::default()).is(200).text().contains("ostler token create"));
    let wrong = login(&daemon, "ostler-1-AAAA").is(401);
    assert!(wrong.text().contains("This token is not known."), "{}", wrong.text());

    let (session, attributes) = cookie(&login(&daemon, &token).is(303));
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(attributes.contains(attribute), "{attributes}");
    }
    let page = daemon.ask("GET", "/", with(&session)).is(200).text();
    assert!(page.contains("token:anna"), "{page}");
    // It is a session of the API too, with the token's role.
    assert_eq!(daemon.ask("GET", "/api/user/me/", with(&session)).is(200).json()["role"], "operate");
    daemon.ask("GET", "/api/audit/", with(&session)).is(403);

    let here = format!("http://{}", daemon.address());
    let gone = daemon.ask("POST", "/logout/", with(&session).header("origin", &here)).is(303);
    assert_eq!(gone.header("location"), Some("/login/"));
    daemon.ask("GET", "/api/user/me/", with(&session)).is(401);

    let (session, _) = cookie(&login(&daemon, &token).is(303));
    daemon.ask("GET", "/", with(&session)).is(200);
    daemon.cli(&["token", "revoke", "anna"]).ok();
    daemon.ask("GET", "/", with(&session)).is(303);
}

#[test]
fn a_session_outlives_the_daemon_and_no_other_site_acts_with_it() {
    let mut daemon = Daemon::builder().network().start();
    let token = daemon.token("anna", "admin", &[]);
    let (session, _) = cookie(&login(&daemon, &token).is(303));
    daemon.restart();
    daemon.ask("GET", "/", with(&session)).is(200);
    let made = r#"{"name": "evil", "machine_type": "label-printer", "driver": "none"}"#;
    for (header, value) in [("origin", "http://evil.example"), ("sec-fetch-site", "cross-site"), ("x-nothing", "")] {
        let ask = with(&session).header(header, value).body("application/json", made);
        let said = daemon.ask("POST", "/api/machine/", ask).is(403);
        assert!(said.text().contains("another site"), "{}", said.text());
    }
    assert_eq!(daemon.json(&["machine", "list"]), serde_json::json!([]));
    let ask = with(&session).header("sec-fetch-site", "same-origin").body("application/json", made);
    daemon.ask("POST", "/api/machine/", ask).is(201);
    let elsewhere =
        Ask::default().header("origin", "http://evil.example").body("application/x-www-form-urlencoded", "token=x");
    daemon.ask("POST", "/login/", elsewhere).is(403);
}

#[test]
fn a_link_logs_in_once_in_a_browser() {
    let Some(browser) = browser("a_link_logs_in_once_in_a_browser", Look::default()) else { return };
    let daemon = Daemon::builder().network().start();
    let link = daemon.json(&["token", "link"])["url"].as_str().unwrap().to_owned();
    browser.open(&link);
    let text = || browser.execute("return document.body.innerText", &[]).as_str().unwrap().to_owned();
    until("the page is there", || text().contains("you act as token:admin"));
    browser.execute("document.querySelector('form[action=\"/logout/\"] button').click()", &[]);
    until("the session has ended", || text().contains("Token"));
    browser.open(&link);
    until("the link is spent", || text().contains("This link was used or is too old"));

    let token = daemon.token("anna", "view", &[]);
    browser.write("#token", &token);
    browser.press(ENTER);
    until("the token logged in", || text().contains("you act as token:anna"));
}
