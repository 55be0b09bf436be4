//! What was measured, as pictures that one can show.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::cases::{alone, growth, http, loops, many, one};
use crate::operation::Operation;
use crate::results::{Results, Series};

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const WIDTH: u32 = 900;
const HEIGHT: u32 = 480;
/// The height of a bar with the gap to the next.
const ROW: i32 = 30;
/// Where bars begin, so that there is room for their names.
const LEFT: i32 = 330;
const FONT: &str = "sans-serif";

/// What of a series is shown.
type Measure<'a> = &'a dyn Fn(&Series) -> f64;

/// Writes those for which something was measured into the folder, and returns their names with what they show.
///
/// # Errors
///
/// A file can't be written.
pub fn draw(results: &Results, folder: &Path) -> anyhow::Result<Vec<(&'static str, &'static str)>> {
    let get = one::case(Operation::Get.name());
    let set = one::case(Operation::FirstSet.name());
    let time = |series: &Series| series.p50 / 1000.0;
    let rate = |series: &Series| series.rate / 1000.0;
    let (alone_ns, loop_get, served) = (alone::CASE, loops::case("get"), http::case(32));
    let bars: [(&str, &str, &str, Measure); 5] = [
        ("get.svg", "A get, one at a time: median time, µs", &get, &time),
        ("first-set.svg", "A guarded set with renewal, one at a time: median time, µs", &set, &time),
        ("alone.svg", "The component alone, no network: median time, µs", alone_ns, &time),
        ("loops.svg", "drsession's loop of reads: median time, µs", &loop_get, &time),
        ("http.svg", "HTTP, 32 connections: thousands of requests a second", &served, &rate),
    ];
    let mut drawn = Vec::new();
    for (file, title, case, value) in bars {
        let rows: Vec<_> = results.series.iter().filter(|series| series.case == case).collect();
        if !rows.is_empty() {
            let rows: Vec<_> = rows.into_iter().map(|series| (series.name.as_str(), value(series))).collect();
            draw_bars(&folder.join(file), title, &rows).with_context(|| file.to_owned())?;
            drawn.push((file, title));
        }
    }
    let points = |cases: &dyn Fn(&str) -> Option<f64>, value: &dyn Fn(&Series) -> f64| lines_of(results, cases, value);
    let lines = [
        (
            "many.svg",
            "Many calls at once: thousands of operations a second, by calls in flight",
            points(
                &|case| many::CALLS.iter().find(|calls| many::case(**calls) == case).map(|calls| *calls as f64),
                &rate,
            ),
        ),
        ("fields.svg", "A get: median time in µs, by fields in the session", points(&grown(growth::FIELDS), &time)),
        ("items.svg", "All fields: median time in µs, by their number", points(&grown(growth::ALL_FIELDS), &time)),
        ("bytes.svg", "Median time in µs, by bytes of the value", points(&grown(growth::BYTES), &time)),
        ("sessions.svg", "A get: median time in µs, by sessions in Redis", points(&grown(growth::SESSIONS), &time)),
    ];
    for (file, title, lines) in lines {
        if !lines.is_empty() {
            draw_lines(&folder.join(file), title, &lines).with_context(|| file.to_owned())?;
            drawn.push((file, title));
        }
    }
    Ok(drawn)
}

/// The number at the end of the names of a case that grows.
fn grown(case: &'static str) -> impl Fn(&str) -> Option<f64> {
    move |name| name.strip_prefix(case)?.strip_prefix(", ")?.parse().ok()
}

/// A line: its name and its points.
type Line<'a> = (&'a str, Vec<(f64, f64)>);

fn lines_of<'a>(
    results: &'a Results,
    place: &dyn Fn(&str) -> Option<f64>,
    value: &dyn Fn(&Series) -> f64,
) -> Vec<Line<'a>> {
    let mut lines: Vec<Line> = Vec::new();
    for series in &results.series {
        let Some(x) = place(&series.case) else { continue };
        let point = (x, value(series));
        match lines.iter_mut().find(|(name, _)| *name == series.name) {
            Some((_, points)) => points.push(point),
            None => lines.push((&series.name, vec![point])),
        }
    }
    lines
}

fn draw_bars(path: &Path, title: &str, rows: &[(&str, f64)]) -> anyhow::Result<()> {
    let height = ROW * (rows.len() as i32 + 2);
    let area = SVGBackend::new(path, (WIDTH, height as u32)).into_drawing_area();
    area.fill(&WHITE).map_err(drawing)?;
    text(&area, title, (10, 10), 18)?;
    let most = rows.iter().map(|(_, value)| *value).fold(f64::MIN_POSITIVE, f64::max);
    let room = f64::from(WIDTH as i32 - LEFT - 90);
    for (row, (name, value)) in rows.iter().enumerate() {
        let top = ROW * (row as i32 + 1) + 15;
        let right = LEFT + (room * value / most) as i32;
        text(&area, name, (10, top + 4), 14)?;
        let bar = Rectangle::new([(LEFT, top), (right, top + ROW - 8)], Palette99::pick(row).filled());
        area.draw(&bar).map_err(drawing)?;
        text(&area, &number(*value), (right + 8, top + 4), 14)?;
    }
    area.present().map_err(drawing)
}

fn draw_lines(path: &Path, title: &str, lines: &[Line]) -> anyhow::Result<()> {
    let area = SVGBackend::new(path, (WIDTH, HEIGHT)).into_drawing_area();
    area.fill(&WHITE).map_err(drawing)?;
    let points = || lines.iter().flat_map(|(_, points)| points);
    let least = |of: fn(&(f64, f64)) -> f64| points().map(of).fold(f64::MAX, f64::min);
    let most = |of: fn(&(f64, f64)) -> f64| points().map(of).fold(f64::MIN_POSITIVE, f64::max);
    let (x, y) = (|point: &(f64, f64)| point.0, |point: &(f64, f64)| point.1);
    let across = (least(x) * 0.9..most(x) * 1.1).log_scale();
    let up = (least(y) * 0.8..most(y) * 1.3).log_scale();
    let mut chart = ChartBuilder::on(&area)
        .caption(title, (FONT, 18))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(70)
        .build_cartesian_2d(across, up)
        .map_err(drawing)?;
    chart
        .configure_mesh()
        .x_label_formatter(&|value| number(*value))
        .y_label_formatter(&|value| number(*value))
        .draw()
        .map_err(drawing)?;
    for (index, (name, points)) in lines.iter().enumerate() {
        let color = Palette99::pick(index).to_rgba();
        chart
            .draw_series(LineSeries::new(points.iter().copied(), color.stroke_width(2)).point_size(3))
            .map_err(drawing)?
            .label(*name)
            .legend(move |(x, y)| Rectangle::new([(x, y - 4), (x + 14, y + 4)], color.filled()));
    }
    chart
        .configure_series_labels()
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .label_font((FONT, 13))
        .draw()
        .map_err(drawing)?;
    area.present().map_err(drawing)
}

fn text(area: &Area, text: &str, at: (i32, i32), size: i32) -> anyhow::Result<()> {
    area.draw(&Text::new(text.to_owned(), at, (FONT, size))).map_err(drawing)
}

/// Its errors borrow, and so can't be handed on.
fn drawing(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("drawing: {error}")
}

/// As many digits as tell something.
fn number(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}
