//! Who sees which page and which button, over the network.

use super::Pages;
use ostler_tests::{Ask, Daemon, front::Form, pages, printer};

/// What a page is asked for with a token.
fn get(daemon: &Daemon, path: &str, token: &str) -> ostler_tests::Answer {
    daemon.ask("GET", path, Ask::token(token))
}

#[test]
fn nobody_sees_a_page_without_logging_in_but_everybody_how_it_looks() {
    let daemon = Daemon::builder().network().start();
    for path in ["/", "/print", "/help", "/parts/jobs", "/job/1"] {
        let said = daemon.ask("GET", path, Ask::default()).is(303);
        assert_eq!(said.header("location"), Some("/login/"), "{path}");
    }
    for path in ["/print", "/job/1/cancel", "/machine/1/pause"] {
        assert_eq!(daemon.ask("POST", path, Ask::default()).is(303).header("location"), Some("/login/"));
    }
    let token = daemon.token("viewer", "view", &[]);
    let page = get(&daemon, "/", &token).is(200).text();
    let style =
        page.split("href=\"").find(|rest| rest.starts_with("/assets/page.")).unwrap().split('"').next().unwrap();
    daemon.ask("GET", style, Ask::default()).is(200);
}

#[test]
fn who_may_only_look_is_shown_no_buttons_and_who_presses_them_all_the_same_is_refused() {
    let daemon = Daemon::builder().network().start();
    daemon.install("ostler_driver_zebra");
    let zebra = printer::zebra();
    let dock = daemon.add_zebra("dock", &zebra, &pages::SETTINGS)["pk"].as_str().unwrap().to_owned();
    let viewer = daemon.token("viewer", "view", &[]);
    for path in ["/".to_owned(), format!("/machine/{dock}")] {
        let page = get(&daemon, &path, &viewer).is(200).text();
        assert!(page.contains("dock") && page.contains("token:viewer"), "{page}");
        // But the one that logs out.
        assert!(page.matches("<button").count() == 1 && page.contains("Log out</button>"), "{path}: {page}");
        assert!(!page.contains("id=\"print\""), "{path}: {page}");
    }
    let form = Form::default().with("machine", &dock).with("what", "file");
    let form = form.file("document", "a.pdf", "application/pdf", &Pages::new("a", 1).pdf());
    let print = |token: &str| {
        let authorization = format!("Bearer {token}");
        daemon.ask("POST", "/print", form.ask().header("authorization", &authorization))
    };
    assert!(print(&viewer).is(403).text().contains("needs the role &#39;operate&#39;"));
    daemon.ask("POST", &format!("/machine/{dock}/pause"), Ask::token(&viewer)).is(403);
    assert_eq!(zebra.label_count(), 0);
    let operator = daemon.token("press", "operate", &[]);
    let said = print(&operator).is(303);
    let job: i64 = said.header("location").unwrap().strip_prefix("/job/").unwrap().parse().unwrap();
    assert_eq!(daemon.job_over(job)["state"], "done");
    let page = get(&daemon, &format!("/job/{job}"), &viewer).is(200).text();
    assert!(page.contains("a.pdf") && page.matches("<button").count() == 1, "{page}");
}

#[test]
fn a_token_for_one_machine_is_shown_that_machine_its_jobs_and_no_other() {
    let daemon = Daemon::builder().network().start();
    daemon.install("ostler_driver_zebra");
    let zebra = printer::zebra();
    daemon.add_zebra("front", &zebra, &pages::SETTINGS);
    let back = daemon.add_zebra("back-room", &zebra, &pages::SETTINGS)["pk"].as_str().unwrap().to_owned();
    let file = daemon.document("secret.pdf", &Pages::new("secret", 1).pdf());
    let theirs = daemon.print_with("back-room", &file, &[]);
    daemon.job_over(theirs);
    let token = daemon.token("front-desk", "operate", &["--machine", "front"]);
    for path in ["/", "/print", "/parts/machines", "/parts/jobs"] {
        let page = get(&daemon, path, &token).is(200).text();
        assert!(!page.contains("back-room") && !page.contains("secret.pdf"), "{path}: {page}");
    }
    for path in [format!("/machine/{back}"), format!("/machine/{back}/row"), format!("/job/{theirs}")] {
        get(&daemon, &path, &token).is(404);
    }
    for path in [format!("/machine/{back}/pause"), format!("/job/{theirs}/reprint")] {
        let button = Ask::token(&token).body("application/x-www-form-urlencoded", "");
        daemon.ask("POST", &path, button).is(404);
    }
    let form = Form::default().with("machine", &back).with("what", "file");
    let form = form.file("document", "a.pdf", "application/pdf", &Pages::new("a", 1).pdf());
    let said = daemon.ask("POST", "/print", form.ask().header("authorization", &format!("Bearer {token}"))).is(422);
    assert!(said.text().contains("Choose a machine"), "{}", said.text());
    assert_eq!(daemon.machine("back-room")["paused"], false);
    assert_eq!(zebra.label_count(), 1);
}
