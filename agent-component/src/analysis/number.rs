//! Numbers for people.

/// A finite number with as many digits as a reader can use: two decimals or six digits in all,
/// whichever is more, without trailing zeros. JSON results keep every digit.
pub(super) fn readable(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        return "0".to_owned();
    }
    if !value.is_finite() || !(1e-4..1e15).contains(&size) {
        let text = format!("{value:.5e}");
        return match text.split_once('e') {
            Some((digits, exponent)) => format!("{}e{exponent}", trimmed(digits)),
            None => text,
        };
    }
    // Digits before the point; not positive for 0.00123, where zeros do not count.
    let whole = size.log10().floor() as i32 + 1;
    let decimals = usize::try_from((6 - whole).max(2)).unwrap_or(2);
    let text = format!("{value:.decimals$}");
    let text = trimmed(&text);
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

/// `1 row`, `1,200 rows`.
pub(super) fn counted(count: usize, what: &str) -> String {
    format!(
        "{} {what}{}",
        grouped(count),
        if count == 1 { "" } else { "s" }
    )
}

/// A count with commas between thousands.
pub(super) fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn trimmed(digits: &str) -> &str {
    if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        assert_eq!(counted(1, "row"), "1 row");
        assert_eq!(counted(1_234_567, "row"), "1,234,567 rows");
        assert_eq!([0, 12, 123].map(grouped), ["0", "12", "123"]);
    }

    #[test]
    fn digits_that_help() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (20.083_503_1, "20.0835"),
            (1_234_567.891, "1234567.89"),
            (-0.001_234_567, "-0.00123457"),
            (0.000_012_345, "1.2345e-5"),
            (1e15, "1e15"),
            (123_456_789_012_345.0, "123456789012345"),
            (0.1 + 0.2, "0.3"),
            (f64::MAX, "1.79769e308"),
        ] {
            assert_eq!(readable(value), text);
        }
    }
}
