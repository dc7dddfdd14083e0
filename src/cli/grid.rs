//! Tables of text.

use super::units::size;
use crate::job::Sizes;
use comfy_table::{
    CellAlignment, ColumnConstraint, ContentArrangement, ContentLineStyle, LineStyle,
};
use comfy_table::{Table, TableStyle};

/// Lines between columns and below the heads, as psql draws them.
const LIKE_PSQL: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none().junction('|'))
    .header_separator(LineStyle::none().fill('-').junction('+'))
    .content_lines(ContentLineStyle::none().junction('|'));

/// An empty table with these heads, its figures to the right.
pub fn grid(heads: &[&str], width: usize) -> Table {
    let mut table = Table::new();
    table
        .load_style(LIKE_PSQL)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(u16::MAX))
        .set_header(heads);
    table
}

/// Puts the figures from this column on to the right.
pub fn right(table: &mut Table, columns: std::ops::RangeFrom<usize>) {
    for column in table.column_iter_mut().skip(columns.start) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

/// Keeps what is in these columns on one line, however narrow the terminal.
pub fn keep_whole(table: &mut Table, columns: &[usize]) {
    for column in columns {
        if let Some(column) = table.column_mut(*column) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
}

/// Adds sizes under the heads heap, indexes, TOAST and total.
pub fn sizes_row(table: &mut Table, name: &str, sizes: &Sizes) {
    let all = [sizes.heap, sizes.indexes, sizes.toast, sizes.total()].map(size);
    table.add_row(std::iter::once(name.to_owned()).chain(all));
    right(table, 1..);
}
