//! What the Zebra driver sends, read by programs nobody here wrote.

use ostler_simulators::ZebraConfig;
use ostler_tests::{
    Daemon, Label,
    counterpart::{Counterpart, Paper, missing, without, zbarimg, zpl_renderer_js, zplkit},
    dots,
};

/// Questions to the printer, its darkness and the number of copies: they put nothing on the label, and zplkit stops at them.
const NOT_DRAWN: [&str; 5] = ["~HS", "~HQ", "~HI", "~SD", "^PQ"];

const PAPER: Paper = Paper { dpmm: 8, width: 812, height: 1218 };

/// What a driver sent for one label, to a printer that prints nothing outside it.
struct Sent {
    png: Vec<u8>,
    /// All bytes that arrived, over all connections.
    zpl: Vec<u8>,
    /// What the simulator printed, as PNG.
    simulated: Vec<u8>,
}

fn send(payload: &str) -> Sent {
    let daemon = Daemon::start();
    // The head is as wide as the label, so that the renderers' pictures have the same size as ours.
    let zebra = daemon.add_dock(ZebraConfig { head_width: PAPER.width, ..ZebraConfig::default() });
    daemon.json(&["machine", "set", "dock", "DARKNESS=12"]);
    let png = Label::four_by_six(payload).png();
    daemon.print_done("dock", &png);
    let simulated = zebra.labels()[0].to_png().unwrap();
    Sent { png, zpl: zebra.received(), simulated }
}

fn assert_reads(png: &[u8], payload: &str) {
    let mut read = zbarimg(png);
    read.sort();
    assert_eq!(read, [format!("CODE-128:{payload}"), format!("QR-Code:{payload}")]);
}

#[test]
fn zpl_renderer_js_draws_the_label_dot_for_dot() {
    if missing("zpl_renderer_js_draws_the_label_dot_for_dot", &[Counterpart::ZplRendererJs, Counterpart::Zbarimg]) {
        return;
    }
    let sent = send("OSTLER-GO-77");
    let drawn = zpl_renderer_js(&sent.zpl, PAPER, 0);
    dots::assert_same(&dots::of_png(&sent.png), &dots::of_png(&drawn));
    dots::assert_same(&dots::of_png(&sent.simulated), &dots::of_png(&drawn));
    assert_reads(&drawn, "OSTLER-GO-77");
}

#[test]
fn zplkit_draws_the_label_dot_for_dot() {
    if missing("zplkit_draws_the_label_dot_for_dot", &[Counterpart::Zplkit, Counterpart::Zbarimg]) {
        return;
    }
    let sent = send("OSTLER-PY-88");
    let drawn = zplkit(&without(&sent.zpl, &NOT_DRAWN), PAPER, 0);
    dots::assert_same(&dots::of_png(&sent.png), &dots::of_png(&drawn));
    dots::assert_same(&dots::of_png(&sent.simulated), &dots::of_png(&drawn));
    assert_reads(&drawn, "OSTLER-PY-88");
}

#[test]
fn zbarimg_reads_the_codes_on_the_printed_label() {
    if missing("zbarimg_reads_the_codes_on_the_printed_label", &[Counterpart::Zbarimg]) {
        return;
    }
    let sent = send("OSTLER-ZB-99");
    assert_reads(&sent.simulated, "OSTLER-ZB-99");
}

#[test]
fn leaving_commands_out_leaves_the_others_as_they_were() {
    let zpl = b"~HS\r\n~HQES\n^XA^PON^FO0,0^GFA,1,1,1,FF^FS^PQ1,0,0,N^XZ~HI\n";
    assert_eq!(without(zpl, &NOT_DRAWN), b"^XA^PON^FO0,0^GFA,1,1,1,FF^FS^XZ");
    assert_eq!(without(zpl, &[]), zpl);
}
