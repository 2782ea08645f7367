//! Who may do what: tokens over the network, their roles and machines, and what becomes of everybody else.

use ostler_tests::{Ask, Daemon, client, printer, until};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;

const ROLES: [&str; 4] = ["view", "operate", "configure", "admin"];

/// A machine that nobody has.
const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

/// Method, path, role and whether a token for some machines will do, of every route.
fn routes(daemon: &Daemon) -> Vec<(String, String, Option<String>, bool)> {
    let document = daemon.get("/api/schema/");
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let role = operation["x-role"].as_str().map(str::to_owned);
            let some = operation["x-some-machines"].as_bool().unwrap_or(true);
            routes.push((method.to_uppercase(), path.clone(), role, some));
        }
    }
    routes
}

/// A path with something in each of its places: nothing that there is.
fn filled(path: &str) -> String {
    let mut path = path.to_owned();
    for (place, value) in [
        ("{which}", "none"),
        ("{slug}", "none"),
        ("{row}", "999"),
        ("{scope}", "M"),
        ("{key}", "NONE"),
        ("{function}", "none"),
        ("{pk}", "999"),
    ] {
        path = path.replace(place, value);
    }
    let id = if path.contains("/machine/") { NOBODY } else { "999" };
    let path = path.replace("{id}", id);
    if path == "/api/events/" { "/api/events/?follow=false".to_owned() } else { path }
}

#[test]
fn every_route_is_for_its_role_and_those_above_and_for_nobody_without_a_token() {
    let daemon = Daemon::builder().network().start();
    let tokens = ROLES.map(|role| daemon.token(&format!("as-{role}"), role, &[]));
    daemon.install("ostler_driver_virtual");
    let machine = daemon.add("screen", "virtual-printer", &[]);
    let scoped = daemon.token("scoped", "admin", &["--machine", machine["name"].as_str().unwrap()]);
    let routes = routes(&daemon);
    assert!(routes.len() > 60, "{routes:?}");
    for (method, path, role, some_machines) in &routes {
        let at = filled(path);
        let said = daemon.ask(method, &at, Ask::default());
        let Some(role) = role else {
            assert_ne!(said.status, 401, "{method} {path}");
            continue;
        };
        assert_eq!(said.status, 401, "{method} {path} without a token");
        assert_eq!(said.header("www-authenticate"), Some("Bearer"));
        let least = ROLES.iter().position(|of| of == role).unwrap();
        for (at_role, token) in tokens.iter().enumerate() {
            let said = daemon.ask(method, &at, Ask::token(token));
            if at_role < least {
                assert_eq!(said.status, 403, "{method} {path} as {}", ROLES[at_role]);
                let detail = said.json()["detail"].as_str().unwrap().to_owned();
                assert!(detail.contains(role) && detail.contains(ROLES[at_role]), "{detail}");
            } else {
                assert!(
                    !matches!(said.status, 401 | 403 | 500),
                    "{method} {path} as {}: {}",
                    ROLES[at_role],
                    said.text()
                );
            }
        }
        let said = daemon.ask(method, &at, Ask::token(&scoped));
        assert_eq!(said.status == 403, !some_machines, "{method} {path} for one machine: {}", said.text());
    }
    // What the walk took from the document, for those that matter most.
    let role_of = |method: &str, path: &str| {
        let found = routes.iter().find(|(of, at, ..)| of == method && at == path);
        found.unwrap_or_else(|| panic!("no {method} {path}")).2.clone().unwrap()
    };
    for (method, path, role) in [
        ("GET", "/api/machine/", "view"),
        ("POST", "/api/job/", "operate"),
        ("POST", "/api/machine/{id}/restart/", "operate"),
        ("POST", "/api/machine/", "configure"),
        ("GET", "/api/machine/{id}/capture/", "configure"),
        ("POST", "/api/driver/", "admin"),
        ("POST", "/api/plugin/", "admin"),
        ("POST", "/api/token/", "admin"),
        ("POST", "/api/backup/", "admin"),
        ("GET", "/api/audit/", "admin"),
    ] {
        assert_eq!(role_of(method, path), role, "{method} {path}");
    }
}

#[test]
fn the_first_start_makes_a_token_for_administrators_in_a_private_file_and_the_next_one_none() {
    let mut daemon = Daemon::builder().network().start();
    let file = daemon.data().join("admin-token");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let token = std::fs::read_to_string(&file).unwrap();
    let me = daemon.ask("GET", "/api/user/me/", Ask::token(&token)).is(200).json();
    assert_eq!((&me["role"], &me["machines"]), (&json!("admin"), &Value::Null));
    daemon.restart();
    daemon.ask("GET", "/api/user/me/", Ask::token(&token)).is(200);
    assert_eq!(daemon.json(&["token", "list"]).as_array().unwrap().len(), 1);
    // Its secret is nowhere but there.
    let secret = token.splitn(3, '-').nth(2).unwrap();
    for name in ["ostler.db", "ostler.db-wal"] {
        let bytes = std::fs::read(daemon.data().join(name)).unwrap_or_default();
        assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{name}");
    }
    assert!(!daemon.log().contains(secret));
}

#[test]
fn a_token_ends_by_itself_or_when_it_is_revoked_and_says_so() {
    let daemon = Daemon::builder().network().start();
    let asked = |token: &str| daemon.ask("GET", "/api/machine/", Ask::token(token));
    let token = daemon.token("press", "view", &["--expires", "1d"]);
    asked(&token).is(200);
    daemon.ask("GET", "/api/machine/", Ask::default().header("Authorization", &format!("Token {token}"))).is(200);
    until("its use is written down", || daemon.json(&["token", "list"])[1]["last_used_at"].is_string());
    daemon.cli(&["token", "create", "press", "--role", "view"]).refused(1, &["press", "revoke"]);
    daemon.cli(&["token", "revoke", "press"]).ok();
    let said = asked(&token).is(401).json();
    assert!(said["detail"].as_str().unwrap().contains("revoked"), "{said}");
    assert!(said["error"]["hint"].as_str().unwrap().contains("token create"), "{said}");
    daemon.cli(&["token", "revoke", "press"]).refused(3, &["press", "token list"]);

    let body = json!({ "name": "old", "role": "view", "expires_at": "2020-01-01T00:00:00Z" });
    let (status, said) = daemon.request("POST", "/api/token/", Some(("application/json", body.to_string().into())));
    assert_eq!((status, said["expires_at"].is_array()), (400, true), "{said}");
    daemon.cli(&["token", "create", "x", "--role", "king"]).refused(2, &["view, operate, configure, admin"]);
    daemon.cli(&["token", "create", "x", "--role", "view", "--expires", "soon"]).refused(1, &["soon", "30d"]);

    for wrong in ["", "Bearer", "Basic dGVzdDp0ZXN0", "Bearer ostler-1-AAAA", "Bearer ostler-999999-AAAA"] {
        daemon.ask("GET", "/api/machine/", Ask::default().header("Authorization", wrong)).is(401);
    }
}

#[test]
fn whoever_shows_too_many_wrong_tokens_has_to_wait_and_a_right_one_still_opens() {
    let daemon = Daemon::builder().network().start();
    let token = daemon.token("press", "view", &[]);
    let wrong = || daemon.ask("GET", "/api/machine/", Ask::token("ostler-1-AAAA"));
    let refused: Vec<_> = (0..20).map(|_| wrong()).collect();
    assert!(refused.iter().take(10).all(|said| said.status == 401), "{refused:?}");
    let last = refused.last().unwrap().clone().is(429);
    let seconds: u64 = last.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=7).contains(&seconds), "{seconds}");
    assert!(last.json()["detail"].as_str().unwrap().contains("too many wrong tokens"));
    daemon.ask("GET", "/api/machine/", Ask::token(&token)).is(200);
}

#[test]
fn a_token_for_one_machine_sees_and_touches_no_other() {
    let daemon = Daemon::builder().network().start();
    daemon.install("ostler_driver_zebra");
    let (front, back) = (printer::zebra(), printer::zebra());
    let mine = daemon.add_zebra("front", &front, &[])["pk"].as_str().unwrap().to_owned();
    let other = daemon.add_zebra("back", &back, &[])["pk"].as_str().unwrap().to_owned();
    let token = daemon.token("front-desk", "operate", &["--machine", "front"]);
    let ask = |method: &str, path: &str| daemon.ask(method, path, Ask::token(&token));
    let names = |said: Value| -> Vec<String> {
        said.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(ask("GET", "/api/machine/").is(200).json()), ["front"]);
    ask("GET", &format!("/api/machine/{mine}/")).is(200);
    for path in ["", "settings/", "options/", "log/"] {
        ask("GET", &format!("/api/machine/{other}/{path}")).is(404);
    }
    ask("POST", &format!("/api/machine/{other}/pause/")).is(404);
    assert_eq!(daemon.machine("back")["paused"], false);

    let label = ostler_tests::Label::four_by_six("PARCEL-1").png();
    let theirs = daemon.print("back", &label, 1);
    daemon.job_over(theirs);
    let print = |machine: &str| {
        daemon.ask("POST", &format!("/api/job/?machine={machine}"), Ask::token(&token).body("image/png", label.clone()))
    };
    print(&other).is(404);
    let ours = print(&mine).is(201).json()["id"].as_i64().unwrap();
    daemon.job_over(ours);
    let listed = ask("GET", "/api/job/").is(200).json();
    assert_eq!(listed.as_array().unwrap().iter().map(|job| job["id"].as_i64().unwrap()).collect::<Vec<_>>(), [ours]);
    ask("GET", &format!("/api/job/{theirs}/")).is(404);
    ask("POST", &format!("/api/job/{theirs}/reprint/")).is(404);
    let candidates = daemon.ask("POST", "/api/job/candidates/", Ask::token(&token).body("image/png", label)).is(200);
    assert_eq!(names(candidates.json()), ["front"]);
    let events = ask("GET", "/api/events/?after=0&follow=false").is(200).text();
    assert!(events.contains(&mine) && !events.contains(&other), "{events}");
    // What they did bears their name.
    ask("POST", &format!("/api/machine/{mine}/pause/")).is(200);
    let audit = daemon.get("/api/audit/?action=machine.pause");
    assert_eq!(audit[0]["who"], "token:front-desk", "{audit}");
}

#[test]
fn every_answer_has_an_id_that_a_refusal_names() {
    let daemon = Daemon::builder().network().start();
    let said = daemon.ask("GET", "/api/nothing", Ask::default().header("x-request-id", "mine-7")).is(404);
    assert_eq!(said.header("x-request-id"), Some("mine-7"));
    assert_eq!(said.json()["error"]["request_id"], "mine-7");
    let said = daemon.ask("GET", "/healthz", Ask::default().header("x-request-id", "not { one")).is(200);
    assert_eq!(said.header("x-request-id").unwrap().len(), 36);
    let said = daemon.ask("BREW", "/healthz", Ask::default()).is(405);
    assert_eq!(said.json()["error"]["code"], "method-not-allowed");
}

#[test]
fn the_command_line_reaches_a_daemon_elsewhere_by_tls_and_shows_its_token() {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, cert.pem()).unwrap();
    std::fs::write(&key, signing_key.serialize_pem()).unwrap();
    let daemon = Daemon::builder()
        .network()
        .env("OSTLER_HTTP_TLS_CERTIFICATE", &certificate)
        .env("OSTLER_HTTP_TLS_KEY", &key)
        .start();
    let url = format!("https://{}/", daemon.address());
    let token = daemon.token("far", "view", &[]);
    let nowhere = folder.path().join("nowhere");
    let far = |more: &[&str]| client::ostler(&nowhere, &[&["--url", url.as_str()], more].concat());
    let authority = certificate.to_str().unwrap();
    far(&["--ca", authority, "--token", &token, "machine", "list"]).ok();
    far(&["--ca", authority, "machine", "list"]).refused(4, &["token"]);
    far(&["--ca", authority, "--token", &token, "token", "list"]).refused(4, &["admin", "view"]);
    far(&["--token", &token, "machine", "list"]).refused(1, &["certificate", "--ca"]);
    // Somebody who speaks no TLS, and somebody who says nothing, hold nobody up.
    let silent = std::net::TcpStream::connect(daemon.address()).unwrap();
    far(&["--ca", authority, "--token", &token, "machine", "list"]).ok();
    drop(silent);
}

#[test]
fn beyond_this_machine_it_listens_with_tls_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let serve = |more: &[&str]| client::ostler(&folder.path().join("data"), &[&["serve"], more].concat());
    serve(&["--listen", "0.0.0.0:0"]).refused(1, &["0.0.0.0:0", "tls_certificate", "insecure"]);
    serve(&["--listen", "localhost"]).refused(1, &["localhost", "127.0.0.1:7420", "off"]);
    serve(&["--listen", "127.0.0.1:0", "--set", "http.tls_key=k.pem"]).refused(1, &["tls_certificate", "together"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    serve(&["--listen", &address]).refused(1, &[&address, "--listen"]);
}

#[test]
fn a_request_with_a_key_is_done_once_and_answered_as_before() {
    let daemon = Daemon::builder().network().start();
    let token = daemon.token("app", "admin", &[]);
    let add = |name: &str, key: &str| {
        let made = json!({ "name": name, "machine_type": "label-printer", "driver": "none" });
        daemon.ask("POST", "/api/machine/", Ask::token(&token).header("idempotency-key", key).json(&made))
    };
    let first = add("press", "k1").is(201);
    assert_eq!(first.header("idempotency-replayed"), None);
    let again = add("press", "k1").is(201);
    assert_eq!(
        (again.header("idempotency-replayed"), again.json()["pk"].clone()),
        (Some("true"), first.json()["pk"].clone())
    );
    let other = add("saw", "k1").is(409).json();
    assert_eq!(other["error"]["code"], "key-used", "{other}");
    // What was refused was not done: it may be sent again, mended.
    add("press", "k2").is(400);
    add("drill", "k2").is(201);
    // Another one's keys are their own.
    let made = json!({ "name": "lathe", "machine_type": "label-printer", "driver": "none" });
    let else_token = daemon.token("else", "admin", &[]);
    daemon.ask("POST", "/api/machine/", Ask::token(&else_token).header("idempotency-key", "k1").json(&made)).is(201);
    assert_eq!(daemon.json(&["machine", "list"]).as_array().unwrap().len(), 3);
}
