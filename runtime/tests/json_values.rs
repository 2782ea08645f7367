//! JSON to values and back, through the memory of a real guest that returns what it is given: whatever JSON comes, it is
//! refused with a sentence, or the engine takes it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ostler::contract::json::{from_val, parameters, to_val};
use proptest::prelude::*;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value as Json, json};
use wasmtime::{
    Engine, Store,
    component::{Component, Func, Instance, Linker, Type, Val},
};

/// A record with a field of every kind of type that JSON can write. It is passed through memory, and the guest returns the
/// place where it found it.
const ECHO: &str = r#"
(component
  (core module $m
    (memory (export "memory") 64)
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $place i32)
      (local.set $place
        (i32.and
          (i32.add (global.get $next) (i32.sub (local.get 2) (i32.const 1)))
          (i32.sub (i32.const 0) (local.get 2))))
      (global.set $next (i32.add (local.get $place) (local.get 3)))
      (local.get $place))
    (func (export "echo") (param i32) (result i32) (local.get 0)))
  (core instance $i (instantiate $m))
  (type $colour' (enum "red" "green"))
  (export $colour "colour" (type $colour'))
  (type $marks' (flags "new" "fragile" "cold"))
  (export $marks "marks" (type $marks'))
  (type $shape' (variant (case "nothing") (case "circle" f64) (case "box" (tuple u16 s16))))
  (export $shape "shape" (type $shape'))
  (type $point' (record (field "x" s32) (field "label" (option string))))
  (export $point "point" (type $point'))
  (type $all' (record
    (field "truth" bool) (field "tiny" s8) (field "octet" u8) (field "short" s16) (field "word" u16)
    (field "int" s32) (field "count" u32) (field "long" s64) (field "size" u64)
    (field "single" f32) (field "double" f64) (field "letter" char) (field "text" string)
    (field "bytes" (list u8)) (field "points" (list $point)) (field "pair" (tuple string u64))
    (field "colour" $colour) (field "marks" $marks) (field "shape" $shape) (field "maybe" (option u32))
    (field "outcome" (result string (error u8))) (field "done" (result))))
  (export $all "all" (type $all'))
  (func (export "echo") (param "value" $all) (result $all)
    (canon lift (core func $i "echo") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
"#;

struct Guest {
    store: Store<()>,
    echo: Func,
}

impl Guest {
    fn new(engine: &Engine, component: &Component) -> Self {
        let mut store = Store::new(engine, ());
        let instance: Instance = Linker::new(engine).instantiate(&mut store, component).unwrap();
        let echo = instance.get_func(&mut store, "echo").unwrap();
        Self { store, echo }
    }

    fn ty(&self) -> Type {
        self.echo.ty(&self.store).params().next().unwrap().1
    }

    fn echo(mut self, value: Val) -> Val {
        let mut results = [Val::Bool(false)];
        self.echo.call(&mut self.store, &[value], &mut results).expect("the engine takes what was converted");
        let [result] = results;
        result
    }
}

fn component() -> (Engine, Component) {
    let engine = Engine::default();
    let component = Component::new(&engine, wat::parse_str(ECHO).unwrap()).unwrap();
    (engine, component)
}

/// JSON for a type: right, but for one place in `wrong`, on average, where anything may stand.
fn some(ty: &Type, wrong: u32, random: &mut StdRng) -> Json {
    if wrong > 0 && random.random_ratio(1, wrong) {
        return anything(random);
    }
    let mut item = |ty: &Type| some(ty, wrong, random);
    match ty {
        Type::List(list) if list.ty() == Type::U8 => "AQID".into(),
        Type::List(list) => [item(&list.ty()), item(&list.ty())].into_iter().collect(),
        Type::Tuple(tuple) => tuple.types().map(|ty| item(&ty)).collect(),
        Type::Record(record) => {
            let fields = record.fields().map(|field| (field.name.to_owned(), item(&field.ty)));
            // An option may be left out.
            Json::Object(fields.filter(|(_, value)| !value.is_null()).collect())
        }
        Type::Variant(variant) => {
            let cases: Vec<_> = variant.cases().collect();
            let case = cases.get(random.random_range(0..cases.len())).unwrap();
            match &case.ty {
                Some(ty) => json!({ case.name: some(ty, wrong, random) }),
                None => case.name.into(),
            }
        }
        Type::Enum(cases) => cases.names().nth(random.random_range(0..2)).unwrap().into(),
        Type::Flags(flags) => flags.names().filter(|_| random.random()).collect(),
        Type::Option(option) => {
            if random.random() {
                some(&option.ty(), wrong, random)
            } else {
                Json::Null
            }
        }
        Type::Result(result) => {
            let (name, side) = if random.random() { ("ok", result.ok()) } else { ("err", result.err()) };
            side.map_or_else(|| json!({ name: null }), |ty| json!({ name: some(&ty, wrong, random) }))
        }
        plain => plain_value(plain, random),
    }
}

fn plain_value(ty: &Type, random: &mut StdRng) -> Json {
    match ty {
        Type::Bool => random.random::<bool>().into(),
        Type::S8 => random.random::<i8>().into(),
        Type::U8 => random.random::<u8>().into(),
        Type::S16 => random.random::<i16>().into(),
        Type::U16 => random.random::<u16>().into(),
        Type::S32 => random.random::<i32>().into(),
        Type::U32 => random.random::<u32>().into(),
        Type::S64 if random.random() => random.random::<i64>().to_string().into(),
        Type::S64 => random.random::<i64>().into(),
        Type::U64 if random.random() => random.random::<u64>().to_string().into(),
        Type::U64 => random.random::<u64>().into(),
        Type::Float32 => random.random::<f32>().into(),
        Type::Float64 => random.random_range(-1e300..1e300).into(),
        Type::Char => random.random::<char>().to_string().into(),
        Type::String => (0..random.random_range(0..4)).map(|_| random.random::<char>()).collect::<String>().into(),
        other => panic!("{other:?}"),
    }
}

fn anything(random: &mut StdRng) -> Json {
    match random.random_range(0..12) {
        0 => Json::Null,
        1 => json!(random.random::<bool>()),
        2 => json!(random.random::<i64>()),
        3 => json!(u64::MAX),
        4 => json!(-1),
        5 => json!(1.5),
        6 => json!(1e308),
        7 => json!("text"),
        8 => json!([1, "two", null]),
        9 => json!({ "ok": 1 }),
        10 => json!({ "x": 1, "y": 2 }),
        _ => json!({ "red": [] }),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn what_is_converted_passes_through_a_guest_unchanged_and_the_rest_is_refused_in_words(
        seed: u64, wrong in prop_oneof![Just(0u32), Just(100), Just(20), Just(3)],
    ) {
        thread_local!(static GUEST: (Engine, Component) = component());
        GUEST.with(|(engine, component)| {
            let guest = Guest::new(engine, component);
            let ty = guest.ty();
            let json = some(&ty, wrong, &mut StdRng::seed_from_u64(seed));
            match to_val(&ty, &json) {
                Ok(value) => {
                    let before = from_val(&ty, &value).unwrap();
                    let after = from_val(&ty, &guest.echo(value)).unwrap();
                    assert_eq!(before, after);
                    // Written out, it is read as the same value again.
                    let again = to_val(&ty, &after).unwrap();
                    assert_eq!(from_val(&ty, &again).unwrap(), after);
                }
                Err(mistake) => {
                    assert!(wrong > 0, "{json} is right, and was refused: {mistake}");
                    assert!(!mistake.what.is_empty());
                }
            }
        });
    }
}

#[test]
fn a_mistake_says_where_it_is_and_what_is_expected() {
    let (engine, component) = component();
    let ty = Guest::new(&engine, &component).ty();
    let right = some(&ty, 0, &mut StdRng::seed_from_u64(1));
    let refused = |field: &str, value: Json| {
        let mut wrong = right.clone();
        wrong.as_object_mut().unwrap().insert(field.to_owned(), value);
        to_val(&ty, &wrong).unwrap_err().to_string()
    };
    assert_eq!(refused("tiny", json!(128)), "tiny: 128 does not fit into 8 bits");
    let points = json!([{ "x": 1 }, { "x": "a" }]);
    assert_eq!(refused("points", points), r#"points[1].x: expected a whole number, found "a""#);
    assert_eq!(refused("points", json!([{ "z": 1 }])), "points[0]: there is no field 'z'; there are: x, label");
    assert_eq!(refused("colour", json!("blue")), "colour: 'blue' is none of: red, green");
    assert_eq!(refused("shape", json!("circle")), r#"shape: 'circle' needs a value: {"circle": ...}"#);
    assert!(refused("single", json!(1e300)).starts_with("single: expected a number that fits into 32 bits"));
    assert!(refused("bytes", json!("%%%")).starts_with("bytes: not base64"));
    assert!(refused("surplus", json!(1)).starts_with("there is no field 'surplus'"));
    let wanted = || [("value", ty.clone())].into_iter();
    assert_eq!(parameters(wanted(), &json!({})).unwrap_err().to_string(), "the parameter 'value' is missing");
    assert_eq!(parameters(wanted(), &json!([])).unwrap_err().to_string(), "expected an object, found []");
    assert!(parameters(wanted(), &json!({ "value": right })).is_ok());
}

#[test]
fn numbers_that_json_would_round_are_written_as_text() {
    let (engine, component) = component();
    let guest = Guest::new(&engine, &component);
    let ty = guest.ty();
    let mut value = some(&ty, 0, &mut StdRng::seed_from_u64(2));
    let fields = value.as_object_mut().unwrap();
    fields.insert("size".to_owned(), json!(u64::MAX));
    fields.insert("long".to_owned(), json!("-9223372036854775808"));
    let json = from_val(&ty, &guest.echo(to_val(&ty, &value).unwrap())).unwrap();
    assert_eq!(json.get("size"), Some(&json!("18446744073709551615")));
    assert_eq!(json.get("long"), Some(&json!("-9223372036854775808")));
}
