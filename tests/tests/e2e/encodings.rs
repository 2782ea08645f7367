//! Every form in which the Zebra driver can send dots, drawn by programs nobody here wrote. The protocol crates are called
//! directly, so that forms which the default printer is not sent are seen too.

use ostler_simulators::Bitmap;
use ostler_tests::{
    counterpart::{Counterpart, Language, Paper, labelize, missing, without, zpl_renderer_js, zplkit},
    dots,
};
use ostler_zpl::{Encoding, Label, Stored, Template};

/// Whole millimetres, as labelize wants them, and more than one strip of dots.
const PAPER: Paper = Paper { dpmm: 8, width: 816, height: 1216 };

const READERS: [Counterpart; 3] = [Counterpart::ZplRendererJs, Counterpart::Zplkit, Counterpart::Labelize];

/// The first label of a stream of ZPL.
fn draw(reader: Counterpart, zpl: &[u8]) -> Bitmap {
    dots::of_png(&match reader {
        Counterpart::ZplRendererJs => zpl_renderer_js(zpl, PAPER, 0),
        // It is strict, and stops at a command that draws nothing.
        Counterpart::Zplkit => zplkit(&without(zpl, &["^PQ"]), PAPER, 0),
        Counterpart::Labelize => labelize(Language::Zpl, zpl, PAPER),
        other => panic!("{other:?} reads no ZPL"),
    })
}

/// Bytes without a pattern; the generator is that of Numerical Recipes.
fn noise() -> impl FnMut() -> u8 {
    let mut state = 1_u32;
    move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    }
}

/// White, black, lines, a pattern and noise: every form of compression has something to do.
fn picture() -> Vec<u8> {
    let stride = PAPER.width / 8;
    let mut noise = noise();
    let mut byte = |x: u32, y: u32| {
        let noise = noise();
        match y / 64 % 5 {
            0 => 0x00,
            1 if x > 20 => 0xFF,
            2 => 0x0F << (y % 5),
            3 if x < 40 => noise,
            _ if x == y % stride => 0x18,
            _ => 0,
        }
    };
    (0..PAPER.height).flat_map(|y| (0..stride).map(move |x| (x, y))).map(|(x, y)| byte(x, y)).collect()
}

#[test]
fn every_form_of_a_graphic_is_drawn_dot_for_dot() {
    let data = picture();
    let expected = Bitmap::from_rows(PAPER.width, data.clone()).unwrap();
    let bitmap = ostler_zpl::Bitmap::new(PAPER.width, PAPER.height, PAPER.width / 8, &data).unwrap();
    for reader in READERS {
        if missing("encodings::every_form_of_a_graphic_is_drawn_dot_for_dot", &[reader]) {
            continue;
        }
        for encoding in [Encoding::Hex, Encoding::Z64] {
            let label = Label { encoding, ..Label::new(bitmap) };
            let stored = Stored::for_job(7);
            let recalled = [stored.download(&bitmap, encoding), label.recall(&stored)].concat();
            dots::assert_same(&expected, &draw(reader, &label.to_bytes()));
            dots::assert_same(&expected, &draw(reader, &recalled));
            // zplkit renders what is left of a stream, and has no objects to delete in it.
            if reader != Counterpart::Zplkit {
                dots::assert_same(&expected, &draw(reader, &[recalled, stored.delete()].concat()));
            }
        }
    }
}

#[test]
fn a_value_in_a_template_is_drawn_like_the_same_text_written_by_hand() {
    let value = "M4_x 10 #7 = 100 %";
    let template = "^XA^PW816^LL1216^FO60,60^A0N,60,60^FDa_{{value}}^FS^XZ";
    let by_hand = format!("^XA^CI28^PW816^LL1216^FO60,60^A0N,60,60^FDa_{value}^FS^XZ");
    let fields = [("value".to_owned(), value.to_owned())];
    let filled = Template::parse(template).unwrap().fill(&fields, 1).unwrap();
    let text = String::from_utf8(filled.clone()).unwrap();
    assert!(text.contains("_5F") && text.contains("_25"), "{text}");
    for reader in READERS {
        if missing("encodings::a_value_in_a_template_is_drawn_like_the_same_text_written_by_hand", &[reader]) {
            continue;
        }
        dots::assert_same(&draw(reader, by_hand.as_bytes()), &draw(reader, &filled));
    }
}

#[test]
fn a_label_of_epl2_has_every_dot_where_it_belongs() {
    if missing("encodings::a_label_of_epl2_has_every_dot_where_it_belongs", &[Counterpart::Labelize]) {
        return;
    }
    let paper = Paper { height: 400, ..PAPER };
    let mut noise = noise();
    let data: Vec<u8> = (0..paper.width / 8 * paper.height)
        .map(|at| {
            let noise = noise();
            if at % 1000 < 500 { noise } else { 0 }
        })
        .collect();
    let tracking = Some(ostler_epl::Tracking::Gap(24));
    let setup = ostler_epl::Setup { darkness: Some(8), tracking, ..ostler_epl::Setup::default() };
    let form = ostler_epl::Label::new(paper.width, paper.height, &data).unwrap().setup(setup).to_bytes();
    // labelize takes 1 for black. Printers take 0: so the guide's examples, and so write LPrint and the drivers of CUPS.
    // Every dot is compared; only its colour is the other one.
    let inverted = data.iter().map(|byte| !byte).collect();
    let expected = Bitmap::from_rows(paper.width, inverted).unwrap();
    dots::assert_same(&expected, &dots::of_png(&labelize(Language::Epl, &form, paper)));
}
