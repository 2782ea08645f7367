//! Labels on paper: every dot, every copy, in order.

use ostler_simulators::{Bitmap, ZebraConfig};
use ostler_tests::{Daemon, Label, dots, printer};
use serde_json::json;

#[test]
fn a_label_arrives_dot_for_dot_and_the_printer_counts_it() {
    let (daemon, zebra) = Daemon::with_zebra();
    let png = Label::four_by_six("OSTLER-0001").png();
    let job = daemon.print_done("dock", &png);

    assert_eq!(job["labels"], json!({ "done": 1, "started": null, "proof": "counted" }));
    assert_eq!((&job["copies"], &job["label_count"], &job["attempts"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(job["error"], json!(null));
    assert_eq!(zebra.label_count(), 1);
    dots::assert_same(&dots::of_png(&png), &zebra.labels()[0].bitmap);
    assert_eq!((zebra.errors(), zebra.unknown_commands()), (vec![], [].into()));
}

#[test]
fn the_comparison_refuses_blank_shifted_mirrored_and_turned_pictures() {
    let (daemon, zebra) = Daemon::with_zebra();
    let png = Label::four_by_six("OSTLER-0002").png();
    daemon.print_done("dock", &png);
    let expected = dots::of_png(&png);
    let printed = zebra.labels()[0].bitmap.clone();
    assert_eq!(dots::difference(&expected, &printed), None);

    let mut sideways = Bitmap::new(printed.width(), printed.height());
    sideways.draw(&printed, 1, 0, ostler_simulators::bitmap::Ink::Black);
    let mut one_dot_more = (*printed).clone();
    let (x, y) = (0..printed.width()).map(|x| (x, 600)).find(|&(x, y)| !printed.is_black(x, y)).unwrap();
    one_dot_more.set_black(x, y);
    let wrong = [
        ("blank", Bitmap::new(printed.width(), printed.height())),
        ("one dot down", printed.shifted_down(1)),
        ("one dot up", printed.shifted_down(-1)),
        ("one dot to the right", sideways),
        ("mirrored", printed.mirrored()),
        ("upside down", printed.turned()),
        ("one dot more", one_dot_more),
        ("another label", dots::of_png(&Label::four_by_six("OSTLER-0003").png())),
        ("narrower", Bitmap::new(printed.width() - 1, printed.height())),
    ];
    for (what, picture) in wrong {
        assert!(dots::difference(&expected, &picture).is_some(), "{what}");
    }
}

#[test]
fn copies_come_out_as_often_as_asked_for() {
    let (daemon, zebra) = Daemon::with_zebra();
    let png = Label::four_by_six("THREE").png();
    let job = daemon.job_over(daemon.print("dock", &png, 3));
    assert_eq!((&job["state"], &job["copies"]), (&json!("done"), &json!(3)), "{job:#}");
    assert_eq!(zebra.label_count(), 3);
    assert!(zebra.labels().iter().all(|label| dots::difference(&dots::of_png(&png), &label.bitmap).is_none()));
}

#[test]
fn jobs_of_a_machine_are_printed_in_their_order() {
    let (daemon, zebra) = Daemon::with_zebra();
    let pictures: Vec<_> = (0..6).map(|number| Label::four_by_six(&format!("ORDER-{number}")).png()).collect();
    let jobs: Vec<_> = pictures.iter().map(|png| daemon.print("dock", png, 1)).collect();
    assert!(jobs.is_sorted());
    for job in jobs {
        assert_eq!(daemon.job_over(job)["state"], "done");
    }
    let printed = zebra.labels();
    assert_eq!(printed.len(), pictures.len());
    for (png, label) in pictures.iter().zip(&printed) {
        dots::assert_same(&dots::of_png(png), &label.bitmap);
    }
}

#[test]
fn the_command_line_can_wait_for_the_label() {
    let (daemon, zebra) = Daemon::with_zebra();
    let file = daemon.document("parcel.png", &Label::four_by_six("WAIT").png());
    let said = daemon.cli(&["print", "dock", &file.to_string_lossy(), "--wait"]).ok();
    assert_eq!(zebra.label_count(), 1);
    assert!(said.stdout.contains("done") && said.stdout.contains("counted"), "{}", said.stdout);
    assert!(said.stdout.contains("parcel.png"), "{}", said.stdout);
}

#[test]
fn a_large_label_is_sent_in_fields_that_old_firmware_takes() {
    let daemon = Daemon::start();
    daemon.install("ostler_driver_zebra");
    let zebra = printer::zebra_with(ZebraConfig {
        dots_per_mm: 12,
        head_width: 1248,
        label_length: 1827,
        old_firmware: true,
        ..ZebraConfig::default()
    });
    daemon.add_zebra("dock", &zebra, &["DPMM=12"]);
    let png = Label::new(1218, 1827, "TWELVE-DOTS").png();
    daemon.print_done("dock", &png);

    let label = zebra.labels().pop().unwrap();
    dots::assert_same(&dots::of_png(&png), &label.bitmap);
    assert_eq!(zebra.errors(), []);
    // Zebra's programming guide, ^GF: the byte counts b and c go from 1 to 99999.
    let format = String::from_utf8(label.format.to_vec()).unwrap();
    let fields: Vec<_> = format.split("^GF").skip(1).collect();
    assert!(fields.len() > 1, "a label of {} bytes was sent as one field", label.bitmap.bytes().len());
    let mut sum = 0;
    for field in fields {
        let counts: Vec<u32> = field.split(',').skip(1).take(2).map(|count| count.parse().unwrap()).collect();
        assert!(counts.iter().all(|count| (1..=99_999).contains(count)), "{counts:?}");
        sum += counts[1];
    }
    assert_eq!(sum as usize, label.bitmap.bytes().len());
}

#[test]
fn darkness_is_sent_only_when_it_is_set() {
    let (daemon, zebra) = Daemon::with_zebra();
    let png = Label::four_by_six("DARK").png();
    daemon.print_done("dock", &png);
    assert!(!contains(&zebra.received(), b"~SD"));
    daemon.json(&["machine", "set", "dock", "DARKNESS=17"]);
    daemon.print_done("dock", &png);
    assert!(contains(&zebra.received(), b"~SD17"));
}

#[test]
fn a_virtual_printer_prints_without_a_device() {
    let daemon = Daemon::start();
    daemon.install("ostler_driver_virtual");
    daemon.add("desk", "virtual-printer", &[]);
    let png = Label::four_by_six("NOWHERE").png();
    let job = daemon.print_done("desk", &png);
    // There is no device that could acknowledge anything.
    assert_eq!(job["labels"]["proof"], "sent");
    let black = dots::of_png(&png).black_dots().to_string();
    daemon.until_machine("desk", "its property `Black dots` is what the label has", |machine| {
        machine["properties"]
            .as_array()
            .unwrap()
            .iter()
            .any(|property| property["key"] == "Black dots" && property["value"] == black.as_str())
    });
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
