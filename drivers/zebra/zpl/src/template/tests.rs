use proptest::prelude::*;

use super::*;

fn filled(template: &str, fields: &[(&str, &str)]) -> Result<String, String> {
    let fields: Vec<(String, String)> =
        fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let parsed = Template::parse(template).map_err(|error| error.to_string())?;
    let bytes = parsed.fill(&fields, 2).map_err(|error| error.to_string())?;
    Ok(String::from_utf8(bytes).unwrap())
}

fn refusal(template: &str) -> String {
    filled(template, &[]).unwrap_err()
}

#[test]
fn a_value_is_put_into_its_place() {
    let template = "^XA\n^FO50,50^A0N,40^FDPart {{ name }}, {{count}} pcs^FS\n^XZ\n";
    let expected = "^XA\n^CI28^FO50,50^A0N,40^FH_^FDPart M4 x 10 (A2), 100 pcs^FS\n^PQ2,0,0,N^XZ\n\n";
    assert_eq!(filled(template, &[("name", "M4 x 10 (A2)"), ("count", "100")]).unwrap(), expected);
}

#[test]
fn a_template_without_places_is_sent_as_it_is_with_the_copies_of_the_job() {
    assert_eq!(filled("^XA^FDa_b^FS^PQ1,0,1,Y^XZ", &[]).unwrap(), "^XA^FDa_b^FS^PQ2,0,0,N^XZ\n");
}

#[test]
fn a_value_cannot_smuggle_in_a_command() {
    let value = "a^FS^JUS~JR_5E\u{1e}JUS\u{10}JR! U1 setvar\r\n{}{é";
    let text = filled("^XA^FD{{x}}^FS^XZ", &[("x", value)]).unwrap();
    let data = text.split_once("^FD").unwrap().1.split_once("^FS").unwrap().0;
    assert!(data.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_ ".contains(&byte)), "{data}");
    assert!(data.starts_with("a_5EFS_5EJUS_7EJR_5F5E_1EJUS_10JR_21 U1 setvar_0D_0A_7B_7D_7B_C3_A9"), "{data}");
}

#[test]
fn the_templates_own_indicator_is_used_for_the_value() {
    let text = filled("^XA^FH\\^FDa_b\\41{{x}}^FS^FD_{{x}}^FS^XZ", &[("x", "\\^")]).unwrap();
    assert!(text.contains("^FH\\^FDa_b\\41\\5C\\5E^FS"), "{text}");
    // The next field has none again: it gets one, and its own underscore is kept.
    assert!(text.contains("^FH_^FD_5F_5C_5E^FS"), "{text}");
}

#[test]
fn an_encoding_of_the_templates_own_takes_plain_values_only() {
    let template = "^XA^CI13^FD{{x}}^FS^XZ";
    assert!(!filled(template, &[("x", "plain")]).unwrap().contains("^CI28"));
    assert!(filled(template, &[("x", "Ä")]).unwrap_err().contains("not plain ASCII"));
    assert!(filled("^XA^CI28^FD{{x}}^FS^XZ", &[("x", "Ä")]).is_ok());
}

#[test]
fn a_missing_field_is_named_with_its_place_and_with_what_there_is() {
    let error = filled("^XA\n  ^FD{{name}} {{nmae}}^FS^XZ", &[("name", "x"), ("id", "7")]).unwrap_err();
    assert_eq!(error, "line 2, column 15: the label has no field `nmae`; it has id, name");
}

#[test]
fn a_place_outside_of_a_fields_data_is_refused() {
    assert_eq!(
        refusal("^XA^FO{{x}},10^FDa^FS^XZ"),
        "line 1, column 7: a placeholder may stand only between ^FD and ^FS"
    );
    assert!(refusal("^XA^FX{{x}}^FDa^FS^XZ").contains("between ^FD and ^FS"));
    for broken in ["{{x", "{{}}", "{{ }}", "{{a{b}}"] {
        assert!(refusal(&format!("^XA^FD{broken}^FS^XZ")).contains("{{name}}"), "{broken}");
    }
}

#[test]
fn what_would_change_the_printer_is_refused_by_name() {
    for (command, why) in [
        ("^JUS", "resets"),
        ("~JR", "resets"),
        ("~jr", "resets"),
        ("^KNname", "resets"),
        ("^SZ1", "resets"),
        ("^NS1,1.2.3.4", "network"),
        ("^WPx", "network"),
        ("^DFR:X.ZPL", "stores"),
        ("~DYR:X,A,P,1,1,00", "stores"),
        ("~DNfirmware", "stores"),
        ("^IDR:*.*", "stores"),
        ("^CC!", "signs"),
        ("~HS", "answer"),
        ("^RFW,H", "tag"),
        ("^GFB,1,1,1,x", "^GFA"),
        ("^QQ1", "not in the list"),
    ] {
        for template in [format!("^XA{command}^FDa^FS^XZ"), format!("^XA^FDa{command}^FS^XZ")] {
            let error = refusal(&template);
            let name: String = command.chars().take(3).collect::<String>().to_ascii_uppercase();
            assert!(error.contains(&name) && error.contains(why), "{template}: {error}");
        }
    }
}

#[test]
fn other_languages_on_the_same_wire_are_refused() {
    for template in [
        "^XA^FDa^FS\n! U1 setvar \"device.reset\" \"\"\n^XZ",
        "^XA^FDa ! U1 do \"x\"^FS^XZ",
        "! 0 200 200 210 1\n^XA^FDa^FS^XZ",
        "^XA^FDa^FS{}{\"device.reset\":\"\"}^XZ",
        "^XA\u{1e}JUS^FDa^FS^XZ",
        "^XA\u{10}JR^FDa^FS^XZ",
        "^XA^FDa^FS text ^XZ",
        "^XA^FDa^FS^XZ<?xml version=\"1.0\"?>",
    ] {
        assert!(filled(template, &[]).is_err(), "{template}");
    }
    assert!(filled("^XA^FDStop! Now.^FS^XZ", &[]).is_ok());
}

#[test]
fn a_label_is_one_format() {
    for template in
        ["", "text", "^FDa^FS", "^XA^FDa^FS", "^XA^FDa^FS^XZ^XA^FDb^FS^XZ", "^FO1,1^XA^XZ", "^XA^XZ~SD05", "^XA^"]
    {
        assert!(filled(template, &[]).is_err(), "{template}");
    }
    assert!(filled("~SD05^XA^FDa^FS^XZ\r\n", &[]).is_ok());
    assert!(refusal("^XA^FDa^FS^PQ5^XZ").contains("copies"));
}

#[test]
fn more_than_a_field_can_hold_is_refused_and_not_cut_off() {
    assert!(filled("^XA^FD{{x}}^FS^XZ", &[("x", &"x".repeat(3072))]).is_ok());
    assert!(filled("^XA^FD{{x}}^FS^XZ", &[("x", &"x".repeat(3073))]).unwrap_err().contains("3073 bytes"));
}

/// What a printer makes of a field's data: hexadecimal after the indicator is a byte (guide, page of `^FH`).
fn decoded(data: &str) -> Vec<u8> {
    let mut bytes = data.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte == b'_' {
            let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
            out.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
        } else {
            out.push(byte);
        }
    }
    out
}

proptest! {
    #[test]
    fn every_value_arrives_and_adds_no_command(before in "[a-z_ ]{0,9}", value in "(?s).{0,60}") {
        let text = filled(&format!("^XA^FD{before}{{{{x}}}}_^FS^XZ"), &[("x", &value)]).unwrap();
        prop_assert_eq!(text.matches(['^', '~']).count(), "^XA^CI28^FH_^FD^FS^PQ^XZ".matches('^').count());
        let data = text.split_once("^FD").unwrap().1.split_once("^FS").unwrap().0;
        prop_assert_eq!(decoded(data), format!("{before}{value}_").into_bytes());
    }

    #[test]
    fn no_text_makes_the_reader_fail_in_another_way_than_by_an_error(text in "(?s)(\\^|~|XA|XZ|FD|FS|\\{\\{|\\}\\}|.){0,30}") {
        let _ = filled(&text, &[("x", "y")]);
    }
}
