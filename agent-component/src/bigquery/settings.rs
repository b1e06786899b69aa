//! What the deployment says of BigQuery.

/// Where the API is.
const BASE_URL: &str = "https://bigquery.googleapis.com";
/// What a query may read unless the deployment says otherwise: 1 GiB.
const MAX_BYTES: u64 = 1 << 30;

/// How BigQuery is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The project that pays for queries and whose data sets are listed.
    pub project: String,
    /// Where its data is, such as `EU`; BigQuery finds out when this is none.
    pub location: Option<String>,
    /// The most bytes that one query may read.
    pub max_bytes: u64,
    /// Where the API is, without a slash at the end.
    pub base_url: String,
    /// The data sets that the model is told of.
    pub datasets: Vec<String>,
}

impl Settings {
    /// Reads `bigquery_project`, `bigquery_location`, `bigquery_max_bytes`, `bigquery_base_url` and
    /// `bigquery_datasets`. None without a project.
    ///
    /// # Errors
    /// A sentence, when a value cannot be used.
    pub fn read(config: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, String> {
        let get = |key: &str| {
            let value = config(key)?.trim().to_owned();
            (!value.is_empty()).then_some(value)
        };
        let Some(project) = get("bigquery_project") else {
            return Ok(None);
        };
        if !is_name(&project, ":.-_") {
            return Err(format!(
                "The setting bigquery_project is {project:?}, which is no project's id."
            ));
        }
        let location = get("bigquery_location");
        if let Some(location) = location.as_deref().filter(|name| !is_name(name, "-")) {
            return Err(format!(
                "The setting bigquery_location is {location:?}, which is no location such as EU or \
                 europe-west1."
            ));
        }
        let max_bytes = match get("bigquery_max_bytes") {
            None => MAX_BYTES,
            Some(text) => bytes(&text).ok_or_else(|| {
                format!(
                    "The setting bigquery_max_bytes is {text:?}; write a number of bytes, or 500MB, \
                     10GiB."
                )
            })?,
        };
        let base_url = get("bigquery_base_url").unwrap_or_else(|| BASE_URL.to_owned());
        let datasets = get("bigquery_datasets").unwrap_or_default();
        Ok(Some(Self {
            project,
            location,
            max_bytes,
            base_url: base_url.trim_end_matches('/').to_owned(),
            datasets: datasets
                .split(',')
                .map(|name| name.trim().to_owned())
                .filter(|name| !name.is_empty())
                .take(50)
                .collect(),
        }))
    }
}

/// Whether a statement can only be meant for BigQuery: it reads a table whose name has several parts
/// between backquotes.
pub fn is_for_bigquery(sql: &str) -> bool {
    sql.split('`').skip(1).step_by(2).any(|name| {
        let parts: Vec<_> = name.split('.').collect();
        matches!(parts.len(), 2..=4) && parts.iter().all(|part| is_name(part, ":-_*$@ "))
    })
}

/// Letters, digits and what else is allowed.
pub(super) fn is_name(text: &str, also: &str) -> bool {
    !text.is_empty()
        && text.len() <= 1024
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || also.contains(c))
}

fn bytes(text: &str) -> Option<u64> {
    const UNITS: [(&str, u64); 9] = [
        ("kib", 1 << 10),
        ("mib", 1 << 20),
        ("gib", 1 << 30),
        ("tib", 1 << 40),
        ("kb", 1_000),
        ("mb", 1_000_000),
        ("gb", 1_000_000_000),
        ("tb", 1_000_000_000_000),
        ("b", 1),
    ];
    let text = text.replace('_', "").to_ascii_lowercase();
    let unit = UNITS.iter().find(|(unit, _)| text.ends_with(unit));
    let (number, factor) = match unit {
        Some((unit, factor)) => (text.strip_suffix(unit)?, *factor),
        None => (text.as_str(), 1),
    };
    number.trim().parse::<u64>().ok()?.checked_mul(factor)
}

/// A size for people.
pub(super) fn sized(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let (mut value, mut unit) = (bytes as f64, 0);
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let unit = UNITS.get(unit).copied().unwrap_or_default();
    if value.fract() == 0.0 {
        format!("{value} {unit}")
    } else {
        format!("{value:.1} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Option<Settings>, String> {
        Settings::read(|key| {
            let found = pairs.iter().find(|(name, _)| *name == key);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn without_a_project_there_is_no_bigquery() {
        assert_eq!(read(&[("bigquery_max_bytes", "nonsense")]), Ok(None));
        assert_eq!(read(&[("bigquery_project", " ")]), Ok(None));
    }

    #[test]
    fn what_is_not_said_has_a_default() {
        let settings = read(&[("bigquery_project", "my-project")])
            .unwrap()
            .unwrap();
        assert_eq!(settings.base_url, "https://bigquery.googleapis.com");
        assert_eq!((settings.max_bytes, settings.location), (1 << 30, None));
        let settings = read(&[
            ("bigquery_project", "example.com:old"),
            ("bigquery_max_bytes", "10 GB"),
            ("bigquery_datasets", "sales, other.stock,"),
            ("bigquery_base_url", "http://127.0.0.1:1/"),
        ]);
        let settings = settings.unwrap().unwrap();
        assert_eq!(settings.max_bytes, 10_000_000_000);
        assert_eq!(settings.datasets, ["sales", "other.stock"]);
        assert_eq!(settings.base_url, "http://127.0.0.1:1");
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (key, value) in [
            ("bigquery_max_bytes", "much"),
            ("bigquery_location", "EU/../x"),
            ("bigquery_project", "a/b"),
        ] {
            let error = read(&[(key, value), ("bigquery_project", "p")])
                .err()
                .or_else(|| read(&[("bigquery_project", value)]).err());
            let error = error.unwrap();
            assert!(error.contains(key) && error.contains(value), "{error}");
        }
    }

    #[test]
    fn a_name_of_several_parts_in_backquotes_is_bigquerys() {
        for yes in [
            "SELECT * FROM `my-project.sales.orders`",
            "select 1 from `sales.orders` o",
            "SELECT x FROM `p.d.events_*`",
        ] {
            assert!(is_for_bigquery(yes), "{yes}");
        }
        for no in [
            "SELECT * FROM sales",
            "SELECT `odd name` FROM sales",
            "SELECT 'a.b' FROM sales",
            "SELECT `1.5` , `` FROM t",
        ] {
            let odd = no.contains("1.5");
            assert_eq!(is_for_bigquery(no), odd, "{no}");
        }
    }

    #[test]
    fn sizes_are_readable() {
        assert_eq!(sized(1 << 30), "1 GiB");
        assert_eq!(sized(5_000_000_000), "4.7 GiB");
        assert_eq!(sized(12), "12 bytes");
    }
}
