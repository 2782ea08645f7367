//! What people decide about jobs on their pages, without scripts.

use super::{Scene, job_of, png};
use ostler_simulators::Fault;
use ostler_tests::dots;

#[test]
fn a_job_is_held_released_cancelled_tried_again_and_printed_again() {
    let scene = Scene::new();

    scene.daemon.cli(&["machine", "pause", "dock"]).ok();
    let (_, document) = scene.pdf("decided", 1);
    let job = scene.daemon.print_with("dock", &scene.daemon.document("decided.pdf", &document.pdf()), &[]);
    let page = || scene.front.get(&format!("/job/{job}")).text();
    assert!(page().contains("Its machine is paused"));
    for (decision, state, offered) in [
        ("hold", "held", "/release"),
        ("release", "queued", "/hold"),
        ("cancel", "cancelled", "/retry"),
        ("retry", "queued", "/cancel"),
    ] {
        assert!(page().contains(&format!("action=\"/job/{job}/{decision}\"")), "{decision}: {}", page());
        let answer = scene.front.submit(&format!("/job/{job}/{decision}"), &[]);
        assert_eq!((answer.status, answer.header("location").unwrap()), (303, format!("/job/{job}").as_str()));
        assert_eq!(scene.daemon.job(job)["state"], state);
        assert!(page().contains(offered), "{offered} after {decision}");
    }
    let refused = scene.front.submit(&format!("/job/{job}/release"), &[]);
    assert_eq!(refused.status, 409);
    assert!(
        refused.text().contains("That was not done") && refused.text().contains("decided.pdf"),
        "{}",
        refused.text()
    );

    scene.daemon.cli(&["machine", "resume", "dock"]).ok();
    assert_eq!(scene.daemon.job_over(job)["state"], "done");
    let again = scene.front.submit(&format!("/job/{job}/reprint"), &[]);
    let other = job_of(again.header("location").unwrap());
    assert_ne!(other, job);
    assert_eq!(scene.daemon.job_over(other)["state"], "done");
    assert!(scene.front.get(&format!("/job/{other}")).text().contains(&format!("prints <a href=\"/job/{job}\">")));
    assert_eq!(scene.zebra.label_count(), 2);
    assert_eq!(scene.front.submit("/job/99999/cancel", &[]).status, 404);
}

#[test]
fn a_label_in_doubt_is_decided_by_who_looked_at_the_printer() {
    let scene = Scene::large();
    scene.zebra.set_fault(Fault::CloseAt { byte: 1500, reset: true }).unwrap();
    let job = scene.daemon.print("dock", &png("DOUBT"), 1);
    assert_eq!(scene.daemon.job_over(job)["state"], "unknown");
    scene.zebra.clear_faults().unwrap();
    let page = scene.front.get(&format!("/job/{job}")).text();
    for words in ["In doubt", "Nobody knows whether label 1 of 1 came out", "print label 1 again", "the job is done"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    scene.front.submit(&format!("/job/{job}/retry"), &[("from", "1")]);
    assert_eq!(scene.daemon.job_over(job)["state"], "done");
    dots::assert_same(&dots::of_png(&png("DOUBT")), &scene.zebra.labels()[0].bitmap);
}
