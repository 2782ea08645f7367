//! Which functions draw codes in a template?
//!
//! A code is made while the template is evaluated, so that what is wrong with its data is said at the call. It is laid out as a
//! block of exactly its dots, and refuses to be in less space. In the page that comes out it is a picture whose pixels are
//! modules and whose description begins with [`MARK`]; `draw` finds it there.

use std::sync::LazyLock;

use typst::diag::{SourceResult, bail};
use typst::engine::Engine;
use typst::foundations::{
    Args, Bytes, CastInfo, Content, Dict, Func, NativeElement, NativeFuncData, NativeFuncPtr, Packed, Scope, Smart,
    StyleChain, Type, Value, dict,
};
use typst::introspection::{Locator, MetadataElem};
use typst::layout::{Abs, Axes, BlockElem, Frame, FrameItem, Point, Region, Size};
use typst::syntax::{Span, Spanned};
use typst::text::{BottomEdge, TextElem, TextSize, TopEdge, TopEdgeMetric};
use typst::utils::Numeric as _;
use typst::visualize::{Image, ImageScaling, PixelEncoding, PixelFormat, RasterFormat, RasterImage};

use crate::code::linear::{self, Bars};
use crate::code::{Symbol, matrix};

/// What the description of a code's picture begins with.
pub(super) const MARK: &str = "ostler code: ";

/// Millimetres of a narrow bar, unless the template says otherwise; rounded down to whole dots.
const BAR_MM: f64 = 0.27;
/// Of EAN and UPC, whose nominal size this is (GS1 General Specifications, 5.2.3.1).
const RETAIL_BAR_MM: f64 = 0.33;
/// Of a square.
const SQUARE_MM: f64 = 0.5;
/// Of the height of bars.
const HEIGHT_MM: f64 = 10.0;
/// Between bars and the text below them.
const GAP_MM: f64 = 0.75;
/// Size of that text.
const TEXT_MM: f64 = 2.5;

/// Most dots of a module.
const MOST_DOTS: u32 = 1_000;

/// Points that a code may be longer than the space for it, for what computing with fractions adds.
const TOLERANCE: f64 = 0.001;

type Call = &'static (
             dyn Fn(
    &mut Engine<'_>,
    typst::comemo::Tracked<'_, typst::foundations::Context<'_>>,
    &mut Args,
) -> SourceResult<Value>
                 + Send
                 + Sync
         );

const fn function(name: &'static str, title: &'static str, call: Call) -> NativeFuncData {
    NativeFuncData {
        function: NativeFuncPtr(call),
        name,
        title,
        docs: "",
        def_site: None,
        keywords: &[],
        contextual: false,
        scope: LazyLock::new(&Scope::new),
        params: LazyLock::new(&Vec::new),
        returns: LazyLock::new(&|| CastInfo::Type(Type::of::<Content>())),
    }
}

static FUNCTIONS: [NativeFuncData; 10] = [
    function("code128", "Code 128", &|engine, _, args| {
        let gs1 = flag(args, "gs1", false)?;
        bars(engine, args, BAR_MM, |data| linear::code128(data, gs1))
    }),
    function("code39", "Code 39", &|engine, _, args| bars(engine, args, BAR_MM, linear::code39)),
    function("ean13", "EAN-13", &|engine, _, args| bars(engine, args, RETAIL_BAR_MM, linear::ean13)),
    function("ean8", "EAN-8", &|engine, _, args| bars(engine, args, RETAIL_BAR_MM, linear::ean8)),
    function("upca", "UPC-A", &|engine, _, args| bars(engine, args, RETAIL_BAR_MM, linear::upca)),
    function("itf", "Interleaved 2 of 5", &|engine, _, args| bars(engine, args, BAR_MM, linear::itf)),
    function("datamatrix", "Data Matrix", &|engine, _, args| {
        let gs1 = flag(args, "gs1", false)?;
        squares(engine, args, SQUARE_MM, |data| matrix::datamatrix(data, gs1))
    }),
    function("qr", "QR Code", &|engine, _, args| {
        let gs1 = flag(args, "gs1", false)?;
        let level = args.named::<typst::foundations::Str>("level")?.unwrap_or_else(|| "M".into());
        squares(engine, args, SQUARE_MM, |data| matrix::qr(data, &level, gs1))
    }),
    function("pdf417", "PDF417", &|engine, _, args| {
        let level = args.named("level")?;
        let columns = args.named("columns")?;
        squares(engine, args, BAR_MM, |data| matrix::pdf417(data, level, columns))
    }),
    function("aztec", "Aztec Code", &|engine, _, args| squares(engine, args, SQUARE_MM, matrix::aztec)),
];

/// Gives a scope all of them.
pub(super) fn define(scope: &mut Scope) {
    for data in &FUNCTIONS {
        scope.define(data.name, Func::from(data));
    }
}

fn bars(
    engine: &Engine<'_>,
    args: &mut Args,
    usual_mm: f64,
    encode: impl FnOnce(&str) -> Result<Bars, String>,
) -> SourceResult<Value> {
    let dpmm = density(engine);
    let data = data(args)?;
    let module = module(args, usual_mm, dpmm)?;
    let height = match args.named::<Spanned<typst::layout::Length>>("height")? {
        Some(height) => dots(height.v.abs, dpmm),
        None => dots(Abs::mm(HEIGHT_MM), dpmm),
    };
    let quiet = flag(args, "quiet", true)?;
    let text = match args.named::<Spanned<Value>>("text")? {
        None => Some(Abs::mm(TEXT_MM)),
        Some(Spanned { v: Value::Bool(shown), .. }) => shown.then_some(Abs::mm(TEXT_MM)),
        Some(Spanned { v: Value::Length(size), .. }) => Some(size.abs),
        Some(other) => bail!(other.span, "`text` is true, false, or the size of the text"),
    };
    match encode(&data.v) {
        Ok(bars) => content(bars.symbol(module, height, quiet), text, dpmm, args.span, data.span),
        Err(message) => bail!(data.span, "{message}"),
    }
}

fn squares(
    engine: &Engine<'_>,
    args: &mut Args,
    usual_mm: f64,
    encode: impl FnOnce(&str) -> Result<matrix::Squares, String>,
) -> SourceResult<Value> {
    let dpmm = density(engine);
    let data = data(args)?;
    let module = module(args, usual_mm, dpmm)?;
    let quiet = flag(args, "quiet", true)?;
    match encode(&data.v) {
        Ok(squares) => content(squares.symbol(module, quiet), None, dpmm, args.span, data.span),
        Err(message) => bail!(data.span, "{message}"),
    }
}

/// Dots a millimetre; the engine has defined it.
fn density(engine: &Engine<'_>) -> f64 {
    let value = engine.library.global.scope().get("dpmm").map(|binding| binding.read().clone());
    match value {
        #[allow(clippy::cast_precision_loss)] // below 2^10
        Some(Value::Int(dpmm)) => dpmm as f64,
        _ => 8.0,
    }
}

fn data(args: &mut Args) -> SourceResult<Spanned<String>> {
    let Spanned { v, span } = args.expect::<Spanned<Value>>("data")?;
    let text = match v {
        Value::Str(text) => text.to_string(),
        Value::Int(number) => number.to_string(),
        Value::None => {
            bail!(span, "a code of nothing: the field has no value"; hint: "make it required, or draw the code only `if` there is one")
        }
        other => bail!(span, "a code is of a text, and this is of type {}", other.ty()),
    };
    Ok(Spanned::new(text, span))
}

fn flag(args: &mut Args, name: &str, usual: bool) -> SourceResult<bool> {
    Ok(args.named(name)?.unwrap_or(usual))
}

/// Dots of a module.
fn module(args: &mut Args, usual_mm: f64, dpmm: f64) -> SourceResult<u32> {
    let Some(Spanned { v, span }) = args.named::<Spanned<Value>>("module")? else {
        return Ok(dots(Abs::mm(usual_mm), dpmm));
    };
    let dots = match v {
        Value::Int(dots) => u32::try_from(dots).unwrap_or(0),
        Value::Length(length) if length.abs > Abs::zero() => dots(length.abs, dpmm),
        _ => 0,
    };
    if !(1..=MOST_DOTS).contains(&dots) {
        bail!(span, "a module is a number of dots from 1 to {MOST_DOTS}, or a length");
    }
    Ok(dots)
}

/// Whole dots in a length, at least one.
fn dots(length: Abs, dpmm: f64) -> u32 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a cast of floats saturates
    let dots = (length.to_mm() * dpmm + 0.001).floor() as u32;
    dots.max(1)
}

fn content(symbol: Symbol, text: Option<Abs>, dpmm: f64, call: Span, data: Span) -> SourceResult<Value> {
    let Some((width, height)) = symbol.size_dots() else {
        bail!(data, "this code is too large to be drawn");
    };
    let side = |dots: u32| Abs::mm(f64::from(dots) / dpmm);
    let pixels: Vec<u8> = symbol.black.iter().map(|black| if *black { 0 } else { 255 }).collect();
    let mut drawing = dict! {
        "pixels" => Bytes::new(pixels),
        "columns" => i64::from(symbol.width),
        "rows" => i64::from(symbol.height),
        "width" => side(width),
        "height" => side(height),
        "payload" => symbol.text,
    };
    if let Some(size) = text {
        drawing.insert("size".into(), Value::Length(size.into()));
    }
    // Where data can be told from the call, errors point at it.
    let span = if data.is_detached() { call } else { data };
    let drawing = Packed::new(MetadataElem::new(Value::Dict(drawing))).spanned(span);
    Ok(Value::Content(BlockElem::single_layouter(drawing, layout).pack().spanned(call)))
}

/// The frame of a code, with its text.
fn layout(
    drawing: &Packed<MetadataElem>,
    engine: &mut Engine<'_>,
    locator: Locator<'_>,
    styles: StyleChain<'_>,
    region: Region,
) -> SourceResult<Frame> {
    let span = drawing.span();
    let Value::Dict(drawing) = &drawing.value else {
        bail!(span, "this is no code");
    };
    let part = |name: &str| drawing.get(name).ok().cloned().unwrap_or_default();
    let (Value::Bytes(pixels), Value::Int(columns), Value::Int(rows)) = (part("pixels"), part("columns"), part("rows"))
    else {
        bail!(span, "this is no code");
    };
    let code = Size::new(length(drawing, "width"), length(drawing, "height"));
    let pixel = |count: i64| u32::try_from(count).unwrap_or(0);
    let format = PixelFormat { encoding: PixelEncoding::Luma8, width: pixel(columns), height: pixel(rows) };
    let payload = part("payload").cast::<typst::foundations::Str>().unwrap_or_default();
    let raster = match RasterImage::plain(pixels, RasterFormat::Pixel(format)) {
        Ok(raster) => raster,
        Err(message) => bail!(span, "{message}"),
    };
    let image = Image::new(raster, Some(format!("{MARK}{payload}").into()), Smart::Custom(ImageScaling::Pixelated));

    let mut frame = Frame::hard(code);
    frame.push(Point::zero(), FrameItem::Image(image, code, span));
    if drawing.contains("size") {
        let below = caption(&payload, length(drawing, "size"), span);
        let unbounded = Region::new(Size::splat(Abs::inf()), Axes::splat(false));
        let caption = (engine.library.routines.layout_frame)(engine, &below, locator, styles, unbounded)?;
        let left = (code.x - caption.width()) / 2.0;
        let top = code.y + Abs::mm(GAP_MM);
        frame.set_size(Size::new(code.x, top + caption.height()));
        frame.push_frame(Point::new(left, top), caption);
    }
    let (needed, there) = (frame.size(), region.size + Size::splat(Abs::pt(TOLERANCE)));
    if needed.x > there.x || needed.y > there.y {
        let mm = |size: Size| {
            let side =
                |length: Abs| if length.is_finite() { format!("{:.1}", length.to_mm()) } else { "any".to_owned() };
            format!("{} x {} mm", side(size.x), side(size.y))
        };
        bail!(
            span, "this code needs {}, and there are {}", mm(needed), mm(region.size);
            hint: "give it more space, a smaller `module`, or less data"
        );
    }
    Ok(frame)
}

fn caption(payload: &str, size: Abs, span: Span) -> Content {
    TextElem::packed(payload)
        .spanned(span)
        .set(TextElem::size, TextSize(size.into()))
        .set(TextElem::top_edge, TopEdge::Metric(TopEdgeMetric::CapHeight))
        .set(TextElem::bottom_edge, BottomEdge::Metric(typst::text::BottomEdgeMetric::Baseline))
}

fn length(drawing: &Dict, name: &str) -> Abs {
    match drawing.get(name) {
        Ok(Value::Length(length)) => length.abs,
        _ => Abs::zero(),
    }
}
