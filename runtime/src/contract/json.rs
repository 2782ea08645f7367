//! Between JSON and the values of any contract: how functions of every machine type are called from outside.
//!
//! Driven by the function's own type, as the engine knows it. A value of another type would not be an error of its call but
//! the end of the whole store, so what leaves here is exactly of the type that was asked for, or a sentence for the
//! person who wrote the JSON.
//!
//! | WIT | JSON |
//! |---|---|
//! | record | object with the fields' names; a field that is an option may be left out |
//! | variant | `{"case": value}`, without a value `{"case": null}` or `"case"` |
//! | enum, flags | the case's name, a list of names |
//! | option | null or the value |
//! | result | `{"ok": value}` or `{"err": value}` |
//! | tuple, list | array; `list<u8>` is base64 |
//! | s64, u64 | number or text; text from 2^53 on |
//! | f32, f64 | number; never NaN or infinite |
//! | char | text of one character |

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value as Json};
use thiserror::Error;
use wasmtime::component::{Type, Val, types};

/// The largest whole number that every reader of JSON keeps exactly.
const EXACT: u64 = 1 << 53;

/// Why some JSON is not a value of a type.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}{what}", if path.is_empty() { String::new() } else { format!("{path}: ") })]
pub struct Mistake {
    /// Where: `reading.tags[3]`; empty for the whole.
    pub path: String,
    /// What is wrong, and what is expected.
    pub what: String,
}

impl Mistake {
    fn new(what: impl Into<String>) -> Self {
        Self { path: String::new(), what: what.into() }
    }

    fn in_field(mut self, name: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{name}{dot}{}", self.path);
        self
    }

    fn at(self, index: usize) -> Self {
        self.in_field(&format!("[{index}]"))
    }
}

type Result<T> = std::result::Result<T, Mistake>;

/// A function's parameters from an object with their names.
pub fn parameters<'a>(wanted: impl Iterator<Item = (&'a str, Type)>, given: &Json) -> Result<Vec<Val>> {
    let wanted: Vec<_> = wanted.collect();
    let fields: Vec<_> = wanted.iter().map(|(name, ty)| (*name, ty.clone())).collect();
    let empty = Json::Object(Map::new());
    let given = if given.is_null() { &empty } else { given };
    Ok(fields_of(&fields, given, "parameter")?.into_iter().map(|(_, value)| value).collect())
}

/// JSON as a value of exactly this type.
pub fn to_val(ty: &Type, json: &Json) -> Result<Val> {
    Ok(match ty {
        Type::List(list) if list.ty() == Type::U8 => {
            let bytes = STANDARD.decode(text(json)?).map_err(|error| Mistake::new(format!("not base64: {error}")))?;
            Val::List(bytes.into_iter().map(Val::U8).collect())
        }
        Type::List(list) => Val::List(items(&list.ty(), array(json)?)?),
        Type::Record(record) => {
            let fields: Vec<_> = record.fields().map(|field| (field.name, field.ty)).collect();
            Val::Record(fields_of(&fields, json, "field")?)
        }
        Type::Tuple(tuple) => {
            let types: Vec<_> = tuple.types().collect();
            let given = array(json)?;
            if given.len() != types.len() {
                return Err(Mistake::new(format!("expected {} items, found {}", types.len(), given.len())));
            }
            let values = types.iter().zip(given).enumerate();
            Val::Tuple(
                values
                    .map(|(index, (ty, json))| to_val(ty, json).map_err(|wrong| wrong.at(index)))
                    .collect::<Result<_>>()?,
            )
        }
        Type::Variant(variant) => a_variant(variant, json)?,
        Type::Enum(cases) => {
            let name = text(json)?;
            if !cases.names().any(|known| known == name) {
                return Err(no_case(name, cases.names()));
            }
            Val::Enum(name.to_owned())
        }
        Type::Flags(flags) => {
            let mut set = Vec::new();
            for (index, flag) in array(json)?.iter().enumerate() {
                let name = text(flag).map_err(|wrong| wrong.at(index))?;
                if !flags.names().any(|known| known == name) {
                    return Err(no_case(name, flags.names()).at(index));
                }
                if !set.iter().any(|known| known == name) {
                    set.push(name.to_owned());
                }
            }
            Val::Flags(set)
        }
        Type::Option(option) => match json {
            Json::Null => Val::Option(None),
            json => Val::Option(Some(Box::new(to_val(&option.ty(), json)?))),
        },
        Type::Result(result) => a_result(result, json)?,
        plain => return scalar(plain, json),
    })
}

/// A value without parts.
fn scalar(ty: &Type, json: &Json) -> Result<Val> {
    Ok(match ty {
        Type::Bool => Val::Bool(json.as_bool().ok_or_else(|| expected("true or false", json))?),
        Type::S8 => Val::S8(integer(json)?),
        Type::U8 => Val::U8(integer(json)?),
        Type::S16 => Val::S16(integer(json)?),
        Type::U16 => Val::U16(integer(json)?),
        Type::S32 => Val::S32(integer(json)?),
        Type::U32 => Val::U32(integer(json)?),
        Type::S64 => Val::S64(integer(json)?),
        Type::U64 => Val::U64(integer(json)?),
        Type::Float32 => {
            #[allow(clippy::cast_possible_truncation)] // rounding is what the type means
            let number = float(json)? as f32;
            if number.is_infinite() {
                return Err(expected("a number that fits into 32 bits", json));
            }
            Val::Float32(number)
        }
        Type::Float64 => Val::Float64(float(json)?),
        Type::Char => {
            let mut letters = text(json)?.chars();
            match (letters.next(), letters.next()) {
                (Some(letter), None) => Val::Char(letter),
                _ => return Err(expected("a text of one character", json)),
            }
        }
        Type::String => Val::String(text(json)?.to_owned()),
        // Of a list of fixed length the engine does not tell how many items it has.
        _ => return Err(Mistake::new("a value of this type cannot be written in JSON")),
    })
}

fn a_variant(variant: &types::Variant, json: &Json) -> Result<Val> {
    let (name, payload) = case(json)?;
    let cases: Vec<_> = variant.cases().collect();
    let Some(found) = cases.iter().find(|case| case.name == name) else {
        return Err(no_case(name, cases.iter().map(|case| case.name)));
    };
    let payload = match (&found.ty, payload) {
        (Some(ty), Some(payload)) => Some(Box::new(to_val(ty, payload).map_err(|wrong| wrong.in_field(name))?)),
        (Some(_), None) => return Err(Mistake::new(format!("'{name}' needs a value: {{\"{name}\": ...}}"))),
        (None, None | Some(Json::Null)) => None,
        (None, Some(_)) => return Err(Mistake::new(format!("'{name}' has no value: write \"{name}\""))),
    };
    Ok(Val::Variant(name.to_owned(), payload))
}

fn a_result(result: &types::ResultType, json: &Json) -> Result<Val> {
    let (name, payload) = case(json)?;
    let side = |ty: Option<Type>| match (ty, payload) {
        (Some(ty), payload) => {
            let value = to_val(&ty, payload.unwrap_or(&Json::Null)).map_err(|wrong| wrong.in_field(name))?;
            Ok(Some(Box::new(value)))
        }
        (None, None | Some(Json::Null)) => Ok(None),
        (None, Some(_)) => Err(Mistake::new(format!("'{name}' has no value here"))),
    };
    match name {
        "ok" => Ok(Val::Result(Ok(side(result.ok())?))),
        "err" => Ok(Val::Result(Err(side(result.err())?))),
        other => Err(no_case(other, ["ok", "err"].into_iter())),
    }
}

/// A value as JSON. The type tells what the value cannot: that a list is one of bytes.
pub fn from_val(ty: &Type, val: &Val) -> Result<Json> {
    Ok(match (ty, val) {
        (_, Val::Bool(truth)) => (*truth).into(),
        (_, Val::S8(number)) => (*number).into(),
        (_, Val::U8(number)) => (*number).into(),
        (_, Val::S16(number)) => (*number).into(),
        (_, Val::U16(number)) => (*number).into(),
        (_, Val::S32(number)) => (*number).into(),
        (_, Val::U32(number)) => (*number).into(),
        (_, Val::S64(number)) if number.unsigned_abs() > EXACT => number.to_string().into(),
        (_, Val::S64(number)) => (*number).into(),
        (_, Val::U64(number)) if *number > EXACT => number.to_string().into(),
        (_, Val::U64(number)) => (*number).into(),
        (_, Val::Float32(number)) => finite(f64::from(*number))?,
        (_, Val::Float64(number)) => finite(*number)?,
        (_, Val::Char(letter)) => letter.to_string().into(),
        (_, Val::String(text)) => text.clone().into(),
        (_, Val::Enum(name)) => name.clone().into(),
        (_, Val::Flags(names)) => names.clone().into(),
        (Type::List(list), Val::List(bytes)) if list.ty() == Type::U8 => {
            let bytes: Vec<u8> =
                bytes.iter().filter_map(|byte| if let Val::U8(byte) = byte { Some(*byte) } else { None }).collect();
            STANDARD.encode(bytes).into()
        }
        (Type::List(list), Val::List(values)) => each(&list.ty(), values)?,
        (Type::Record(record), Val::Record(values)) => {
            let mut object = Map::new();
            for (field, (name, value)) in record.fields().zip(values) {
                object.insert(name.clone(), from_val(&field.ty, value).map_err(|wrong| wrong.in_field(name))?);
            }
            object.into()
        }
        (Type::Tuple(tuple), Val::Tuple(values)) => {
            tuple.types().zip(values).map(|(ty, value)| from_val(&ty, value)).collect::<Result<Vec<_>>>()?.into()
        }
        (Type::Variant(variant), Val::Variant(name, payload)) => {
            let ty = variant.cases().find(|case| case.name == name).and_then(|case| case.ty);
            one(name, payload_of(ty, payload.as_deref())?)
        }
        (Type::Option(option), Val::Option(value)) => match value {
            Some(value) => from_val(&option.ty(), value)?,
            None => Json::Null,
        },
        (Type::Result(result), Val::Result(value)) => match value {
            Ok(value) => one("ok", payload_of(result.ok(), value.as_deref())?),
            Err(value) => one("err", payload_of(result.err(), value.as_deref())?),
        },
        _ => return Err(Mistake::new("a value of this type cannot be written in JSON")),
    })
}

fn payload_of(ty: Option<Type>, value: Option<&Val>) -> Result<Json> {
    match (ty, value) {
        (Some(ty), Some(value)) => from_val(&ty, value),
        _ => Ok(Json::Null),
    }
}

fn each(ty: &Type, values: &[Val]) -> Result<Json> {
    let values = values.iter().enumerate();
    Ok(values
        .map(|(index, value)| from_val(ty, value).map_err(|wrong| wrong.at(index)))
        .collect::<Result<Vec<_>>>()?
        .into())
}

fn one(name: &str, value: Json) -> Json {
    Json::Object([(name.to_owned(), value)].into_iter().collect())
}

fn finite(number: f64) -> Result<Json> {
    serde_json::Number::from_f64(number)
        .map(Json::Number)
        .ok_or_else(|| Mistake::new(format!("{number} is not a number that JSON has")))
}

fn items(ty: &Type, given: &[Json]) -> Result<Vec<Val>> {
    given.iter().enumerate().map(|(index, json)| to_val(ty, json).map_err(|wrong| wrong.at(index))).collect()
}

/// The fields in the type's order; what is left out must be an option.
fn fields_of(wanted: &[(&str, Type)], given: &Json, what: &str) -> Result<Vec<(String, Val)>> {
    let object = given.as_object().ok_or_else(|| expected("an object", given))?;
    if let Some(unknown) = object.keys().find(|key| !wanted.iter().any(|(name, _)| name == key)) {
        let known: Vec<_> = wanted.iter().map(|(name, _)| *name).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(Mistake::new(format!("there is no {what} '{unknown}'; there are: {known}")));
    }
    let mut values = Vec::new();
    for (name, ty) in wanted {
        let value = match (object.get(*name), ty) {
            (Some(json), ty) => to_val(ty, json).map_err(|wrong| wrong.in_field(name))?,
            (None, Type::Option(_)) => Val::Option(None),
            (None, _) => return Err(Mistake::new(format!("the {what} '{name}' is missing"))),
        };
        values.push(((*name).to_owned(), value));
    }
    Ok(values)
}

/// `{"name": value}` or `"name"`.
fn case(json: &Json) -> Result<(&str, Option<&Json>)> {
    match json {
        Json::String(name) => Ok((name, None)),
        Json::Object(object) if object.len() == 1 => object
            .iter()
            .next()
            .map(|(name, value)| (name.as_str(), Some(value)))
            .ok_or_else(|| expected("an object", json)),
        _ => Err(expected("an object with one case, {\"case\": value}", json)),
    }
}

fn no_case<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Mistake {
    Mistake::new(format!("'{name}' is none of: {}", known.collect::<Vec<_>>().join(", ")))
}

fn text(json: &Json) -> Result<&str> {
    json.as_str().ok_or_else(|| expected("a text", json))
}

fn array(json: &Json) -> Result<&[Json]> {
    json.as_array().map(Vec::as_slice).ok_or_else(|| expected("a list", json))
}

fn float(json: &Json) -> Result<f64> {
    json.as_f64().filter(|number| number.is_finite()).ok_or_else(|| expected("a number", json))
}

/// Whole numbers of every width; texts are taken for those that JSON does not keep exactly.
fn integer<T: TryFrom<i128>>(json: &Json) -> Result<T> {
    let number = match json {
        Json::Number(number) => number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from)),
        Json::String(text) => text.parse().ok(),
        _ => None,
    };
    let number = number.ok_or_else(|| expected("a whole number", json))?;
    let bits = 8 * size_of::<T>();
    T::try_from(number).map_err(|_| Mistake::new(format!("{number} does not fit into {bits} bits")))
}

fn expected(what: &str, json: &Json) -> Mistake {
    let mut found = json.to_string();
    if found.chars().count() > 40 {
        found = found.chars().take(40).chain("...".chars()).collect();
    }
    Mistake::new(format!("expected {what}, found {found}"))
}
