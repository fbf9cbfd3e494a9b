"""A report as PowerPoint slides: findings as titles, native charts that can be edited, and notes to speak from."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR
from pptx.slide import Slide
from pptx.util import Inches, Pt

from estitchup.report.content import Card, Chart, Panel, Report, Row, Table
from estitchup.report.deck import (
    ACROSS,
    BLUE,
    BOTTOM,
    EDGE,
    INK,
    PALE,
    QUIET,
    TOP,
    WHITE,
    Box,
    Layouts,
    add_mark,
    add_text,
    describe,
    fitting,
    letters,
    safe,
    write,
)
from estitchup.report.native import add_chart

TITLE, BODY, CELL_SIZE = 28.0, 16.0, 12.0
ROWS = 10  # of a table that can be read from the back of a room
LINES, HEAD_LINES, ROW_GAP = 25.0, 3.0, 0.6  # of a cell's text: on a slide, in a heading, between rows
CELL_MARGIN = 15.0  # points, left and right of a cell's text
ACROSS_LETTERS = 128  # that stand side by side at the size of a table's text
WIDEST = (44, 34, 26)  # letters of a column: the first at which a table stands on one slide, else the first
CELL = 100  # letters of a cell; the page and the files have the whole text
GAP = Inches(0.35)
CARD_LINES, CHART_LINES = 3, 3

Draw = Callable[[Slide], None]


def slides(report: Report) -> bytes:
    """Return the slides as a .pptx file."""
    layouts = Layouts()
    _opening(layouts, report)
    for panel in report.panels:
        for title, draw in _parts(panel):
            slide = layouts.add(layouts.finding, title, TITLE, panel.notes or panel.finding)
            draw(slide)
    return layouts.file()


def _opening(layouts: Layouts, report: Report) -> None:
    notes = "\n".join([report.circumstances, *(panel.finding for panel in report.panels)])
    slide = layouts.add(layouts.opening, report.title, 40, notes)
    remarks = [line for line in report.remarks.splitlines() if line.strip()]
    body = slide.placeholders[1].text_frame
    body.word_wrap = True
    size = fitting(" ".join(remarks), ACROSS, 18, lines=6)
    write(body, [*remarks, report.circumstances, report.made], size, QUIET, gap=6)
    add_mark(slide)


def _parts(panel: Panel) -> Iterator[tuple[str, Draw]]:
    """Cut a panel into slides: its answer, two charts each, a table each."""
    if panel.cards or not (panel.charts or panel.tables):
        yield panel.finding, partial(_cards, cards=panel.cards, lines=panel.lines)
    pairs = [panel.charts[start : start + 2] for start in range(0, len(panel.charts), 2)]
    for pair in pairs:
        finding = panel.finding if len(pairs) == 1 else "; ".join(_short(chart) for chart in pair)
        lines = panel.lines if len(pairs) == 1 else tuple(chart.finding for chart in pair if panel.cuts)
        lines += panel.lines if panel.cuts and len(pairs) > 1 else ()  # where the thresholds come from
        yield finding, partial(_charts, charts=pair, lines=lines)
    for table in panel.tables:
        title = panel.finding if len(panel.tables) == 1 and not panel.charts else table.caption
        groups = _column_groups(_widths(table))
        parts = [(rows, columns) for columns in groups for rows in _chunks(table, columns)]
        for number, (rows, columns) in enumerate(parts, start=1):
            counted = f"{title} ({number} of {len(parts)})" if len(parts) > 1 else title
            yield counted, partial(_table, table=table, rows=rows, columns=columns)


def _short(chart: Chart) -> str:
    """Return a chart's finding as a heading that says whose it is."""
    return f"{chart.title}: {chart.brief or chart.finding}"


def _chunks(table: Table, columns: Sequence[int]) -> list[list[Row]]:
    """Return the rows that one slide has room for, given how their cells wrap; one of none for an empty table."""
    widths = [_widths(table)[column] for column in columns]
    chunks: list[list[Row]] = [[]]
    used = HEAD_LINES
    for row in table.rows:
        lines = max(
            _lines(_cut_off(row[column]), own / sum(widths)) for column, own in zip(columns, widths, strict=True)
        )
        if chunks[-1] and (used + lines + ROW_GAP > LINES or len(chunks[-1]) == ROWS):
            chunks.append([])
            used = HEAD_LINES
        chunks[-1].append(row)
        used += lines + ROW_GAP
    return chunks


def _lines(text: str, share: float) -> int:
    """Return in how many lines a text stands in a column with this share of the width; long words are broken."""
    room = max(4.0, (ACROSS.pt * share - CELL_MARGIN) / (0.6 * CELL_SIZE))
    lines, used = 1, 0.0
    for word in text.split(" "):
        wide = letters(word)
        if used and used + 1 + wide > room:
            lines, used = lines + 1, 0.0
        lines += int(wide // room)
        used += wide % room + (1 if used else 0)
    return lines


def _widths(table: Table) -> list[float]:
    """Return each column's width in letters: its longest cell, WIDEST at most."""
    columns = zip(table.headings, *table.rows, strict=True)
    longest = [max(letters(safe(cell)) for cell in column) for column in columns]
    tried = [[4 + min(own, widest) for own in longest] for widest in WIDEST]
    return next((widths for widths in tried if sum(widths) <= ACROSS_LETTERS), tried[0])


def _column_groups(widths: Sequence[float]) -> list[list[int]]:
    """Return which columns stand together; the first is on every slide."""
    groups = [[0]]
    for column in range(1, len(widths)):
        if len(groups[-1]) > 1 and sum(widths[own] for own in [*groups[-1], column]) > ACROSS_LETTERS:
            groups.append([0])
        groups[-1].append(column)
    return groups


def _cards(slide: Slide, cards: Sequence[Card], lines: Sequence[str]) -> None:
    """Draw a card for each question, in two rows at most."""
    across = 2 if len(cards) <= 4 else -(-len(cards) // 2)
    width, height = (ACROSS - (across - 1) * GAP) // across, Inches(2.15)
    for position, card in enumerate(cards):
        row, column = divmod(position, across)
        box = (EDGE + column * (width + GAP), TOP + row * (height + Inches(0.2)), width, height)
        _card(slide, card, box)
    below = TOP + -(-len(cards) // across) * (height + Inches(0.2))
    add_text(slide, (EDGE, below, ACROSS, max(BOTTOM - below, Inches(0.5))), lines, 12, QUIET)


def _card(slide: Slide, card: Card, box: Box) -> None:
    shape = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, *box)
    shape.shadow.inherit = False
    shape.fill.solid()
    shape.fill.fore_color.rgb = PALE
    shape.line.fill.background()
    frame = shape.text_frame
    frame.word_wrap, frame.vertical_anchor = True, MSO_ANCHOR.TOP
    lines = (
        card.lines if len(card.lines) <= CARD_LINES else (*card.lines[: CARD_LINES - 1], "More of these in the notes")
    )
    said = [card.topic, card.answer, *lines]
    room = fitting(" ".join(lines), box[2], 15, lines=4, smallest=11)
    write(frame, said, room, INK, gap=3)
    for paragraph, size, colour, bold in zip(frame.paragraphs[:2], (13, 18), (BLUE, INK), (True, True), strict=True):
        font = paragraph.runs[0].font
        font.size, font.color.rgb, font.bold = Pt(size), colour, bold


def _charts(slide: Slide, charts: Sequence[Chart], lines: Sequence[str]) -> None:
    """Draw one chart across, or two side by side, and what more there is to say below."""
    said = lines if len(lines) <= CHART_LINES else lines[-1:]  # the notes have them all
    foot = Inches(0.3) * min(4, sum(1 + int(letters(line) // 150) for line in said)) if said else 0
    width = (ACROSS - (len(charts) - 1) * GAP) // len(charts)
    for position, chart in enumerate(charts):
        left, top = EDGE + position * (width + GAP), TOP
        if len(charts) > 1:
            add_text(slide, (left, top, width, Inches(0.4)), [chart.title], BODY, INK)
            top += Inches(0.4)
        add_chart(slide, chart.figure, (left, top, width, BOTTOM - top - foot), chart.alt)
    if said:
        size = fitting(" ".join(said), ACROSS, 13, lines=4)
        add_text(slide, (EDGE, BOTTOM - foot, ACROSS, foot), said, size, QUIET)


def _table(slide: Slide, table: Table, rows: Sequence[Row], columns: Sequence[int]) -> None:
    """Draw a native table: the first column wide, the others as their text asks."""
    shape = slide.shapes.add_table(len(rows) + 1, len(columns), EDGE, TOP, ACROSS, Inches(0.4) * (len(rows) + 1))
    describe(shape, table.caption)
    cells = [[_cut_off(row[column]) for column in columns] for row in [table.headings, *rows]]
    every = _widths(table)
    widths = [every[column] for column in columns]
    for position, own in enumerate(widths):
        shape.table.columns[position].width = int(ACROSS * own / sum(widths))
    for row, texts in enumerate(cells):
        for position, text in enumerate(texts):
            cell = shape.table.cell(row, position)
            write(cell.text_frame, [text], CELL_SIZE, INK, bold=row == 0 or position == 0)
            cell.fill.solid()
            cell.fill.fore_color.rgb = PALE if row % 2 == 0 else WHITE
    shape.table.horz_banding = False


def _cut_off(text: str) -> str:
    plain = safe(text).replace("\n", " ")
    return plain if len(plain) <= CELL else plain[: CELL - 1] + "…"
