//! Documents of several labels: a PDF of small pages, and the dots that each of them must become.
//!
//! A page is squares on the grid of a print head of 8 dots/mm, so that every renderer has to come to the same dots.

use ostler_simulators::Bitmap;
use std::{
    fmt::Write as _,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

/// The width of a page: 30 mm.
pub const WIDTH: u32 = 240;
/// The height of a page: 20 mm.
pub const HEIGHT: u32 = 160;
/// The settings of a machine for labels of this size.
pub const SETTINGS: [&str; 2] = ["LABEL_WIDTH=30", "LABEL_LENGTH=20"];

/// The side of a square, in dots.
const SQUARE: u32 = 4;
/// A dot in points: 203.2 dots an inch.
const DOT: f64 = 72.0 / 203.2;

/// A document.
#[derive(Debug, Clone)]
pub struct Pages {
    name: String,
    count: u32,
}

impl Pages {
    /// So many pages, each of which looks like no other of any name.
    pub fn new(name: &str, count: u32) -> Self {
        Self { name: name.to_owned(), count }
    }

    /// What comes out, page by page.
    pub fn dots(&self) -> Vec<Bitmap> {
        (0..self.count).map(|page| self.page(page)).collect()
    }

    fn page(&self, page: u32) -> Bitmap {
        let mut dots = Bitmap::new(WIDTH, HEIGHT);
        for (left, top) in self.squares(page) {
            for at in 0..SQUARE * SQUARE {
                dots.set_black(left + at % SQUARE, top + at / SQUARE);
            }
        }
        dots
    }

    /// The left upper corners of the squares of a page, in dots.
    fn squares(&self, page: u32) -> impl Iterator<Item = (u32, u32)> {
        let places = (0..HEIGHT / SQUARE).flat_map(|row| (0..WIDTH / SQUARE).map(move |column| (column, row)));
        places.filter(move |place| self.is_black(page, *place)).map(|(column, row)| (column * SQUARE, row * SQUARE))
    }

    fn is_black(&self, page: u32, place: (u32, u32)) -> bool {
        let mut hasher = DefaultHasher::new();
        (&self.name, page, place).hash(&mut hasher);
        hasher.finish() & 1 == 1
    }

    /// The document.
    pub fn pdf(&self) -> Vec<u8> {
        let kids: Vec<_> = (0..self.count).map(|page| format!("{} 0 R", 3 + 2 * page)).collect();
        let (width, height) = (f64::from(WIDTH) * DOT, f64::from(HEIGHT) * DOT);
        let mut objects = vec![
            "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
            format!(
                "<< /Type /Pages /Count {} /Kids [{}] /MediaBox [0 0 {width:.6} {height:.6}] >>",
                self.count,
                kids.join(" ")
            ),
        ];
        for page in 0..self.count {
            let contents = 4 + 2 * page;
            objects.push(format!("<< /Type /Page /Parent 2 0 R /Contents {contents} 0 R /Resources << >> >>"));
            // One unit is a dot, and y goes upwards.
            let mut drawing = format!("{DOT:.9} 0 0 {DOT:.9} 0 0 cm\n");
            for (left, top) in self.squares(page) {
                writeln!(drawing, "{left} {} {SQUARE} {SQUARE} re", HEIGHT - top - SQUARE).unwrap();
            }
            drawing.push_str("f\n");
            objects.push(format!("<< /Length {} >>\nstream\n{drawing}endstream", drawing.len()));
        }
        file(&objects)
    }
}

/// A PDF of 4 x 6 inch pages that share one content: a few hundred squares.
pub fn equal_pages(count: usize) -> Vec<u8> {
    let mut squares = String::new();
    for at in 0..300 {
        writeln!(squares, "{} {} 7 7 re f", 13 * at % 280, 29 * at % 420).unwrap();
    }
    let kids: Vec<_> = (0..count).map(|page| format!("{} 0 R", 4 + page)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Count {count} /Kids [{}] /MediaBox [0 0 287 431] >>", kids.join(" ")),
        format!("<< /Length {} >>\nstream\n{squares}endstream", squares.len()),
    ];
    objects.extend((0..count).map(|_| "<< /Type /Page /Parent 2 0 R /Contents 3 0 R /Resources << >> >>".to_owned()));
    file(&objects)
}

/// A PDF file of these objects, which are numbered from 1; the first one is the catalogue.
fn file(objects: &[String]) -> Vec<u8> {
    let mut pdf = String::from("%PDF-1.4\n");
    let mut table = String::from("0000000000 65535 f \n");
    for (number, object) in (1..).zip(objects) {
        writeln!(table, "{:010} 00000 n ", pdf.len()).unwrap();
        writeln!(pdf, "{number} 0 obj\n{object}\nendobj").unwrap();
    }
    let (size, start) = (objects.len() + 1, pdf.len());
    write!(pdf, "xref\n0 {size}\n{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n").unwrap();
    pdf.into_bytes()
}
