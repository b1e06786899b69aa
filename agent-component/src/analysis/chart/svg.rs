//! Writing SVG.

use std::fmt::{self, Write as _};

/// A document that is being written. Every value of the table goes through [`Escaped`].
pub(super) struct Svg {
    text: String,
}

/// Where text stands relative to its point.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How text looks.
#[derive(Clone, Copy)]
pub(super) struct Style {
    pub(super) anchor: Anchor,
    pub(super) size: u32,
    pub(super) bold: bool,
    /// In degrees, clockwise.
    pub(super) turned: i32,
}

impl Svg {
    /// A document of a size in pixels, with what a screen reader says.
    pub(super) fn new(width: f64, height: f64, title: &str, description: &str) -> Self {
        let mut svg = Self {
            text: String::with_capacity(16 << 10),
        };
        svg.write(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" role=\"img\" \
             font-family=\"system-ui, Helvetica, Arial, sans-serif\">\n\
             <title>{}</title>\n<desc>{}</desc>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n",
            Escaped(title),
            Escaped(description),
        ));
        svg
    }

    pub(super) fn finish(mut self) -> String {
        self.text.push_str("</svg>\n");
        self.text
    }

    pub(super) fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), colour: &str) {
        let (x1, y1, x2, y2) = (Short(x1), Short(y1), Short(x2), Short(y2));
        self.write(format_args!(
            "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" stroke=\"{colour}\"/>\n"
        ));
    }

    /// A rectangle with a tooltip, if there is one.
    pub(super) fn rect(&mut self, (x, y): (f64, f64), size: (f64, f64), fill: &str, tip: &str) {
        let (x, y, width, height) = (Short(x), Short(y), Short(size.0), Short(size.1));
        let start = format_args!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\""
        );
        self.write(start);
        self.tip(tip, "rect");
    }

    /// A dot with a tooltip, if there is one.
    pub(super) fn dot(&mut self, (x, y): (f64, f64), fill: &str, tip: &str) {
        let (x, y) = (Short(x), Short(y));
        self.write(format_args!(
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"3\" fill=\"{fill}\" fill-opacity=\"0.75\""
        ));
        self.tip(tip, "circle");
    }

    fn tip(&mut self, tip: &str, tag: &str) {
        if tip.is_empty() {
            self.text.push_str("/>\n");
        } else {
            self.write(format_args!("><title>{}</title></{tag}>\n", Escaped(tip)));
        }
    }

    /// A line through all points.
    pub(super) fn path(&mut self, points: impl Iterator<Item = (f64, f64)>, colour: &str) {
        self.text.push_str("<path d=\"");
        for (index, (x, y)) in points.enumerate() {
            let command = if index == 0 { 'M' } else { 'L' };
            self.write(format_args!("{command}{} {}", Short(x), Short(y)));
        }
        self.write(format_args!(
            "\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-linejoin=\"round\"/>\n"
        ));
    }

    /// Text, cut to `characters`; what is cut shows as a tooltip.
    pub(super) fn text(&mut self, (x, y): (f64, f64), style: Style, text: &str, characters: usize) {
        let (x, y) = (Short(x), Short(y));
        let anchor = match style.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.write(format_args!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{}\" text-anchor=\"{anchor}\" fill=\"#333333\"",
            style.size
        ));
        if style.bold {
            self.text.push_str(" font-weight=\"600\"");
        }
        if style.turned != 0 {
            self.write(format_args!(
                " transform=\"rotate({} {x} {y})\"",
                style.turned
            ));
        }
        self.text.push('>');
        let length = text.chars().count();
        if length > characters {
            let cut: String = text.chars().take(characters.saturating_sub(1)).collect();
            let (all, cut) = (Escaped(text), Escaped(&cut));
            self.write(format_args!("<title>{all}</title>{cut}…</text>\n"));
        } else {
            self.write(format_args!("{}</text>\n", Escaped(text)));
        }
    }

    fn write(&mut self, arguments: fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.text.write_fmt(arguments);
    }
}

/// Text inside an element or an attribute, as XML 1.0 takes it.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\t' | '\n' | '\r' => f.write_char(' ')?,
                // Characters that no XML document may contain, in any spelling.
                '\0'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => f.write_char('\u{FFFD}')?,
                character => f.write_char(character)?,
            }
        }
        Ok(())
    }
}

/// A coordinate to a tenth of a pixel.
struct Short(f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 * 10.0).round();
        let whole = tenths / 10.0;
        // No `-0`.
        if tenths == 0.0 {
            f.write_char('0')
        } else {
            write!(f, "{whole}")
        }
    }
}
