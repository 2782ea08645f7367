//! Forms as plain HTTP sends them: refusals stand beside their inputs, and nothing is printed twice.

use super::{Scene, job_of};
use ostler_tests::{front::Form, until};

/// The part of a page between an input's label and the next one.
#[track_caller]
fn around(page: &str, input: &str) -> String {
    let (_, behind) = page.split_once(&format!("for=\"{input}\"")).unwrap_or_else(|| panic!("no {input} in {page}"));
    behind.split("<label").next().unwrap().to_owned()
}

fn file(scene: &Scene, name: &str) -> Form {
    let (_, document) = scene.pdf(name, 1);
    Form::default().with("machine", &scene.dock()).with("what", "file").file(
        "document",
        &format!("{name}.pdf"),
        "application/pdf",
        &document.pdf(),
    )
}

#[test]
fn what_is_refused_is_told_beside_its_input_with_what_was_typed() {
    let scene = Scene::new();
    let refused = scene.front.post("/print", &file(&scene, "a").with("copies", "0"));
    assert_eq!(refused.status, 422);
    let copies = around(&refused.text(), "print-copies");
    assert!(copies.contains("value=\"0\"") && copies.contains("0 copies cannot be printed"), "{copies}");
    assert!(copies.contains("aria-invalid=\"true\""));

    let refused = scene.front.post("/print", &file(&scene, "a").with("option.darkness", "99").with("copies", "3"));
    let darkness = around(&refused.text(), "option-darkness");
    assert!(darkness.contains("value=\"99\"") && darkness.contains("99 is too large"), "{darkness}");
    assert!(around(&refused.text(), "print-copies").contains("value=\"3\""));
    assert!(refused.text().contains("id=\"print-fold\" open"), "the options are seen");

    let empty = Form::default().with("machine", &scene.dock()).with("what", "file").file("document", "", "", b"");
    let refused = scene.front.post("/print", &empty);
    assert!(around(&refused.text(), "print-document").contains("Choose a file."));

    let wrong = Form::default().with("machine", &scene.dock()).file("document", "a.pdf", "application/pdf", b"no PDF");
    let refused = scene.front.post("/print", &wrong);
    assert!(around(&refused.text(), "print-document").contains("cannot be printed"), "{}", refused.text());
    assert_eq!(scene.daemon.get("/api/job/").as_array().unwrap().len(), 0);
}

#[test]
fn a_field_that_does_not_fit_its_template_is_told_beside_it() {
    let scene = Scene::new();
    let form = scene.front.get("/print?what=template&template=part").text();
    let number = around(&form, "field-number");
    assert!(number.contains("(required)") && !number.contains("value=\"\""), "the sample is there: {number}");
    let typed = Form::default()
        .with("machine", &scene.dock())
        .with("what", "template")
        .with("template", "part")
        .with("filled", "part/")
        .with("field.number", "");
    let refused = scene.front.post("/print", &typed);
    assert_eq!(refused.status, 422);
    let number = around(&refused.text(), "field-number");
    assert!(number.contains("a value is required") && number.contains("value=\"\""), "{number}");
}

#[test]
fn values_of_another_template_are_not_printed_but_shown_first() {
    let scene = Scene::new();
    let typed = Form::default()
        .with("machine", &scene.dock())
        .with("what", "template")
        .with("template", "location")
        .with("filled", "part/")
        .with("field.number", "M4");
    let refused = scene.front.post("/print", &typed);
    assert_eq!(refused.status, 422);
    assert!(around(&refused.text(), "print-template").contains("look at them"), "{}", refused.text());
    assert!(refused.text().contains("value=\"location/\""));
}

#[test]
fn a_row_that_is_kept_is_printed_without_looking_at_it_first() {
    let scene = Scene::for_parts();
    let rows = scene
        .daemon
        .document("rows.json", br#"[{"number": "KEPT-1", "name": "One"}, {"number": "KEPT-2", "name": "Two"}]"#);
    let (status, kept) = scene.daemon.request(
        "POST",
        "/api/template/part/row/",
        Some(("application/json", std::fs::read(rows).unwrap())),
    );
    assert_eq!(status, 201, "{kept}");
    let row = kept[1]["pk"].to_string();
    let shown = scene.front.get(&format!("/print?template=part&row={row}")).text();
    assert!(around(&shown, "field-number").contains("value=\"KEPT-2\""));
    let typed = Form::default()
        .with("machine", &scene.dock())
        .with("what", "template")
        .with("template", "part")
        .with("row", &row)
        .with("filled", "part/")
        .with("field.number", "SAMPLE");
    let printed = scene.front.post("/print", &typed);
    let job = job_of(printed.header("location").unwrap());
    assert_eq!(scene.daemon.job_over(job)["state"], "done");
    let to = scene.daemon.scratch().join("kept.png");
    scene
        .daemon
        .cli(&[
            "preview",
            "dock",
            "--template",
            "part",
            "-f",
            "number=KEPT-2",
            "-f",
            "name=Two",
            "--to",
            &to.to_string_lossy(),
        ])
        .ok();
    let expected = ostler_tests::dots::of_png(&std::fs::read(to).unwrap());
    ostler_tests::dots::assert_same(&expected, &scene.zebra.labels()[0].bitmap);
}

#[test]
fn a_form_that_is_sent_twice_prints_once() {
    let scene = Scene::new();
    let form = file(&scene, "twice").with("key", "page-of-a-double-click");
    let (first, second) = (scene.front.post("/print", &form), scene.front.post("/print", &form));
    assert_eq!((first.status, second.status), (303, 303));
    assert_eq!(first.header("location").unwrap(), second.header("location").unwrap());
    scene.daemon.job_over(job_of(first.header("location").unwrap()));
    assert_eq!(scene.zebra.label_count(), 1);

    // The same form with another document is another wish, and told so.
    let other = scene.front.post("/print", &file(&scene, "other").with("key", "page-of-a-double-click"));
    assert_eq!(other.status, 409);
    assert!(!other.text().contains("value=\"page-of-a-double-click\""), "the next try has another name");
}

#[test]
fn what_people_and_drivers_wrote_is_text_and_never_part_of_the_page() {
    let scene = Scene::new();
    let name = "<script>alert(1)</script>\"'&";
    scene.daemon.json(&["machine", "add", name, "--driver", "zebra-zpl"]);
    let id = scene.daemon.machine(name)["pk"].as_str().unwrap().to_owned();
    for path in ["/".to_owned(), format!("/machine/{id}"), "/print".to_owned(), "/parts/machines".to_owned()] {
        let page = scene.front.get(&path);
        assert_eq!(page.status, 200);
        assert!(
            !page.text().contains("<script>alert") && page.text().contains("&#60;script&#62;alert"),
            "{path}: {}",
            page.text()
        );
    }
}

#[test]
fn pages_come_from_here_alone_and_stay_with_who_asked() {
    let scene = Scene::new();
    for path in ["/", "/print", "/help", "/parts/jobs", "/machine/nothing", "/job/0"] {
        let page = scene.front.get(path);
        let policy = page.header("content-security-policy").unwrap();
        for rule in ["default-src 'self'", "frame-ancestors 'none'", "form-action 'self'"] {
            assert!(policy.contains(rule), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("x-content-type-options").unwrap(), "nosniff");
        assert_eq!(page.header("cache-control").unwrap(), "no-store");
        assert_eq!(page.header("referrer-policy").unwrap(), "same-origin");
        for foreign in ["http://", "https://", "style=", "onclick"] {
            assert!(!page.text().contains(foreign), "{foreign} in {path}: {}", page.text());
        }
    }
    let page = scene.front.get("/").text();
    let style =
        page.split("href=\"").find(|rest| rest.starts_with("/assets/page.")).unwrap().split('"').next().unwrap();
    let asset = scene.front.get(style);
    assert_eq!((asset.status, asset.header("content-type").unwrap()), (200, "text/css; charset=utf-8"));
    assert!(asset.header("cache-control").unwrap().contains("immutable"));
    assert_eq!(scene.front.get("/assets/page.0000000000000000.css").status, 404);
}

#[test]
fn what_is_wrong_with_ostler_is_told_above_everything() {
    let scene = Scene::new();
    let folder = scene.daemon.scratch().join("bad-drivers");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("broken.wasm"), b"no component").unwrap();
    let daemon = ostler_tests::Daemon::builder().drivers(&folder).start();
    let front = ostler_tests::Front::of(&daemon);
    until("the error is told", || front.get("/").text().contains("broken.wasm"));
    // Nothing is there yet, and the page says how to begin.
    let page = front.get("/").text();
    assert!(page.contains("No machines yet") && page.contains("ostler machine add") && page.contains("href=\"/help\""));
    assert_eq!(front.get("/help").status, 200);
}
