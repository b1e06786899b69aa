//! From what is sought to SQL.

use std::collections::HashSet;

use super::ChartKind;
use super::grammar::{Aggregate, Group, Measure, Part, Sought};
use crate::analysis::chart::{ChartRequest, MAX_SERIES};
use crate::analysis::sql::quoted;
use crate::analysis::table::{Cell, Column, Kind, Table, unique};

/// A query, and what to call its result.
pub(super) struct Translated {
    pub(super) sql: String,
    pub(super) title: String,
}

/// A query, and the chart of its result.
pub(super) struct TranslatedChart {
    pub(super) sql: String,
    pub(super) request: ChartRequest,
}

/// A column of the result.
struct Output {
    expression: String,
    alias: String,
}

/// Translates a query. The error is a sentence.
pub(super) fn query(table: &Table, sought: &Sought) -> Result<Translated, String> {
    let from = quoted(table.name());
    if let (
        Some(top),
        [
            Measure {
                aggregate: None,
                column: Some(by),
            },
        ],
    ) = (sought.top, sought.measures.as_slice())
    {
        // `top 5 rows by price`: the rows themselves.
        let mut shown: Vec<_> = groups(table, &sought.groups)?;
        shown.push(Output {
            expression: quoted(by),
            alias: by.clone(),
        });
        let shown = if sought.groups.is_empty() {
            "*".to_owned()
        } else {
            list(&shown)
        };
        let by_name = quoted(by);
        let sql = format!(
            "SELECT {shown} FROM {from} WHERE {by_name} IS NOT NULL ORDER BY {by_name} DESC LIMIT {top}"
        );
        return Ok(Translated {
            sql,
            title: format!("Top {top} of {} by {by}", table.name()),
        });
    }
    let groups = groups(table, &sought.groups)?;
    let measures = measures(table, &sought.measures, Aggregate::Average)?;
    let mut title = title(&measures, &groups);
    let order = match sought.top {
        Some(top) => {
            title = format!("Top {top}: {title}");
            Order::Largest { limit: Some(top) }
        }
        None => Order::Groups,
    };
    Ok(Translated {
        sql: aggregated(&from, &groups, &measures, &order),
        title,
    })
}

/// Translates a chart, choosing what is not said. The error is a sentence.
pub(super) fn chart(
    table: &Table,
    kind: Option<ChartKind>,
    sought: &Sought,
) -> Result<TranslatedChart, String> {
    let plain: Vec<&Column> = sought
        .measures
        .iter()
        .filter(|measure| measure.aggregate.is_none())
        .filter_map(|measure| table.column(measure.column.as_deref()?))
        .collect();
    let all_plain = plain.len() == sought.measures.len();
    let numbers = plain.len() == 2 && plain.iter().all(|column| column.kind().is_number());
    let scatter =
        kind == Some(ChartKind::Scatter) || (kind.is_none() && numbers && sought.groups.is_empty());
    if scatter && all_plain {
        return scatter_chart(table, &plain, &sought.groups);
    }
    let bars = kind == Some(ChartKind::Bar);
    let (groups, measures) = completed(table, sought, &plain, bars);
    let x_kind = match groups.first() {
        Some(Group::Column(name)) => table.column(name).map(Column::kind),
        Some(Group::Part(_)) => Some(Kind::Date),
        None => None,
    };
    let names = matches!(x_kind, Some(Kind::Text | Kind::Boolean));
    let kind = kind.unwrap_or(if names {
        ChartKind::Bar
    } else {
        ChartKind::Line
    });
    let x_and_series = groups_of_chart(table, groups)?;
    let from = quoted(table.name());
    if x_and_series.is_empty() {
        let shown = plain_outputs(&measures);
        let sql = format!("SELECT {} FROM {from}", list(&shown));
        let y = shown.into_iter().map(|output| output.alias).collect();
        return Ok(TranslatedChart {
            sql,
            request: ChartRequest {
                y,
                ..ChartRequest::new(kind)
            },
        });
    }
    let measures = self::measures(table, &measures, Aggregate::Average)?;
    // Bars of names read best from the largest to the smallest.
    let largest_first = kind == ChartKind::Bar && names && x_and_series.len() == 1;
    let order = if largest_first || sought.top.is_some() {
        Order::Largest { limit: sought.top }
    } else {
        Order::Groups
    };
    let request = ChartRequest {
        kind,
        x: x_and_series.first().map(|output| output.alias.clone()),
        y: measures.iter().map(|output| output.alias.clone()).collect(),
        series: x_and_series.get(1).map(|output| output.alias.clone()),
        title: title(&measures, &x_and_series),
    };
    Ok(TranslatedChart {
        sql: aggregated(&from, &x_and_series, &measures, &order),
        request,
    })
}

fn groups_of_chart(table: &Table, groups: Vec<Group>) -> Result<Vec<Output>, String> {
    if groups.len() > 2 {
        return Err(
            "A chart has one column across and at most one that tells its series apart.".into(),
        );
    }
    self::groups(table, &groups)
}

/// Groups and measures of a bar or line chart, with what was not said chosen.
fn completed(
    table: &Table,
    sought: &Sought,
    plain: &[&Column],
    bars: bool,
) -> (Vec<Group>, Vec<Measure>) {
    let count = || Measure {
        aggregate: Some(Aggregate::Count),
        column: None,
    };
    let named = |column: &Column| Group::Column(column.name().to_owned());
    let mut measures = sought.measures.clone();
    let mut groups = sought.groups.clone();
    if groups.is_empty() {
        if let [only] = plain
            && measures.len() == 1
            && (!only.kind().is_number() || (bars && is_code(only)))
        {
            // `bar chart of city`: how often each occurs.
            return (vec![named(only)], vec![count()]);
        }
        let measured = |c: &Column| {
            measures
                .iter()
                .any(|m| m.column.as_deref() == Some(c.name()))
        };
        let free = || table.columns().iter().filter(|column| !measured(column));
        let time = free().find(|column| column.kind().is_time());
        let name = free().find(|c| matches!(c.kind(), Kind::Text | Kind::Boolean));
        groups.extend(time.or(name).map(named));
        if let Some(time) = time {
            // Rows of several things at one time are several lines.
            let few = free().find(|c| c.kind() == Kind::Text && is_series(c, time));
            groups.extend(few.map(named));
        }
    }
    if measures.is_empty() {
        let grouped = |c: &Column| groups.contains(&named(c));
        let first = table
            .columns()
            .iter()
            .find(|c| c.kind().is_number() && !grouped(c));
        measures.push(match first {
            Some(y) => Measure {
                aggregate: None,
                column: Some(y.name().to_owned()),
            },
            None => count(),
        });
    }
    (groups, measures)
}

/// True for whole numbers of which few occur again and again: more likely a name than a quantity.
fn is_code(column: &Column) -> bool {
    const FEW: usize = 20;
    let mut values = HashSet::new();
    for cell in column.cells() {
        if let Cell::Integer(value) = cell {
            values.insert(value);
        }
        if values.len() > FEW {
            return false;
        }
    }
    column.kind() == Kind::Integer && values.len() * 3 <= column.len()
}

/// True if few different values of `column` explain why values of `time` repeat.
fn is_series(column: &Column, time: &Column) -> bool {
    let mut values = HashSet::new();
    let mut times = HashSet::new();
    let mut repeats = false;
    for row in 0..column.len() {
        if let (Cell::Text(value), Cell::Text(at)) = (column.cell(row), time.cell(row)) {
            values.insert(value);
            repeats |= !times.insert(at);
        }
        if values.len() > MAX_SERIES {
            return false;
        }
    }
    repeats && values.len() > 1
}

fn scatter_chart(
    table: &Table,
    plain: &[&Column],
    groups: &[Group],
) -> Result<TranslatedChart, String> {
    let across = |group: &Group| match group {
        Group::Column(name) => Ok(name.clone()),
        Group::Part(_) => Err("A scatter chart takes columns as they are.".to_owned()),
    };
    let groups = groups.iter().map(across).collect::<Result<Vec<_>, _>>()?;
    let plain: Vec<_> = plain
        .iter()
        .map(|column| column.name().to_owned())
        .collect();
    let numbers = || {
        table
            .columns()
            .iter()
            .filter(|column| column.kind().is_number())
    };
    let other = |than: &str| numbers().map(Column::name).find(|name| *name != than);
    let too_few = || "A scatter chart needs two columns of numbers.".to_owned();
    let (x, y, series) = match (plain.as_slice(), groups.as_slice()) {
        ([y], [x]) => (x.clone(), y.clone(), None),
        ([y], [x, series]) => (x.clone(), y.clone(), Some(series.clone())),
        ([x, y], []) => (x.clone(), y.clone(), None),
        ([x, y], [series]) => (x.clone(), y.clone(), Some(series.clone())),
        ([y], []) => (other(y).ok_or_else(too_few)?.to_owned(), y.clone(), None),
        ([], []) => {
            let mut numbers = numbers().map(|column| column.name().to_owned());
            let (x, y) = numbers.next().zip(numbers.next()).ok_or_else(too_few)?;
            (x, y, None)
        }
        _ => return Err("A scatter chart has two columns, and one more for colours.".to_owned()),
    };
    let mut shown = vec![quoted(&x), quoted(&y)];
    shown.extend(series.as_deref().map(quoted));
    let sql = format!(
        "SELECT {} FROM {} WHERE {} IS NOT NULL AND {} IS NOT NULL",
        shown.join(", "),
        quoted(table.name()),
        quoted(&x),
        quoted(&y)
    );
    let title = format!("{y} against {x}");
    let request = ChartRequest {
        kind: ChartKind::Scatter,
        x: Some(x),
        y: vec![y],
        series,
        title,
    };
    Ok(TranslatedChart { sql, request })
}

enum Order {
    /// By the groups.
    Groups,
    /// By the first measure, downwards.
    Largest { limit: Option<usize> },
}

fn aggregated(from: &str, groups: &[Output], measures: &[Output], order: &Order) -> String {
    let mut sql = format!("SELECT {} FROM {from}", list(groups.iter().chain(measures)));
    if groups.is_empty() {
        return sql;
    }
    let expressions: Vec<_> = groups
        .iter()
        .map(|group| group.expression.as_str())
        .collect();
    sql.push_str(&format!(" GROUP BY {}", expressions.join(", ")));
    // By place: an alias may also be the name of a column.
    match order {
        Order::Groups => {
            let places: Vec<_> = (1..=groups.len()).map(|place| place.to_string()).collect();
            sql.push_str(&format!(" ORDER BY {}", places.join(", ")));
        }
        Order::Largest { limit } => {
            let measure = groups.len() + 1;
            sql.push_str(&format!(" ORDER BY {measure} DESC, 1"));
            if let Some(limit) = limit {
                sql.push_str(&format!(" LIMIT {limit}"));
            }
        }
    }
    sql
}

fn list<'o>(outputs: impl IntoIterator<Item = &'o Output>) -> String {
    let outputs: Vec<_> = outputs
        .into_iter()
        .map(|output| match quoted(&output.alias) {
            alias if alias == output.expression => alias,
            alias => format!("{} AS {alias}", output.expression),
        })
        .collect();
    outputs.join(", ")
}

fn title(measures: &[Output], groups: &[Output]) -> String {
    let names = |outputs: &[Output]| -> Vec<String> {
        outputs.iter().map(|output| output.alias.clone()).collect()
    };
    let measures = names(measures).join(", ");
    if groups.is_empty() {
        measures
    } else {
        format!("{measures} by {}", names(groups).join(" and "))
    }
}

fn groups(table: &Table, groups: &[Group]) -> Result<Vec<Output>, String> {
    groups
        .iter()
        .map(|group| match group {
            Group::Column(name) => Ok(Output {
                expression: quoted(name),
                alias: name.clone(),
            }),
            Group::Part(part) => {
                let time = table
                    .columns()
                    .iter()
                    .find(|column| column.kind().is_time());
                let time = time.ok_or_else(|| {
                    format!(
                        "The table {} has no column of dates to group by.",
                        table.name()
                    )
                })?;
                let time = quoted(time.name());
                let (expression, alias) = match part {
                    Part::Year => (format!("CAST(strftime('%Y', {time}) AS INTEGER)"), "year"),
                    Part::Month => (format!("strftime('%Y-%m-01', {time})"), "month"),
                    Part::Day => (format!("date({time})"), "day"),
                };
                Ok(Output {
                    expression,
                    alias: alias.to_owned(),
                })
            }
        })
        .collect()
}

fn plain_outputs(measures: &[Measure]) -> Vec<Output> {
    let columns = measures.iter().filter_map(|measure| measure.column.clone());
    columns
        .map(|name| Output {
            expression: quoted(&name),
            alias: name,
        })
        .collect()
}

/// The measures, where those without an aggregate take the one given. Their aliases differ from each
/// other and from the columns of the table.
fn measures(
    table: &Table,
    measures: &[Measure],
    default: Aggregate,
) -> Result<Vec<Output>, String> {
    let mut outputs = Vec::with_capacity(measures.len());
    for measure in measures {
        let aggregate = measure.aggregate.unwrap_or(default);
        let Some(name) = &measure.column else {
            outputs.push(Output {
                expression: "COUNT(*)".into(),
                alias: "count".into(),
            });
            continue;
        };
        let kind = table.column(name).map_or(Kind::Text, Column::kind);
        let computes = matches!(
            aggregate,
            Aggregate::Average | Aggregate::Sum | Aggregate::Median
        );
        if computes && !(kind.is_number() || kind == Kind::Boolean) {
            return Err(format!(
                "The column {name} is {}, and its {} cannot be computed. Ask for a count, a minimum \
                 or a maximum instead.",
                kind.name(),
                aggregate.name()
            ));
        }
        let column = quoted(name);
        let expression = match aggregate {
            Aggregate::Average => format!("AVG({column})"),
            Aggregate::Sum => format!("SUM({column})"),
            Aggregate::Min => format!("MIN({column})"),
            Aggregate::Max => format!("MAX({column})"),
            Aggregate::Median => format!("MEDIAN({column})"),
            Aggregate::Count => format!("COUNT({column})"),
            Aggregate::CountDistinct => format!("COUNT(DISTINCT {column})"),
        };
        outputs.push(Output {
            expression,
            alias: format!("{} {name}", aggregate.name()),
        });
    }
    let columns = table.columns().len();
    let taken = table.columns().iter().map(Column::name);
    let all = unique(taken.chain(outputs.iter().map(|output| output.alias.as_str())));
    for (output, alias) in outputs.iter_mut().zip(all.into_iter().skip(columns)) {
        output.alias = alias;
    }
    Ok(outputs)
}

impl Aggregate {
    fn name(self) -> &'static str {
        match self {
            Self::Average => "average",
            Self::Sum => "sum",
            Self::Min => "minimum",
            Self::Max => "maximum",
            Self::Median => "median",
            Self::Count => "count",
            Self::CountDistinct => "distinct",
        }
    }
}
