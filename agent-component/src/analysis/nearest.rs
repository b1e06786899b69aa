//! The name that was probably meant.

/// The candidate most like `name`, if any is like it.
pub(super) fn nearest<'a>(
    name: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    // Below this, two names share some letters by chance.
    const LIKE: f64 = 0.75;
    let wanted = super::table::matching_key(name);
    candidates
        .map(|candidate| {
            (
                likeness(&wanted, &super::table::matching_key(candidate)),
                candidate,
            )
        })
        .filter(|(likeness, _)| *likeness >= LIKE)
        // The first of equally similar names.
        .reduce(|best, other| if other.0 > best.0 { other } else { best })
        .map(|(_, candidate)| candidate)
}

fn likeness(one: &str, other: &str) -> f64 {
    if one == other {
        return 1.0;
    }
    let (short, long) = if one.len() < other.len() {
        (one, other)
    } else {
        (other, one)
    };
    // A word out of a longer name is what people remember: `gallon` for `Miles_per_Gallon`.
    let contained = if short.len() > 2 && long.contains(short) {
        0.9
    } else {
        0.0
    };
    let comparable = short.len() > 1 && short.len() * 2 >= long.len();
    let alike = if comparable {
        strsim::jaro_winkler(one, other)
    } else {
        0.0
    };
    alike.max(contained)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_were_meant() {
        let columns = ["Miles_per_Gallon", "Cylinders", "Horsepower", "Origin"];
        let meant = |name| nearest(name, columns.into_iter());
        assert_eq!(meant("milespergallon"), Some("Miles_per_Gallon"));
        assert_eq!(meant("horse_power"), Some("Horsepower"));
        assert_eq!(meant("cylinder"), Some("Cylinders"));
        assert_eq!(meant("orgin"), Some("Origin"));
        assert_eq!(meant("gallon"), Some("Miles_per_Gallon"));
        assert_eq!(meant("price"), None);
        assert_eq!(nearest("nope", ["n"].into_iter()), None);
        assert_eq!(meant(""), None);
    }
}
