//! Set-Get-Do variables, the odometer, and the habits of replies.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{LIMIT, format, replies, send};
use ostler_simulators::ZebraPrinter;
use ostler_simulators::zebra::{Answers, HostStatusQuirk, Media, Odometer, ZebraConfig};
use tokio::io::AsyncReadExt;

fn start(config: ZebraConfig) -> ZebraPrinter {
    ZebraPrinter::start(config).unwrap()
}

async fn get(printer: &ZebraPrinter, name: &str) -> String {
    let reply = replies(printer, format!("! U1 getvar \"{name}\"\r\n").as_bytes()).await;
    reply.strip_prefix('"').and_then(|reply| reply.strip_suffix('"')).unwrap().to_owned()
}

async fn set(printer: &ZebraPrinter, name: &str, value: &str) {
    assert_eq!(replies(printer, format!("! U1 setvar \"{name}\" \"{value}\"\r\n").as_bytes()).await, "");
}

#[tokio::test]
async fn variables_say_what_the_printer_is() {
    let printer = start(ZebraConfig { serial: "50J1".into(), ..ZebraConfig::default() });
    let expected = [
        ("appl.name", "V93.21.26Z"),
        ("device.product_name", "ZD421-203dpi ZPL"),
        ("device.unique_id", "50J1"),
        ("device.friendly_name", "50J1"),
        ("device.languages", "zpl"),
        ("head.resolution.in_dpi", "203"),
        ("media.type", "label"),
        ("ezpl.media_type", "gap/notch"),
        ("ezpl.print_mode", "tear off"),
        ("ezpl.print_width", "832"),
        ("zpl.label_length", "1218"),
        ("zpl.label_top", "0"),
        ("print.tone", "10"),
        ("media.speed", "4"),
        ("no.such", "?"),
    ];
    for (name, value) in expected {
        assert_eq!(get(&printer, name).await, value, "{name}");
    }
    for (dots_per_mm, dpi) in [(6, "152"), (12, "300"), (24, "600")] {
        let printer = start(ZebraConfig { dots_per_mm, ..ZebraConfig::default() });
        assert_eq!(get(&printer, "head.resolution.in_dpi").await, dpi);
    }
}

#[tokio::test]
async fn a_variable_and_its_command_are_the_same_setting() {
    let printer = start(ZebraConfig::default());
    let settings = [
        ("ezpl.media_type", "mark", "^MNM"),
        ("ezpl.media_type", "continuous", "^MNN"),
        ("ezpl.print_mode", "peel off", "^MMP"),
        ("ezpl.print_mode", "delayed cut", "^MMD"),
        ("ezpl.print_width", "400", "^PW400"),
        ("zpl.label_top", "-7", "^LT-7"),
        ("print.tone", "21", "~SD21\n"),
        ("media.speed", "6", "^PR6,6"),
    ];
    for (name, value, command) in settings {
        set(&printer, name, value).await;
        assert_eq!(get(&printer, name).await, value, "{name}");
        replies(&printer, b"~JR").await;
        assert_ne!(get(&printer, name).await, value, "{name} is not the default");
        replies(&printer, format!("^XA{command}^XZ").as_bytes()).await;
        assert_eq!(get(&printer, name).await, value, "{command}");
        replies(&printer, b"~JR").await;
    }
    set(&printer, "zpl.label_length", "500").await;
    assert_eq!(get(&printer, "zpl.label_length").await, "1218", "labels are as long as they are");
    set(&printer, "ezpl.media_type", "continuous").await;
    assert_eq!(get(&printer, "zpl.label_length").await, "500");
    set(&printer, "ezpl.print_width", "wide").await;
    set(&printer, "ezpl.print_mode", "origami").await;
    set(&printer, "print.tone", "31").await;
    assert_eq!(get(&printer, "print.tone").await, "10");
    assert_eq!(get(&printer, "ezpl.print_width").await, "832");
    set(&printer, "device.friendly_name", "dock").await;
    assert_eq!(get(&printer, "device.friendly_name").await, "dock");
}

#[tokio::test]
async fn the_odometer_goes_on_from_its_start_and_measures_what_passes() {
    let before = Odometer { labels: 31_084, markers: 40_000, length: 203 * 1000 * 100, cuts: 0 };
    // 5080 dots are 25 inches at 8 dots/mm.
    let media = Some(Media::gap(832, 5080));
    let printer = start(ZebraConfig { odometer: before, media, ..ZebraConfig::default() });
    replies(&printer, &[format(4), b"^XA^XZ".to_vec()].concat()).await;
    assert_eq!(get(&printer, "odometer.total_label_count").await, "31088", "feeds are not labels");
    assert_eq!(get(&printer, "odometer.media_marker_count").await, "40005");
    // 20 300 000 + 5 x 5080 dots, of 0.125 mm each.
    assert_eq!(get(&printer, "odometer.total_print_length").await, "100026 INCHES, 254067 CENTIMETERS");
    assert_eq!(printer.label_count(), 4);
}

#[tokio::test]
async fn counters_for_users_are_reset_and_the_total_is_not() {
    let printer = start(ZebraConfig { media: Some(Media::gap(832, 2032)), ..ZebraConfig::default() });
    replies(&printer, &format(3)).await;
    for name in ["odometer.headclean", "odometer.headnew", "odometer.media_marker_count1"] {
        assert_eq!(get(&printer, name).await, "30 INCHES, 76 CENTIMETERS", "{name}");
    }
    set(&printer, "odometer.headclean", "0").await;
    set(&printer, "odometer.headnew", "5").await;
    set(&printer, "odometer.user_label_count", "0").await;
    set(&printer, "odometer.user_label_count1", "100").await;
    replies(&printer, b"~RO2\r\n").await;
    replies(&printer, &format(1)).await;
    assert_eq!(get(&printer, "odometer.headclean").await, "10 INCHES, 25 CENTIMETERS");
    assert_eq!(get(&printer, "odometer.headnew").await, "40 INCHES, 101 CENTIMETERS", "5 is no reset");
    assert_eq!(get(&printer, "odometer.media_marker_count2").await, "10 INCHES, 25 CENTIMETERS");
    assert_eq!(get(&printer, "odometer.user_label_count").await, "1");
    assert_eq!(get(&printer, "odometer.user_label_count1").await, "101");
    assert_eq!(get(&printer, "odometer.user_label_count2").await, "1");
    assert_eq!(get(&printer, "odometer.total_label_count").await, "4");
    assert!(replies(&printer, b"~HQOD").await.contains("USER RESETTABLE CNTR1:              40 \""));
}

#[tokio::test]
async fn a_variable_is_answered_at_once_whatever_ends_its_line() {
    let printer = start(ZebraConfig::default());
    for end in [" ", "\r", "\r\n", "\n"] {
        let mut stream = send(&printer, format!("! U1 getvar \"device.languages\"{end}").as_bytes()).await;
        let mut reply = [0; 5];
        tokio::time::timeout(LIMIT, stream.read_exact(&mut reply)).await.unwrap().unwrap();
        assert_eq!(&reply, b"\"zpl\"", "{end:?}");
    }
}

#[tokio::test]
async fn a_device_is_reset_by_variable() {
    let printer = start(ZebraConfig::default());
    replies(&printer, b"^XA^PW100^XZ! U1 do \"device.reset\" \"\"\r\n").await;
    assert_eq!(printer.settings().width, 832);
}

#[tokio::test]
async fn a_printer_answers_only_the_kind_of_query_that_it_knows() {
    let queries = b"~HI~HS~HQES^XA^HH^XZ! U1 getvar \"device.unique_id\"\r\n";
    let variables = start(ZebraConfig { answers: Answers::Variables, ..ZebraConfig::default() });
    assert_eq!(replies(&variables, queries).await, "\"D4J000000001\"");
    let commands = start(ZebraConfig { answers: Answers::Commands, ..ZebraConfig::default() });
    let reply = replies(&commands, queries).await;
    assert!(reply.contains("PRINTER STATUS") && !reply.contains('"'), "{reply}");
}

#[tokio::test]
async fn the_configuration_is_told_as_text() {
    let printer = start(ZebraConfig::default());
    let reply = replies(&printer, b"^XA^MNM^LT5^HH^XZ").await;
    for line in [
        "  MARK                MEDIA TYPE\r\n",
        "  5                   LABEL TOP\r\n",
        "  832                 PRINT WIDTH\r\n",
    ] {
        assert!(reply.contains(line), "{line:?} in {reply}");
    }
    assert!(reply.starts_with('\x02') && reply.ends_with("\x03\r\n"));
}

#[tokio::test]
async fn host_status_has_the_quirks_of_the_field() {
    let plain = replies(&start(ZebraConfig::default()), b"~HS").await;
    let with = |host_status_quirk| start(ZebraConfig { host_status_quirk, ..ZebraConfig::default() });

    let joined = replies(&with(HostStatusQuirk::NoLineEnds), b"~HS").await;
    assert_eq!(joined, plain.replace("\r\n", ""));
    let two = replies(&with(HostStatusQuirk::TwoStrings), b"~HS").await;
    assert_eq!(two, plain.strip_suffix("\x021234,0\x03\r\n").unwrap());
    let apart = with(HostStatusQuirk::Apart { pause: Duration::ZERO });
    assert_eq!(replies(&apart, b"~HS~HS").await, plain.repeat(2));
}

#[tokio::test(start_paused = true)]
async fn strings_that_are_sent_apart_arrive_apart() {
    let pause = Duration::from_hours(1);
    let config = ZebraConfig { host_status_quirk: HostStatusQuirk::Apart { pause }, ..ZebraConfig::default() };
    let printer = start(config);
    let mut stream = send(&printer, b"~HS").await;
    let mut buffer = [0; 1000];
    for start in ["\x02030,", "\x02000,", "\x021234,"] {
        let length = stream.read(&mut buffer).await.unwrap();
        let text = String::from_utf8_lossy(&buffer[..length]);
        assert!(text.starts_with(start) && text.ends_with("\x03\r\n") && text.matches('\x02').count() == 1, "{text:?}");
    }
}
