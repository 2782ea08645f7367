//! What a job may set, and what is checked before it is taken: options, loaded media, documents in the machine's language.

use ostler_simulators::{Bitmap, Fault, ZebraPrinter};
use ostler_tests::{
    Daemon, Label,
    counterpart::{Counterpart, documents, missing},
    dots,
    pages::equal_pages,
};
use serde_json::{Value, json};
use std::path::Path;

/// The label that a machine printed last for a document with these arguments.
fn printed(daemon: &Daemon, zebra: &ZebraPrinter, document: &Path, arguments: &[&str]) -> Bitmap {
    let job = daemon.job_over(daemon.print_with("dock", document, arguments));
    assert_eq!(job["state"], "done", "{job:#}");
    Bitmap::clone(&zebra.labels().last().unwrap().bitmap)
}

/// A picture made of another one, dot by dot.
fn made(width: u32, height: u32, black: impl Fn(u32, u32) -> bool) -> Bitmap {
    let mut bitmap = Bitmap::new(width, height);
    for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).filter(|&(x, y)| black(x, y)) {
        bitmap.set_black(x, y);
    }
    bitmap
}

#[test]
fn options_reach_the_paper_and_the_preview_shows_the_same_dots() {
    let (daemon, zebra) = Daemon::with_zebra();
    let png = Label::four_by_six("OPTIONS").png();
    let file = daemon.document("label.png", &png);
    let plain = dots::of_png(&png);
    let (width, height) = (plain.width(), plain.height());
    let is_black = |x: i64, y: i64| match (u32::try_from(x), u32::try_from(y)) {
        (Ok(x), Ok(y)) if x < width && y < height => plain.is_black(x, y),
        _ => false,
    };
    let expected: [(&[&str], Bitmap); 5] = [
        (&["-o", "rotation=half"], made(width, height, |x, y| plain.is_black(width - 1 - x, height - 1 - y))),
        (&["-o", "invert=yes"], made(width, height, |x, y| !plain.is_black(x, y))),
        (&["-o", "mirror=true"], made(width, height, |x, y| plain.is_black(width - 1 - x, y))),
        (
            &["-o", "offset-x=5", "-o", "offset-y=-2.5"],
            made(width, height, |x, y| is_black(i64::from(x) - 40, i64::from(y) + 20)),
        ),
        (&["-o", "threshold=255"], made(width, height, |x, y| lightness_below(&png, x, y, 255))),
    ];
    for (arguments, expected) in expected {
        let preview = daemon.preview("dock", &file, arguments);
        let label = printed(&daemon, &zebra, &file, arguments);
        dots::assert_same(&preview, &label);
        if let Some(difference) = dots::difference(&expected, &label) {
            panic!("{arguments:?}: {difference}");
        }
    }
    for arguments in [["-o", "halftone=diffusion"], ["-o", "halftone=ordered"], ["-o", "rotation=quarter"]] {
        let label = printed(&daemon, &zebra, &file, &arguments);
        dots::assert_same(&daemon.preview("dock", &file, &arguments), &label);
        assert!(dots::difference(&plain, &label).is_some(), "{arguments:?} changes nothing");
    }
    printed(&daemon, &zebra, &file, &["-o", "darkness=7", "-o", "speed=3"]);
    let sent = String::from_utf8_lossy(&zebra.received()).into_owned();
    assert!(sent.contains("~SD07") && sent.contains("^PR3"), "darkness and speed are not in the bytes");
}

/// Whether a grey PNG of 8 bits is darker than `threshold` at a place.
fn lightness_below(png: &[u8], x: u32, y: u32, threshold: u8) -> bool {
    use std::{cell::RefCell, io::Cursor};
    thread_local!(static DECODED: RefCell<Option<(usize, Vec<u8>)>> = const { RefCell::new(None) });
    DECODED.with_borrow_mut(|decoded| {
        let (line, pixels) = decoded.get_or_insert_with(|| {
            let mut reader = png::Decoder::new(Cursor::new(png.to_vec())).read_info().unwrap();
            let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
            let frame = reader.next_frame(&mut pixels).unwrap();
            (frame.line_size, pixels)
        });
        pixels[usize::try_from(y).unwrap() * *line + usize::try_from(x).unwrap()] < threshold
    })
}

#[test]
fn unknown_options_and_wrong_values_are_refused_by_name_and_nothing_is_stored() {
    let (daemon, zebra) = Daemon::with_zebra();
    let file = daemon.document("label.png", &Label::four_by_six("REFUSED").png());
    let file = file.to_string_lossy();
    let refused: [(&[&str], &[&str]); 6] = [
        (&["-o", "colour=red"], &["'colour'", "it takes: copies, darkness, speed"]),
        (&["-o", "threshold=dark"], &["threshold: 'dark' is not a whole number"]),
        (&["-o", "darkness=31"], &["darkness: 31 is too large: the most is 30"]),
        (&["-o", "rotation=45"], &["rotation: '45' is not one of the choices", "quarter"]),
        (&["-o", "mirror=perhaps", "-o", "speed=0"], &["mirror: 'perhaps'", "speed: 0 is too small"]),
        (&["-o", "copies=1000"], &["1000 copies", "1 to 999"]),
    ];
    for (arguments, words) in refused {
        for command in ["print", "preview"] {
            let arguments = [&[command, "dock", &file], arguments].concat();
            daemon.cli(&arguments).refused(1, words);
        }
    }
    daemon.cli(&["print", "dock", &file, "-o", "mirror"]).refused(2, &["'mirror' is not KEY=VALUE"]);
    assert_eq!(daemon.json(&["job", "list"]), json!([]));
    assert_eq!(zebra.label_count(), 0);
}

#[test]
fn options_are_typed_in_json_and_are_listed_with_their_bounds() {
    let (daemon, zebra) = Daemon::with_zebra();
    let id = daemon.machine("dock")["pk"].as_str().unwrap().to_owned();
    let offer = daemon.get(&format!("/api/machine/{id}/options/"));
    let keys: Vec<_> = offer["options"].as_array().unwrap().iter().map(|option| option["key"].clone()).collect();
    assert_eq!((&keys[0], &keys[1]), (&json!("copies"), &json!("darkness")));
    assert_eq!(offer["media"]["width_um"], 101_500);
    assert_eq!(offer["formats"], json!([]));

    let png = Label::four_by_six("JSON").png();
    let options = r#"{"mirror":true,"darkness":9,"copies":2}"#.replace('"', "%22");
    let path = format!("/api/job/?machine={id}&title=direct&options={options}");
    let (status, job) = daemon.request("POST", &path, Some(("image/png", png.clone())));
    assert_eq!(status, 201, "{job:#}");
    assert_eq!(job["options"], json!({ "mirror": true, "darkness": 9 }));
    assert_eq!((&job["copies"], &job["title"]), (&json!(2), &json!("direct")));
    daemon.job_over(job["id"].as_i64().unwrap());
    assert_eq!(zebra.labels()[0].copies, 2);

    let wrong = [("options=[1]", "options"), ("copies=two", "copies"), ("fields=1", "fields"), ("color=red", "color")];
    for (parameter, field) in wrong {
        let path = format!("/api/job/?machine={id}&{parameter}");
        let (status, body) = daemon.request("POST", &path, Some(("image/png", png.clone())));
        assert_eq!(status, 400, "{body}");
        assert!(body[field].is_array(), "{parameter}: {body}");
    }
    let (status, body) = daemon.request("POST", "/api/job/", Some(("image/png", png)));
    assert_eq!((status, &body["machine"]), (400, &json!(["This field is required."])));
}

#[test]
fn a_machine_that_never_ran_says_that_its_options_are_not_known() {
    let daemon = Daemon::start();
    daemon.install("ostler_driver_zebra");
    daemon.json(&["machine", "add", "shelf", "--driver", "zebra-zpl", "--inactive"]);
    let png = Label::four_by_six("SHELF").png();
    let file = daemon.document("label.png", &png);
    let said = daemon.cli(&["print", "shelf", &file.to_string_lossy(), "-o", "darkness=3"]);
    said.refused(1, &["not known before its driver has run", "machine show"]);
    // Without options it is taken, and waits.
    let job = daemon.print("shelf", &png, 1);
    assert_eq!(daemon.job(job)["state"], "queued");
}

#[test]
fn a_document_larger_than_the_loaded_labels_is_refused_with_both_sizes_unless_the_job_decides() {
    if missing("options::a_document_larger_than_the_loaded_labels", &[Counterpart::Documents]) {
        return;
    }
    let (daemon, zebra) = Daemon::with_zebra();
    daemon.json(&["machine", "set", "dock", "LABEL_WIDTH=60", "LABEL_LENGTH=40"]);
    let pdf = documents().into_iter().find(|path| path.ends_with("cairo.pdf")).unwrap();
    let refused = |arguments: &[&str]| {
        let said = daemon.cli(&[&["print", "dock", &pdf.to_string_lossy()], arguments].concat());
        said.refused(
            1,
            &["label 1 is", "'dock' has die-cut labels of 60.0 x 40.0 mm loaded", "scaling=fit", "scaling=crop"],
        );
    };
    refused(&[]);
    refused(&["-o", "rotation=quarter"]);
    assert_eq!(daemon.json(&["job", "list"]), json!([]));
    for scaling in ["scaling=fit", "scaling=crop"] {
        let label = printed(&daemon, &zebra, &pdf, &["-o", scaling]);
        assert!(label.black_dots() > 0);
    }
    // `exact` is the driver's own look at it, and names both sizes too.
    let job = daemon.job_over(daemon.print_with("dock", &pdf, &["-o", "scaling=exact"]));
    assert_eq!((&job["state"], &job["error"]["code"]), (&json!("failed"), &json!("document-size")), "{job:#}");
    assert_eq!(zebra.label_count(), 2);
}

#[test]
fn a_preview_leaves_no_trace_and_needs_no_printer() {
    let (daemon, zebra) = Daemon::with_zebra();
    daemon.until_machine("dock", "connected", |machine| machine["status"] == 100);
    let png = Label::four_by_six("PREVIEW").png();
    let file = daemon.document("label.png", &png);
    zebra.set_fault(Fault::Refuse).unwrap();
    let shown =
        |machine: &Value| [machine["status"].clone(), machine["status_text"].clone(), machine["properties"].clone()];
    let before = daemon.until_machine("dock", "disconnected", |machine| machine["status"] == 400);
    let connections = zebra.connections();
    dots::assert_same(&dots::of_png(&png), &daemon.preview("dock", &file, &[]));
    let after = daemon.machine("dock");
    assert_eq!(shown(&after), shown(&before));
    assert_eq!(after["machine_errors"], before["machine_errors"]);
    assert_eq!(zebra.connections(), connections, "the printer was not asked");
    assert_eq!(daemon.json(&["job", "list"]), json!([]));

    // Neither does it need a machine that runs, or a driver that asks for the dots before it connects.
    daemon.json(&["machine", "deactivate", "dock"]);
    daemon.until_state("dock", "inactive");
    dots::assert_same(&dots::of_png(&png), &daemon.preview("dock", &file, &[]));
    daemon.install("python_driver");
    daemon.json(&["machine", "add", "python", "--driver", "python-printer", "--set", "CONNECTION=tcp://127.0.0.1:1"]);
    dots::assert_same(&dots::of_png(&png), &daemon.preview("python", &file, &[]));

    let preview = |arguments: &[&str]| daemon.cli(&[&["preview", "dock", &file.to_string_lossy()], arguments].concat());
    preview(&["--label", "2"]).refused(1, &["there is no label 2: the document has 1"]);
    preview(&["--label", "0"]).refused(1, &["counted from 1"]);
    daemon.json(&["driver", "disable", "zebra-zpl"]);
    preview(&[]).refused(1, &["driver 'zebra-zpl' is not enabled"]);
}

#[test]
fn the_preview_of_each_page_is_what_the_printer_prints() {
    if missing("options::the_preview_of_each_page", &[Counterpart::Documents]) {
        return;
    }
    let (daemon, zebra) = Daemon::with_zebra();
    let pdf = documents().into_iter().find(|path| path.ends_with("reportlab.pdf")).unwrap();
    daemon.job_over(daemon.print_with("dock", &pdf, &["-o", "scaling=fit"]));
    for (number, label) in (1..).zip(zebra.labels()) {
        let preview = daemon.preview("dock", &pdf, &["-o", "scaling=fit", "--label", &i32::to_string(&number)]);
        dots::assert_same(&preview, &label.bitmap);
    }
    assert_eq!(zebra.label_count(), 2);
}

#[test]
fn documents_in_zpl_are_printed_when_the_operator_allows_them_with_a_label_for_each_row() {
    let (daemon, zebra) = Daemon::with_zebra();
    let file = daemon.document("box.zpl", b"^XA^PW64^LL64^FO8,8^GFA,2,2,1,F00F^FS^FO0,40^A0N,20^FD{{part}}^FS^XZ");
    let print = ["print", "dock", &file.to_string_lossy(), "-f", "part=M4"];
    daemon.cli(&print).refused(1, &["application/vnd.zebra-zpl", "image/png", "when a setting allows it"]);
    // The setting asks first.
    daemon.cli(&["machine", "set", "dock", "RAW_ZPL=true"]).refused(1, &["Accept them?", "--yes"]);
    daemon.cli(&print).refused(1, &["when a setting allows it"]);
    daemon.json(&["machine", "set", "dock", "RAW_ZPL=true", "--yes"]);
    daemon.cli(&["preview", "dock", &file.to_string_lossy(), "-f", "part=M4"]).refused(1, &["only the device knows"]);

    let rows = daemon.document("rows.json", br#"[{"part": "M4"}, {"part": "^XZ~JA"}, {"part": 5}]"#);
    let job = daemon.print_with("dock", &file, &["--rows", &rows.to_string_lossy(), "--copies", "2"]);
    let job = daemon.job_over(job);
    assert_eq!((&job["state"], &job["label_count"]), (&json!("done"), &json!(3)), "{job:#}");
    assert_eq!(job["labels"]["proof"], "counted");
    let labels = zebra.labels();
    assert_eq!(labels.iter().map(|label| label.copies).collect::<Vec<_>>(), [2, 2, 2]);
    assert!(labels[0].bitmap.is_black(8, 8) && labels[0].bitmap.is_black(12, 9) && !labels[0].bitmap.is_black(12, 8));
    let formats: Vec<_> = labels.iter().map(|label| String::from_utf8_lossy(&label.format).into_owned()).collect();
    assert!(formats[0].contains("^FDM4^FS") && formats[2].contains("^FD5^FS"), "{formats:?}");
    // What stands in a field is text and never a command.
    assert!(formats[1].contains("_5EXZ_7EJA"), "{}", formats[1]);
    assert_eq!(zebra.errors(), vec![]);
}

#[test]
fn a_zpl_template_that_cannot_be_filled_fails_before_a_byte_is_sent_and_says_where() {
    let (daemon, zebra) = Daemon::with_zebra();
    daemon.json(&["machine", "set", "dock", "RAW_ZPL=true", "--yes"]);
    daemon.until_machine("dock", "ready", |machine| machine["status"] == 100);
    let fails = |name: &str, bytes: &[u8], arguments: &[&str], words: &str| {
        let job = daemon.job_over(daemon.print_with("dock", &daemon.document(name, bytes), arguments));
        assert_eq!((&job["state"], &job["error"]["code"]), (&json!("failed"), &json!("zpl-template")), "{job:#}");
        assert!(job["error"]["message"].as_str().unwrap().contains(words), "{job:#}");
        assert_eq!(job["error"]["outcome"], "not-sent");
    };
    fails("setup.zpl", b"^XA\n^JUS^XZ", &[], "line 2, column 1");
    fails("field.zpl", b"^XA^FD{{part}}^FS^XZ", &[], "part");
    assert_eq!(zebra.label_count(), 0);
    let png = Label::four_by_six("ROWS").png();
    let file = daemon.document("label.png", &png);
    let rows = daemon.document("rows.json", br#"[{"part": "M4"}, {"part": "M5"}]"#);
    let said = daemon.cli(&["print", "dock", &file.to_string_lossy(), "--rows", &rows.to_string_lossy()]);
    said.refused(1, &["fields for 2 labels, and the document has 1"]);
}

#[test]
fn labels_with_the_same_dots_are_sent_once_and_the_graphic_is_deleted_at_the_end() {
    let (daemon, zebra) = Daemon::with_zebra();
    let job = daemon.job_over(daemon.print_with("dock", &daemon.document("same.pdf", &equal_pages(3)), &[]));
    assert_eq!((&job["state"], &job["label_count"]), (&json!("done"), &json!(3)), "{job:#}");
    let sent = String::from_utf8_lossy(&zebra.received()).into_owned();
    let times = |what: &str| sent.matches(what).count();
    assert_eq!((times("~DGR:OST"), times("^XGR:OST"), times("^IDR:OST")), (1, 3, 1), "one download and three recalls");
    let labels = zebra.labels();
    assert_eq!(labels.len(), 3);
    for label in &labels[1..] {
        dots::assert_same(&labels[0].bitmap, &label.bitmap);
    }
    assert!(labels[0].bitmap.black_dots() > 1000);
    assert_eq!(zebra.stored_graphics(), Vec::<String>::new());
}
